package campaign

import (
	"bidwell/audience"
	"bidwell/creative"
	"bidwell/internal/conf"
)

// CampaignFile is one file of campaigns/: one campaign with its line items and
// creatives.
type CampaignFile struct {
	conf.Located
	Campaign   string          `yaml:"campaign" conf:"required,not-empty" doc:"Name of the campaign, unique in the configuration. Reports and budgets are kept under it."`
	Advertiser AdvertiserSpec  `yaml:"advertiser" conf:"required" doc:"Whose campaign it is."`
	Flight     FlightSpec      `yaml:"flight" doc:"When it runs. Without it, it runs always, in UTC."`
	Budget     BudgetSpec      `yaml:"budget" conf:"required" doc:"The most it may spend."`
	Bundle     string          `yaml:"bundle" conf:"not-empty" doc:"Store id of the advertised app, for campaigns that promote one."`
	Frequency  []CapSpec       `yaml:"frequency" conf:"scalar-ok,not-empty" doc:"The most impressions that a person gets of the campaign, such as [{at_most: 3, per: 1d}, {at_most: 10, per: 7d}]. All of them hold."`
	Pacing     PacingSpec      `yaml:"pacing" doc:"How to spread the budget over the flight, such as {curve: traffic}."`
	Goal       GoalSpec        `yaml:"goal" doc:"What to pay for, such as {pay_per: click, worth: 1.20 EUR, at_most: 9 EUR}. Without it, for impressions at the price of the line item."`
	LineItems  []LineSpec      `yaml:"line_items" conf:"required,not-empty" doc:"What to buy, for whom and at what price."`
	Creatives  []*CreativeSpec `yaml:"creatives" conf:"required,not-empty" doc:"What to show."`
}

// AdvertiserSpec is who advertises, as exchanges and publishers need to know it.
type AdvertiserSpec struct {
	conf.Located
	Name       string     `yaml:"name" conf:"required,not-empty" doc:"Name of the advertiser. Two impressions of one page never go to the same one."`
	Domains    []string   `yaml:"domains" conf:"required,not-empty" doc:"Domains of the advertiser (adomain). Publishers block by them."`
	Categories []string   `yaml:"categories" conf:"not-empty" doc:"IAB content categories of what is advertised, such as IAB2-2. Publishers block by them."`
	CatTax     int        `yaml:"category_taxonomy" doc:"Taxonomy of the categories, by its AdCOM number; 1 (IAB Content Category Taxonomy 1.0) if left out."`
	Budget     BudgetSpec `yaml:"budget" doc:"The most that all campaigns of the advertiser may spend together; say it in one of its campaigns."`
	Frequency  []CapSpec  `yaml:"frequency" conf:"scalar-ok,not-empty" doc:"The most impressions that a person gets of all campaigns of the advertiser together; say it in one of them."`
	DSA        *DSASpec   `yaml:"dsa" doc:"Transparency information that the European Digital Services Act asks for. Without it there is no bid where it is required."`
}

// DSASpec is the transparency information of a bid (bid.ext.dsa).
type DSASpec struct {
	conf.Located
	Behalf       string             `yaml:"behalf" conf:"required,not-empty" doc:"On whose behalf the ad is shown."`
	Paid         string             `yaml:"paid" conf:"required,not-empty" doc:"Who paid for the ad."`
	Rendered     bool               `yaml:"rendered" doc:"True if the creatives show the transparency information themselves."`
	Transparency []TransparencySpec `yaml:"transparency" doc:"Which parameters the targeting used, by the domain of who applied them."`
}

// TransparencySpec says which user parameters were applied, and by whom.
type TransparencySpec struct {
	conf.Located
	Domain string `yaml:"domain" conf:"required" doc:"Domain of who applied the parameters."`
	Params []int  `yaml:"params" conf:"required,not-empty" doc:"Parameters by their DSA number: 1 profiling, 2 basic advertising, 3 precise geolocation."`
}

// FlightSpec is when a campaign runs.
type FlightSpec struct {
	conf.Located
	Start    conf.Date     `yaml:"start" doc:"First day, or first moment, such as 2026-11-01."`
	End      conf.Date     `yaml:"end" doc:"Day, or moment, on which it has ended: 2026-12-01 means that the last day is 30 November."`
	TimeZone conf.TimeZone `yaml:"timezone" doc:"Time zone of flight, hours and daily budget, such as Europe/Berlin; UTC if left out."`
}

// PacingSpec is how a budget is spread.
type PacingSpec struct {
	conf.Located
	Curve string `yaml:"curve" oneof:"traffic even ahead asap" doc:"traffic (as the campaign's own traffic comes), even, ahead (a fifth more at the beginning), or asap (the default: bids are never lowered)."`
}

// BudgetSpec is the most that may be spent.
type BudgetSpec struct {
	conf.Located
	Total conf.Amount `yaml:"total" doc:"In total, such as 50000 EUR."`
	Daily conf.Amount `yaml:"daily" doc:"Per day, in the campaign's time zone."`

	Impressions      int64 `yaml:"impressions" doc:"Impressions in total."`
	DailyImpressions int64 `yaml:"daily_impressions" doc:"Impressions per day, in the campaign's time zone."`
}

// LineSpec is one line item.
type LineSpec struct {
	conf.Located
	Name      string           `yaml:"name" conf:"required,not-empty" doc:"Name of the line item, unique in its campaign."`
	Audience  string           `yaml:"audience" conf:"not-empty" doc:"Only people in this audience, by its name. Without it, everybody."`
	Where     WhereSpec        `yaml:"where" doc:"On what inventory. What is left out does not restrict."`
	When      HoursSpec        `yaml:"when" doc:"In which hours, by day of the week, such as {mon-fri: [06:00-10:00, 17:00-24:00]}."`
	Deals     DealsSpec        `yaml:"deals" doc:"Ids of the deals it buys, or any (the open auction and every deal offered). Without it, the open auction only."`
	Bid       BidSpec          `yaml:"bid" conf:"required" doc:"What an impression is worth, as a CPM."`
	Adjust    []AdjustSpec     `yaml:"adjust" conf:"not-empty" doc:"Bid modifiers: every one whose condition holds multiplies the price."`
	Budget    BudgetSpec       `yaml:"budget" doc:"The most that this line item may spend; the campaign's budget holds besides."`
	Frequency []CapSpec        `yaml:"frequency" conf:"scalar-ok,not-empty" doc:"The most impressions that a person gets of this line item; the caps of campaign and advertiser hold besides."`
	Creatives []string         `yaml:"creatives" conf:"required,not-empty" doc:"Names of the creatives it shows."`
	Talk      ConversationSpec `yaml:"conversation" doc:"Leads each person from one message to the next, in the place of showing all creatives alike."`
}

// CapSpec is a frequency cap.
type CapSpec struct {
	conf.Located
	AtMost int           `yaml:"at_most" conf:"required" doc:"The most impressions that one person gets, such as 3."`
	Per    conf.Duration `yaml:"per" conf:"required" doc:"In any period of this length, such as 1d. It rolls: a day is 24 hours, not a date."`
}

// CreativeSpec is one creative of a campaign.
type CreativeSpec struct {
	creative.Spec
	Frequency []CapSpec `yaml:"frequency" conf:"scalar-ok,not-empty" doc:"The most impressions that a person gets of this creative; the line item shows its others."`
}

// BidSpec is the price of a line item.
type BidSpec struct {
	conf.Located
	Price  conf.Amount `yaml:"price" conf:"required" doc:"CPM before modifiers, such as 2.50 EUR. With a goal, what is bid while nothing is learned."`
	AtMost conf.Amount `yaml:"at_most" doc:"The highest CPM after modifiers."`
}

// AdjustSpec is a bid modifier.
type AdjustSpec struct {
	conf.Located
	If       audience.Rule `yaml:"if" conf:"required" doc:"The condition, in the language of audiences: over the person and the request."`
	Multiply FactorSpec    `yaml:"multiply" conf:"required" doc:"What to multiply the price with, such as 1.8; 0 means no bid. Where the condition has a did, also a factor for each time since it was last done, such as {1d: 2.0, 3d: 1.5, 10d: 1.1}."`
}

// WhereSpec is the inventory a line item buys.
type WhereSpec struct {
	conf.Located
	Exchange      []string `yaml:"exchange" conf:"not-empty" doc:"Names of exchanges."`
	Country       []string `yaml:"country" conf:"not-empty" doc:"Countries by ISO 3166 code of three or two letters."`
	Region        []string `yaml:"region" conf:"not-empty" doc:"Regions by ISO 3166-2 code, with or without the country, such as BY or DE-BY."`
	City          []string `yaml:"city" conf:"not-empty" doc:"Cities as exchanges name them."`
	Zip           []string `yaml:"zip" conf:"not-empty" doc:"Postcodes; 10* means every one that begins with 10."`
	Device        []string `yaml:"device" conf:"not-empty" oneof:"phone tablet desktop tv other" doc:"Kinds of device: phone, tablet, desktop, tv, other."`
	OS            []string `yaml:"os" conf:"not-empty" doc:"Operating systems as exchanges name them, such as iOS."`
	Inventory     []string `yaml:"inventory" conf:"not-empty" oneof:"site app dooh" doc:"Kinds of inventory: site, app, dooh."`
	Domains       []string `yaml:"domains" conf:"not-empty" doc:"Domains of sites, each with those below it."`
	NotDomains    []string `yaml:"not_domains" conf:"not-empty" doc:"Domains never to buy, each with those below it."`
	Apps          []string `yaml:"apps" conf:"not-empty" doc:"Bundles of apps."`
	NotApps       []string `yaml:"not_apps" conf:"not-empty" doc:"Bundles never to buy."`
	Categories    []string `yaml:"categories" conf:"not-empty" doc:"IAB content categories; IAB2 includes IAB2-2."`
	NotCategories []string `yaml:"not_categories" conf:"not-empty" doc:"IAB content categories never to buy."`
	Position      []string `yaml:"position" conf:"not-empty" oneof:"unknown above-fold locked below-fold header footer sidebar fullscreen" doc:"Positions: above-fold, below-fold, locked, header, footer, sidebar, fullscreen; unknown for impressions that do not say."`
	Interstitial  *bool    `yaml:"interstitial" doc:"True for interstitials only, false for none."`
	Rewarded      *bool    `yaml:"rewarded" doc:"True for rewarded placements only, false for none."`
	Viewability   float64  `yaml:"viewability_at_least" doc:"The least expected viewability, 0 to 1; impressions without a figure are not bought."`
	CompleteChain bool     `yaml:"complete_supply_chain" doc:"True to demand a complete supply chain (schain)."`
	NotSellers    []string `yaml:"not_sellers" conf:"not-empty" doc:"Domains (asi) of sellers that must not stand in the supply chain."`
	MostNodes     int      `yaml:"intermediaries_at_most" doc:"The longest supply chain to buy, in nodes, the publisher's seller included."`
}

// AudienceFile is one file of audiences/: one audience.
type AudienceFile struct {
	conf.Located
	Audience string        `yaml:"audience" conf:"required,not-empty" doc:"Name of the audience, unique in the configuration."`
	Note     string        `yaml:"note" doc:"What it is, for people."`
	Who      audience.Rule `yaml:"who" conf:"required" doc:"The rule: who belongs to it."`
}
