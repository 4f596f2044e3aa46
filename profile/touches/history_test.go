package touches_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"bidwell/ad"
	"bidwell/internal/disktest"
	"bidwell/ledger"
	"bidwell/profile"
	"bidwell/profile/touches"
)

// TestHistories checks profiles against what the ledger's events make, over
// random histories of contacts, repetitions, imports, erasures, failing writes,
// crashes and restarts.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{rig: start(t, disktest.New()), forgotten: map[int]profile.Mark{}, shared: map[int]bool{}}
		h.name()
		t.Repeat(map[string]func(*rapid.T){
			"":               func(*rapid.T) {},
			"contacts":       h.contacts,
			"catch up":       func(t *rapid.T) { h.catchUp(t) },
			"import":         h.imports,
			"forget":         h.forget,
			"forget offline": h.forgetOffline,
			"unwell":         h.unwell,
			"crash":          h.crash,
			"restart":        h.restart,
		})
		h.prove(t)
		h.close(t)
	})
}

// people and campaigns are few, so that contacts crowd.
const (
	people    = 4
	campaigns = 60 // more than a profile has groups
)

type history struct {
	*rig
	n         int
	forgotten map[int]profile.Mark
	shared    map[int]bool // people whose behaviours others have written
}

func (h *history) name() {
	for i := range campaigns {
		h.ledger.Name(ledger.CampaignName, ad.ID(i+1), fmt.Sprint("campaign", i))
	}
}

func (h *history) contacts(t *rapid.T) {
	kinds := []ad.EventKind{ad.EventImpression, ad.EventView, ad.EventClick, ad.EventBilling}
	for range rapid.IntRange(1, 80).Draw(t, "contacts") {
		e := event(rapid.SampledFrom(kinds).Draw(t, "kind"), h.n, rapid.IntRange(0, people-1).Draw(t, "person"))
		e.Campaign = ad.ID(1 + rapid.IntRange(0, campaigns-1).Draw(t, "campaign"))
		e.Time = 1000 * (noon - rapid.Int64Range(0, 4).Draw(t, "days")*86400 - rapid.Int64Range(0, 9).Draw(t, "seconds"))
		e.BidTime = noon - rapid.Int64Range(0, 100).Draw(t, "bid")
		e.Line, e.Price = ad.ID(h.n%5), ad.Money(h.n%7)*30
		h.n++
		h.append(t, e, ad.OK)
		if h.n%5 == 0 {
			h.append(t, e, ad.NoticeReplayed)
		}
	}
}

func (h *history) imports(t *rapid.T) {
	who := rapid.IntRange(0, people-1).Draw(t, "person")
	h.shared[who] = true
	topic := fmt.Sprint("campaign", rapid.IntRange(0, campaigns-1).Draw(t, "topic"))
	must(t, h.profiles.Update(personOf(who), clock(), func(b *profile.Builder) error {
		if err := b.SetAttr("home.zip", profile.StringValue("10115")); err != nil {
			return err
		}
		return b.AddBehaviour(profile.View, topic, noon-100, 3)
	}))
}

func (h *history) forget(t *rapid.T) {
	who := rapid.IntRange(0, people-1).Draw(t, "person")
	h.erase(t, who, h.ledger.Next())
	delete(h.shared, who)
}

// erased reports whether an event of a person was erased with them, or comes of
// what was begun by then.
func (h *history) erased(who int, seq uint64, begun int64) bool {
	m, ever := h.forgotten[who]
	return ever && (seq < m.Before || begun <= m.At)
}

func (h *history) erase(t *rapid.T, who int, before uint64) {
	at := noon - rapid.Int64Range(0, 100).Draw(t, "erased")
	_, err := h.profiles.Forget(time.Unix(at, 0), personOf(who), before)
	must(t, err)
	m := h.forgotten[who]
	h.forgotten[who] = profile.Mark{Before: h.ledger.Next(), At: max(at, m.At)}
}

// forgetOffline erases somebody while nothing else has the data directory.
func (h *history) forgetOffline(t *rapid.T) {
	who := rapid.IntRange(0, people-1).Draw(t, "person")
	h.erase(t, who, profile.AllEvents)
	delete(h.shared, who)
	if rapid.Bool().Draw(t, "replay") {
		if found := h.replay(t, false); !found.OK() {
			t.Fatalf("replay after an erasure finds %+v", found)
		}
	}
	h.restart(t)
}

func (h *history) unwell(t *rapid.T) {
	h.store.keeps.Store(rapid.Bool().Draw(t, "late"))
	h.store.broken.Store(true)
	h.contacts(t)
	_ = h.follower.CatchUp(context.Background()) // it fails if there was anything to write
	h.load(t, personOf(0))
	h.store.broken.Store(false)
}

func (h *history) crash(t *rapid.T) {
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	fs := h.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rapid.IntRange(0, 100).Draw(t, "unsynced"), RNG: rng})
	h.close(t)
	h.rig = start(t, fs)
	h.name()
	h.prove(t)
}

func (h *history) restart(t *rapid.T) {
	h.close(t)
	h.rig = start(t, h.fs)
	h.name()
}

// prove catches up and compares: touches with a count of the events, everything
// with a replay, and the whole record of those whom nobody else has written with
// one that is made again in one go.
func (h *history) prove(t *rapid.T) {
	h.catchUp(t)
	want := map[int]int{}
	must(t, h.ledger.Events(context.Background(), 0, func(seq uint64, e *ad.Event) error {
		for who := range people {
			if _, is := touches.Of(e); is && e.Person == personOf(who) && !h.erased(who, seq, e.BidTime) {
				want[who]++
			}
		}
		return nil
	}))
	if found := h.replay(t, false); !found.OK() {
		t.Fatalf("replay finds %+v", found)
	}
	again := h.again(t)
	for who := range people {
		rec := h.load(t, personOf(who))
		if n := min(want[who], profile.MaxTouches); rec.Touches() != n {
			t.Fatalf("person %d has %d touches, want %d", who, rec.Touches(), n)
		}
		if !h.shared[who] && !bytes.Equal(rec, again[who]) {
			t.Fatalf("person %d: the bytes differ from those made again:\n%x\n%x", who, rec, again[who])
		}
	}
}

// again makes all contacts in an empty store.
func (h *history) again(t *rapid.T) (records [people]profile.Record) {
	db := h.empty(t)
	must(t, h.profiles.CopyForgotten(db))
	p, err := profile.Open(db, profile.Config{CacheBytes: 1 << 20, Readers: 1})
	must(t, err)
	<-p.Ready()
	f, err := touches.Open(h.ledger, p, touches.Options{Now: clock})
	must(t, err)
	must(t, f.CatchUp(context.Background()))
	for who := range people {
		records[who], err = p.Record(personOf(who), nil)
		must(t, err)
	}
	must(t, p.Close())
	must(t, db.Close())
	return records
}
