package catalogue

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Goals is a configuration whose campaigns pay for different things, as those of an
// agency do: impressions, viewable ones, clicks, completed views and acquisitions, in
// different countries, with rotating creatives and budgets that bind. It is what
// response models and shading are measured with. Its budgets are for a hundred million
// requests a day.
type Goals struct {
	Campaigns int
	Seed      uint64 // of whom each one is for, and what it pays
}

// RequestsADay is for how many requests a day the budgets of Goals are meant.
const RequestsADay = 100_000_000

// GoalConversion is what its acquisitions are.
const GoalConversion = "order"

const goalAudiences = 12

// Files returns the text of every file by its path in a configuration directory, with
// the process file.
func (g Goals) Files() map[string]string {
	files := Size{Campaigns: 0, Audiences: goalAudiences}.Files()
	rnd := rand.New(rand.NewPCG(g.Seed, 0x60A15))
	var process strings.Builder
	process.WriteString(`currency: EUR
rates: {USD: 0.92, GBP: 1.17}
urls: {public: "https://bid.example", notices: "http://127.0.0.1:8080"}
exchanges:
  example: {settle_on: billing, notice_window: 1h}
privacy: {tcf_vendor_id: 1200, read_purposes: [1, 4], write_purposes: [1, 3, 4]}
advertisers:
`)
	for i := range g.Campaigns {
		fmt.Fprintf(&process, "  Advertiser %d: {key: \"%016x%016x\", conversions: [%s]}\n", i, rnd.Uint64(), rnd.Uint64(), GoalConversion)
		files[CampaignPath(i)] = goalCampaign(rnd, i)
	}
	files["bidwell.yaml"] = process.String()
	return files
}

// paid is a kind of campaign: what it pays for, and what a campaign manager takes to be
// the chance of it.
type paid struct {
	event  string
	chance float64
	video  bool
	extra  string
}

// mix is what campaigns are like, by turns.
var mix = [...]paid{
	{event: "click", chance: 0.006},
	{event: "viewable", chance: 0.6},
	{event: "acquisition", chance: 0.001, extra: ", conversion: " + GoalConversion},
	{event: "completed-view", chance: 0.4, video: true},
	{event: "click", chance: 0.006},
	{event: "impression", chance: 1},
	{event: "click", chance: 0.004, video: true},
	{event: "viewable", chance: 0.6},
	{event: "acquisition", chance: 0.001, extra: ", conversion: " + GoalConversion},
	{event: "completed-view", chance: 0.4, video: true},
}

// goalCampaign prices as campaign managers do: around what the market pays, with a
// chance in mind that is off by some tens of percent.
func goalCampaign(rnd *rand.Rand, i int) string {
	p := mix[i%len(mix)]
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	price := 2.5 + 3*rnd.Float64()
	if p.video {
		price *= 3
	}
	worth := price / 1000 / (p.chance * (0.65 + 0.7*rnd.Float64()))
	domain := fmt.Sprintf("advertiser-%d.example", i)
	var b strings.Builder
	fmt.Fprintf(&b, "campaign: campaign-%02d-%s\n", i, p.event)
	fmt.Fprintf(&b, "advertiser: {name: Advertiser %d, domains: [%s], categories: [IAB%d]}\n", i, domain, 1+i%22)
	fmt.Fprintf(&b, "flight: {timezone: Europe/Berlin}\nbudget: {daily: %.0f EUR}\npacing: {curve: traffic}\n", 600+1000*rnd.Float64())
	if p.event != "impression" {
		if p.event == "click" && i%4 == 0 {
			p.extra = fmt.Sprintf(", average_cost: %.4f EUR", 0.5*worth)
		}
		fmt.Fprintf(&b, "goal: {pay_per: %s, worth: %.6f EUR, at_most: %.2f EUR%s}\n", p.event, worth, 8*price, p.extra)
	}
	b.WriteString("line_items:\n  - name: everybody\n")
	fmt.Fprintf(&b, "    where: {country: [%s]}\n", pick("DEU", "DEU, AUT", "FRA", "GBR", "USA", "DEU, FRA, GBR, USA"))
	shows, creatives := "mpu-a, mpu-b, leaderboard, sky, mobile-a, mobile-b, full", displays
	if p.video {
		shows, creatives = "film-a, film-b", films
	}
	fmt.Fprintf(&b, "    bid: {price: %.2f EUR}\n    creatives: [%s]\n", price, shows)
	if rnd.Float64() < 0.3 {
		fmt.Fprintf(&b, "  - name: audience\n    audience: audience-%d\n    bid: {price: %.2f EUR}\n    creatives: [%s]\n",
			rnd.IntN(goalAudiences), 1.2*price, shows)
	}
	fmt.Fprintf(&b, creatives, domain)
	return b.String()
}

// displays and films are the creatives of a campaign, the most seen in two versions.
const (
	displays = `creatives:
  - {name: mpu-a, banner: {size: 300x250, image: "https://cdn.example/300x250-a.jpg"}, click: "https://%[1]s/a"}
  - {name: mpu-b, banner: {size: 300x250, image: "https://cdn.example/300x250-b.jpg"}, click: "https://%[1]s/b"}
  - {name: leaderboard, banner: {size: 728x90, image: "https://cdn.example/728x90.jpg"}, click: "https://%[1]s/"}
  - {name: sky, banner: {size: 160x600, image: "https://cdn.example/160x600.jpg"}, click: "https://%[1]s/"}
  - {name: mobile-a, banner: {size: 320x50, image: "https://cdn.example/320x50-a.jpg"}, click: "https://%[1]s/a"}
  - {name: mobile-b, banner: {size: 320x50, image: "https://cdn.example/320x50-b.jpg"}, click: "https://%[1]s/b"}
  - {name: full, banner: {size: 320x480, image: "https://cdn.example/320x480.jpg"}, click: "https://%[1]s/"}
`
	films = `creatives:
  - name: film-a
    video:
      duration: 15s
      media:
        - {url: "https://cdn.example/a-1080.mp4", mime: video/mp4, width: 1920, height: 1080, bitrate: 4000}
        - {url: "https://cdn.example/a-360.mp4", mime: video/mp4, width: 640, height: 360, bitrate: 1200}
    click: "https://%[1]s/a"
  - name: film-b
    video:
      duration: 15s
      media:
        - {url: "https://cdn.example/b-1080.mp4", mime: video/mp4, width: 1920, height: 1080, bitrate: 4000}
        - {url: "https://cdn.example/b-360.mp4", mime: video/mp4, width: 640, height: 360, bitrate: 1200}
    click: "https://%[1]s/b"
`
)
