package simulate

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"bidwell/ad"
	"bidwell/pacing"
)

const (
	// κ has no upper bound in a replay of a second-price log: the value of an
	// impression is known up to a factor only.
	kappaLeast, kappaMost = 1e-6, 1e6

	// At κ = 1 an impression of mean worth is bid the market's mean price.
	kappaInitial = 0.1

	// mostBid is what the book takes for a bid at most.
	mostBid = 1_000_000 * ad.Unit

	// A burst begins after burstAt of the log.
	burstAt, burstFor = 0.4, time.Hour

	// A budget changes after changeAt of the log.
	changeAt = 0.5

	// The hours of the log are taught as if they had been the same for taughtWeeks.
	taughtWeeks = 8

	// From one in watchedPart auctions at the beginning, within these bounds, the
	// worth of a click is estimated; no bid is made on them.
	watchedPart, watchedLeast, watchedMost = 1000, 10, 200

	// No bid is above ceilingFactor times the mean price of these auctions. More would
	// win little more, and be reserved in full until the notice comes.
	ceilingFactor = 10
)

// Streams of chance, so that one does not depend on whether another is used.
const (
	chanceNotices = iota + 1
	chanceForecast
	chanceArrivals
	chanceExplore
	chanceTold
)

// replay is one campaign that has a log for itself.
type replay struct {
	o       *Options
	log     *priceLog // with the burst
	usual   *priceLog // without
	budget  ad.Money  // that is in force
	first   ad.Money  // before a change
	last    ad.Money  // after it
	spent   ad.Money  // or reserved, when it was changed
	worth   float64   // of a click, nano-units
	ceiling ad.Money  // of bids
	watched int       // auctions in the beginning on which no bid is made
	tick    time.Duration

	id       ad.ID
	plan     pacing.Plan
	accounts *pacing.Accounts
	book     *pacing.Book
	account  *pacing.Account
	touched  []*pacing.Account // the account, as the book wants it
	pacer    *pacing.Pacer
	gauge    *pacing.Gauge
	planned  *pacing.Controller // knows what was forecast in the beginning; plans, never steers

	chance *rand.Rand
	due    map[int][]message // by tick
	serial uint64
	made   ad.Money // cost of what was won, whose notice comes, by the time of the auction
	result Result
}

// message is news of one bid on its way.
type message struct {
	bid   ad.BidID
	time  time.Time
	won   bool
	price ad.Money
	again bool // the second of two
	worth float64
	click bool
}

// run replays the log.
func (r *replay) run() {
	r.start(nil, 0, r.log.start)
	ticks := int((r.log.length + r.tick - 1) / r.tick)
	restart := -1
	if r.o.Restart > 0 {
		restart = int(r.o.Restart * float64(ticks))
	}
	next := 0
	r.sample(0)
	for k := range ticks {
		if k == restart {
			r.restart(k)
		}
		if r.changes() && k == r.changeTick() {
			r.change(k)
		}
		end := r.tick * time.Duration(k+1)
		for ; next < len(r.log.auctions) && r.log.auctions[next].at < end; next++ {
			if next >= r.watched {
				r.gauge.Eligible(1)
				r.offer(&r.log.auctions[next], k)
			}
		}
		r.deliver(k)
		now := r.log.start.Add(end)
		r.book.Expire(now)
		r.pacer.Tick(now)
		r.sample(k + 1)
	}
	r.drain(ticks)
	r.finish()
}

// start makes a bidder: accounts, book and pacer, as a process does.
func (r *replay) start(state []byte, confirmed ad.Money, now time.Time) {
	r.accounts = &pacing.Accounts{}
	r.book = pacing.NewBook(r.accounts, 31*24*time.Hour)
	r.account = r.accounts.Get(r.id)
	r.touched = []*pacing.Account{r.account}
	r.account.SetLimits(r.budget, 0, time.UTC)
	r.account.Restore(confirmed)
	r.pacer = &pacing.Pacer{}
	r.gauge = r.pacer.Set(r.id, r.plan, r.account)
	if state == nil {
		taught := pacing.NewController(r.plan)
		r.teach(taught.Forecast())
		r.planned, state = taught, taught.State()
	}
	if err := r.pacer.Restore(r.id, state); err != nil {
		panic(fmt.Sprintf("simulate: %v", err)) // it was made a moment ago
	}
	r.pacer.Tick(now)
}

func (r *replay) changes() bool { return r.o.BudgetChange != 1 }

func (r *replay) changeTick() int {
	return int(changeAt * float64(r.log.length) / float64(r.tick))
}

// change puts the last budget in force, as a reload does.
func (r *replay) change(k int) {
	f := r.account.Figures(r.log.start.Add(r.tick * time.Duration(k)))
	r.spent = f.Confirmed + f.Reserved
	r.budget = r.last
	r.account.SetLimits(r.budget, 0, time.UTC)
}

// restart ends the bidder and starts another, which knows what is kept on disk:
// confirmed spend, the pacer's state, and the sum of what was reserved, which it
// holds until the notices' window is over.
func (r *replay) restart(k int) {
	now := r.log.start.Add(r.tick * time.Duration(k))
	f := r.account.Figures(now)
	var state []byte
	r.pacer.States(func(_ ad.ID, s []byte) bool { state = s; return false })
	r.addStats()
	r.start(state, f.Confirmed, now)
	r.book.Recover(r.account, f.Today.Number, f.Reserved, now.Add(r.o.NoticeWindow))
}

// offer bids on one auction, and sends its notice on the way.
func (r *replay) offer(a *auction, k int) {
	value := r.worth * a.pctr
	now := r.log.start.Add(a.at)
	bid := min(ad.Money(1).Mul(value*r.gauge.Kappa()), r.ceiling)
	if bid <= 0 {
		return
	}
	if bid = pacing.Cut(bid, r.account.Headroom(now)); bid <= 0 {
		r.refuse()
		return
	}
	id := r.nextBid()
	if why := r.book.Reserve(id, r.touched, bid, now, r.o.NoticeWindow); why != ad.OK {
		r.refuse()
		return
	}
	r.gauge.Bid(bid)
	r.result.Bids++
	n := message{bid: id, time: now, won: bid >= a.price, price: a.price, click: a.click, worth: a.pctr}
	if r.o.Auction == FirstPrice {
		n.price, n.worth = bid, (value-float64(bid))/float64(ad.Unit)
	}
	lost, twice := r.chance.Float64() < r.o.NoticeLoss, r.chance.Float64() < r.o.NoticeDuplicates
	if n.won {
		r.result.Wins++
		r.result.count(&n, lost)
		if !lost {
			r.made += n.price
		}
	}
	if !lost {
		r.send(n, k)
	}
	if !lost && twice {
		n.again = true
		r.send(n, k+1)
	}
}

// refuse counts an auction on which the budget refused a bid.
func (r *replay) refuse() {
	r.result.Refused++
	r.gauge.Refuse()
}

func (r *replay) nextBid() (id ad.BidID) {
	r.serial++
	binary.LittleEndian.PutUint64(id[:], r.serial)
	return id
}

// send delivers a notice at once, or at the end of a later tick.
func (r *replay) send(n message, k int) {
	if r.o.NoticeDelay == 0 && !n.again {
		r.take(&n, n.time)
		return
	}
	at := k + r.o.NoticeDelay
	r.due[at] = append(r.due[at], n)
}

func (r *replay) deliver(k int) {
	now := r.log.start.Add(r.tick * time.Duration(k+1))
	for i := range r.due[k] {
		r.take(&r.due[k][i], now)
	}
	delete(r.due, k)
}

// drain takes what is still on its way when the log is over.
func (r *replay) drain(k int) {
	for ; len(r.due) > 0; k++ {
		r.deliver(k)
		r.book.Expire(r.log.start.Add(r.tick * time.Duration(k+1)))
	}
}

// take does what the bidder does with a notice.
func (r *replay) take(n *message, now time.Time) {
	if !n.won {
		r.book.Release(n.bid)
		return
	}
	r.book.Settle(n.bid, r.touched, n.price, n.time, now)
}
