package simulate

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"bidwell/pacing"
)

// Auction is how an auction is cleared. In either, a bid that equals the highest
// rival bid wins.
type Auction uint8

// Auctions.
const (
	SecondPrice Auction = iota // the winner pays the highest rival bid
	FirstPrice                 // the winner pays its bid
)

// ParseAuction reads second or first.
func ParseAuction(s string) (Auction, error) {
	switch s {
	case "second":
		return SecondPrice, nil
	case "first":
		return FirstPrice, nil
	}
	return 0, fmt.Errorf("auction %q: it is second or first", s)
}

// String returns second or first.
func (a Auction) String() string {
	if a == FirstPrice {
		return "first"
	}
	return "second"
}

// Fraction is a budget as a part of what every impression of the log costs.
type Fraction struct {
	Text  string // as it was written
	Value float64
}

// ParseFraction reads a fraction such as 1/8 or 0.125.
func ParseFraction(s string) (Fraction, error) {
	num, den, divided := strings.Cut(strings.TrimSpace(s), "/")
	a, err := strconv.ParseFloat(num, 64)
	b := 1.0
	if err == nil && divided {
		b, err = strconv.ParseFloat(den, 64)
	}
	v := a / b
	if err != nil || !(v > 0) || v > 1000 {
		return Fraction{}, fmt.Errorf("budget fraction %q: write one such as 1/8 or 0.125", s)
	}
	return Fraction{strings.TrimSpace(s), v}, nil
}

// Known says what the controller knows of the log's traffic beforehand.
type Known uint8

// What may be known.
const (
	KnowsHours Known = iota // how auctions are spread over the hours, as after weeks of this campaign
	KnowsPrior              // nothing: the shape that traffic has in most places
)

// ParseKnown reads hours or prior.
func ParseKnown(s string) (Known, error) {
	switch s {
	case "hours":
		return KnowsHours, nil
	case "prior":
		return KnowsPrior, nil
	}
	return 0, fmt.Errorf("forecast %q: it is hours or prior", s)
}

// Options say what is replayed, and what goes wrong meanwhile. The zero value of
// each means its default, or that nothing goes wrong.
type Options struct {
	Log       io.Reader
	Name      string   // of the log, for the report
	Columns   []string // click, price, pctr, hour, time, and - for one that is not used
	Separator string   // tab, comma, semicolon, space, or auto

	Auction  Auction
	Budgets  []Fraction // each is a campaign that has the log for itself; default 1/8
	Curve    pacing.Curve
	Tick     time.Duration // between two steps of the controller; default 10 s
	Worth    float64       // of a click, in the currency of the log's prices; default: see Run
	MaxBid   float64       // per thousand; default: see Run
	Forecast Known

	NoticeDelay      int           // ticks from an auction to its notice
	NoticeLoss       float64       // share of notices that never come
	NoticeDuplicates float64       // share of notices that come twice
	NoticeWindow     time.Duration // for which a bid without a notice stays reserved; default 1 h

	KappaStart    float64 // factor on the κ that a replay begins with; default 1
	Burst         float64 // factor on traffic for one hour from burstAt of the log on; default 1
	ForecastError float64 // each hour's forecast is wrong by this share, up or down
	Restart       float64 // share of the log after which the bidder is started anew
	BudgetChange  float64 // factor on the budget after changeAt of the log; default 1
	Seed          uint64

	Shift     float64 // factor on all prices after half of the auctions; default 1
	Told      Told    // by the exchange, from which shading learns
	ToldWrong float64 // share of the prices told that are random
}

const (
	defaultTick   = 10 * time.Second
	defaultWindow = time.Hour
	mostDelay     = 100_000 // ticks
	mostTicks     = 5_000_000
)

// ErrOptions is what errors of how a replay was asked for wrap.
var ErrOptions = errors.New("options")

// complete fills in defaults and checks the options.
func (o *Options) complete() error {
	o.fill()
	if err := o.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return nil
}

func (o *Options) fill() {
	if len(o.Budgets) == 0 {
		o.Budgets = []Fraction{{"1/8", 1.0 / 8}}
	}
	if o.Tick == 0 {
		o.Tick = defaultTick
	}
	if o.NoticeWindow == 0 {
		o.NoticeWindow = defaultWindow
	}
	if o.KappaStart == 0 {
		o.KappaStart = 1
	}
	if o.Burst == 0 {
		o.Burst = 1
	}
	if o.BudgetChange == 0 {
		o.BudgetChange = 1
	}
	if o.Shift == 0 {
		o.Shift = 1
	}
}

func (o *Options) check() error {
	for _, c := range []struct {
		name             string
		value, low, high float64
	}{
		{"notice loss", o.NoticeLoss, 0, 1},
		{"notice duplicates", o.NoticeDuplicates, 0, 1},
		{"notice delay", float64(o.NoticeDelay), 0, mostDelay},
		{"kappa start", o.KappaStart, 1e-3, 1e3},
		{"burst", o.Burst, 1, 100},
		{"budget change", o.BudgetChange, 0.01, 100},
		{"forecast error", o.ForecastError, 0, 0.99},
		{"restart", o.Restart, 0, 0.99},
		{"shift", o.Shift, 0.01, 100},
		{"told wrong", o.ToldWrong, 0, 1},
		{"worth", o.Worth, 0, 1e9},
		{"highest bid", o.MaxBid, 0, maxLogCPM},
	} {
		if !(c.value >= c.low && c.value <= c.high) {
			return fmt.Errorf("%s %g: it should be from %s to %s", c.name, c.value, number(c.low), number(c.high))
		}
	}
	if o.Tick < time.Second || o.Tick > time.Hour {
		return fmt.Errorf("tick %s: it should be from 1s to 1h", o.Tick)
	}
	if o.NoticeWindow < time.Second || o.NoticeWindow > 31*24*time.Hour {
		return fmt.Errorf("notice window %s: it should be from 1s to 744h", o.NoticeWindow)
	}
	for _, b := range o.Budgets {
		if !(b.Value > 0) || math.IsInf(b.Value, 1) {
			return fmt.Errorf("budget fraction %q: it should be above 0", b.Text)
		}
	}
	if o.Log == nil {
		return errors.New("there is no log to replay")
	}
	if _, err := splitter(o.Separator); err != nil {
		return err
	}
	return checkColumns(o.Columns)
}
