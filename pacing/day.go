package pacing

import (
	"math"
	"sync/atomic"
	"time"

	"bidwell/ad"
)

// keptDays is for how many days an account remembers the day's figures. It is
// far longer than a notice can be late, so that a clock that jumps forward and
// back does not make an account forget its day.
const keptDays = 32

// closed is the gate of every day that is not an account's current one: nothing
// is reserved there. Whoever finds it after an addition was overtaken by another
// day, and derives that one's gates anew.
const closed = -1 << 62

// day is what one account holds for one day: what this process reserved and
// settled there, and the gates for it. That is all on one cache line, which
// changes with every bid, and the line beside it is left free, as processors
// fetch them in pairs.
type day struct {
	held      atomic.Int64 // confirmed + reserved
	confirmed atomic.Int64 // of what was reserved
	total     atomic.Int64 // the most that held may be for the total limit; or closed
	daily     atomic.Int64 // the same for the daily limit
	lease     atomic.Int64 // the most that held − confirmed may be
	ease      atomic.Int64 // where more is asked for, before that is reached

	open   atomic.Int32 // reservations
	number int32        // days since 1970-01-01 in the account's time zone

	charged int64 // confirmed without a reservation of this process; guarded by Account.mu
	_       [64]byte
}

func newDay(number int32) *day {
	d := &day{number: number}
	d.total.Store(closed)
	return d
}

// admits says whether the day may hold that much.
func (d *day) admits(held int64) ad.Reason {
	switch {
	case held > d.total.Load():
		return ad.BudgetSpent
	case held > d.daily.Load():
		return ad.DailyBudgetSpent
	case held-d.confirmed.Load() > d.lease.Load():
		return ad.NotDurable
	}
	return ad.OK
}

// period is a stretch of time, in unix seconds, that lies within one day. It
// repeats the day's number, so as not to touch the busy day for it.
type period struct {
	since, until int64
	number       int32
	day          *day
	_            [32]byte
}

// dayAt returns the day of the current time and makes it the account's current
// one: the slow path is taken once a day.
func (a *Account) dayAt(unix int64) *period {
	if p := a.now.Load(); p != nil && p.since <= unix && unix < p.until {
		return p
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	number, since, until := dayIn(a.loc, unix)
	d := a.openDay(number)
	if p := a.now.Load(); p != nil && p.day != d {
		a.leaveDay()
	}
	p := &period{since: since, until: until, number: number, day: d}
	a.now.Store(p)
	a.derive()
	return p
}

// leaveDay closes the current day, so that none is. It is called with a.mu held.
// An addition that is under way either is seen by the derive that follows, or
// sees the closed gate and derives again itself.
func (a *Account) leaveDay() {
	if p := a.now.Load(); p != nil {
		p.day.total.Store(closed)
		a.now.Store(nil)
	}
}

// dayNumber returns the number of the day of some time.
func (a *Account) dayNumber(unix int64) int32 {
	if p := a.now.Load(); p != nil && p.since <= unix && unix < p.until {
		return p.number
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	number, _, _ := dayIn(a.loc, unix)
	return number
}

func (a *Account) findDay(number int32) *day {
	for _, d := range a.days {
		if d.number == number {
			return d
		}
	}
	return nil
}

// openDay returns the day of that number, and begins it if it is new. The
// oldest day on which nothing is reserved then makes room. It is called with
// a.mu held.
func (a *Account) openDay(number int32) *day {
	if d := a.findDay(number); d != nil {
		return d
	}
	if len(a.days) >= keptDays {
		a.forgetDay()
	}
	d := newDay(number)
	a.days = append(a.days, d)
	return d
}

func (a *Account) forgetDay() {
	current := a.now.Load()
	oldest := -1
	for i, d := range a.days {
		if current != nil && d == current.day || d.held.Load() != d.confirmed.Load() {
			continue
		}
		if oldest < 0 || d.number < a.days[oldest].number {
			oldest = i
		}
	}
	if oldest < 0 {
		return
	}
	a.past += a.days[oldest].confirmed.Load() + a.days[oldest].charged
	last := len(a.days) - 1
	a.days[oldest] = a.days[last]
	a.days = a.days[:last]
}

// dayIn returns the number of the day in loc that holds a time, and a stretch
// around that time which lies within that day. Clocks are turned at midnight in
// some places, so the stretch ends where the zone's offset changes: a day may
// have several. Between two changes a day is plain arithmetic.
func dayIn(loc *time.Location, unix int64) (number int32, since, until int64) {
	t := time.Unix(unix, 0).In(loc)
	_, offset := t.Zone()
	const length = 24 * 60 * 60
	n := floorDiv(unix+int64(offset), length)
	since = n*length - int64(offset)
	until = since + length
	from, to := t.ZoneBounds()
	if !from.IsZero() {
		since = max(since, from.Unix())
	}
	if !to.IsZero() {
		until = min(until, to.Unix())
	}
	return int32(min(max(n, math.MinInt32), math.MaxInt32)), since, until
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
