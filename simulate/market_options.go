package simulate

import (
	"errors"
	"fmt"
	"time"

	"bidwell/internal/prose"
	"bidwell/pacing"
)

// MarketOptions say what a simulated market is like, and what goes wrong in it. The
// zero value of each means its default, or that nothing goes wrong.
type MarketOptions struct {
	Start    time.Time // the first day; it begins at midnight where most campaigns are
	Days     int       // 1
	Requests int       // a day, of the exchange; 150 000
	People   int       // who are known and met; 20 000
	Exchange string    // which exchange of the configuration it is; the first one
	Deals    []string  // ids of deals on offer besides those that line items name
	Auction  Auction
	Policy   Policy
	Rivals   float64 // factor on what rivals bid; 1

	// BudgetScale is a factor on every budget, for the requests are a sample of what
	// an exchange sends in a day; 0.01.
	BudgetScale float64
	Curve       *pacing.Curve // for every campaign, instead of its own
	Forecast    Known

	Tick             time.Duration // between two steps of the controller; 10 s
	NoticeDelay      int           // ticks from an auction to its notices
	NoticeLoss       float64       // share of notices that never come
	NoticeDuplicates float64       // share of notices that come twice
	Burst            float64       // factor on traffic for one hour from burstAt on; 1
	ForecastError    float64       // each hour's forecast is wrong by this share, up or down
	Restart          float64       // share of the time after which the bidder is started anew
	Seed             uint64

	zone *time.Location // in which the first day begins, if not where most campaigns are
}

func (o *MarketOptions) complete() error {
	o.fill()
	if err := o.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return nil
}

func (o *MarketOptions) fill() {
	for _, d := range []struct {
		value *int
		by    int
	}{{&o.Days, 1}, {&o.Requests, 150_000}, {&o.People, 20_000}} {
		if *d.value == 0 {
			*d.value = d.by
		}
	}
	for _, d := range []struct {
		value *float64
		by    float64
	}{{&o.Rivals, 1}, {&o.BudgetScale, 0.01}, {&o.Burst, 1}} {
		if *d.value == 0 {
			*d.value = d.by
		}
	}
	if o.Tick == 0 {
		o.Tick = defaultTick
	}
}

func (o *MarketOptions) check() error {
	for _, c := range []struct {
		name             string
		value, low, high float64
	}{
		{"days", float64(o.Days), 1, 366},
		{"requests", float64(o.Requests), 1, 20e6},
		{"people", float64(o.People), 8, 5e6},
		{"rivals", o.Rivals, 1e-3, 1e3},
		{"budget scale", o.BudgetScale, 1e-9, 1e3},
		{"notice delay", float64(o.NoticeDelay), 0, mostDelay},
		{"notice loss", o.NoticeLoss, 0, 1},
		{"notice duplicates", o.NoticeDuplicates, 0, 1},
		{"burst", o.Burst, 1, 100},
		{"forecast error", o.ForecastError, 0, 0.99},
		{"restart", o.Restart, 0, 0.99},
	} {
		if !(c.value >= c.low && c.value <= c.high) {
			return fmt.Errorf("%s %g: it should be from %s to %s", c.name, c.value, number(c.low), number(c.high))
		}
	}
	if o.Tick < time.Second || o.Tick > time.Hour {
		return fmt.Errorf("tick %s: it should be from 1s to 1h", o.Tick)
	}
	if all := float64(o.Days) * float64(o.Requests); all > mostRequests {
		return fmt.Errorf("%s of %s: at most %s in all", prose.Count(o.Days, "day"), prose.Count(o.Requests, "request"), number(mostRequests))
	}
	if o.Start.IsZero() {
		return errors.New("the day on which to begin is not given")
	}
	return nil
}

// mostRequests bounds what one simulation has to remember.
const mostRequests = 50e6
