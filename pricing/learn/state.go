package learn

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"

	"bidwell/ad"
	"bidwell/pricing"
)

// stateVersion is raised when the state's form or what learning makes of events
// changes: an older state is then made again from the events.
const stateVersion = 7

// ErrState is what errors of Restore wrap.
var ErrState = errors.New("state of what was learned")

// AppendState appends everything that is known, as Restore reads it. The same events
// give the same bytes.
func (l *Learner) AppendState(dst []byte) []byte {
	c := coder{buf: append(dst, stateVersion)}
	l.state(&c)
	return c.buf
}

// Restore replaces what is known by a state. If that is cut short, damaged, or holds
// what no event leaves behind, it returns an error that wraps ErrState and changes
// nothing.
func (l *Learner) Restore(state []byte) error {
	if len(state) == 0 || state[0] != stateVersion {
		return fmt.Errorf("%w: another version of Bidwell wrote it", ErrState)
	}
	c := coder{reading: true, buf: state[1:]}
	s := NewLearner()
	if err := s.state(&c); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	if c.failed || len(c.buf) > 0 {
		return fmt.Errorf("%w: it is damaged or cut short", ErrState)
	}
	*l = *s
	return nil
}

// state goes through all that is known. The error is of a part that cannot be read.
func (l *Learner) state(c *coder) error {
	numbers(c, &l.position)
	numbers(c, &l.now)
	if err := l.models(c); err != nil {
		return err
	}
	l.auctions.state(c)
	l.shown.state(c)
	l.clicks.state(c)
	l.views.state(c)
	numbers(c, &l.resolved)
	c.check(l.shown.first <= l.resolved && l.resolved <= l.shown.next)
	for i, q := range [...]*queue{l.clicks, l.views} {
		for k := range l.waiting[i] {
			numbers(c, &l.waiting[i][k])
			c.check(l.waiting[i][k] <= q.next)
		}
		l.delays[i].state(c)
	}
	for _, last := range l.last {
		table(c, last, mostShown, cmp.Compare[uint64], c.u64, func(b *ad.BidID) { c.bytes(b[:]) })
	}
	l.early.state(c)
	l.floods.state(c)
	table(c, l.outcomes, mostOutcomes, cmp.Compare[ad.ID], func(id *ad.ID) { numbers(c, id) }, func(o **outcome) {
		if c.reading {
			*o = new(outcome)
		}
		(*o).state(c)
	})
	for _, n := range l.counts.list() {
		c.u64(n)
	}
	return nil
}

// models goes through what has been taught. They check themselves.
func (l *Learner) models(c *coder) error {
	var responses, rates []byte
	if !c.reading {
		responses, rates = l.responses.AppendState(nil), l.rates.AppendState(nil)
	}
	c.blob(&responses)
	c.blob(&rates)
	if !c.reading || c.failed {
		return nil
	}
	return errors.Join(l.responses.Restore(responses), l.rates.Restore(rates))
}

func (n *Counts) list() []*uint64 {
	return []*uint64{&n.Impressions, &n.Unreadable, &n.LeftOut, &n.Late, &n.Conversions, &n.Unmatched, &n.Repeated, &n.Flooded}
}

// state goes through the items, from the first.
func (q *queue) state(c *coder) {
	numbers(c, &q.first)
	n := q.len()
	numbers(c, &n)
	c.check(0 <= n && n <= q.most && q.first < math.MaxUint64/2)
	for i := 0; i < n && !c.failed; i++ {
		if !c.reading {
			q.at(q.first + uint64(i)).state(c)
			continue
		}
		if i == 0 {
			q.next = q.first
		}
		var it item
		it.state(c)
		q.push(&it)
	}
	if n == 0 {
		q.next = q.first
	}
}

func (it *item) state(c *coder) {
	c.bytes(it.bid[:])
	c.bytes(it.person[:])
	numbers(c, &it.at)
	c.small(&it.weight)
	c.small(&it.taken)
	c.byte((*uint8)(&it.flags))
	c.u64(&it.conversion)
	s := &it.subject
	numbers(c, &s.Advertiser, &s.Campaign, &s.Line, &s.Creative)
	var packed []byte
	if !c.reading {
		packed = it.context.Append(nil, s)
	}
	c.blob(&packed)
	if c.reading {
		c.check(pricing.Unpack(string(packed), &it.context, s))
	}
}

func (d *delays) state(c *coder) {
	for i := range d.stages {
		c.amounts(&d.passed[i], &d.convert[i])
	}
}

func (y *early) state(c *coder) {
	list(c, &y.order, mostEarly, func(b *ad.BidID) {
		c.bytes(b[:])
		f := uint8(y.said[*b])
		c.byte(&f)
		y.said[*b] = flags(f)
	})
	numbers(c, &y.next)
	c.check(0 <= y.next && y.next < mostEarly)
}

func (f *floods) state(c *coder) {
	numbers(c, &f.day)
	compare := func(a, b ad.PersonID) int { return bytes.Compare(a[:], b[:]) }
	table(c, f.clicks, mostPersons, compare, func(p *ad.PersonID) { c.bytes(p[:]) }, c.byte)
}

func (o *outcome) state(c *coder) {
	c.byte((*uint8)(&o.goal))
	c.check(o.goal <= pricing.PerAcquisition)
	numbers(c, &o.since)
	numbers(c, &o.total.Cost)
	c.check(o.total.Cost >= 0)
	c.amounts(&o.total.Events, &o.total.Expected, &o.total.Due)
	list(c, &o.recent, mostHours, func(h *hourly) {
		numbers(c, &h.hour)
		c.amounts(&h.expected)
	})
}

func (a *auctions) state(c *coder) {
	list(c, &a.bids, mostBids, func(b *bid) {
		c.u64(&b.key)
		numbers(c, &b.at)
		c.amounts(&b.weight)
		waits := a.wait[b.key]
		c.bool(&waits)
		if waits {
			a.wait[b.key] = true
		}
		o := &b.seen
		numbers(c, &o.Exchange)
		numbers(c, &o.Segment)
		numbers(c, &o.Bid, &o.Least)
		numbers(c, &o.At)
		c.bool(&o.Won)
		c.amounts(&o.Weight)
	})
	list(c, &a.told, mostTold, func(key *uint64) { c.u64(key) })
	numbers(c, &a.next)
	c.check(0 <= a.next && a.next < mostTold)
	table(c, a.tells, mostExchanges, cmp.Compare[ad.ID], func(id *ad.ID) { numbers(c, id) }, func(t *telling) {
		c.amounts(&t.won, &t.lost, &t.heard, &t.silent)
	})
	for i, key := range a.told {
		a.known[key] = i
	}
}
