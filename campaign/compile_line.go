package campaign

import (
	"slices"
	"time"

	"bidwell/ad"
	"bidwell/exposure"
	"bidwell/internal/conf"
)

// line compiles one line item.
func (c *compiler) line(camp *Campaign, s *LineSpec, shelf *shelf) {
	c.name(s.At("name"), s.Name, "line item")
	l := Line{
		ID: ad.IDOf("line", camp.Name, s.Name), Name: s.Name, Campaign: camp, Spec: s,
		Start: camp.Start, End: camp.End,
		Target: c.target(&s.Where),
		Spans:  s.When.Spans,
		Deals:  dealMode(&s.Deals), DealIDs: s.Deals.IDs,
	}
	if s.Audience != "" {
		l.HasAudience, l.Audience = true, c.rules.Audience(s.Audience, s.At("audience"))
	}
	c.shown(&l, shelf)
	l.Talk = c.talk(&l)
	c.bid(&l)
	l.Budget = c.budget(&s.Budget)
	c.affordable(&l)
	l.Caps = c.caps(s.Frequency, exposure.Line, l.ID, camp)
	c.checkHours(&l)
	c.snap.Lines = append(c.snap.Lines, l)
}

func dealMode(d *DealsSpec) DealMode {
	switch {
	case d.Any:
		return AnyDeal
	case len(d.IDs) > 0:
		return ListedDeals
	}
	return OpenAuction
}

// bid compiles price and modifiers.
func (c *compiler) bid(l *Line) {
	b := &l.Spec.Bid
	priced := false
	if !b.Price.IsZero() {
		l.Price, priced = c.price(b.Price, b.At("price"))
	}
	raise := c.adjust(l)
	l.AtMost = ad.MaxMoney
	if !b.AtMost.IsZero() {
		most, ok := c.price(b.AtMost, b.At("at_most"))
		if ok && priced && most < l.Price {
			c.ps.Errorf(b.At("at_most"), "", "the highest bid is below the price before modifiers")
		}
		l.AtMost = most
	}
	c.goalOf(l)
	if l.MaxBid = l.AtMost; l.Goal == nil { // what is learned sets no other limit
		l.MaxBid = min(l.Price.Mul(raise*l.Talk.highest()), l.AtMost)
	}
}

// affordable warns of a price that a budget cannot pay: the line item does not
// bid, or hardly.
func (c *compiler) affordable(l *Line) {
	f := l.Campaign.File
	for _, b := range []struct {
		spec  *BudgetSpec
		whose string
		key   string
		most  ad.Money
	}{
		{&l.Spec.Budget, "the line item's", "daily", l.Budget.Daily}, {&l.Spec.Budget, "the line item's", "total", l.Budget.Total},
		{&f.Budget, "the campaign's", "daily", l.Campaign.Daily}, {&f.Budget, "the campaign's", "total", l.Campaign.Total},
	} {
		at := l.Spec.Bid.At("price")
		switch {
		case b.most <= 0 || l.Price <= 0:
		case l.Price > b.most:
			c.ps.Warnf(at, "a price is for a thousand impressions (CPM)", "%s %s budget, at %s, does not pay for one impression", b.whose, b.key, b.spec.At(b.key))
			return
		case l.Price > b.most/1000:
			c.ps.Warnf(at, "", "%s %s budget, at %s, does not pay for a thousand impressions", b.whose, b.key, b.spec.At(b.key))
			return
		}
	}
	for _, b := range []struct {
		key       string
		own, camp ad.Money
	}{{"total", l.Budget.Total, l.Campaign.Total}, {"daily", l.Budget.Daily, l.Campaign.Daily}} {
		if b.camp > 0 && b.own > b.camp {
			c.ps.Warnf(l.Spec.Budget.At(b.key), "", "it is above the campaign's, at %s, which holds besides", f.Budget.At(b.key))
		}
	}
}

// checkHours reports hours of which the flight has none.
func (c *compiler) checkHours(l *Line) {
	camp := l.Campaign
	minutes := (camp.End - camp.Start) / 60
	if l.Spans == nil || camp.Start == 0 || camp.End <= camp.Start || minutes >= minutesPerWeek {
		return
	}
	from := MinuteOfWeek(time.Unix(camp.Start, 0).In(c.snap.Zones[camp.Zone]))
	if !meets(l.Spans, int(from), int(minutes)) {
		c.ps.Errorf(l.Spec.When.Pos, "", "the flight, at %s, has none of these hours", camp.File.At("flight"))
	}
}

// shown finds the creatives of a line item.
func (c *compiler) shown(l *Line, shelf *shelf) {
	s := l.Spec
	repeated(c, s.Located, "creatives", s.Creatives)
	for i, name := range s.Creatives {
		at := s.EntryAt("creatives", i)
		e := shelf.byName[name]
		if e == nil {
			if name != "" && !c.fileUnread {
				c.unknown(at, "creative", name, shelf.names)
			}
			continue
		}
		e.used = true
		if e.Creative == nil {
			continue // what is wrong with it is reported
		}
		c.showable(at, l, e.Creative)
		l.Creatives = append(l.Creatives, e.Creative)
	}
}

// showable reports a creative that the inventory of a line item cannot show.
func (c *compiler) showable(at conf.Pos, l *Line, cr *Creative) {
	w := &l.Spec.Where
	switch {
	case cr.Media == ad.Native && l.Target.positions != 0 && l.Target.positions&unknownPosition == 0:
		c.ps.Errorf(at, "", "native placements have no position, and where.position, at %s, wants one", w.At("position"))
	case onlyInApps(cr) && withoutApps(w):
		c.ps.Errorf(at, "", "creative %q needs MRAID, which only apps have, and where.inventory, at %s, has no app", cr.Name, w.At("inventory"))
	case cr.Media == ad.Native && slices.Equal(w.Inventory, []string{"dooh"}):
		c.ps.Warnf(at, "", "screens (dooh) show no native ads")
	}
}

// onlyInApps reports whether every API of which a creative needs one is a
// version of MRAID.
func onlyInApps(cr *Creative) bool {
	for _, a := range cr.API {
		if a != 3 && a != 5 && a != 6 {
			return false
		}
	}
	return len(cr.API) > 0
}
