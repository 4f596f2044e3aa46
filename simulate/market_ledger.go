package simulate

import (
	"bidwell/ad"
	"bidwell/ledger"
)

// memory is a ledger that keeps its figures in memory and forgets single events. As
// every ledger, it takes an event of a bid once.
type memory struct {
	seen     map[heard]struct{}
	accounts map[ad.ID]*figures
	replayed uint64 // events that came again

	// contact brings an event into the profile of its person, as what follows a
	// ledger of events does; nil if nobody has a profile.
	contact func(*ad.Event) error

	// hear is told of every event, as what learns from a ledger is; nil for nobody.
	hear func(*ad.Event)
}

type heard struct {
	bid    ad.BidID
	kind   ad.EventKind
	detail uint8 // of views
}

// figures are what one account was charged.
type figures struct {
	spend, impressions ad.Money // impressions as if each cost one
	days               map[int32]*dayFigures
}

type dayFigures struct{ spend, impressions ad.Money }

func newMemory() *memory {
	return &memory{seen: map[heard]struct{}{}, accounts: map[ad.ID]*figures{}}
}

// Append takes an event once.
func (m *memory) Append(e *ad.Event) (ad.Reason, error) {
	k := heard{bid: e.Bid, kind: e.Kind}
	if e.Kind == ad.EventView {
		k.detail = e.Detail
	}
	if _, again := m.seen[k]; again {
		m.replayed++
		return ad.NoticeReplayed, nil
	}
	m.seen[k] = struct{}{}
	shown := ad.Money(0)
	if e.Kind == ad.EventImpression {
		shown = 1
	}
	if shown != 0 || e.Price != 0 {
		m.charge(e, shown)
	}
	if m.hear != nil {
		m.hear(e)
	}
	if m.contact == nil {
		return ad.OK, nil
	}
	return ad.OK, m.contact(e)
}

// charge adds an event to the figures of its line item, campaign and advertiser.
func (m *memory) charge(e *ad.Event, shown ad.Money) {
	for _, id := range [...]ad.ID{e.Line, e.Campaign, e.Advertiser} {
		f := m.account(id)
		f.spend += e.Price
		f.impressions += shown
		d := f.days[e.Day]
		if d == nil {
			d = new(dayFigures)
			f.days[e.Day] = d
		}
		d.spend += e.Price
		d.impressions += shown
	}
}

func (m *memory) account(id ad.ID) *figures {
	f := m.accounts[id]
	if f == nil {
		f = &figures{days: map[int32]*dayFigures{}}
		m.accounts[id] = f
	}
	return f
}

// over returns by how much an account is above its limits, 0 for none.
func (f *figures) over(total, daily ad.Money) ad.Money {
	worst, days := ad.Money(0), ad.Money(0)
	if total > 0 {
		worst = max(worst, f.spend-total)
	}
	for _, d := range f.days {
		if daily > 0 {
			days += max(0, d.spend-daily)
		}
	}
	return max(worst, days)
}

// AppendAll appends one after the other.
func (m *memory) AppendAll(events []ad.Event, outcomes []ad.Reason) (err error) {
	for i := range events {
		r, failed := m.Append(&events[i])
		if outcomes[i] = r; failed != nil {
			outcomes[i], err = ad.NotDurable, failed
		}
	}
	return err
}

// Name keeps nothing: nobody reads names here.
func (m *memory) Name(ledger.NameKind, ad.ID, string) {}

// NameOf and Named say so.
func (m *memory) NameOf(ledger.NameKind, ad.ID) string { return "" }
func (m *memory) Named(ledger.NameKind) int            { return 0 }

// Click finds none.
func (m *memory) Click(ad.BidID) (e ad.Event, ok bool, err error) { return e, false, nil }

// AppendAsync takes a tally or a sample, which nobody reads here.
func (m *memory) AppendAsync(*ad.Event) bool { return true }

// Health returns nil: memory is always well.
func (m *memory) Health() error { return nil }
