package ledger

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

// clicked reports whether an event is found again by its bid: an advertiser may tell that
// a conversion is due to it. A bid has one such event, for repetitions are none.
func clicked(e *ad.Event) bool { return e.Kind == ad.EventClick && e.Bid != ad.BidID{} }

func clickKey(bid ad.BidID) []byte { return append([]byte{prefixClick}, bid[:]...) }

// Click finds the click of a bid, and reports whether there is one. It is known as long
// as events are kept, unless it is older than the index.
func (l *Ledger) Click(bid ad.BidID) (e ad.Event, ok bool, err error) {
	ok, err = findClick(l.db, bid, &e)
	return e, ok, l.reading("a click", err)
}

func findClick(r pebble.Reader, bid ad.BidID, e *ad.Event) (bool, error) {
	value, err := readValue(r, clickKey(bid))
	if err != nil || value == nil {
		return false, err
	}
	if len(value) != 8 {
		return false, notOurs("the place of the click of bid %s", bid)
	}
	seq := binary.BigEndian.Uint64(value)
	k := eventKey(seq)
	if value, err = readValue(r, k[:]); err != nil || value == nil {
		return false, err
	}
	if err := decodeEvent(e, k[:], value); err != nil {
		return false, fmt.Errorf("%w: event %d: %w", ErrDamaged, seq, err)
	}
	if !clicked(e) || e.Bid != bid {
		return false, fmt.Errorf("%w: event %d is not the click of bid %s", ErrDamaged, seq, bid)
	}
	return true, nil
}

// dropClick takes a click that is dropped out of the index.
func (l *Ledger) dropClick(b *pebble.Batch, c numbered) error {
	value, err := readValue(l.db, clickKey(c.bid))
	if err != nil || len(value) != 8 || binary.BigEndian.Uint64(value) != c.seq { // a clock put back let another one in
		return err
	}
	return b.Delete(clickKey(c.bid), nil)
}

// numbered is a click of a bid, and the number of its event.
type numbered struct {
	bid ad.BidID
	seq uint64
}

// checkClicks holds the index of clicks against the clicks that were read.
func (a *auditor) checkClicks() error {
	since, err := readNumber(a.snap, keyClicks)
	if err != nil {
		return err
	}
	for _, c := range a.clicks {
		value, err := readValue(a.snap, clickKey(c.bid))
		if err != nil {
			return err
		}
		if c.seq >= since && len(value) != 8 {
			a.problem(fmt.Sprintf("event %d", c.seq), "is a click that is not found by its bid")
		}
	}
	return scanPrefix(a.snap, []byte{prefixClick}, func(key, _ []byte) error {
		var e ad.Event
		if ok, err := findClick(a.snap, ad.BidID(key[1:]), &e); err != nil {
			a.problem(fmt.Sprintf("click %x", key[1:]), err.Error())
		} else if !ok {
			a.problem(fmt.Sprintf("click %x", key[1:]), "is to be found at an event that is not there")
		}
		return a.ctx.Err()
	})
}
