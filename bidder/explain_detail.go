package bidder

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/internal/conf"
	"bidwell/openrtb"
)

// detail says which values were compared when a line item was refused.
func (sc *Scratch) detail(imp *openrtb.Imp, l *campaign.Line, lt *lineTrace) string {
	w, req := &l.Spec.Where, &sc.Req
	wanted := func(got string, want []string) string {
		return fmt.Sprintf("the request says %s, the line item wants %s", orNothing(got), orWords(want))
	}
	switch lt.reason {
	case ad.NotThisExchange:
		return wanted(sc.exchange.Name, w.Exchange)
	case ad.NotThisCountry:
		return wanted(string(sc.facts.Country[:]), w.Country)
	case ad.NotThisDevice:
		if len(w.OS) > 0 && (len(w.Device) == 0 || slices.Contains(w.Device, sc.facts.Device.String())) {
			return wanted(string(req.Device.OS), w.OS)
		}
		return wanted(sc.facts.Device.String(), w.Device)
	case ad.NotThisInventory:
		return wanted(req.Inventory.String(), w.Inventory)
	case ad.DomainNotWanted:
		return wanted(string(sc.facts.Domain), withNot(w.Domains, w.NotDomains))
	case ad.BundleNotWanted:
		return wanted(string(req.Site.Bundle), withNot(w.Apps, w.NotApps))
	case ad.CategoryNotWanted:
		return wanted(textList(req.Site.Cat), withNot(w.Categories, w.NotCategories))
	case ad.RegionNotWanted:
		g := &req.Device.Geo
		return fmt.Sprintf("the request says region %s, city %s, postcode %s",
			orNothing(string(g.Region)), orNothing(string(g.City)), orNothing(string(g.Zip)))
	case ad.ViewabilityTooLow:
		return fmt.Sprintf("expected %s, at least %s", viewabilityText(imp.Viewability), decimal(w.Viewability))
	case ad.OutsideFlight, ad.OutsideHours:
		return sc.timeDetail(l, lt.reason)
	case ad.NotThisDeal:
		return fmt.Sprintf("offered: %s; the line item buys %s", dealsText(imp.Deals), orWords(l.DealIDs))
	case ad.BelowFloor, ad.PacedBelowFloor:
		return sc.floorDetail(imp, l, lt)
	case ad.AdvertiserBlocked:
		return "blocked: " + textList(req.BAdv)
	case ad.CategoryBlocked:
		return "blocked: " + textList(req.BCat)
	case ad.CategoryNotAllowed:
		return "allowed: " + textList(req.ACat)
	case ad.Outbid:
		return sc.outbidDetail(imp, lt)
	case ad.NotThisSize:
		return "the impression takes " + sizesText(&imp.Banner)
	case ad.BudgetSpent, ad.DailyBudgetSpent:
		return sc.budgetDetail(imp, l, lt)
	case ad.ImpressionsSpent, ad.DailyImpressionsSpent:
		return sc.impressionsDetail(l)
	case ad.FrequencyReached:
		return sc.frequencyDetail(l)
	case ad.ConversationOver, ad.ConversationWaits:
		return sc.conversationDetail(l)
	case ad.Uncounted:
		if sc.Person.ID.IsZero() {
			return "the request has no identifier that could be used"
		}
		return sc.Person.Basis.Text()
	case ad.NoConsent:
		return sc.Person.Basis.Text()
	}
	return ""
}

func (sc *Scratch) timeDetail(l *campaign.Line, r ad.Reason) string {
	local := sc.clock.now.In(sc.snap.Zones[l.Campaign.Zone])
	if r == ad.OutsideHours {
		return "it is " + local.Format("Monday 15:04 MST")
	}
	return "it is " + local.Format("2006-01-02 15:04 MST")
}

func (sc *Scratch) floorDetail(imp *openrtb.Imp, l *campaign.Line, lt *lineTrace) string {
	floor := lt.terms.floor
	offer := lt.offer
	if !lt.priced {
		floor, _ = sc.money.floor(imp.BidFloor, imp.BidFloorCur)
		offer = sc.money.offer(l.MaxBid)
	}
	cur := sc.money.cur.String()
	worth, least := amounts(offer.CPM(), floor.CPM())
	return fmt.Sprintf("worth %s %s, floor %s %s", worth, cur, least, cur)
}

// outbidDetail compares what the impression is worth to the line item and to the
// winner, which bids less where its bid is shaded.
func (sc *Scratch) outbidDetail(imp *openrtb.Imp, lt *lineTrace) string {
	for i := range sc.Bids {
		if b := &sc.Bids[i]; b.Imp == imp && lt.priced {
			ours, theirs := amounts(lt.offer.CPM(), b.shade.offer.CPM())
			text := fmt.Sprintf("worth %s %s, %s/%s %s %s", ours, sc.money.cur,
				b.Line.Campaign.Name, b.Line.Name, theirs, sc.money.cur)
			switch {
			case lt.offer != b.shade.offer:
			case b.Deal != nil && lt.own < b.own: // else they differ by what rounding leaves
				text += ", to which the deal is worth more"
			default:
				text += ", by lot"
			}
			return text
		}
	}
	return ""
}

func (sc *Scratch) budgetDetail(imp *openrtb.Imp, l *campaign.Line, lt *lineTrace) string {
	room, cur := l.Accounts[lt.scarce].Headroom(sc.clock.now), sc.snap.Rates.Base()
	return fmt.Sprintf("the %s has %s %s left, the bid is %s %s", levelNames[lt.scarce], room, cur, costOf(lt.amount, imp), cur)
}

// levelNames and pacedOf say whose budget, and whose pacing.
var (
	levelNames = [campaign.Levels]string{campaign.OfLine: "line item", campaign.OfCampaign: "campaign", campaign.OfAdvertiser: "advertiser"}
	pacedOf    = [campaign.Levels]string{campaign.OfLine: " of the line item", campaign.OfAdvertiser: " of the advertiser"}
)

// text says why a line item does not bid.
func (lt *lineTrace) text() string {
	if lt.reason == ad.PacedBelowFloor && lt.byCost {
		return "what an event may cost on average lowers the bid below the floor"
	}
	return lt.reason.Text()
}

// origin returns the place in the YAML that decided about a line item. Where budgets
// of several levels could have, it is the one that did.
func (sc *Scratch) origin(l *campaign.Line, lt *lineTrace) conf.Pos {
	switch lt.reason {
	case ad.PacedBelowFloor:
		return pacingOrigin(l, lt)
	case ad.BudgetSpent:
		return l.BudgetOrigin(lt.scarce, "total")
	case ad.DailyBudgetSpent:
		return l.BudgetOrigin(lt.scarce, "daily")
	case ad.FrequencyReached:
		return sc.frequencyOrigin(l)
	case ad.ConversationOver, ad.ConversationWaits:
		return sc.conversationOrigin(l)
	}
	return l.Origin(lt.reason)
}

// pacingOrigin returns the place of what a bid was lowered for.
func pacingOrigin(l *campaign.Line, lt *lineTrace) conf.Pos {
	if lt.byCost {
		return l.Goal.Spec.At("average_cost")
	}
	return l.PacingOrigin(lt.pacedBy)
}

// scarceOrigin returns the place of the budget that a bid was cut to.
func (sc *Scratch) scarceOrigin(l *campaign.Line, level int) conf.Pos {
	a, now := l.Accounts[level], sc.clock.now
	if a.Admits(a.Headroom(now)+1, now) == ad.DailyBudgetSpent {
		return l.BudgetOrigin(level, "daily")
	}
	return l.BudgetOrigin(level, "total")
}

func (sc *Scratch) impressionsDetail(l *campaign.Line) string {
	for _, a := range l.Counts {
		if a.Headroom(sc.clock.now) < 1 {
			return "none are left"
		}
	}
	return ""
}

func orNothing(s string) string {
	if strings.Trim(s, "\x00") == "" {
		return "nothing"
	}
	return s
}

func orWords(list []string) string {
	switch n := len(list); {
	case n == 0:
		return "something else"
	case n > 8:
		return strings.Join(list[:8], ", ") + fmt.Sprintf(" and %d more", n-8)
	}
	return strings.Join(list, " or ")
}

func withNot(want, not []string) []string {
	list := append([]string(nil), want...)
	for _, n := range not {
		list = append(list, "not "+n)
	}
	return list
}

func textList(list [][]byte) string {
	words := make([]string, 0, min(len(list), 9))
	for i, w := range list {
		if i == 8 {
			words = append(words, fmt.Sprintf("and %d more", len(list)-8))
			break
		}
		words = append(words, string(w))
	}
	return strings.Join(words, ", ")
}

func dealsText(deals []openrtb.Deal) string {
	if len(deals) == 0 {
		return "no deal"
	}
	ids := make([][]byte, len(deals))
	for i := range deals {
		ids[i] = deals[i].ID
	}
	return textList(ids)
}

func sizesText(b *openrtb.Banner) string {
	var words []string
	for _, s := range b.Sizes {
		if s.W > 0 {
			words = append(words, fmt.Sprintf("%dx%d", s.W, s.H))
		} else {
			words = append(words, fmt.Sprintf("ratio %d:%d", s.WRatio, s.HRatio))
		}
	}
	if len(words) == 0 && b.W > 0 {
		words = append(words, fmt.Sprintf("%dx%d", b.W, b.H))
	}
	if len(words) == 0 {
		return "of any size"
	}
	return strings.Join(words, ", ")
}

func playerText(v *openrtb.Video) string {
	text := fmt.Sprintf("from %d s", v.MinDurationS)
	if v.MaxDurationS > 0 {
		text = fmt.Sprintf("%d–%d s", v.MinDurationS, v.MaxDurationS)
	}
	if len(v.Mimes) > 0 {
		text += " " + textList(v.Mimes)
	}
	return text
}

func viewabilityText(v float64) string {
	if v < 0 {
		return "nothing"
	}
	return decimal(v)
}

func cpmText(cpm float64, cur []byte) string {
	if len(cur) == 0 {
		return decimal(cpm) + " USD"
	}
	return decimal(cpm) + " " + string(cur)
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
