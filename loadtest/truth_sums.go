package loadtest

import "math"

// Expected is a sum of chances, in billionths, so that sums do not depend on the
// order in which they are made.
type Expected int64

func expected(p float64) Expected { return Expected(math.Round(p * 1e9)) }

// Float returns the number of events that were to be expected.
func (e Expected) Float() float64 { return float64(e) / 1e9 }

// Responses are what people did with the ads that were shown, and what the hidden
// truth let expect.
type Responses struct {
	Shown            uint64 `json:"shown"`
	Played           uint64 `json:"played"` // of these, video and audio
	Views            uint64 `json:"views"`
	Clicks           uint64 `json:"clicks"`
	Completes        uint64 `json:"completes"`
	ClickConversions uint64 `json:"click_conversions"`
	ViewConversions  uint64 `json:"view_conversions"`

	TrueViews            Expected `json:"true_views_nano"`
	TrueClicks           Expected `json:"true_clicks_nano"`
	TrueCompletes        Expected `json:"true_completes_nano"`
	TrueClickConversions Expected `json:"true_click_conversions_nano"`
	TrueViewConversions  Expected `json:"true_view_conversions_nano"`

	// ClickLoss is the logarithmic loss of the true chances of clicks, in nats:
	// no model can do better on average.
	ClickLoss Expected `json:"click_log_loss_nano"`
}

// add counts an ad that was shown.
func (r *Responses) add(of *Response, o *Outcome) {
	r.Shown++
	r.Played += count(of.Complete > 0)
	r.Views += count(o.Seen)
	r.Clicks += count(o.Clicked)
	r.Completes += count(o.Completed)
	r.ClickConversions += count(o.ClickConverted)
	r.ViewConversions += count(o.ViewConverted)
	r.TrueViews += expected(of.View)
	r.TrueClicks += expected(of.PClick())
	r.TrueCompletes += expected(of.PComplete())
	r.TrueClickConversions += expected(of.PClickConversion())
	r.TrueViewConversions += expected(of.PViewConversion())
	p := of.PClick()
	if !o.Clicked {
		p = 1 - p
	}
	r.ClickLoss += expected(-math.Log(p))
}

func (r *Responses) merge(o *Responses) {
	r.Shown += o.Shown
	r.Played += o.Played
	r.Views += o.Views
	r.Clicks += o.Clicks
	r.Completes += o.Completes
	r.ClickConversions += o.ClickConversions
	r.ViewConversions += o.ViewConversions
	r.TrueViews += o.TrueViews
	r.TrueClicks += o.TrueClicks
	r.TrueCompletes += o.TrueCompletes
	r.TrueClickConversions += o.TrueClickConversions
	r.TrueViewConversions += o.TrueViewConversions
	r.ClickLoss += o.ClickLoss
}

func count(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}
