package ledger

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
)

// TestAwait follows events from a goroutine of its own: it is told of every one,
// although it never asks twice for the same.
func TestAwait(t *testing.T) {
	l := open(t, Config{FS: vfs.NewMem()})
	defer closeIt(t, l)
	const events = 500
	seen := make(chan uint64, 1)
	go func() {
		at := uint64(0)
		for at < events {
			next, err := l.Await(context.Background(), at)
			if err != nil || next <= at {
				t.Errorf("Await beyond %d: %d, %v", at, next, err)
				break
			}
			at = next
		}
		seen <- at
	}()
	for i := range events {
		mustAppend(t, l, event(ad.EventImpression, uint64(i), 0), ad.OK)
	}
	if at := <-seen; at != events || l.Durable() != events {
		t.Errorf("followed to %d of %d, durable are %d", at, events, l.Durable())
	}
}

// TestAsyncIsFollowed appends events that nobody waits for, and nothing after them: they
// become durable, and whoever follows is told.
func TestAsyncIsFollowed(t *testing.T) {
	l := open(t, Config{FS: vfs.NewMem()})
	defer closeIt(t, l)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for round := uint64(1); round < 3; round++ {
		for n := range uint64(100) {
			if !l.AppendAsync(event(ad.EventImpression, round*100+n, 0)) {
				t.Fatal("an event is dropped")
			}
		}
		if next, err := l.Await(ctx, round*100-1); err != nil || next != round*100 || l.Durable() != next {
			t.Fatalf("after %d events Await returns %d, %v; durable are %d", round*100, next, err, l.Durable())
		}
	}
}

// TestRepetitionIsDurable appends an event for which nobody waits, and the same again:
// the answer that it is there already is given when it is on disk.
func TestRepetitionIsDurable(t *testing.T) {
	l := open(t, Config{FS: vfs.NewMem()})
	defer closeIt(t, l)
	for n := range uint64(50) {
		if !l.AppendAsync(event(ad.EventImpression, n, 0)) {
			t.Fatal("an event is dropped")
		}
		mustAppend(t, l, event(ad.EventImpression, n, 0), ad.NoticeReplayed)
		if got := l.Durable(); got != n+1 {
			t.Fatalf("after the repetition of event %d, %d are durable", n, got)
		}
	}
}

// TestAwaitEnds checks that waiting ends with its context.
func TestAwaitEnds(t *testing.T) {
	l := open(t, Config{FS: vfs.NewMem()})
	defer closeIt(t, l)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Await(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("Await: %v", err)
	}
	if first, err := l.First(); first != 0 || err != nil {
		t.Errorf("First: %d, %v", first, err)
	}
}
