package campaign

import (
	"bidwell/ad"
	"bidwell/exposure"
	"bidwell/internal/conf"
)

// Origin returns the place in the YAML that decides about a reason, as near as
// it can be told: the key that says no, else the line item.
func (l *Line) Origin(r ad.Reason) conf.Pos {
	if keys, ok := whereKeys[r]; ok {
		return firstOf(l.Spec.Where.Located, l.Spec.Pos(), keys...)
	}
	file := l.Campaign.File
	switch r {
	case ad.OutsideFlight:
		return file.At("flight")
	case ad.AdvertiserBlocked, ad.CategoryBlocked, ad.CategoryNotAllowed, ad.AdvertiserTaken:
		return file.At("advertiser")
	case ad.DSAMissing:
		return file.Advertiser.At("dsa")
	case ad.BudgetSpent:
		return l.budgetOrigin("total")
	case ad.DailyBudgetSpent:
		return l.budgetOrigin("daily")
	case ad.ImpressionsSpent:
		return l.budgetOrigin("impressions")
	case ad.DailyImpressionsSpent:
		return l.budgetOrigin("daily_impressions")
	case ad.PacedBelowFloor:
		return file.At("pacing")
	case ad.Uncounted, ad.InFlight:
		return l.countedFrom()
	}
	return l.Spec.At(lineKeys[r])
}

// lineKeys are the keys of a line item that decide. Reasons that are not here
// have no key, and so the place of the line item itself.
var lineKeys = map[ad.Reason]string{
	ad.OutsideHours:         "when",
	ad.AudienceNotMatched:   "audience",
	ad.AudienceUnknown:      "audience",
	ad.NoConsent:            "audience",
	ad.NoProfile:            "audience",
	ad.ProfileUnread:        "audience",
	ad.NotThisDeal:          "deals",
	ad.DealNotOffered:       "deals",
	ad.SeatBlocked:          "deals",
	ad.BelowFloor:           "bid",
	ad.FloorCurrencyUnknown: "bid",
	ad.Outbid:               "bid",
	ad.NotThisMedia:         "creatives",
	ad.NotThisSize:          "creatives",
	ad.NoCreativeFits:       "creatives",
	ad.DurationNotWanted:    "creatives",
	ad.MimeNotWanted:        "creatives",
	ad.ProtocolNotWanted:    "creatives",
	ad.MediaFileNotWanted:   "creatives",
	ad.APINotOffered:        "creatives",
	ad.AssetMissing:         "creatives",
	ad.AttributeBlocked:     "creatives",
	ad.AdTypeBlocked:        "creatives",
	ad.LanguageNotWanted:    "creatives",
	ad.InsecureCreative:     "creatives",
	ad.AppBlocked:           "creatives",
	ad.ConversationOver:     "conversation",
	ad.ConversationWaits:    "conversation",
}

// whereKeys are the keys of a line item's inventory that decide, the likeliest
// first.
var whereKeys = map[ad.Reason][]string{
	ad.NotThisExchange:     {"exchange"},
	ad.NotThisCountry:      {"country"},
	ad.NotThisDevice:       {"device", "os"},
	ad.NotThisInventory:    {"inventory"},
	ad.RegionNotWanted:     {"region", "city", "zip"},
	ad.DomainNotWanted:     {"domains", "not_domains", "apps"},
	ad.BundleNotWanted:     {"apps", "not_apps", "domains"},
	ad.CategoryNotWanted:   {"categories", "not_categories"},
	ad.PlacementNotWanted:  {"position", "interstitial", "rewarded"},
	ad.ViewabilityTooLow:   {"viewability_at_least"},
	ad.SellerNotAuthorized: {"complete_supply_chain", "not_sellers", "intermediaries_at_most"},
}

// firstOf returns the place of the first of the keys that is there, else
// another.
func firstOf(l conf.Located, other conf.Pos, keys ...string) conf.Pos {
	for _, k := range keys {
		if l.Has(k) {
			return l.At(k)
		}
	}
	return other
}

// budgetOrigin returns the place of the narrowest budget of a kind.
func (l *Line) budgetOrigin(key string) conf.Pos {
	for _, b := range l.budgets() {
		if b.Has(key) {
			return b.At(key)
		}
	}
	return l.Campaign.File.At("budget")
}

func (l *Line) budgets() [Levels]*BudgetSpec {
	file := l.Campaign.File
	return [Levels]*BudgetSpec{OfLine: &l.Spec.Budget, OfCampaign: &file.Budget, OfAdvertiser: &file.Advertiser.Budget}
}

// BudgetOrigin returns the place of the total or daily budget of a level. That of an
// advertiser may stand in the file of another of its campaigns; then it is where this
// one names the advertiser.
func (l *Line) BudgetOrigin(level int, key string) conf.Pos {
	if b := l.budgets()[level]; b.Has(key) {
		return b.At(key)
	}
	if level == OfAdvertiser {
		return l.Campaign.File.At("advertiser")
	}
	return l.Campaign.File.At("budget")
}

// PacingOrigin returns the place of what is paced at a level: the campaign's pacing,
// or the other's own budget.
func (l *Line) PacingOrigin(level int) conf.Pos {
	switch level {
	case OfLine:
		return l.Spec.At("budget")
	case OfAdvertiser:
		if l.Campaign.File.Advertiser.Has("budget") {
			return l.Campaign.File.Advertiser.At("budget")
		}
		return l.Campaign.File.At("advertiser")
	}
	return l.Campaign.File.At("pacing")
}

// CapOrigin returns the place of the frequency caps of a level, for the level of
// creatives that of one of the line item's. Those of an advertiser may stand in the
// file of another of its campaigns; then it is where this one names the advertiser.
func (l *Line) CapOrigin(level exposure.Level, cr *Creative) conf.Pos {
	file := l.Campaign.File
	switch level {
	case exposure.Creative:
		return cr.Spec.At("frequency")
	case exposure.Line:
		return l.Spec.At("frequency")
	case exposure.Campaign:
		return file.At("frequency")
	}
	if file.Advertiser.Has("frequency") {
		return file.Advertiser.At("frequency")
	}
	return file.At("advertiser")
}

// countedFrom returns the place of what impressions of the line item are counted for:
// the first frequency caps, or the conversation.
func (l *Line) countedFrom() conf.Pos {
	if len(l.Caps) > 0 {
		return l.CapOrigin(l.Caps[0].Level, nil)
	}
	for _, cr := range l.Creatives {
		if len(cr.Caps) > 0 {
			return l.CapOrigin(exposure.Creative, cr)
		}
	}
	return l.Spec.At("conversation")
}

// AtMostOrigin returns the place of the most that the line item bids: its own, or that
// of the goal where it is lower.
func (l *Line) AtMostOrigin() conf.Pos {
	if g := l.Campaign.Goal; g != nil && g.atMost == l.AtMost && g.Spec.Has("at_most") {
		return g.Spec.At("at_most")
	}
	return l.Spec.Bid.At("at_most")
}
