package ledger

import (
	"context"
	"errors"
	"testing"

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
