package ledger

import (
	"encoding/binary"
	"fmt"
	"time"

	"bidwell/ad"
)

// Keys are a letter and big-endian numbers, so that they sort by them:
//
//	a id [day]                                    figures of an account, in total and per day
//	b …                                           what the dropped events add up to, under the key of the figure or of the hour's proof
//	c bid                                         the sequence of the event of its click
//	d hour bid                                    which notices of a bid came; the hour is that of the bid
//	e sequence                                    an event
//	l term [unit account]                         how long a process leases, and what
//	m name                                        one value each: see the names below
//	n kind id                                     a name
//	r hour campaign line creative exchange deal   a roll-up
//	s name                                        a state that others keep here
const (
	prefixAccount = 'a'
	prefixBase    = 'b'
	prefixClick   = 'c'
	prefixMark    = 'd'
	prefixEvent   = 'e'
	prefixLease   = 'l'
	prefixMeta    = 'm'
	prefixName    = 'n'
	prefixProof   = 'p' // never stored but below prefixBase
	prefixRollup  = 'r'
	prefixState   = 's'
)

// Names of single values.
var (
	keySchema = []byte("mschema") // version, in decimal
	keyFirst  = []byte("mfirst")  // sequence number of the first event that is kept
	keyMarked = []byte("mmarked") // first hour of which all marks are there
	keyOpen   = []byte("mopen")   // first hour whose bids' notices are accepted, mostly the same
	keyClicks = []byte("mclicks") // number of the first event from which on clicks are found by their bids
	keyClock  = []byte("mclock")  // the time up to which Trim believes, in unix milliseconds
)

const (
	eventKeySize  = 1 + 8
	markKeySize   = 1 + 4 + 16
	rollupKeySize = 1 + 4 + 5*8
)

func eventKey(seq uint64) (k [eventKeySize]byte) {
	k[0] = prefixEvent
	binary.BigEndian.PutUint64(k[1:], seq)
	return k
}

// markKey is the key of a bid's marks. They are sorted by the time of the bid,
// which is the same in all its notices, so that those of old bids are deleted as
// one range.
func markKey(hour uint32, bid ad.BidID) (k [markKeySize]byte) {
	k[0] = prefixMark
	binary.BigEndian.PutUint32(k[1:], hour)
	copy(k[5:], bid[:])
	return k
}

func markHour(hour uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixMark}, hour)
}

// Hours of marks that are kept as long as their events, as what they belong to
// has no time of its own that all repetitions share. They sort last.
const (
	hourOfVisits      = 1<<32 - 2
	hourOfConversions = 1<<32 - 1
)

// hourOfMarks returns the hour that the marks of an event are kept under.
func hourOfMarks(e *ad.Event) uint32 {
	switch e.Kind {
	case ad.EventVisit:
		return hourOfVisits
	case ad.EventConversion:
		return hourOfConversions
	}
	return uint32(e.BidTime / (hourMS / 1000))
}

// accountKey is an account in total, or on one day.
type accountKey struct {
	id    ad.ID
	daily bool
	day   int32
}

func (k accountKey) append(dst []byte) []byte {
	dst = append(dst, prefixAccount)
	dst = binary.BigEndian.AppendUint64(dst, uint64(k.id))
	if k.daily {
		dst = binary.BigEndian.AppendUint32(dst, uint32(k.day)^1<<31) // so that days before 1970 sort first
	}
	return dst
}

// parseAccountKey reads a key without its letter.
func parseAccountKey(b []byte) (k accountKey, ok bool) {
	r := reader{rest: b}
	k.id = ad.ID(r.uint64())
	if len(r.rest) > 0 {
		k.daily = true
		k.day = int32(r.fixed32() ^ 1<<31)
	}
	return k, !r.bad && len(r.rest) == 0
}

// rollupKey is what a roll-up is of.
type rollupKey struct {
	hour                                     uint32
	campaign, line, creative, exchange, deal ad.ID
}

func (k rollupKey) append(dst []byte) []byte {
	dst = append(dst, prefixRollup)
	dst = binary.BigEndian.AppendUint32(dst, k.hour)
	for _, id := range [...]ad.ID{k.campaign, k.line, k.creative, k.exchange, k.deal} {
		dst = binary.BigEndian.AppendUint64(dst, uint64(id))
	}
	return dst
}

func parseRollupKey(b []byte) (k rollupKey, ok bool) {
	r := reader{rest: b}
	k.hour = r.fixed32()
	for _, id := range [...]*ad.ID{&k.campaign, &k.line, &k.creative, &k.exchange, &k.deal} {
		*id = ad.ID(r.uint64())
	}
	return k, !r.bad && len(r.rest) == 0
}

// proofKey is the hour of the bids whose marks are proven.
type proofKey uint32

func (k proofKey) append(dst []byte) []byte {
	return binary.BigEndian.AppendUint32(append(dst, prefixProof), uint32(k))
}

func parseProofKey(b []byte) (k proofKey, ok bool) {
	r := reader{rest: b}
	k = proofKey(r.fixed32())
	return k, !r.bad && len(r.rest) == 0
}

// The names of figures, for people.

func (k accountKey) String() string {
	if !k.daily {
		return fmt.Sprintf("account %016x", uint64(k.id))
	}
	return fmt.Sprintf("account %016x on %s", uint64(k.id), time.Unix(int64(k.day)*dayMS/1000, 0).UTC().Format(time.DateOnly))
}

func (k rollupKey) String() string {
	return fmt.Sprintf("roll-up of %s, campaign %016x, line item %016x, creative %016x, exchange %016x, deal %016x",
		textOfHour(k.hour), uint64(k.campaign), uint64(k.line), uint64(k.creative), uint64(k.exchange), uint64(k.deal))
}

func (k proofKey) String() string { return "marks of bids of " + textOfHour(uint32(k)) }

func textOfHour(hour uint32) string {
	switch hour {
	case hourOfVisits:
		return "any hour, visits"
	case hourOfConversions:
		return "any hour, conversions"
	}
	return time.Unix(int64(hour)*3600, 0).UTC().Format("2006-01-02T15Z")
}
