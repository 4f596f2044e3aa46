package loadtest

import (
	"math"
	"math/bits"

	"bidwell/ad"
)

// Truth is how people really respond to ads: the chances that models try to
// learn. They follow from a seed, from who the person is, from the campaign and
// the creative, and from where the ad is shown, and from nothing else; they are
// never sent to a bidder. A Truth is immutable and does no input or output.
//
// A chance is a sum of log-odds, as in a logistic regression: a median; an effect
// of the campaign and a smaller one of the creative; for each trait of the person
// how much it likes this campaign; the place, and how well the campaign suits its
// category; and what only this person is like, which no trait tells.
type Truth struct {
	seed uint64
	base [5]float64 // log-odds, by effect
}

// Medians are chances for an average person, creative and place. The means are
// higher where a chance is small, for the effects are of its logarithm.
type Medians struct {
	View            float64 // that a shown ad is seen
	Click           float64 // that a banner that is seen is clicked
	Complete        float64 // that a video or audio ad that is seen is played to its end
	ClickConversion float64 // that a click is followed by a conversion
	ViewConversion  float64 // that an ad that is seen and not clicked is followed by one
}

// UsualMedians are those of ordinary display advertising.
func UsualMedians() Medians {
	return Medians{View: 0.65, Click: 0.008, Complete: 0.5, ClickConversion: 0.05, ViewConversion: 0.0005}
}

// effect is what a chance is the chance of.
type effect uint8

const (
	ofView effect = iota
	ofClick
	ofComplete
	ofClickConversion
	ofViewConversion
)

// NewTruth returns the truth that follows from a seed. A median of 0 means never.
func NewTruth(seed uint64, m Medians) *Truth {
	t := &Truth{seed: mix(seed, 0x9B05688C2B3E6C1F)}
	for e, p := range [...]float64{m.View, m.Click, m.Complete, m.ClickConversion, m.ViewConversion} {
		t.base[e] = logit(p)
	}
	return t
}

// Exposure is an ad that is shown to a person.
type Exposure struct {
	Person             Nature
	Campaign, Creative string // the bidder's ids
	Place              string // domain or bundle
	Category           string // the first one of the place
	Media              ad.Media
	TV                 bool
	Rewarded           bool
	Skippable          bool
	Position           int     // on the screen, as OpenRTB counts: 1 above the fold, 3 below
	Viewability        float64 // as the exchange measured it; 0 if it did not
}

// Response holds the chances of one exposure. Each is given what comes before
// it: a click given that the ad is seen, a conversion given the click.
type Response struct {
	View            float64
	Click           float64
	Complete        float64 // 0 for what is not played
	ClickConversion float64
	ViewConversion  float64
}

// PClick returns the chance that a shown ad is clicked.
func (r *Response) PClick() float64 { return r.View * r.Click }

// PComplete returns the chance that a shown ad is played to its end.
func (r *Response) PComplete() float64 { return r.View * r.Complete }

// PClickConversion returns the chance that a shown ad is clicked and a
// conversion follows.
func (r *Response) PClickConversion() float64 { return r.PClick() * r.ClickConversion }

// PViewConversion returns the chance that a shown ad is seen and not clicked,
// and a conversion follows.
func (r *Response) PViewConversion() float64 { return r.View * (1 - r.Click) * r.ViewConversion }

// The strength of effects, as the sigma of log-odds.
const (
	campaignSigma = 0.3  // of a campaign
	creativeSigma = 0.3  // of a creative within its campaign
	likingSigma   = 0.4  // of a trait for a campaign
	detailSigma   = 0.15 // of a trait for a creative
	placeSigma    = 0.3  // of a site or an app
	contextSigma  = 0.3  // of a campaign among a category of places
	personSigma   = 0.3  // of a person, beyond the traits
)

// mediaClicks is how much more, in log-odds, an ad is clicked than a banner.
var mediaClicks = [...]float64{ad.Banner: 0, ad.Video: -0.3, ad.Audio: -1, ad.Native: 0.5}

// Of returns the chances of an exposure.
func (t *Truth) Of(e *Exposure) Response {
	campaign, creative := nameOf(e.Campaign), nameOf(e.Creative)
	place := nameOf(e.Place)
	f := factors{
		click:      t.appeal(ofClick, campaign, creative, e.Person.traits),
		wish:       t.appeal(ofClickConversion, campaign, creative, e.Person.traits),
		placeView:  t.placeEffect(ofView, place),
		placeClick: t.placeEffect(ofClick, place),
		suits:      t.suits(campaign, nameOf(e.Category)),
		person:     t.person(e.Person.key),
	}
	if played(e.Media) {
		f.complete = t.appeal(ofComplete, campaign, creative, e.Person.traits)
	}
	return t.of(e, &f)
}

// factors are what chances are made of besides what an exposure itself says: effects
// on log-odds.
type factors struct {
	click, complete, wish float64    // how much somebody with these traits likes the ad
	placeView, placeClick float64    // of the place
	suits                 float64    // of the campaign in such places
	person                [2]float64 // of the person beyond the traits, on clicks and on conversions
}

// of returns the chances of an exposure whose factors are known.
func (t *Truth) of(e *Exposure, f *factors) Response {
	r := Response{View: t.view(e, f.placeView)}
	click := t.base[ofClick] + f.click + f.placeClick + f.suits + f.person[0]
	if int(e.Media) < len(mediaClicks) {
		click += mediaClicks[e.Media]
	}
	if e.TV {
		click -= 3 // there is nothing to click with
	}
	r.Click = sigmoid(click)
	if played(e.Media) {
		r.Complete = t.complete(e, f.complete)
	}
	wish := f.wish + f.person[1]
	r.ClickConversion = sigmoid(t.base[ofClickConversion] + wish)
	r.ViewConversion = sigmoid(t.base[ofViewConversion] + wish)
	return r
}

// played reports whether ads of a kind have a beginning and an end.
func played(m ad.Media) bool { return m == ad.Video || m == ad.Audio }

// view returns the chance that an ad is seen. An exchange's own measurement is
// right but for the place.
func (t *Truth) view(e *Exposure, place float64) float64 {
	base := t.base[ofView]
	switch {
	case e.Viewability > 0 && e.Viewability < 1:
		base = logit(e.Viewability)
	case e.Position == 1:
		base += 0.4
	case e.Position == 3:
		base -= 0.4
	}
	if e.TV || e.Media == ad.Audio {
		base += 2
	}
	return sigmoid(base + place)
}

func (t *Truth) complete(e *Exposure, appeal float64) float64 {
	x := t.base[ofComplete] + appeal
	if e.TV {
		x += 2.5
	}
	if e.Rewarded {
		x += 2
	}
	if e.Skippable {
		x -= 0.7
	}
	return sigmoid(x)
}

// appeal is how much a person with some traits likes a campaign and a creative.
func (t *Truth) appeal(of effect, campaign, creative uint64, traits uint16) float64 {
	x := t.liking(of, campaign, creative, 0)
	for ; traits != 0; traits &= traits - 1 {
		x += t.liking(of, campaign, creative, 1+uint64(bits.TrailingZeros16(traits)))
	}
	return x
}

// liking is what a trait adds to the appeal of a campaign and a creative, or with
// trait 0 what everybody makes of them.
func (t *Truth) liking(of effect, campaign, creative, trait uint64) float64 {
	ofCampaign, ofCreative := likingSigma, detailSigma
	if trait == 0 {
		ofCampaign, ofCreative = campaignSigma, creativeSigma
	}
	return ofCampaign*t.normal(of, 'm', campaign, trait) + ofCreative*t.normal(of, 'c', creative, trait)
}

// placeEffect is how much more ads are seen, or clicked, in a place.
func (t *Truth) placeEffect(of effect, place uint64) float64 {
	return placeSigma * t.normal(of, 'w', place, 0)
}

// suits is how much more a campaign is clicked in places of a category.
func (t *Truth) suits(campaign, category uint64) float64 {
	return contextSigma * t.normal(ofClick, 'x', campaign, category)
}

// person is what somebody is like beyond the traits.
func (t *Truth) person(key uint64) [2]float64 {
	return [2]float64{personSigma * t.normal(ofClick, 'p', key, 0), personSigma * t.normal(ofClickConversion, 'p', key, 0)}
}

// normal returns the same number of a standard normal distribution whenever it is
// asked about the same thing; role keeps apart what might share a number.
func (t *Truth) normal(of effect, role byte, a, b uint64) float64 {
	return normalOf(mix(mix(mix(t.seed, uint64(of)<<8|uint64(role)), a), b))
}

// normalOf makes a uniformly distributed number a normally distributed one.
func normalOf(hash uint64) float64 {
	return math.Sqrt2 * math.Erfinv(2*(float64(hash>>11)+0.5)/(1<<53)-1)
}

func nameOf(s string) uint64 { return uint64(ad.IDOf(s)) }

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// Outcome is what a person did.
type Outcome struct {
	Seen, Clicked, Completed      bool
	ClickConverted, ViewConverted bool
	Quarters                      int // of a video or audio ad that were played, 0 to 4
}

// Draw returns what happens, which follows from the chances and a number that is
// different for each exposure. The same number with higher chances gives no less.
func (r *Response) Draw(exposure uint64) (o Outcome) {
	d := dice{seed: exposure}
	seen, click, play, convert := d.float(), d.float(), d.float(), d.float()
	o.Seen = seen < r.View
	o.Clicked = o.Seen && click < r.Click
	o.ClickConverted = o.Clicked && convert < r.ClickConversion
	o.ViewConverted = o.Seen && !o.Clicked && convert < r.ViewConversion
	if r.Complete == 0 {
		return o
	}
	o.Completed = o.Seen && play < r.Complete
	o.Quarters = 4
	if !o.Completed {
		o.Quarters = d.below(4)
	}
	return o
}
