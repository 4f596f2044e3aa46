package campaign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/pricing"
	"bidwell/profile"
	"bidwell/topic"
)

// GoalSpec is what a campaign pays for.
type GoalSpec struct {
	conf.Located
	PayPer     string      `yaml:"pay_per" conf:"required" oneof:"impression viewable click completed-view acquisition" doc:"impression (as without a goal), viewable (an impression that was seen), click, completed-view (a film or spot that was played to its end) or acquisition (a conversion)."`
	Worth      conf.Amount `yaml:"worth" doc:"What one of them is worth, such as 1.20 EUR for a click. A bid is that times the chance that it happens."`
	AtMost     conf.Amount `yaml:"at_most" doc:"The highest CPM of any line item, after modifiers; that of the line item's own bid holds besides."`
	Average    conf.Amount `yaml:"average_cost" doc:"What one click or acquisition may cost on average, such as 0.80 EUR; bids are lowered where they cost more."`
	Conversion string      `yaml:"conversion" conf:"not-empty" doc:"The conversion that is an acquisition, by its name, such as test-drive."`
}

// Goal is what a campaign pays for, compiled.
type Goal struct {
	PayPer     pricing.Goal
	Worth      ad.Money // of one such event, house currency
	Average    ad.Money // what one may cost on average, 0 for no matter
	Conversion uint32   // that is an acquisition, as models know it; 0 with other goals
	Spec       *GoalSpec

	atMost ad.Money // for one impression; ad.MaxMoney for none
}

// Event names what is paid for, as reports do.
func (g *Goal) Event() string { return g.PayPer.String() }

// goal compiles what a campaign pays for. It returns nil for impressions at a price,
// and for a goal that is not well configured, which is reported.
func (c *compiler) goal(camp *Campaign) *Goal {
	s := &camp.File.Goal
	if s.Pos().Line == 0 || s.PayPer == "" {
		return nil
	}
	g := &Goal{Spec: s, atMost: ad.MaxMoney}
	if g.PayPer, _ = pricing.GoalOf(s.PayPer); s.PayPer != g.Event() {
		return nil // what it is instead is reported
	}
	if !s.AtMost.IsZero() {
		if most, ok := c.price(s.AtMost, s.At("at_most")); ok {
			g.atMost = most
		}
	}
	c.conversionOf(camp, g)
	if g.PayPer == pricing.PerImpression {
		c.onlyOf(s, "worth", "the worth of an impression is the price of the line item")
		c.onlyOf(s, "average_cost", "give the line item's bid at_most")
		if g.atMost == ad.MaxMoney {
			return nil
		}
		return g
	}
	c.worthOf(g)
	return g
}

// onlyOf reports a key that another goal has.
func (c *compiler) onlyOf(s *GoalSpec, key, hint string) {
	if s.Has(key) {
		c.ps.Errorf(s.KeyAt(key), hint, "a goal of %s has no %s", s.PayPer, key)
	}
}

// worthOf compiles what an event is worth, and may cost.
func (c *compiler) worthOf(g *Goal) {
	s := g.Spec
	if s.Worth.IsZero() {
		if !s.Has("worth") && !c.fileUnread {
			c.ps.Errorf(s.Pos(), fmt.Sprintf("such as {pay_per: %s, worth: 1.20 EUR}", s.PayPer), "the goal does not say what one %s is worth", s.PayPer)
		}
		return
	}
	g.Worth, _ = c.worth(s, "worth", s.Worth)
	switch {
	case s.Average.IsZero():
	case g.PayPer != pricing.PerClick && g.PayPer != pricing.PerAcquisition:
		c.onlyOf(s, "average_cost", "clicks and acquisitions have one")
	default:
		g.Average, _ = c.worth(s, "average_cost", s.Average)
		if g.Worth > 0 && g.Average >= g.Worth {
			c.ps.Warnf(s.At("average_cost"), "", "nothing is bid that costs more than the worth, at %s, so this changes nothing", s.At("worth"))
		}
		if 0 < g.Average && g.Average < g.Worth/leastAverage {
			c.ps.Warnf(s.At("average_cost"), "raise it, or lower the worth", "bids begin at average_cost ÷ worth of the price, at %s of worth: less than a %dth, which hardly wins anything", s.At("worth"), leastAverage)
		}
	}
}

// leastAverage is the part of an event's worth that it may cost on average at the least,
// without a warning: one in so many.
const leastAverage = 50

// worth converts the amount of a goal.
func (c *compiler) worth(s *GoalSpec, key string, a conf.Amount) (ad.Money, bool) {
	m, ok := c.money(a, s.At(key))
	if ok && m <= 0 {
		c.ps.Errorf(s.At(key), "", "%s buys nothing", a.Amount)
		return 0, false
	}
	return m, ok
}

// conversionOf compiles which conversion is an acquisition.
func (c *compiler) conversionOf(camp *Campaign, g *Goal) {
	s := g.Spec
	switch {
	case g.PayPer != pricing.PerAcquisition:
		c.onlyOf(s, "conversion", "an acquisition has one")
		return
	case s.Conversion == "":
		if !s.Has("conversion") && !c.fileUnread {
			c.ps.Errorf(s.Pos(), "such as conversion: test-drive", "the goal does not say which conversion is an acquisition")
		}
		return
	}
	if err := profile.CheckName(s.Conversion); err != nil {
		c.ps.Errorf(s.At("conversion"), "write names such as test-drive", "%v", err)
		return
	}
	g.Conversion = pricing.ConversionOf(topic.IDOf(s.Conversion))
	if c.processUnread {
		return
	}
	c.reported(camp, s)
}

// reported checks that the advertiser reports the conversion that is paid for.
func (c *compiler) reported(camp *Campaign, s *GoalSpec) {
	for _, of := range c.snap.Senders {
		if of.Name != camp.Advertiser {
			continue
		}
		if of.Conversions[s.Conversion] == nil {
			known := make([]string, 0, len(of.Conversions))
			for name := range of.Conversions {
				known = append(known, name)
			}
			slices.Sort(known)
			c.ps.Errorf(s.At("conversion"), conf.DidYouMean(s.Conversion, known), "advertiser %q reports no conversion %q: see advertisers in %s", of.Name, s.Conversion, ProcessFileName)
		}
		return
	}
	c.ps.Warnf(s.At("conversion"), "name it under advertisers in "+ProcessFileName, "nobody reports conversions of advertiser %q, so that chances stay as the prices of the line items state them", camp.Advertiser)
}

// goalOf compiles what a line item bids for the goal of its campaign: while nothing is
// learned its price, and never more than a limit, which it must have.
func (c *compiler) goalOf(l *Line) {
	g := l.Campaign.Goal
	if g == nil {
		return
	}
	b := &l.Spec.Bid
	if g.atMost < l.AtMost {
		l.AtMost = g.atMost
		if l.Price > g.atMost {
			c.ps.Errorf(b.At("price"), "", "the price is above the goal's at_most, at %s", g.Spec.At("at_most"))
		}
	}
	if g.PayPer == pricing.PerImpression {
		return
	}
	l.Goal = g
	if l.AtMost == ad.MaxMoney && !c.fileUnread {
		c.ps.Errorf(b.Pos(), "add at_most here or to the goal, such as at_most: 9 EUR", "the bid has no limit, and the goal, at %s, makes it of a chance", g.Spec.Pos())
	}
	if g.Worth <= 0 || l.Price <= 0 {
		return
	}
	l.Prior = float64(l.Price) / float64(g.Worth)
	switch {
	case l.Price > g.Worth:
		c.ps.Errorf(b.At("price"), "a price is for a thousand impressions, the worth for one "+g.Event(), "one impression costs more than one %s is worth, at %s", g.Event(), g.Spec.At("worth"))
	case l.Prior < leastPrior:
		c.ps.Errorf(b.At("price"), "raise the price, or lower the worth", "this bids as if less than one of a million impressions led to %s, at %s of worth: so small a chance is none", article(g.Event()), g.Spec.Worth.Amount)
	case l.Prior > implausible[g.PayPer]:
		c.ps.Warnf(b.At("price"), "a price is for a thousand impressions, the worth for one "+g.Event(),
			"this bids as if %s %% of the impressions led to %s, at %s of worth", strconv.FormatFloat(100*l.Prior, 'g', 3, 64), article(g.Event()), g.Spec.Worth.Amount)
	}
	c.responds(l)
}

// leastPrior is the least chance that models reckon with, with room for the parts of it.
const leastPrior = 1e-6

func article(event string) string {
	if strings.ContainsRune("aeiou", rune(event[0])) {
		return "an " + event
	}
	return "a " + event
}

// implausible are the chances, by goal, that no campaign has.
var implausible = [...]float64{pricing.PerViewable: 1, pricing.PerClick: 0.2, pricing.PerCompletedView: 1, pricing.PerAcquisition: 0.05}

// responds warns of creatives that cannot bring, or cannot report, what is paid for.
func (c *compiler) responds(l *Line) {
	for i, cr := range l.Creatives {
		at := l.Spec.EntryAt("creatives", i)
		switch {
		case l.Goal.PayPer == pricing.PerCompletedView && cr.Media != ad.Video && cr.Media != ad.Audio:
			c.ps.Warnf(at, "", "creative %q is not played, so it has no completed view", cr.Name)
		case l.Goal.PayPer != pricing.PerViewable || cr.Viewable():
		case cr.Media == ad.Audio:
			c.ps.Warnf(at, "", "creative %q is heard, so it is never viewable", cr.Name)
		default:
			c.ps.Warnf(at, "give it html with a script that calls ${VIEW_URL}&e=viewable once it was seen",
				"creative %q does not report that it was seen", cr.Name)
		}
	}
}
