package loadtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bidwell/ad"
)

// Values say what the impressions of campaigns are worth to their owners, by
// campaign id; "*" is any other. With them an Exchange can tell how much was
// gained, and how much there was to be gained.
type Values map[string]Value

// Value is what an event is worth, in the house currency.
type Value struct {
	Amount ad.Money
	Event  string // of valuedEvents
}

// valuedEvents are what a Value may be for.
var valuedEvents = []string{"thousand", "view", "complete", "click", "conversion"}

// ParseValues reads values such as roadster=2.50/thousand, *=40/conversion.
func ParseValues(all []string) (Values, error) {
	values := Values{}
	for _, s := range all {
		campaign, rest, ok := strings.Cut(s, "=")
		amount, event, both := strings.Cut(rest, "/")
		f, err := strconv.ParseFloat(amount, 64)
		if !ok || !both || err != nil || !(f >= 0 && f <= 1e6) || !slices.Contains(valuedEvents, event) {
			return nil, fmt.Errorf("value %q: write CAMPAIGN=AMOUNT/EVENT, such as roadster=0.40/click; events are %s", s, strings.Join(valuedEvents, ", "))
		}
		if event == "thousand" {
			f /= 1000
		}
		values[campaign] = Value{ad.Unit.Mul(f), event}
	}
	return values, nil
}

// of returns what is to be expected of an impression of a campaign that is shown,
// false if that is not known.
func (v Values) of(campaign string, r *Response) (ad.Money, bool) {
	value, ok := v[campaign]
	if !ok {
		if value, ok = v["*"]; !ok {
			return 0, false
		}
	}
	chance := 1.0
	switch value.Event {
	case "view":
		chance = r.View
	case "complete":
		chance = r.PComplete()
	case "click":
		chance = r.PClick()
	case "conversion":
		chance = r.PClickConversion() + r.PViewConversion()
	}
	return value.Amount.Mul(chance), true
}

// Surplus is what was gained: value less price.
type Surplus struct {
	Worth  ad.Money `json:"worth_nano"`   // of what was shown
	Gained ad.Money `json:"surplus_nano"` // worth less what it cost
	Oracle ad.Money `json:"oracle_nano"`  // Σ (worth − least price that wins)⁺ over all bids
}

func (s *Surplus) merge(o *Surplus) {
	s.Worth += o.Worth
	s.Gained += o.Gained
	s.Oracle += o.Oracle
}

// surplusOf returns what a bid that met rivals gained, and could have gained.
func (v Values) surplusOf(d *verdict) (s Surplus) {
	if !d.met || !d.shown {
		return s
	}
	worth, ok := v.of(d.bid.CID, &d.response)
	if !ok {
		return s
	}
	least, _ := ad.FromCPM(d.minToWin * d.house)
	s.Oracle = max(worth-least, 0)
	if d.won {
		s.Worth, s.Gained = worth, worth-d.cost
	}
	return s
}
