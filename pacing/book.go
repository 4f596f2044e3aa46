package pacing

import (
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"bidwell/ad"
)

// MaxAccounts is how many accounts one reservation may touch: advertiser,
// campaign, line item, and one to spare.
const MaxAccounts = 4

// maxBid is more than any impression costs: a million units of currency.
const maxBid = 1_000_000 * ad.Unit

// shards is how many parts a book has, and shardByte which byte of a bid id names one.
const (
	shards    = 64
	shardByte = 7
)

// Book holds the open reservations and remembers which bids are settled. It is
// divided into shards with a lock each, by the low bits of the eighth byte of the bid
// id. Whoever makes ids on several cores lets each core have some of them: a shard that
// two cores use by turns is several cache lines on their way from one to the other,
// which costs more than all the rest. Reserve, Settle and Release hold one lock at a
// time.
//
// Where one lock is held while another is taken it is in this order: Pacer.mu, or
// Book.mu, or that of a shard; Account.mu; leases.mu. Accounts.mu is never held
// while another is taken, nor two of a kind.
type Book struct {
	accounts *Accounts
	lifetime time.Duration
	until    atomic.Int64 // unix seconds, from when nothing is reserved any more

	_      [40]byte // shards begin with a cache line
	shards [shards]shard

	late      atomic.Uint64
	lateSpend atomic.Int64

	mu        sync.Mutex // guards recovered
	recovered []recovered
}

// NewBook returns an empty book. A token's lifetime is for how long after its
// bid a notice is accepted: for that long the book remembers settled bids.
func NewBook(accounts *Accounts, lifetime time.Duration) *Book {
	b := &Book{accounts: accounts, lifetime: max(lifetime, time.Second)}
	b.until.Store(unlimited)
	for i := range b.shards {
		b.shards[i].init(b.lifetime)
	}
	return b
}

// Until makes Reserve refuse bids that are made at a moment or later, in unix
// seconds. It is moved ahead of the time when it is known on disk up to when bids
// may be made, and with them their notices.
func (b *Book) Until(unix int64) { b.until.Store(unix) }

// Reserve holds the whole of a bid on all accounts, or on none: the strictest
// wins. It returns OK, or BudgetSpent or DailyBudgetSpent of the first account
// that refuses; or NotDurable if that is for its lease, or bids may not be made
// any more. The reservation belongs to the day of now in each account's time
// zone, and Expire frees it once the window, the time that the exchange has for
// its notices, is over.
//
// Accounts must be distinct and at most MaxAccounts, all from the registry that
// the book was made with. An amount that is negative or absurd is refused as
// PriceInvalid, a bid that is reserved already as NoticeReplayed.
//
// A bid that is refused shows on the accounts for some nanoseconds. Another bid
// may then be refused that would just have fitted; never is one accepted that
// does not fit.
func (b *Book) Reserve(bid ad.BidID, accounts []*Account, amount ad.Money, now time.Time, window time.Duration) ad.Reason {
	if len(accounts) > MaxAccounts {
		panic("pacing: a reservation on more than MaxAccounts accounts")
	}
	if amount < 0 || amount > maxBid {
		return ad.PriceInvalid
	}
	unix := now.Unix()
	if unix >= b.until.Load() {
		return ad.NotDurable
	}
	r := reservation{bid: bid, amount: int64(amount)}
	r.expires = uint32(min(max(0, max(unix+1, ceilUnix(now.Add(window)))), math.MaxUint32))
	for _, a := range accounts {
		number, why := a.hold(r.amount, unix)
		if why != ad.OK {
			b.free(&r)
			return why
		}
		r.add(a.ref, number)
	}
	h := hashOf(bid)
	s := b.shard(bid)
	s.mu.Lock()
	ok := s.open(h, &r)
	s.mu.Unlock()
	if !ok {
		b.free(&r)
		return ad.NoticeReplayed
	}
	return ad.OK
}

// ceilUnix returns the first whole second, in unix seconds, that is not before t: what
// is held until then is never freed too early.
func ceilUnix(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// Settle charges the clearing price of a bid, exactly once however often and
// however late its notice comes, and frees what was reserved. It returns OK;
// NoticeReplayed if the bid is settled already; PriceAboveBid if the price is
// above what was reserved, and PriceInvalid if it is negative or absurd, either of
// which leaves the reservation as it is; TokenExpired if the bid is older than the
// lifetime that the book was made with, for it no longer knows whether it is
// settled.
//
// A bid that is not reserved any more, or never was here, is late: its price is
// charged to the accounts given, on the day of bidTime, and counted as late spend
// as far as Recover does not cover it. That the price is not above the bid is then for the caller to check
// against the bid's token. For a reserved bid the accounts are those of its
// reservation.
func (b *Book) Settle(bid ad.BidID, accounts []*Account, price ad.Money, bidTime, now time.Time) ad.Reason {
	if price < 0 || price > maxBid {
		return ad.PriceInvalid
	}
	if now.Sub(bidTime) > b.lifetime {
		return ad.TokenExpired
	}
	h := hashOf(bid)
	s := b.shard(bid)
	s.mu.Lock()
	r, found, why := s.settle(h, bid, int64(price), bidTime.Unix())
	s.mu.Unlock()
	if why != ad.OK {
		return why
	}
	if !found {
		b.charge(accounts, int64(price), bidTime.Unix())
		return ad.OK
	}
	all := b.accounts.list()
	for i := range r.n {
		all[r.accounts[i]].settle(r.amount, int64(price), r.dayOf(i))
	}
	return ad.OK
}

// charge confirms a price that is not reserved, and counts what is late: the most
// that it is on any of the accounts.
func (b *Book) charge(accounts []*Account, price, unix int64) {
	most := int64(0)
	for _, a := range accounts {
		most = max(most, a.charge(price, unix))
	}
	if most > 0 || len(accounts) == 0 {
		b.late.Add(1)
		b.lateSpend.Add(most)
	}
}

// Release frees a reservation, as when the bid lost. It returns OK, or
// NoticeReplayed if nothing is reserved: the bid was released, has expired or is
// settled. A loss notice after a billing notice changes nothing.
func (b *Book) Release(bid ad.BidID) ad.Reason {
	h := hashOf(bid)
	s := b.shard(bid)
	s.mu.Lock()
	r, found := s.release(h, bid)
	s.mu.Unlock()
	if !found {
		return ad.NoticeReplayed
	}
	b.free(&r)
	return ad.OK
}

// Expire frees the reservations whose window is over, forgets settled bids whose
// lifetime is over, and returns how many reservations it freed. It is to be
// called about once a second; between calls what is due stays reserved. Locks
// are held for a second's worth of one shard at a time.
func (b *Book) Expire(now time.Time) int {
	unix := now.Unix()
	n := b.expireRecovered(unix)
	for i := range b.shards {
		s := &b.shards[i]
		for done := false; !done; {
			var freed int
			s.mu.Lock()
			freed, done = s.sweep(unix, b)
			s.mu.Unlock()
			n += freed
		}
	}
	return n
}

func (b *Book) free(r *reservation) {
	all := b.accounts.list()
	for i := range r.n {
		all[r.accounts[i]].free(r.amount, r.dayOf(i))
	}
}

// Stats counts what became of the bids since the start.
type Stats struct {
	Open      int      // reservations that are undecided now
	Known     int      // settled bids that are remembered now
	Reserved  uint64   // accepted by Reserve
	Settled   uint64   // charged, late ones included
	Released  uint64   // freed by Release
	Expired   uint64   // freed by Expire
	Replayed  uint64   // billing notices for a bid that was settled already
	TooHigh   uint64   // billing notices refused for their price
	Late      uint64   // charged beyond what was reserved
	LateSpend ad.Money // their sum: the bound on what budgets were exceeded by
}

// Stats returns the sums over all shards.
func (b *Book) Stats() Stats {
	sum := Stats{Late: b.late.Load(), LateSpend: ad.Money(b.lateSpend.Load())}
	for i := range b.shards {
		b.shards[i].addTo(&sum)
	}
	return sum
}

func (b *Book) shard(bid ad.BidID) *shard { return &b.shards[bid[shardByte]%shards] }

// hashOf spreads the bid ids of a shard, which may be anything else, over its slots.
func hashOf(bid ad.BidID) uint64 {
	const k = 0x9e3779b97f4a7c15
	h := binary.LittleEndian.Uint64(bid[:8])*k ^ binary.LittleEndian.Uint64(bid[8:])
	h ^= h >> 32
	h *= k
	h ^= h >> 29
	h *= k
	return h ^ h>>32
}
