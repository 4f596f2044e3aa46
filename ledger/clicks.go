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
// as events are kept.
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

// checkClicks reads the clicks that are found by their bids.
func (a *auditor) checkClicks() error {
	var e ad.Event
	return scanPrefix(a.snap, []byte{prefixClick}, func(key, _ []byte) error {
		if _, err := findClick(a.snap, ad.BidID(key[1:]), &e); err != nil {
			a.problem(fmt.Sprintf("click %x", key[1:]), err.Error())
		}
		return a.ctx.Err()
	})
}
