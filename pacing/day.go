package pacing

import (
	"math"
	"sync/atomic"
	"time"
)

// keptDays is for how many days an account remembers the day's figures. It is
// far longer than a notice can be late, so that a clock that jumps forward and
// back does not make an account forget its day.
const keptDays = 32

// day is what one account holds for one day. It fills a cache line, which
// changes with every bid.
type day struct {
	held      atomic.Int64
	confirmed atomic.Int64
	number    int32 // days since 1970-01-01 in the account's time zone
	_         [44]byte
}

// period is a stretch of time, in unix seconds, that lies within one day. It
// repeats the day's number, so as not to touch the busy day for it.
type period struct {
	since, until int64
	number       int32
	day          *day
}

// dayAt returns the day of the current time, and remembers it: the slow path is
// taken once a day.
func (a *Account) dayAt(unix int64) *period {
	if p := a.now.Load(); p != nil && p.since <= unix && unix < p.until {
		return p
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	number, since, until := dayIn(a.loc, unix)
	p := &period{since, until, number, a.openDay(number)}
	a.now.Store(p)
	return p
}

// dayOf returns the day of some other time.
func (a *Account) dayOf(unix int64) *day {
	if p := a.now.Load(); p != nil && p.since <= unix && unix < p.until {
		return p.day
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	number, _, _ := dayIn(a.loc, unix)
	return a.openDay(number)
}

// dayNumbered returns the day of that number, or nil if it is forgotten.
func (a *Account) dayNumbered(number int32) *day {
	if p := a.now.Load(); p != nil && p.number == number {
		return p.day
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.findDay(number)
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
	d := &day{number: number}
	a.days = append(a.days, d)
	return d
}

func (a *Account) forgetDay() {
	oldest := -1
	for i, d := range a.days {
		settled := d.held.Load() == d.confirmed.Load()
		if settled && (oldest < 0 || d.number < a.days[oldest].number) {
			oldest = i
		}
	}
	if oldest < 0 {
		return
	}
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
