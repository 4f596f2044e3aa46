package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"bidwell/ad"
	"bidwell/internal/disktest"
)

// wantSound checks that the ledger is sound and that replay makes its figures.
func wantSound(t testing.TB, l *Ledger) *Report {
	t.Helper()
	r, err := l.Verify(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() {
		t.Fatalf("verify finds %d problems: %v", r.Found, r.Problems)
	}
	d, err := l.Replay(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !d.OK() {
		t.Fatalf("replay differs in %d figures: %+v", d.Found, d.Differences)
	}
	return r
}

type once struct {
	bid  ad.BidID
	mark mark
}

// wantEvents checks that every event is there once, and among them those that
// were acknowledged. It returns what the events cost.
func wantEvents(t testing.TB, l *Ledger, acknowledged map[once]ad.Money) (spend ad.Money) {
	t.Helper()
	found := make(map[once]bool)
	charged := make(map[ad.BidID]bool)
	err := l.Events(context.Background(), 0, func(_ uint64, e *ad.Event) error {
		spend += e.Price
		if !marked(e) {
			return nil
		}
		k := once{e.Bid, markOf(e)}
		if found[k] {
			return fmt.Errorf("%s of bid %s is there twice", e.Kind, e.Bid)
		}
		found[k] = true
		if e.Price > 0 && charged[e.Bid] {
			return fmt.Errorf("bid %s is charged twice", e.Bid)
		}
		charged[e.Bid] = charged[e.Bid] || e.Price > 0
		if price, ok := acknowledged[k]; ok && price != e.Price {
			return fmt.Errorf("%s of bid %s costs %v, acknowledged was %v", e.Kind, e.Bid, e.Price, price)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for k := range acknowledged {
		if !found[k] {
			t.Fatalf("mark %d of bid %s was acknowledged and is not there", k.mark, k.bid)
		}
	}
	return spend
}

// TestCrashAnywhere lets many append at once and takes copies of the disk as a
// crash at that moment would leave it: with everything that was synced, and
// parts of what was not. Whatever was acknowledged before must be there.
func TestCrashAnywhere(t *testing.T) {
	rounds, crashes := 12, 8
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) { crashWhileAppending(t, uint64(round), crashes) })
	}
}

func crashWhileAppending(t *testing.T, seed uint64, crashes int) {
	fs := disktest.New()
	l := open(t, Config{FS: fs, MemTableSize: 64 << 10}) // small, so that crashes meet flushes and compactions
	var mu sync.Mutex
	acknowledged := make(map[once]ad.Money)
	appended := make(chan struct{}) // paces them: they pause while a crash is looked at
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(w)))
			for {
				e := randomEvent(rng)
				if rng.IntN(4) == 0 {
					l.AppendAsync(&ad.Event{Kind: ad.EventTally, Time: noon * 1000, Line: 3, Requests: 7, Bids: 2})
				}
				r, err := l.Append(e)
				if err != nil {
					t.Errorf("Append: %v", err)
					return
				}
				if r == ad.OK && marked(e) {
					mu.Lock()
					acknowledged[once{e.Bid, markOf(e)}] = e.Price
					mu.Unlock()
				}
				select {
				case appended <- struct{}{}:
				case <-stop:
					return
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(seed, 99))
	for range crashes {
		for range rng.IntN(200) {
			<-appended
		}
		mu.Lock()
		before := make(map[once]ad.Money, len(acknowledged))
		for k, v := range acknowledged {
			before[k] = v
		}
		mu.Unlock()
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 50, 100}[rng.IntN(3)], RNG: rng})
		after := open(t, Config{FS: crashed, MemTableSize: 64 << 10})
		wantEvents(t, after, before)
		wantSound(t, after)
		for k := range before {
			e := event(ad.EventKind(k.mark), 0, 1)
			e.Bid = k.bid
			if k.mark >= markViews {
				e.Kind, e.Detail = ad.EventView, uint8(k.mark-markViews)
			}
			mustAppend(t, after, e, ad.NoticeReplayed)
		}
		closeIt(t, after)
	}
	close(stop)
	wg.Wait()
	closeIt(t, l)
}

// randomEvent draws from few bids, so that notices repeat.
func randomEvent(rng *rand.Rand) *ad.Event {
	kinds := []ad.EventKind{ad.EventWin, ad.EventBilling, ad.EventLoss, ad.EventImpression, ad.EventView, ad.EventClick, ad.EventConversion, ad.EventVisit}
	e := event(kinds[rng.IntN(len(kinds))], rng.Uint64N(2000), 0)
	e.Detail = uint8(rng.IntN(8))
	if e.Kind == ad.EventBilling || e.Kind == ad.EventWin {
		e.Price = ad.Money(rng.IntN(5))
	}
	e.Line = ad.ID(rng.IntN(5)) // 0: none
	e.Time += rng.Int64N(10 * hourMS)
	e.Day += int32(rng.IntN(3))
	return e
}

// TestHistories checks a ledger against a model over random histories of
// notices, repetitions, trims, crashes and restarts.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{fs: disktest.New(), acknowledged: map[once]ad.Money{}, now: noon * 1000, honest: noon * 1000}
		h.reopen(t)
		t.Repeat(map[string]func(*rapid.T){
			"":        func(*rapid.T) {},
			"append":  h.append,
			"tally":   h.tally,
			"crash":   h.crash,
			"restart": h.restart,
			"trim":    h.trim,
			"clock":   h.jump,
		})
		h.prove(t)
		if err := h.l.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

type history struct {
	fs           disktest.Disk
	l            *Ledger
	now, honest  int64 // unix milliseconds; what a clock says that may be wrong, and what time it is
	trimmed      bool  // events were dropped
	acknowledged map[once]ad.Money
	spend        ad.Money
	bids         []ad.Event
}

const historyLifetime = 3 * hourMS

func (h *history) reopen(t *rapid.T) {
	var err error
	h.l, err = Open(Config{Dir: "d", FS: h.fs, MemTableSize: 64 << 10, Lifetime: historyLifetime * 1e6, Retention: 6 * hourMS * 1e6})
	if err != nil {
		t.Fatal(err)
	}
}

func (h *history) append(t *rapid.T) {
	for range rapid.IntRange(1, 20).Draw(t, "events") {
		h.appendOne(t)
	}
}

func (h *history) appendOne(t *rapid.T) {
	e := ad.Event{
		Kind:   ad.EventKind(rapid.IntRange(int(ad.EventBid), int(ad.EventVisit)).Draw(t, "kind")),
		Detail: uint8(rapid.IntRange(0, 9).Draw(t, "detail")),
		Line:   ad.ID(rapid.IntRange(0, 3).Draw(t, "line")),
		Price:  ad.Money(rapid.IntRange(0, 3).Draw(t, "price")),
		Deal:   5, Day: int32(h.now / dayMS), Time: h.now, BidTime: h.now / 1000,
	}
	normal(&e)
	switch which := rapid.IntRange(0, 9).Draw(t, "bid"); {
	case which == 0: // none
	case which < 4 || len(h.bids) == 0:
		e.Bid = bidOf(uint64(len(h.bids)))
		h.bids = append(h.bids, e)
	default:
		known := rapid.SampledFrom(h.bids).Draw(t, "known")
		if h.now-known.BidTime*1000 <= historyLifetime {
			e.Bid, e.BidTime = known.Bid, known.BidTime
		}
	}
	want := h.expect(&e)
	got, err := h.l.Append(&e)
	if h.trimmed && hourOfMarks(&e) >= hourOfVisits && want == ad.NoticeReplayed {
		want = got // it may be forgotten with the event
	}
	if err != nil || got != want {
		t.Fatalf("Append of %+v: %v, %v; want %v", e, got, err, want)
	}
	if got == ad.OK {
		h.spend += e.Price
		h.acknowledged[once{e.Bid, markOf(&e)}] = e.Price
	}
}

// expect returns what the model answers to an event.
func (h *history) expect(e *ad.Event) ad.Reason {
	if !marked(e) {
		return ad.OK
	}
	// Only what carries an old time may be too old.
	if hour := hourOfMarks(e); uint64(hour) < h.l.openFrom.Load() && h.honest-e.BidTime*1000 > historyLifetime {
		return ad.TokenExpired
	}
	if _, repeated := h.acknowledged[once{e.Bid, markOf(e)}]; repeated {
		return ad.NoticeReplayed
	}
	return ad.OK
}

func (h *history) tally(t *rapid.T) {
	h.l.AppendAsync(&ad.Event{Kind: ad.EventTally, Time: h.now, Line: ad.ID(rapid.IntRange(0, 3).Draw(t, "line")), Requests: 5, Bids: 1})
}

func (h *history) crash(t *rapid.T) {
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	fs := h.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rapid.IntRange(0, 100).Draw(t, "unsynced"), RNG: rng})
	if err := h.l.Close(); err != nil {
		t.Fatal(err)
	}
	h.fs = fs
	h.reopen(t)
	h.prove(t)
}

func (h *history) restart(t *rapid.T) {
	if err := h.l.Close(); err != nil {
		t.Fatal(err)
	}
	h.reopen(t)
}

func (h *history) trim(t *rapid.T) {
	h.now += rapid.Int64Range(0, 4*hourMS).Draw(t, "passed")
	h.honest = h.now
	done, err := h.l.Trim(context.Background(), time.UnixMilli(h.now))
	if err != nil {
		t.Fatal(err)
	}
	h.trimmed = h.trimmed || done.Events > 0
	h.prove(t)
}

// jump lets the events' clock jump for one event.
func (h *history) jump(t *rapid.T) {
	now := h.now
	h.now = rapid.Int64Range(0, maxMS).Draw(t, "clock")
	h.appendOne(t)
	h.now = now
}

// prove compares the ledger with the model, and with its replay.
func (h *history) prove(t *rapid.T) {
	r, err := h.l.Verify(context.Background(), nil)
	if err != nil || !r.OK() {
		t.Fatalf("verify: %v, %+v", err, r)
	}
	d, err := h.l.Replay(context.Background(), nil)
	if err != nil || !d.OK() {
		t.Fatalf("replay: %v, %+v", err, d)
	}
	spend := ad.Money(0)
	if err := h.l.Rollups(0, maxMS/1000+3600, func(r *Rollup) error { spend += r.Spend; return nil }); err != nil {
		t.Fatal(err)
	}
	if spend != h.spend {
		t.Fatalf("roll-ups hold a spend of %v, want %v", spend, h.spend)
	}
}
