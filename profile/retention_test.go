package profile_test

import (
	"testing"
	"time"

	. "bidwell/profile"
)

// TestRetentionIsTheStores opens a store as a bidder does that was told how long to
// keep what, and then as a command that was not.
func TestRetentionIsTheStores(t *testing.T) {
	const day = 24 * time.Hour
	store := newStore(t)
	opened := func(r Retention) Retention {
		t.Helper()
		p, err := Open(store, Config{Retention: r, CacheBytes: 1 << 20, Readers: 1})
		must(t, err)
		defer func() { must(t, p.Close()) }()
		return p.Retention()
	}
	if got := opened(Retention{}); got != DefaultRetention() {
		t.Errorf("of a new store %+v", got)
	}
	given := DefaultRetention()
	given.Touches, given.Segments = 400*day, 3*day
	for _, r := range []Retention{{Touches: 400 * day, Segments: 3 * day}, {}, {}} {
		if got := opened(r); got != given {
			t.Errorf("opened with %+v it keeps %+v", r, got)
		}
	}
	if got := opened(DefaultRetention()); got != DefaultRetention() || opened(Retention{}) != got {
		t.Errorf("back to the default it keeps %+v", got)
	}
}

// TestEachKindIsKeptForItsOwnTime has one of each, and lets them expire one after
// the other.
func TestEachKindIsKeptForItsOwnTime(t *testing.T) {
	const day = 24 * time.Hour
	p := open(t, newStore(t), Config{Retention: Retention{
		Segments: 1 * day, Behaviours: 3 * day, Touches: 5 * day, IDs: 7 * day, Attributes: 9 * day, Links: 30 * day,
	}})
	id := ID{"ifa", "phone"}
	must(t, p.Update(id.Key(), clock(), func(b *Builder) error {
		must(t, b.SetAttr("zip", StringValue("1")))
		must(t, b.AddSegment("a", clock().Add(1000*day).Unix()))
		must(t, b.AddID(id))
		must(t, b.AddDeed(Visit, "cars", clock().Unix()))
		return b.AddContact(Touch{Kind: Click, Time: clock().Unix()}, "")
	}))
	for _, c := range []struct {
		after                                     int
		segments, behaviours, touches, ids, attrs int
	}{{0, 1, 1, 1, 1, 1}, {2, 0, 1, 1, 1, 1}, {4, 0, 0, 1, 1, 1}, {6, 0, 0, 0, 1, 1}, {8, 0, 0, 0, 0, 1}} {
		now := clock().AddDate(0, 0, c.after)
		_, err := p.Expire(now)
		must(t, err)
		got, err := p.Get(id.Key(), now)
		must(t, err)
		if len(got.Segments) != c.segments || len(got.Behaviours) != c.behaviours || len(got.Touches) != c.touches ||
			len(got.Attributes) != c.attrs || len(got.IDs) != c.ids {
			t.Errorf("after %d days: %+v", c.after, got)
		}
	}
	_, err := p.Expire(clock().AddDate(0, 0, 11))
	must(t, err)
	if _, err := p.Get(id.Key(), clock()); err == nil {
		t.Error("something is left")
	}
	if last, err := p.LastExpired(); err != nil || !last.Equal(clock().AddDate(0, 0, 11)) {
		t.Errorf("it went through at %v, %v", last, err)
	}
}
