package simulate

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/loadtest"
	"bidwell/pacing"
	"bidwell/pricing"
	"bidwell/profile"
	"bidwell/profile/importer"
	"bidwell/profile/pebblestore"
	"bidwell/profile/touches"
)

// people are generated profiles in memory.
type people struct {
	loadtest.People
	profiles *profile.Profiles
	store    *pebblestore.Store
}

// openPeople generates people and imports what is known of them as of now.
func openPeople(p loadtest.People, now time.Time) (*people, error) {
	store, err := pebblestore.Open(pebblestore.Config{Dir: "people", FS: vfs.NewMem()})
	if err != nil {
		return nil, fmt.Errorf("make room for people: %w", err)
	}
	out := &people{People: p, store: store}
	if out.profiles, err = profile.Open(store, profile.Config{}); err != nil {
		store.Close()
		return nil, fmt.Errorf("make room for people: %w", err)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(loadtest.GeneratePeople(p, w)) }()
	_, err = importer.Run(context.Background(), out.profiles, r, importer.Options{Name: "generated people", Now: now, Workers: 1})
	r.Close()
	if err != nil {
		out.close()
		return nil, fmt.Errorf("import the generated people: %w", err)
	}
	<-out.profiles.Ready()
	return out, nil
}

// close gives the memory back. Nothing in it can fail to be kept.
func (p *people) close() {
	p.profiles.Close()
	p.store.Close()
}

// start makes a bidder out of what is kept on disk, as a process does: the people
// and the ledger. It knows nothing else.
func (m *market) start(now time.Time) {
	books := &campaign.Books{Money: new(pacing.Accounts), Counts: new(pacing.Accounts), Pacer: new(pacing.Pacer)}
	lifetime := 2*m.exchange.NoticeWindow + time.Duration(m.o.NoticeDelay+2)*m.o.Tick
	m.engine = &bidder.Engine{
		Profiles: m.people.profiles, Books: books, Ledger: m.ledger, Metrics: new(bidder.Metrics),
		Money: pacing.NewBook(books.Money, lifetime), Counts: pacing.NewBook(books.Counts, lifetime),
	}
	if m.pupil != nil {
		m.engine.Model = func() *pricing.Model { return m.pupil.model }
		m.engine.Outcomes = m.pupil.outcomes
	}
	if m.o.Policy.Knows {
		m.engine.Scorer = newKnower(m)
	}
	m.engine.SeedBids(m.o.Seed<<8 + m.engines)
	m.engines++
	m.ledger.contact = m.contact
	m.snap.Bind(books)
	m.engine.Publish(m.snap)
	for id, f := range m.ledger.accounts {
		money, counts := books.Money.Get(id), books.Counts.Get(id)
		money.Restore(f.spend)
		counts.Restore(f.impressions)
		for day, d := range f.days {
			money.RestoreDay(day, d.spend)
			counts.RestoreDay(day, d.impressions)
		}
	}
	m.spendEarlier(books.Money)
	for id, state := range m.states {
		if err := books.Pacer.Restore(id, state); err != nil {
			panic(fmt.Sprintf("simulate: %v", err)) // it was made a moment ago
		}
	}
	m.engine.Pace(now)
}

// contact brings an event into the profile of its person.
func (m *market) contact(e *ad.Event) error {
	topic := m.topics[e.Topic]
	if c := m.snap.CampaignByID(e.Campaign); c != nil {
		topic = c.Name
	}
	return touches.Apply(m.people.profiles, e, topic, time.UnixMilli(e.Time))
}

// spendEarlier takes from daily budgets what their plans had spent before all began,
// where the first day is under way already.
func (m *market) spendEarlier(accounts *pacing.Accounts) {
	take := func(c *campaign.Campaign, id ad.ID, daily ad.Money) {
		b, a := m.of[c], accounts.Get(id)
		b.first = a.Day(m.began.Unix())
		a.RestoreDay(b.first, daily.Mul(b.plan.gone))
	}
	for _, c := range m.snap.Campaigns {
		take(c, c.ID, c.Daily)
	}
	for i := range m.snap.Lines {
		l := &m.snap.Lines[i]
		take(l.Campaign, l.ID, l.Budget.Daily)
	}
}

// restart ends the bidder and starts another. What was reserved is held, as one sum
// for each account, until the notices' window is over.
func (m *market) restart(now time.Time) {
	m.late += m.engine.Money.Stats().LateSpend
	money, counts := m.engine.Books.Money.Figures(now), m.engine.Books.Counts.Figures(now)
	m.states = map[ad.ID][]byte{}
	m.engine.Books.Pacer.States(func(id ad.ID, state []byte) bool { m.states[id] = state; return true })
	m.start(now)
	until := now.Add(m.exchange.NoticeWindow)
	hold := func(b *pacing.Book, as *pacing.Accounts, list []pacing.Figures) {
		for i := range list {
			if f := &list[i]; f.Reserved > 0 {
				b.Recover(as.Get(f.ID), f.Today.Number, f.Reserved, until)
			}
		}
	}
	hold(m.engine.Money, m.engine.Books.Money, money)
	hold(m.engine.Counts, m.engine.Books.Counts, counts)
}
