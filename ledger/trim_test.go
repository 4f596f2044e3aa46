package ledger

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
)

func trim(t testing.TB, l *Ledger, unix int64) Trimmed {
	t.Helper()
	done, err := l.Trim(context.Background(), time.Unix(unix, 0))
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// at returns an event of a bid that was made and of which it tells at a time.
func at(unix int64, kind ad.EventKind, n uint64) *ad.Event {
	e := event(kind, n, 0)
	if kind == ad.EventBilling {
		e.Price = 2
	}
	e.Time, e.BidTime = unix*1000, unix
	return e
}

const hour = int64(3600)

// TestTrim writes an event an hour for two days and drops all but the last ten
// hours.
func TestTrim(t *testing.T) {
	fs := vfs.NewMem()
	c := Config{FS: fs, Retention: 10 * time.Hour, Lifetime: 2 * time.Hour}
	l := open(t, c)
	for n := range int64(48) {
		mustAppend(t, l, at(noon+n*hour, ad.EventBilling, uint64(n)), ad.OK)
		mustAppend(t, l, at(noon+n*hour, ad.EventConversion, uint64(n)), ad.OK)
	}
	before := rollups(t, l)
	if done := trim(t, l, noon+40*hour); done.Events != 2*30 {
		t.Errorf("%d events were dropped of those of 40 hours, want those of the first 30", done.Events)
	}
	wantSound(t, l)
	closeIt(t, l)
	l = open(t, c)
	trim(t, l, noon+40*hour)
	if done := trim(t, l, noon+47*hour); done.Events != 2*7 {
		t.Errorf("%d events were dropped after 7 hours more, want 14", done.Events)
	}
	r := wantSound(t, l)
	if r.Events != 2*11 || r.First != 2*37 || r.Spend != 2*48 {
		t.Errorf("verify finds %d events from %d on and a spend of %v, want 22 from 74 on and 96 nano-units", r.Events, r.First, r.Spend)
	}
	if after := rollups(t, l); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("roll-ups after: %v\nbefore: %v", after, before)
	}
	if total, days := figureOf(t, l, event(ad.EventWin, 0, 0).Line); total.Spend != 96 || len(days) != 1 {
		t.Errorf("the account has %+v, want a spend of 96", total)
	}
	// Marks: of the two hours, one more, and what is left of the hour in which they begin.
	mustAppend(t, l, at(noon+45*hour, ad.EventBilling, 45), ad.NoticeReplayed)
	mustAppend(t, l, at(noon+40*hour, ad.EventBilling, 40), ad.TokenExpired)
	mustAppend(t, l, at(noon+40*hour, ad.EventConversion, 40), ad.NoticeReplayed)
	if n := keysWith(t, l, prefixMark); n > 4+11 {
		t.Errorf("%d marks are kept, want those of 4 hours and 11 conversions", n)
	}
	closeIt(t, l)
	l = open(t, c)
	if n := l.Next(); n != 96 {
		t.Errorf("the next event has number %d, want 96", n)
	}
	mustAppend(t, l, at(noon+47*hour, ad.EventWin, 47), ad.OK)
	wantSound(t, l)
	closeIt(t, l)
}

func rollups(t testing.TB, l *Ledger) (all []Rollup) {
	t.Helper()
	if err := l.Rollups(0, maxMS/1000, func(r *Rollup) error { all = append(all, *r); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func keysWith(t testing.TB, l *Ledger, prefix byte) (n int) {
	t.Helper()
	if err := scanPrefix(l.db, []byte{prefix}, func(_, _ []byte) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTrimEverything: the numbers go on where they were.
func TestTrimEverything(t *testing.T) {
	fs := vfs.NewMem()
	c := Config{FS: fs, Retention: time.Hour, Lifetime: time.Hour}
	l := open(t, c)
	mustAppend(t, l, at(noon, ad.EventBilling, 1), ad.OK)
	trim(t, l, noon)
	if done := trim(t, l, noon+30*hour); done.Events != 1 {
		t.Errorf("%d events were dropped, want 1", done.Events)
	}
	closeIt(t, l)
	l = open(t, c)
	if n := l.Next(); n != 1 {
		t.Errorf("the next event has number %d, want 1", n)
	}
	wantSound(t, l)
	closeIt(t, l)
}

// TestTrimAfterAWrongClock: events from the future go when their time comes by
// the sequence, and never because the clock has gone back.
func TestTrimAfterAWrongClock(t *testing.T) {
	l := open(t, Config{FS: vfs.NewMem(), Retention: 10 * time.Hour})
	for n, unix := range []int64{noon, noon + 9000*hour, noon + 1*hour, noon + 20*hour} {
		mustAppend(t, l, at(unix, ad.EventBilling, uint64(n)), ad.OK)
	}
	trim(t, l, noon)
	if done := trim(t, l, noon+22*hour); done.Events != 3 {
		t.Errorf("%d events were dropped, want the two old ones and the one between", done.Events)
	}
	if done := trim(t, l, 1000); done.Events != 0 {
		t.Errorf("%d events were dropped in 1970", done.Events)
	}
	wantSound(t, l)
	closeIt(t, l)
}

func TestClock(t *testing.T) {
	const life = 2 * time.Hour
	type reading struct {
		wall   int64 // minutes
		uptime time.Duration
		want   int64 // minutes
	}
	m := time.Minute
	for _, c := range []struct {
		name     string
		believed int64
		readings []reading
	}{
		{"new", 0, []reading{{1000, 0, 1000}, {1010, 10 * m, 1010}}},
		{"started after a pause", 400, []reading{{1000, 0, 400}, {1010, 10 * m, 410}, {1120, 120 * m, 1120}}},
		{"jump forward and back", 0, []reading{{1000, 0, 1000}, {9010, 10 * m, 1010}, {9100, 100 * m, 1100}, {1110, 110 * m, 1110}, {1240, 240 * m, 1240}}},
		{"jump back and forth", 0, []reading{{1000, 0, 1000}, {10, 10 * m, 1010}, {100, 100 * m, 1100}, {1110, 110 * m, 1110}}},
		{"set for good", 0, []reading{{10, 0, 10}, {1010, 10 * m, 20}, {1129, 129 * m, 139}, {1131, 131 * m, 1131}}},
		{"drift", 0, []reading{{1000, 0, 1000}, {1061, 60 * m, 1060}, {1122, 120 * m, 1122}}},
	} {
		k := newClock(c.believed*60_000, c.readings[0].wall*60_000, 0)
		for i, r := range c.readings {
			if got := k.tick(r.wall*60_000, r.uptime, life) / 60_000; got != r.want {
				t.Errorf("%s: at reading %d minute %d is believed, want %d", c.name, i, got, r.want)
			}
		}
	}
}
