// Package bidder is the hot path: it decides on bid requests, answers them and
// takes the notices that follow. Its stages stand in reading order, a file each:
// decide, choose, eligible, price, score, shade, answer; then notices, and the server around
// them. Nothing on the request path logs, formats, allocates or waits, except
// for the profile, and for that no longer than the deadline.
//
// Time is an argument and the only randomness is a seed from the request, so
// that explain runs the very same code on a recorded request.
package bidder

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/exposure"
	"bidwell/inventory"
	"bidwell/ledger"
	"bidwell/notice"
	"bidwell/pacing"
	"bidwell/pricing"
	"bidwell/profile"
	"bidwell/profile/sightings"
)

// Engine decides, answers and accounts. It is safe for concurrent use.
type Engine struct {
	Profiles *profile.Profiles
	Books    *campaign.Books
	Money    *pacing.Book // reservations of money
	Counts   *pacing.Book // reservations of impressions, each of 1
	Ledger   Ledger
	Signer   *notice.Signer
	Verifier *notice.Verifier
	Metrics  *Metrics

	// What is learned, asked for whenever κ moves; nil for nothing. Outcomes are what a
	// campaign with a target for its average cost got for its money.
	Model    func() *pricing.Model
	Outcomes func(campaign ad.ID) (r pacing.Responses, known bool)
	Scorer   pricing.Scorer // tells chances in the place of the model; nil for none
	Features pricing.Key    // keys the hashes by which models know what they see; it never changes

	Exposures exposure.Memory // what people are about to see; the zero value is ready

	Inventory *inventory.Sample   // of the requests that come, nil if none is kept
	Sightings *sightings.Recorder // of people on pages, nil if none are kept

	live     atomic.Pointer[live]
	bidIDs   idSource
	scratch  sync.Pool
	shed     shedder
	draining atomic.Bool
	tallies  tallies
	unsafe   atomic.Bool // the ledger cannot be written: nothing is bid
	pacing   sync.Mutex  // one at a time moves κ or publishes: what serves has the last one
}

// Ledger is where events are kept. Append returns when the event is on disk, and
// NoticeReplayed if it was there already.
type Ledger interface {
	Append(*ad.Event) (ad.Reason, error)
	AppendAsync(*ad.Event) bool
	// AppendAll appends many and says what became of each, as Append does. After an
	// error some may be on disk.
	AppendAll(events []ad.Event, outcomes []ad.Reason) error
	// Click finds the click of a bid, and reports whether there is one.
	Click(ad.BidID) (ad.Event, bool, error)
	// Name keeps the name of an id, on disk before any event that is appended later.
	Name(ledger.NameKind, ad.ID, string)
	NameOf(ledger.NameKind, ad.ID) string // empty for none
	Named(ledger.NameKind) int            // how many there are
	Health() error
}

// Publish makes a snapshot the one that decides, from the next request on. It is bound
// to the engine's books by then. It must not be called by two at a time.
func (e *Engine) Publish(s *campaign.Snapshot) {
	e.pacing.Lock()
	defer e.pacing.Unlock()
	s.Pace(e.prices()) // κ may have moved since it was bound
	if e.Inventory != nil {
		e.Inventory.KeepZips(s.AsksZip())
	}
	before := e.live.Load()
	e.live.Store(goLive(s, before))
	if before != nil {
		e.tallies.retire(before)
	}
}

// Pace moves κ and takes over what was learned, which requests see from the next one
// on. It is called every some seconds.
func (e *Engine) Pace(now time.Time) {
	e.pacing.Lock()
	defer e.pacing.Unlock()
	s := e.Snapshot()
	if s != nil && e.Outcomes != nil {
		for _, c := range s.Campaigns {
			if c.Plan.AverageCost > 0 {
				if r, known := e.Outcomes(c.ID); known {
					e.Books.Pacer.Responses(c.ID, r)
				}
			}
		}
	}
	e.Books.Pacer.Tick(now)
	if s != nil {
		s.Pace(e.prices())
	}
}

func (e *Engine) prices() campaign.Prices {
	var p campaign.Prices
	if e.Scorer != nil {
		p.Scorer = &checkedScorer{e.Scorer, &e.Metrics.priced.noChance}
	}
	if e.Model != nil {
		p.Model = e.Model()
	}
	return p
}

// Snapshot returns the snapshot that decides now, or nil before the first.
func (e *Engine) Snapshot() *campaign.Snapshot {
	if l := e.live.Load(); l != nil {
		return l.Snapshot
	}
	return nil
}

// Drain makes every further answer close its connection, so that clients turn
// to other bidders.
func (e *Engine) Drain() { e.draining.Store(true) }

// Draining reports whether Drain was called.
func (e *Engine) Draining() bool { return e.draining.Load() }

// idSource makes bid ids: a random half for the process, and a counter mixed
// with another, so that ids are unique and do not tell how many there were.
type idSource struct {
	once    sync.Once
	process uint64
	mask    uint64
	next    atomic.Uint64 // the first number that no block has
	blocks  atomic.Uint32 // scratches that have taken blocks
}

// SeedBids makes the ids of bids follow from a number, where the same bids are to be
// made again, as in a simulation. Two engines whose bids meet must have different
// numbers. It is called before the first bid.
func (e *Engine) SeedBids(seed uint64) {
	e.bidIDs.once.Do(func() { e.bidIDs.process, e.bidIDs.mask = mix(seed+1), mix(^seed) })
}

// idBlock is the ids that a scratch makes next. The pool gives a scratch back to the
// core that had it, mostly, and so all ids of a core, that lie in the same shards of the
// book. They share no cache line with those of another core.
type idBlock struct {
	of        *idSource
	next, end uint64
	home      uint8
}

const (
	idsInBlock = 256
	idHomes    = 8 // each of as many shards of a book
	idHomeByte = 7 // by which a book divides bids
)

// id takes the next id of a block, and a new block when that is used up.
func (s *idSource) id(b *idBlock) (id ad.BidID) {
	s.once.Do(func() {
		var b [16]byte
		rand.Read(b[:]) // never fails
		s.process, s.mask = binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])
	})
	if b.of != s {
		*b = idBlock{of: s, home: uint8(s.blocks.Add(1) % idHomes)}
	}
	if b.next == b.end {
		b.end = s.next.Add(idsInBlock)
		b.next = b.end - idsInBlock
	}
	binary.BigEndian.PutUint64(id[:], s.process)
	id[idHomeByte] = id[idHomeByte]&^(idHomes*idHomes-1) | b.home*idHomes | uint8(b.next%idHomes)
	binary.BigEndian.PutUint64(id[8:], mix(b.next^s.mask))
	b.next++
	return id
}

// mix is the finaliser of splitmix64, a bijection.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// seedOf makes the request's seed from its id.
func seedOf(id []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range id {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return mix(h)
}

// clock caches what a moment means in the time zones of a snapshot.
type clock struct {
	now    time.Time
	minute []uint16 // of the week, by zone; unset is 0xffff
}

func (c *clock) reset(now time.Time, zones int) {
	c.now = now
	if cap(c.minute) < zones {
		c.minute = make([]uint16, zones)
	}
	c.minute = c.minute[:zones]
	for i := range c.minute {
		c.minute[i] = 0xffff
	}
}

func (c *clock) minuteOfWeek(s *campaign.Snapshot, zone int) uint16 {
	if c.minute[zone] == 0xffff {
		c.minute[zone] = campaign.MinuteOfWeek(c.now.In(s.Zones[zone]))
	}
	return c.minute[zone]
}
