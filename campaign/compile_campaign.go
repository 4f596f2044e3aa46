package campaign

import (
	"fmt"
	"runtime"
	"time"

	"bidwell/ad"
	"bidwell/creative"
	"bidwell/exposure"
	"bidwell/internal/conf"
	"bidwell/internal/prose"
	"bidwell/pacing"
)

func (c *compiler) campaigns() {
	for _, name := range c.files(campaignFolder, ".yaml", ".yml") {
		f := new(CampaignFile)
		c.fileUnread = !c.read(name, f)
		if f.Pos().Line > 0 { // else nothing of it could be read
			c.campaign(f)
		}
		c.breaks.take()
	}
}

// campaign compiles one file.
func (c *compiler) campaign(f *CampaignFile) {
	c.claim(c.campaignNames, f.Campaign, f.At("campaign"), "campaign")
	c.name(f.At("campaign"), f.Campaign, "campaign")
	loc := f.Flight.TimeZone.Location
	if loc == nil {
		loc = time.UTC
	}
	camp := &Campaign{
		ID: ad.IDOf("campaign", f.Campaign), AdvertiserID: ad.IDOf("advertiser", f.Advertiser.Name),
		Name: f.Campaign, Advertiser: f.Advertiser.Name, File: f,
		Zone: c.zone(loc),
		DSA:  c.dsa(f.Advertiser.DSA),
	}
	c.flight(camp, loc)
	camp.Budget = c.budget(&f.Budget)
	c.pacing(camp, loc)
	c.unspendable(camp)
	if camp.Goal = c.goal(camp); camp.Goal != nil {
		camp.Plan.AverageCost, camp.Plan.Worth = camp.Goal.Average, camp.Goal.Worth
	}
	c.advertiser(camp)
	camp.caps = c.caps(f.Frequency, exposure.Campaign, 0, camp)
	shelf := c.creatives(camp)
	names := map[string]conf.Pos{}
	for i := range f.LineItems {
		s := &f.LineItems[i]
		if s.Pos().Line == 0 {
			continue // it could not be read
		}
		if s.Name != "" {
			c.claim(names, s.Name, s.At("name"), "line item")
		}
		c.line(camp, s, shelf)
		runtime.Gosched() // a reload of many takes a while, and requests come first
	}
	c.unused(shelf)
	c.snap.Campaigns = append(c.snap.Campaigns, camp)
	c.snap.campaigns[camp.ID] = camp
}

// unused warns of creatives that nothing shows.
func (c *compiler) unused(shelf *shelf) {
	if c.fileUnread {
		return
	}
	for _, name := range shelf.names {
		if e := shelf.byName[name]; !e.used {
			c.ps.Warnf(e.spec.At("name"), "name it in the creatives of a line item, or remove it", "no line item shows creative %q", name)
		}
	}
}

func (c *compiler) flight(camp *Campaign, loc *time.Location) {
	fl := &camp.File.Flight
	if !fl.Start.IsZero() {
		camp.Start = fl.Start.In(loc).Unix()
	}
	if fl.End.IsZero() {
		return
	}
	camp.End = fl.End.In(loc).Unix()
	switch {
	case camp.End <= camp.Start:
		c.ps.Errorf(fl.At("end"), "the end is the first day, or moment, on which it has ended", "the flight ends before it begins")
	case camp.End <= c.now.Unix():
		c.ps.Warnf(fl.At("end"), "", "the flight has ended; the campaign does not bid")
	}
}

// budget returns what a budget allows, 0 for what it does not limit.
func (c *compiler) budget(b *BudgetSpec) Budget {
	amount := func(key string, a conf.Amount) ad.Money {
		if a.IsZero() {
			return 0
		}
		m, ok := c.money(a, b.At(key))
		if ok && m <= 0 {
			c.ps.Errorf(b.At(key), "to stop bidding, give the flight an end, or remove what it is for", "a budget of %s buys nothing", a.Amount)
		}
		return m
	}
	out := Budget{
		Total: amount("total", b.Total), Daily: amount("daily", b.Daily),
		Impressions: c.impressions(b, "impressions", b.Impressions), DailyImpressions: c.impressions(b, "daily_impressions", b.DailyImpressions),
	}
	if out.Total > 0 && out.Daily > out.Total {
		c.ps.Errorf(b.At("daily"), "", "the daily budget is above the total budget")
	}
	if out.Impressions > 0 && out.DailyImpressions > out.Impressions {
		c.ps.Errorf(b.At("daily_impressions"), "", "there are more impressions a day than in total")
	}
	if b.Pos().Line > 0 && !c.fileUnread && !b.Has("total") && !b.Has("daily") && !b.Has("impressions") && !b.Has("daily_impressions") {
		c.ps.Errorf(b.Pos(), "write {total: 1000 EUR} or {daily: 100 EUR}", "the budget is empty")
	}
	return out
}

func (c *compiler) impressions(b *BudgetSpec, key string, n int64) int64 {
	if n < 0 || n == 0 && b.Has(key) && !c.fileUnread {
		c.ps.Errorf(b.At(key), "write a number such as 100000", "%d impressions are no budget", n)
		return 0
	}
	return n
}

// pacing compiles how the campaign's budget is spread.
func (c *compiler) pacing(camp *Campaign, loc *time.Location) {
	s := &camp.File.Pacing
	camp.Plan = pacing.Plan{Curve: pacing.ASAP, Zone: loc}
	if s.Curve != "" {
		camp.Plan.Curve, _ = pacing.ParseCurve(s.Curve) // other words are reported by the decoder
	}
	if camp.Start > 0 {
		camp.Plan.Start = time.Unix(camp.Start, 0)
	}
	if camp.End > 0 {
		camp.Plan.End = time.Unix(camp.End, 0)
	}
	if camp.Plan.Curve != pacing.ASAP && camp.Daily == 0 && (camp.Total == 0 || camp.End == 0) && !c.fileUnread {
		c.ps.Errorf(s.At("curve"), "give a daily budget, or a total budget and the end of the flight", "there is nothing to pace: the budget has no time to be spread over")
	}
}

// unspendable warns of a total budget that the days of the flight cannot spend.
func (c *compiler) unspendable(camp *Campaign) {
	if camp.Daily <= 0 || camp.Start == 0 || camp.End <= camp.Start {
		return
	}
	const day = 24 * 60 * 60
	days := (camp.End - camp.Start + day - 1) / day
	if most := camp.Daily.Mul(float64(days)); most < camp.Total {
		b := &camp.File.Budget
		c.ps.Warnf(b.At("total"), "", "the flight has %s, so at %s a day no more than %s %s of it can be spent",
			prose.Count(days, "day"), b.Daily.Amount, most, c.snap.Rates.Base())
	}
}

// shelf is the creatives of a campaign.
type shelf struct {
	names  []string // in order
	byName map[string]*shelved
}

type shelved struct {
	*Creative // nil if it is not well configured, which is reported
	spec      *CreativeSpec
	used      bool
}

// creatives compiles the creatives of a campaign.
func (c *compiler) creatives(camp *Campaign) *shelf {
	shelf, names := &shelf{byName: map[string]*shelved{}}, map[string]conf.Pos{}
	for _, s := range camp.File.Creatives {
		if s == nil || s.Name == "" {
			continue // it could not be read
		}
		c.name(s.At("name"), s.Name, "creative")
		if !c.claim(names, s.Name, s.At("name"), "creative") {
			continue
		}
		shelf.names = append(shelf.names, s.Name)
		shelf.byName[s.Name] = &shelved{Creative: c.creative(camp, s), spec: s}
	}
	return shelf
}

func (c *compiler) creative(camp *Campaign, s *CreativeSpec) *Creative {
	compiled := creative.Compile(&s.Spec, creative.CompileContext{
		ID: ad.IDOf("creative", camp.Name, s.Name), CRID: fmt.Sprintf("%s/%s", camp.Name, s.Name),
		Advertiser: camp.Advertiser, Files: c.fsys,
	}, c.ps)
	if compiled == nil {
		return nil
	}
	cr := c.branded(camp, &s.Spec, compiled)
	cr.Spec, cr.Caps = s, c.caps(s.Frequency, exposure.Creative, cr.ID, camp)
	c.snap.Creatives = append(c.snap.Creatives, cr)
	return cr
}
