package learn

import (
	"encoding/binary"
	"time"

	"bidwell/ad"
	"bidwell/pricing"
)

// Bids of auctions teach win rates. A win, billing or loss notice tells what became of
// a bid. But exchanges tell some losses only, or none, and then what is told looks as
// if bids nearly always won. The ledger keeps a sample of all bids, whatever is told:
// one of them without a notice after an hour has lost. What that shows of an exchange
// corrects what it tells: a loss that is told stands for those that are not, and of an
// exchange that tells none only the sample is learned from.
const (
	silence       = time.Hour
	mostBids      = 1 << 16 // kept bids that wait
	mostTold      = 1 << 18 // bids of which a notice came that are remembered, to count them once
	mostExchanges = 1 << 10
	firstLoss     = 100 // reasons of losses that speak of the price, by OpenRTB's list of loss reasons:
	lastLoss      = 103 // below the floor or the deal's floor, lost to a higher bid or to a deal
	nanosPerMS    = 1_000_000
)

// bid is one that waits for what became of it.
type bid struct {
	key    uint64 // of its id
	at     int64  // unix milliseconds
	weight float64
	seen   pricing.Observation
}

// auctions turns events of bids into observations.
type auctions struct {
	bids  []bid // in the order in which they came
	told  []uint64
	next  int // place in told of the next
	known map[uint64]int
	wait  map[uint64]bool // keys of bids
	tells map[ad.ID]telling
}

func newAuctions() auctions {
	return auctions{known: map[uint64]int{}, wait: map[uint64]bool{}, tells: map[ad.ID]telling{}}
}

// telling is what an exchange tells, decayed.
type telling struct {
	won, lost     float64 // notices
	heard, silent float64 // kept bids that lost: told, and not told
}

const (
	silentBelow  = 0.01 // losses told to wins: with fewer an exchange tells none
	trustTelling = 10   // kept bids that "it tells all losses" counts as much as
	mostTelling  = 2000
)

// mute reports whether an exchange tells wins only.
func (t *telling) mute() bool { return t.lost < silentBelow*t.won }

// factor is how many losses one that is told stands for.
func (t *telling) factor() float64 {
	return (t.heard + t.silent + trustTelling) / (t.heard + trustTelling)
}

func (t *telling) decay() {
	if t.won+t.lost > mostTelling {
		t.won, t.lost = t.won/2, t.lost/2
	}
	if t.heard+t.silent > mostTelling {
		t.heard, t.silent = t.heard/2, t.silent/2
	}
}

// note changes what is known of an exchange.
func (a *auctions) note(exchange ad.ID, change func(*telling)) telling {
	t, ok := a.tells[exchange]
	if !ok && len(a.tells) >= mostExchanges {
		return t
	}
	change(&t)
	t.decay()
	a.tells[exchange] = t
	return t
}

// keyOf is the half of a bid's id that differs among bids of a process.
func keyOf(b ad.BidID) uint64 { return binary.LittleEndian.Uint64(b[8:]) }

// priced reports whether an event's auction is one in which the price decides.
func priced(e *ad.Event) bool {
	return (e.Auction == ad.FirstPrice || e.Auction == ad.SecondPrice) && e.Offer > 0
}

func observationOf(e *ad.Event) pricing.Observation {
	return pricing.Observation{
		Exchange: e.Exchange, Segment: pricing.Segment(e.Segment), Bid: e.Offer, Least: e.Least,
		Won: e.Kind == ad.EventWin || e.Kind == ad.EventBilling, Weight: 1, At: e.BidTime * 1000 * nanosPerMS,
	}
}

// sampled takes a bid that was kept.
func (a *auctions) sampled(e *ad.Event) {
	key := keyOf(e.Bid)
	if _, told := a.known[key]; told || !priced(e) || a.wait[key] {
		return
	}
	weight, ok := thin(key>>32, len(a.bids), mostBids)
	if !ok {
		return
	}
	a.bids = append(a.bids, bid{key, e.Time, weight, observationOf(e)})
	a.wait[key] = true
}

// tell takes a notice, and returns what it tells, if anything.
func (a *auctions) tell(e *ad.Event) (o pricing.Observation, ok bool) {
	key := keyOf(e.Bid)
	if _, told := a.known[key]; told {
		return o, false
	}
	a.remember(key)
	kept := a.wait[key]
	delete(a.wait, key)
	if !priced(e) || e.Kind == ad.EventLoss && (e.Detail < firstLoss || e.Detail > lastLoss) {
		return o, false
	}
	o = observationOf(e)
	t := a.note(e.Exchange, func(t *telling) {
		switch {
		case o.Won:
			t.won++
		case kept:
			t.lost++
			t.heard++
		default:
			t.lost++
		}
	})
	if t.mute() {
		return o, kept
	}
	if !o.Won {
		o.Weight = t.factor()
	}
	return o, true
}

// remember notes that a notice of a bid has come.
func (a *auctions) remember(key uint64) {
	if len(a.told) < mostTold {
		a.told = append(a.told, key)
	} else {
		if a.known[a.told[a.next]] == a.next {
			delete(a.known, a.told[a.next])
		}
		a.told[a.next] = key
	}
	a.known[key] = a.next
	a.next = (a.next + 1) % mostTold
}

// silent gives what the bids of which nothing was heard for long have become, of
// exchanges that tell no losses.
func (a *auctions) silent(over func(int64, time.Duration) bool, observe func(*pricing.Observation)) {
	n := 0
	for ; n < len(a.bids) && over(a.bids[n].at, silence); n++ {
		b := &a.bids[n]
		if !a.wait[b.key] {
			continue
		}
		delete(a.wait, b.key)
		if t := a.note(b.seen.Exchange, func(t *telling) { t.silent++ }); t.mute() {
			b.seen.Weight = b.weight
			observe(&b.seen)
		}
	}
	a.bids = a.bids[n:]
}
