package ledger

import (
	"encoding/hex"
	"errors"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
)

// TestVersionOneIsRead: what was written before there were topics is still read.
func TestVersionOneIsRead(t *testing.T) {
	k := eventKey(7)
	want := event(ad.EventBilling, 7, 300)
	value := appendEvent(nil, k[:], want)
	if got := hex.EncodeToString(value); got != versionOne {
		t.Errorf("an event without what version 2 adds is written as\n%s, want\n%s", got, versionOne)
	}
	old, err := hex.DecodeString(versionOne)
	if err != nil {
		t.Fatal(err)
	}
	var got ad.Event
	if err := decodeEvent(&got, k[:], old); err != nil || got != *want {
		t.Errorf("an event of version 1 reads as %+v, %v", got, err)
	}
}

// visits returns n visits, of which the last two are the same.
func visits(n int) []ad.Event {
	list := make([]ad.Event, n)
	for i := range list {
		list[i] = ad.Event{
			Kind: ad.EventVisit, Bid: bidOf(uint64(min(i, n-2))), Time: noon * 1000, BidTime: noon - 60, Day: noon / 86400,
			Advertiser: ad.IDOf("a"), Topic: ad.IDOf("topic", "automotive"),
		}
	}
	return list
}

func TestAppendAll(t *testing.T) {
	fs := vfs.NewCrashableMem()
	l := open(t, Config{FS: fs})
	list := visits(2 * maxGroup)
	list = append(list, ad.Event{Kind: ad.EventConversion, Bid: bidOf(0), Time: noon * 1000, Value: 2 * maxAmount})
	outcomes := make([]ad.Reason, len(list))
	if err := l.AppendAll(list, outcomes); err != nil {
		t.Fatal(err)
	}
	last := len(list) - 1
	for i, got := range outcomes {
		want := ad.OK
		switch i {
		case last - 1:
			want = ad.NoticeReplayed
		case last:
			want = ad.PriceInvalid
		}
		if got != want {
			t.Fatalf("event %d: %v, want %v", i, got, want)
		}
	}
	l = open(t, Config{FS: fs.CrashClone(vfs.CrashCloneCfg{})})
	defer closeIt(t, l)
	if n := l.Durable(); n != uint64(last-1) {
		t.Errorf("after a power cut there are %d events, want %d", n, last-1)
	}
	if err := l.AppendAll(list[:10], outcomes[:10]); err != nil {
		t.Fatal(err)
	}
	for i, got := range outcomes[:10] {
		if got != ad.NoticeReplayed {
			t.Errorf("sent again, event %d: %v", i, got)
		}
	}
	wantSound(t, l)
}

// TestAppendAllSaysWhatIsNotDurable fills the disk under a batch.
func TestAppendAllSaysWhatIsNotDurable(t *testing.T) {
	disk := newFaulty(vfs.NewMem())
	l := open(t, Config{FS: disk})
	disk.set(syscall.ENOSPC, writes)
	list := visits(10)
	outcomes := make([]ad.Reason, len(list))
	err := l.AppendAll(list, outcomes)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("on a full disk: %v", err)
	}
	for i, got := range outcomes {
		if got != ad.NotDurable {
			t.Errorf("on a full disk event %d is %v", i, got)
		}
	}
	disk.fail.Store(nil)
	if err := l.Close(); err == nil {
		t.Error("a ledger whose disk failed closes as if all were well")
	}
}

// versionOne is event(ad.EventBilling, 7, 300) under number 7, as the first
// version wrote it.
const versionOne = "010300013f0700000000000000000000000000000108f0d807b58d20e5089be207b544f1e4ab443d820d43639f7128181da9517aebf5a281190caddb8087d8c1a28c340100ac02d804934ab047"
