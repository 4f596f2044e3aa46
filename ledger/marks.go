package ledger

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

// mark is the number of a bit that says of a bid that something came already: a
// kind of event, a view of some detail, or a charge.
type mark uint8

// Kinds have their own number. Marks are stored: they keep their numbers.
const (
	markViews   mark = 16 // and numViews of them
	markCharged mark = 24
)

// marked reports whether an event is told apart from one that came already. A
// sample or tally is written once, by ourselves; what belongs to no bid may come
// any number of times.
func marked(e *ad.Event) bool {
	return e.Bid != ad.BidID{} && e.Kind != ad.EventBid && e.Kind != ad.EventTally
}

func markOf(e *ad.Event) mark {
	if e.Kind == ad.EventView {
		return markViews + mark(viewOf(e.Detail))
	}
	return mark(e.Kind)
}

// markSet is the marks of one bid.
type markSet uint32

func (s markSet) has(m mark) bool     { return s>>m&1 != 0 }
func (s markSet) with(m mark) markSet { return s | 1<<m }
func (s markSet) each(fn func(m mark)) {
	for ; s != 0; s &= s - 1 {
		fn(mark(bits.TrailingZeros32(uint32(s))))
	}
}

func (s markSet) bytes() []byte { return binary.BigEndian.AppendUint32(nil, uint32(s)) }

func parseMarkSet(b []byte) (markSet, bool) {
	if len(b) != 4 {
		return 0, false
	}
	return markSet(binary.BigEndian.Uint32(b)), true
}

// recentBids is how many bids a generation of marks holds. It is more than a
// group has events: what a group adds is there until the group is committed.
const recentBids = 1 << 17

// marks reads the marks of bids. The last ones it holds in memory, in two
// generations of which the older is dropped whole; the truth is in the database.
type marks struct {
	db         *pebble.DB
	new        newBids
	young, old map[marksOf]markSet
}

// marksOf is what marks are of.
type marksOf struct {
	hour uint32
	bid  ad.BidID
}

func newMarks(db *pebble.DB) *marks {
	return &marks{db: db, young: make(map[marksOf]markSet)}
}

func (m *marks) get(of marksOf) (markSet, error) {
	if s, ok := m.young[of]; ok {
		return s, nil
	}
	if s, ok := m.old[of]; ok {
		return s, nil
	}
	if m.new.surely(of) {
		return 0, nil
	}
	k := markKey(of.hour, of.bid)
	value, closer, err := m.db.Get(k[:])
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer closer.Close()
	s, ok := parseMarkSet(value)
	if !ok {
		return 0, notOurs("the marks of bid %s", of.bid)
	}
	return s, nil
}

// set remembers the marks of a bid. The caller writes them.
func (m *marks) set(of marksOf, s markSet) {
	if len(m.young) >= recentBids {
		m.old, m.young = m.young, make(map[marksOf]markSet, recentBids)
	}
	m.young[of] = s
	m.new.add(of)
}
