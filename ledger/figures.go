package ledger

import (
	"encoding/binary"
	"fmt"

	"bidwell/ad"
)

// Figure is what an account has bought, in total or on one day.
type Figure struct {
	Spend       ad.Money // Σ price of its events, in the house currency
	Charges     uint64   // events with a price
	Wins        uint64
	Billings    uint64
	Impressions uint64
}

func (f *Figure) add(e *ad.Event) {
	f.Spend = plus(f.Spend, e.Price)
	if e.Price > 0 {
		f.Charges++
	}
	switch e.Kind {
	case ad.EventWin:
		f.Wins++
	case ad.EventBilling:
		f.Billings++
	case ad.EventImpression:
		f.Impressions++
	}
}

// plus adds amounts that are not negative. The sum stays at the largest amount,
// in whatever order they come.
func plus(a, b ad.Money) ad.Money {
	if a > ad.MaxMoney-b {
		return ad.MaxMoney
	}
	return a + b
}

func (f *Figure) append(dst []byte) []byte {
	for _, v := range [...]uint64{uint64(f.Spend), f.Charges, f.Wins, f.Billings, f.Impressions} {
		dst = binary.AppendUvarint(dst, v)
	}
	return dst
}

func (f *Figure) parse(b []byte) bool {
	r := reader{rest: b}
	f.Spend = ad.Money(r.amount())
	for _, v := range [...]*uint64{&f.Charges, &f.Wins, &f.Billings, &f.Impressions} {
		*v = r.uvarint()
	}
	return !r.bad && len(r.rest) == 0
}

// numViews is the number of details of a view that are counted apart. Higher
// ones count as 0, not known.
const numViews = 8

// Counts is what happened in one hour to one creative of one line item on one
// exchange and deal.
type Counts struct {
	Requests, Bids                      uint64 // from tallies
	Wins, Billings, Losses, Impressions uint64
	Clicks, Conversions, Visits         uint64
	Views                               [numViews]uint64 // by Detail: 0 not known, 1 viewable, 2 start, 3 to 5 quartiles, 6 complete
	Spend                               ad.Money         // in the house currency
}

func (c *Counts) add(e *ad.Event) {
	c.Spend = plus(c.Spend, e.Price)
	switch e.Kind {
	case ad.EventWin:
		c.Wins++
	case ad.EventBilling:
		c.Billings++
	case ad.EventLoss:
		c.Losses++
	case ad.EventImpression:
		c.Impressions++
	case ad.EventView:
		c.Views[viewOf(e.Detail)]++
	case ad.EventClick:
		c.Clicks++
	case ad.EventConversion:
		c.Conversions++
	case ad.EventVisit:
		c.Visits++
	case ad.EventTally:
		c.Requests += uint64(e.Requests)
		c.Bids += uint64(e.Bids)
	}
}

func viewOf(detail uint8) uint8 {
	if detail >= numViews {
		return 0
	}
	return detail
}

// fields returns everything that is counted, in the order in which it is stored.
func (c *Counts) fields() [9 + numViews]*uint64 {
	f := [9 + numViews]*uint64{&c.Requests, &c.Bids, &c.Wins, &c.Billings, &c.Losses, &c.Impressions, &c.Clicks, &c.Conversions, &c.Visits}
	for i := range c.Views {
		f[9+i] = &c.Views[i]
	}
	return f
}

// Add adds o to c, as for a report over several roll-ups.
func (c *Counts) Add(o *Counts) {
	from := o.fields()
	for i, to := range c.fields() {
		*to += *from[i]
	}
	c.Spend = plus(c.Spend, o.Spend)
}

func (c *Counts) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(c.Spend))
	for _, v := range c.fields() {
		dst = binary.AppendUvarint(dst, *v)
	}
	return dst
}

func (c *Counts) parse(b []byte) bool {
	r := reader{rest: b}
	c.Spend = ad.Money(r.amount())
	for _, v := range c.fields() {
		*v = r.uvarint()
	}
	return !r.bad && len(r.rest) == 0
}

// proof stands for the marks of one hour without holding them: their number and
// a sum of their hashes. Marks of which neither is missing nor is one too many
// have the same proof, in whatever order they were made.
type proof struct {
	marks uint64
	sum   uint64
}

func (p *proof) add(bid ad.BidID, bit mark) {
	p.marks++
	p.sum += mix(mix(binary.BigEndian.Uint64(bid[:])^uint64(bit)) ^ binary.BigEndian.Uint64(bid[8:]))
}

// addEvent adds the marks of an event.
func (p *proof) addEvent(e *ad.Event) {
	p.add(e.Bid, markOf(e))
	if e.Price > 0 {
		p.add(e.Bid, markCharged)
	}
}

// mix is the finaliser of MurmurHash3.
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (p *proof) append(dst []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, p.marks), p.sum)
}

func (p *proof) parse(b []byte) bool {
	r := reader{rest: b}
	p.marks, p.sum = r.uvarint(), r.uvarint()
	return !r.bad && len(r.rest) == 0
}

func (p *proof) String() string {
	if p == nil {
		return "nothing"
	}
	return fmt.Sprintf("%d marks of sum %x", p.marks, p.sum)
}
