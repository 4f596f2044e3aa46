package simulate

import (
	"math/rand/v2"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/loadtest"
	"bidwell/openrtb"
	"bidwell/pricing"
	"bidwell/topic"
)

// crowd is how the people of a market respond to what they are shown. The bidder is
// never told: it sees what they do.
type crowd struct {
	truth  *loadtest.Memo
	seed   uint64
	source *rand.PCG

	at  loadtest.Exposure // the impression at hand, but for the ad
	imp *openrtb.Imp      // which one that is; nil for none
}

func newCrowd(seed uint64) *crowd {
	return &crowd{truth: loadtest.NewMemo(loadtest.NewTruth(seed, loadtest.UsualMedians())), seed: seed, source: rand.NewPCG(0, 0)}
}

// meet begins a request of somebody.
func (c *crowd) meet(who loadtest.Nature, req *openrtb.Request) {
	place := req.Site.Domain
	if req.Inventory == ad.App {
		place = req.Site.Bundle
	}
	c.imp = nil
	c.at = loadtest.Exposure{
		Person: who, Place: string(place), Category: "-",
		TV: req.Device.Type == 3 || req.Device.Type == 7,
	}
	if len(req.Site.Cat) > 0 {
		c.at.Category = string(req.Site.Cat[0])
	}
}

// response returns the chances of a creative in an impression of the request.
func (c *crowd) response(imp *openrtb.Imp, cr *campaign.Creative) loadtest.Response {
	e := &c.at
	e.Campaign, e.Creative, e.Media = cr.Campaign.Name, cr.CRID, cr.Media
	e.Rewarded, e.Viewability = imp.Rewarded, max(imp.Viewability, 0)
	e.Position, e.Skippable = 0, false
	switch cr.Media {
	case ad.Banner:
		e.Position = int(imp.Banner.Pos)
	case ad.Video:
		e.Skippable = imp.Video.Skip
	}
	return c.truth.Of(e)
}

// outcome draws what somebody does with the ad in the nth impression of a request,
// which hangs on the seed, the impression and the chances alone: not on when, or how
// often, anything else is drawn.
func (c *crowd) outcome(r *loadtest.Response, request, nth uint64) loadtest.Outcome {
	c.source.Seed(c.seed^0x9E3779B97F4A7C15, request<<8|nth)
	return r.Draw(c.source.Uint64())
}

// chanceOf returns the chance that an ad which is shown brings what a campaign pays
// for.
func chanceOf(g pricing.Goal, r *loadtest.Response) float64 {
	switch g {
	case pricing.PerViewable:
		return r.View
	case pricing.PerClick:
		return r.PClick()
	case pricing.PerCompletedView:
		return r.PComplete()
	case pricing.PerAcquisition:
		return r.PClickConversion() + r.PViewConversion()
	}
	return 1
}

// cameOf reports whether it was brought.
func cameOf(g pricing.Goal, o *loadtest.Outcome) bool {
	switch g {
	case pricing.PerViewable:
		return o.Seen
	case pricing.PerClick:
		return o.Clicked
	case pricing.PerCompletedView:
		return o.Completed
	case pricing.PerAcquisition:
		return o.ClickConverted || o.ViewConverted
	}
	return true
}

// worthOf returns what an impression is truly worth to a line item, house currency:
// its chance to bring what the campaign pays for times what that is worth. Of several
// creatives that could be shown it is the best one's. Where impressions themselves are
// paid for it is what the line item says.
func (m *market) worthOf(o *bidder.Offer) float64 {
	g := &m.of[o.Line.Campaign].goal
	if g.pays == pricing.PerImpression {
		return o.Worth.Units()
	}
	best := 0.0
	for nth, cr := range o.Line.Creatives {
		if nth < 64 && o.Fits>>nth&1 != 0 {
			r := m.crowd.response(o.Imp, cr)
			best = max(best, chanceOf(g.pays, &r))
		}
	}
	return best * g.worth.Units()
}

// goal is what a campaign pays for.
type goal struct {
	pays    pricing.Goal
	worth   ad.Money // of one event, house currency
	average ad.Money // that one is to cost; 0 for no such target
	topic   ad.ID    // of conversions
}

func goalOf(c *campaign.Campaign) goal {
	if c.Goal == nil {
		return goal{}
	}
	g := goal{pays: c.Goal.PayPer, worth: c.Goal.Worth, average: c.Goal.Average}
	if name := c.File.Goal.Conversion; name != "" {
		g.topic = topic.IDOf(name)
	}
	return g
}
