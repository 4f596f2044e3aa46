package catalogue

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"bidwell/loadtest"
)

// Currency is that of every price and budget; a process file must take it.
const Currency = "EUR"

// Size is how much there is of everything.
type Size struct {
	Campaigns int
	Lines     int // line items of all campaigns together
	Audiences int
	Seed      uint64 // of what each line item targets and pays
	Curve     string // by which campaigns are paced; as traffic allows if empty
	Goal      string // what campaigns pay for, such as click; impressions at a price if empty
}

// Check returns an error for what cannot be generated.
func (s Size) Check() error {
	if s.Campaigns < 1 || s.Lines < s.Campaigns || s.Audiences < 1 {
		return fmt.Errorf("cannot generate %d line items in %d campaigns with %d audiences", s.Lines, s.Campaigns, s.Audiences)
	}
	return nil
}

// Files returns the text of every file by its path in a configuration directory.
// What is missing is the process file, bidwell.yaml.
func (s Size) Files() map[string]string {
	var table strings.Builder
	table.WriteString("zip,band\n")
	for _, p := range loadtest.Postcodes() {
		fmt.Fprintf(&table, "%s,%s\n", p.Zip, p.Band)
	}
	files := map[string]string{"tables/zip_income.csv": table.String()}
	for i := range s.Audiences {
		files[fmt.Sprintf("audiences/audience-%d.yaml", i)] = Audience(i)
	}
	rnd := rand.New(rand.NewPCG(1+s.Seed, uint64(s.Lines)))
	for i := range s.Campaigns {
		lines := s.Lines / s.Campaigns
		if i < s.Lines%s.Campaigns {
			lines++
		}
		files[CampaignPath(i)] = s.campaign(rnd, i, lines)
	}
	return files
}

// CampaignPath is where the campaign with number i is.
func CampaignPath(i int) string { return fmt.Sprintf("campaigns/campaign-%d.yaml", i) }

func (s Size) campaign(rnd *rand.Rand, i, lines int) string {
	domain := fmt.Sprintf("advertiser-%d.example", i)
	var b strings.Builder
	fmt.Fprintf(&b, "campaign: campaign-%d\n", i)
	fmt.Fprintf(&b, "advertiser: {name: Advertiser %d, domains: [%s], categories: [IAB%d]}\n", i, domain, 1+i%22)
	b.WriteString("flight: {timezone: Europe/Berlin}\nbudget: {total: 900000000 EUR, daily: 90000000 EUR}\n")
	if s.Curve != "" {
		fmt.Fprintf(&b, "pacing: {curve: %s}\n", s.Curve)
	}
	if s.Goal != "" {
		fmt.Fprintf(&b, "goal: {pay_per: %s, worth: %v EUR, at_most: 25 EUR}\n", s.Goal, worths[s.Goal])
	}
	b.WriteString("line_items:\n")
	for k := range lines {
		s.lineItem(&b, rnd, k)
	}
	fmt.Fprintf(&b, creatives, domain)
	return b.String()
}

// worths are what is paid for an event of each goal, such that prices state chances
// that there are.
var worths = map[string]float64{"viewable": 0.006, "click": 1.2, "completed-view": 0.008}

// lineItem targets as line items do: most by country and device, a third by
// audience, some by category, site, hours, region or deal.
func (s Size) lineItem(b *strings.Builder, rnd *rand.Rand, k int) {
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	fmt.Fprintf(b, "  - name: line-%d\n", k)
	if rnd.Float64() < 0.35 {
		fmt.Fprintf(b, "    audience: audience-%d\n", rnd.IntN(s.Audiences))
	}
	var where []string
	add := func(p float64, s string) {
		if rnd.Float64() < p {
			where = append(where, s)
		}
	}
	add(0.85, "country: ["+pick("DEU", "AUT, DEU", "USA", "GBR", "FRA", "DEU, FRA, GBR")+"]")
	add(0.5, "device: ["+pick("phone", "desktop", "phone, tablet", "tv", "phone, desktop")+"]")
	add(0.2, "categories: ["+pick("IAB12", "IAB17", "IAB2", "IAB19, IAB20")+"]")
	add(0.1, "domains: ["+pick("morning-herald.example", "goal-line.example", "auto-journal.example, far-away.example")+"]")
	add(0.3, "not_categories: [IAB25, IAB26]")
	add(0.15, "region: ["+pick("BY", "NW", "BE", "CA", "NY")+"]")
	add(0.1, "viewability_at_least: 0.5")
	add(0.1, "inventory: ["+pick("site", "app")+"]")
	if len(where) > 0 {
		fmt.Fprintf(b, "    where: {%s}\n", strings.Join(where, ", "))
	}
	if rnd.Float64() < 0.15 {
		b.WriteString("    when: {mon-fri: [06:00-24:00], sat-sun: [08:00-22:00]}\n")
	}
	switch deals := rnd.Float64(); {
	case deals < 0.1:
		b.WriteString("    deals: [deal-premium, deal-tv]\n")
	case deals < 0.25:
		b.WriteString("    deals: any\n")
	}
	price := 0.3 + 4*rnd.Float64()*rnd.Float64()
	most := 2 * price
	if s.Goal != "" {
		most = 8 * price
	}
	fmt.Fprintf(b, "    bid: {price: %.2f EUR, at_most: %.2f EUR}\n", price, most)
	if rnd.Float64() < 0.3 {
		fmt.Fprintf(b, "    adjust:\n      - {if: {audience: audience-%d}, multiply: 1.%d}\n", rnd.IntN(s.Audiences), 1+rnd.IntN(8))
	}
	// By turns, so that a campaign of some size shows each of its creatives.
	shows := [...]string{"mpu, leaderboard, sky, mobile, full", "mpu, mobile", "film", "story, mpu", "spot, film", "mpu, leaderboard, film, story"}
	fmt.Fprintf(b, "    creatives: [%s]\n", shows[k%len(shows)])
}
