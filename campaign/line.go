package campaign

import (
	"time"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/exposure"
	"bidwell/internal/conf"
	"bidwell/pacing"
)

// Line is one line item, compiled.
type Line struct {
	// What a search looks at first stands first, in one or two cache lines.
	MaxBid      ad.Money // the most that it could bid, house currency
	Price       ad.Money // before modifiers; of a goal, what is bid while nothing is learned
	AtMost      ad.Money // after modifiers; ad.MaxMoney for none
	Start, End  int64    // the campaign's flight, unix seconds, [Start, End); 0 for none
	Campaign    *Campaign
	Goal        *Goal // what a chance is worth; nil where the price is bid for every impression
	Audience    audience.Ref
	HasAudience bool
	Hurried     bool // its campaign bids as fast as traffic allows; set by Bind
	Deals       DealMode
	Spans       []Span // hours, nil for always
	Adjust      []Adjust
	Target      Target

	ID        ad.ID
	Name      string
	Spec      *LineSpec
	DealIDs   []string
	Creatives []*Creative
	Budget    Budget

	// Of a goal: the chance of what it pays for that Price states, its place among
	// the line items with a goal, and the most that modifiers multiply a bid with, also
	// if Reach.Raise does not hold.
	Prior               float64
	view                int
	raiseAll, raiseLess float64

	// Caps are the frequency caps of the advertiser, the campaign and the line item,
	// in this order. Counted says that impressions of the line item count for some
	// cap, be it one of a creative.
	Caps    []exposure.Cap
	Counted bool
	Talk    *Talk // the conversation, nil for none

	// Set by Bind: the accounts of money and of impressions, each of which must have
	// room, and the pacing of those whose budget is paced.
	Accounts [Levels]*pacing.Account
	Counts   []*pacing.Account // nil where impressions are not limited
	Gauges   [Levels]*pacing.Gauge
}

// Budgets stand at Levels levels, the narrowest first. All must have room, and the
// one that is paced most strictly decides.
const (
	OfLine = iota
	OfCampaign
	OfAdvertiser
	Levels
)

// Kappa returns the factor with which pacing would lower the line item's bids now, and
// the level that decides it. Requests go by Snapshot.Paced.
func (l *Line) Kappa() (kappa float64, level int) {
	kappa, level = 1, OfCampaign
	if l.Hurried {
		if g := l.Gauges[OfCampaign]; l.Goal != nil && l.Goal.Average > 0 && g != nil {
			kappa = min(kappa, g.Kappa()) // what an event may cost on average holds all the same
		}
		return kappa, level
	}
	for i, g := range l.Gauges {
		if g == nil {
			continue
		}
		if k := g.Kappa(); k < kappa {
			kappa, level = k, i
		}
	}
	return kappa, level
}

// LevelOf returns the level of one of the line item's accounts.
func (l *Line) LevelOf(a *pacing.Account) int {
	for level, of := range l.Accounts {
		if of.ID() == a.ID() {
			return level
		}
	}
	return OfLine
}

// DealMode says how a line item buys deals.
type DealMode uint8

// The deal modes.
const (
	OpenAuction DealMode = iota // the open auction only
	ListedDeals                 // its own deals only
	AnyDeal                     // the open auction and every deal
)

// Adjust is a compiled bid modifier.
type Adjust struct {
	If     audience.Ref
	Factor float64
	Spec   *AdjustSpec
	At     conf.Pos // of the factor
	Else   bool     // it stands in the place of the one before: at most one of them holds
}

// Where returns the place of the modifier, or of its part for one age.
func (a *Adjust) Where() conf.Pos {
	if len(a.Spec.Multiply.Steps) > 0 {
		return a.At
	}
	return a.Spec.Pos()
}

// Runs reports whether the line item runs in a minute of the week.
func (l *Line) Runs(minute uint16) bool {
	if l.Spans == nil {
		return true
	}
	for _, s := range l.Spans {
		if minute >= s.From && minute < s.To {
			return true
		}
	}
	return false
}

// MinuteOfWeek returns the minute of the week, from Monday 00:00, of t in its
// own location. It goes by the clock on the wall: an hour that the zone skips in
// spring has no minutes, and one that it repeats in autumn has them twice.
func MinuteOfWeek(t time.Time) uint16 {
	day := (int(t.Weekday()) + 6) % 7
	return uint16(day*minutesPerDay + t.Hour()*60 + t.Minute())
}
