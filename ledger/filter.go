package ledger

import (
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

// newBids knows which bids surely have no marks, without a look at the disk:
// most notices are the first of their bid. It has a Bloom filter for each of the
// last hours that began while the ledger was open, so that all marks of their
// bids have passed by. Of other hours it knows nothing. Visits, which have no hour,
// have a filter if those of before were few enough to be read when the ledger was
// opened.
type newBids struct {
	latest    uint32 // the latest hour of which there may be marks
	hours     []hourOfBids
	visits    []uint64 // the filter of visits, nil as long as there are none
	allVisits bool     // no visit is missing in it
}

type hourOfBids struct {
	hour uint32
	bits []uint64
}

const (
	filteredHours = 4
	filterBlock   = 8                           // words of 64 bits, a cache line
	filterWords   = (4 << 20) / 8               // 4 MiB: one in a hundred is mistaken for known at 3 million bids an hour
	mostRecalled  = 1 << 20                     // visits: about a second
	filterMask    = filterWords/filterBlock - 1 // of blocks
)

// recallLatest finds the latest hour of which there are marks.
func (n *newBids) recallLatest(r pebble.Reader) error {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixMark}, UpperBound: markHour(hourOfVisits)})
	if err != nil {
		return err
	}
	if it.Last() && len(it.Key()) == markKeySize {
		n.latest = binary.BigEndian.Uint32(it.Key()[1:])
	}
	return it.Close()
}

// recallVisits reads which visits have marks, unless there are too many.
func (n *newBids) recallVisits(r pebble.Reader) error {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: markHour(hourOfVisits), UpperBound: markHour(hourOfConversions)})
	if err != nil {
		return err
	}
	read := 0
	n.allVisits = true
	for valid := it.First(); valid; valid = it.Next() {
		if read++; read > mostRecalled {
			n.visits, n.allVisits = nil, false
			break
		}
		if k := it.Key(); len(k) == markKeySize {
			n.add(marksOf{hourOfVisits, ad.BidID(k[markKeySize-len(ad.BidID{}):])})
		}
	}
	return it.Close()
}

// surely reports whether a bid has no marks.
func (n *newBids) surely(of marksOf) bool {
	bits := n.of(of.hour)
	if bits == nil {
		return of.hour == hourOfVisits && n.allVisits
	}
	block, probes := place(bits, of.bid)
	for range 4 {
		if block[probes>>6&(filterBlock-1)]>>(probes&63)&1 == 0 {
			return true
		}
		probes >>= 9
	}
	return false
}

// add notes that a bid has marks.
func (n *newBids) add(of marksOf) {
	if of.hour == hourOfVisits && n.allVisits && n.visits == nil {
		n.visits = make([]uint64, filterWords)
	}
	bits := n.of(of.hour)
	if bits == nil {
		return
	}
	block, probes := place(bits, of.bid)
	for range 4 {
		block[probes>>6&(filterBlock-1)] |= 1 << (probes & 63)
		probes >>= 9
	}
}

// of returns the filter of an hour, nil if there is none. It begins one for an
// hour that is later than all before.
func (n *newBids) of(hour uint32) []uint64 {
	if hour == hourOfVisits {
		return n.visits
	}
	for i := range n.hours {
		if n.hours[i].hour == hour {
			return n.hours[i].bits
		}
	}
	if hour <= n.latest || hour >= hourOfVisits {
		return nil
	}
	n.latest = hour
	var bits []uint64
	if len(n.hours) == filteredHours {
		bits = n.hours[0].bits
		clear(bits)
		n.hours = append(n.hours[:0], n.hours[1:]...)
	} else {
		bits = make([]uint64, filterWords)
	}
	n.hours = append(n.hours, hourOfBids{hour, bits})
	return bits
}

// place returns the block of a bid and the places of its bits in it, nine bits
// each.
func place(bits []uint64, bid ad.BidID) (block []uint64, probes uint64) {
	h := mix(mix(binary.BigEndian.Uint64(bid[:])) ^ binary.BigEndian.Uint64(bid[8:]))
	at := int(h&filterMask) * filterBlock
	return bits[at : at+filterBlock], h >> 28
}
