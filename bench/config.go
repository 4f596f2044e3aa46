//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"bidwell/loadtest"
)

// exchange is the name of the exchange in the generated configuration.
const exchange = "example"

// scale is the size of what the bidder has to deal with.
type scale struct {
	Lines     int     `json:"line_items"`
	Campaigns int     `json:"campaigns"`
	Audiences int     `json:"audiences"`
	People    int     `json:"people"`
	Cached    float64 `json:"cached_share"` // of the people, for whom the cache has room
	CacheMB   int     `json:"cache_mb"`
	Uniform   bool    `json:"uniform"` // everybody is met equally often
}

// bytesPerPerson is about what a cached person takes, with the cache's own
// share. It only sizes the cache; what was hit is measured.
const bytesPerPerson = 295

func (s *scale) complete() error {
	if s.Lines < 1 || s.Campaigns < 1 || s.Campaigns > s.Lines || s.Audiences < 1 || s.People < 8 {
		return fmt.Errorf("cannot generate %d line items in %d campaigns, %d audiences and %d people", s.Lines, s.Campaigns, s.Audiences, s.People)
	}
	if s.CacheMB == 0 {
		s.CacheMB = 1 + int(float64(s.People)*s.Cached*bytesPerPerson)>>20
	}
	return nil
}

// writeConfig writes a configuration directory below dir.
func writeConfig(dir, listen, admin string, s scale) error {
	files := map[string]string{"bidwell.yaml": processFile(dir, listen, admin, s)}
	var table bytes.Buffer
	table.WriteString("zip,band\n")
	for _, p := range loadtest.Postcodes() {
		fmt.Fprintf(&table, "%s,%s\n", p.Zip, p.Band)
	}
	files["tables/zip_income.csv"] = table.String()
	for i := range s.Audiences {
		files[fmt.Sprintf("audiences/audience-%d.yaml", i)] = audienceFile(i)
	}
	rnd := rand.New(rand.NewPCG(1, uint64(s.Lines)))
	for i := range s.Campaigns {
		lines := s.Lines / s.Campaigns
		if i < s.Lines%s.Campaigns {
			lines++
		}
		files[fmt.Sprintf("campaigns/campaign-%d.yaml", i)] = campaignFile(rnd, i, lines, s.Audiences)
	}
	for name, text := range files {
		path := filepath.Join(filepath.Dir(processPath(dir)), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// processFile turns load shedding off, since an unread request would flatter
// the cost of those that are answered, and ends reservations early, since no
// notices are sent.
func processFile(dir, listen, admin string, s scale) string {
	return fmt.Sprintf(`listen: %s
admin: %s
data: %s
currency: EUR
rates: {USD: 0.92, GBP: 1.17}
urls: {public: "https://bid.example", notices: "http://%s"}
exchanges:
  %s:
    window: 120ms
    notice_window: 10s
privacy: {tcf_vendor_id: 1200, read_purposes: [1, 4], write_purposes: [1, 3, 4]}
store: {cache_mb: %d, block_mb: 64}
limits: {shed_above: 10s, slow_client: 60s, drain: 1s}
`, listen, admin, dataPath(dir), listen, exchange, s.CacheMB)
}

// audienceFile gives a rule of one of several shapes, over what generated
// people have.
func audienceFile(i int) string {
	topics := []string{"news", "sport", "travel", "technology", "finance", "cooking", "family", "gardening"}
	topic, days := topics[i%len(topics)], 3+i%20
	shapes := []string{`
  all:
    - lookup: {table: zip_income, key: home.zip, column: band, in: [affluent]}
    - did: {visit: automotive, at_least: 3, within: 10d}
    - has: {owns.car.class: luxury, owns.car.bought: {over: 3y}}
  none:
    - did: {conversion: test-drive, within: 90d}`, `
  all:
    - did: {visit: ` + topic + `, at_least: 1, within: ` + fmt.Sprint(days) + `d}`, `
  any:
    - segment: [frequent-flyer, home-owner]
    - did: {visit: ` + topic + `, at_least: 2, within: 30d}`, `
  all:
    - lookup: {table: zip_income, key: home.zip, column: band, in: [affluent, middle]}
    - has: {owns.car.class: [compact, suv, electric]}`, `
  all:
    - audience: audience-0
    - did: {visit: ` + topic + `, within: 30d}`, `
  all:
    - segment: [sports-fan, early-adopter, student]
  none:
    - did: {visit: ` + topic + `, within: 2d}`,
	}
	return fmt.Sprintf("audience: audience-%d\nwho:%s\n", i, shapes[i%len(shapes)])
}

// creatives are those of every campaign, with something of each kind.
const creatives = `creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.example/300x250.jpg"}, click: "https://%[1]s/"}
  - {name: leaderboard, banner: {size: 728x90, image: "https://cdn.example/728x90.jpg"}, click: "https://%[1]s/"}
  - {name: sky, banner: {size: 160x600, image: "https://cdn.example/160x600.jpg"}, click: "https://%[1]s/"}
  - {name: mobile, banner: {size: 320x50, image: "https://cdn.example/320x50.jpg"}, click: "https://%[1]s/"}
  - {name: full, banner: {size: 320x480, image: "https://cdn.example/320x480.jpg"}, click: "https://%[1]s/"}
  - name: film
    video:
      duration: 15s
      media:
        - {url: "https://cdn.example/film-1080.mp4", mime: video/mp4, width: 1920, height: 1080, bitrate: 4000}
        - {url: "https://cdn.example/film-360.mp4", mime: video/mp4, width: 640, height: 360, bitrate: 1200}
    click: "https://%[1]s/"
  - name: spot
    audio:
      duration: 15s
      media: [{url: "https://cdn.example/spot.mp3", mime: audio/mpeg, bitrate: 128}]
    click: "https://%[1]s/"
  - name: story
    native:
      title: [A short story, A story that is somewhat longer than the short one]
      text: [What it is about.]
      sponsored: Example
      cta: [Read]
      icon: [{url: "https://cdn.example/icon-${W}x${H}.png", mime: image/png}]
      image: [{url: "https://cdn.example/story-${W}x${H}.jpg", mime: image/jpeg}]
      privacy: "https://%[1]s/privacy"
    click: "https://%[1]s/"
`

func campaignFile(rnd *rand.Rand, i, lines, audiences int) string {
	domain := fmt.Sprintf("advertiser-%d.example", i)
	var b strings.Builder
	fmt.Fprintf(&b, "campaign: campaign-%d\n", i)
	fmt.Fprintf(&b, "advertiser: {name: Advertiser %d, domains: [%s], categories: [IAB%d]}\n", i, domain, 1+i%22)
	b.WriteString("flight: {timezone: Europe/Berlin}\nbudget: {total: 900000000 EUR, daily: 90000000 EUR}\nline_items:\n")
	for k := range lines {
		lineItem(&b, rnd, k, audiences)
	}
	fmt.Fprintf(&b, creatives, domain)
	return b.String()
}

// lineItem targets as line items do: most by country and device, a third by
// audience, some by category, site, hours, region or deal.
func lineItem(b *strings.Builder, rnd *rand.Rand, k, audiences int) {
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	fmt.Fprintf(b, "  - name: line-%d\n", k)
	if rnd.Float64() < 0.35 {
		fmt.Fprintf(b, "    audience: audience-%d\n", rnd.IntN(audiences))
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
		b.WriteString("    when: {mon-fri: [06:00-24:00], sat-sun: [00:00-24:00]}\n")
	}
	if rnd.Float64() < 0.1 {
		b.WriteString("    deals: [deal-premium, deal-tv]\n")
	}
	price := 0.3 + 4*rnd.Float64()*rnd.Float64()
	fmt.Fprintf(b, "    bid: {price: %.2f EUR, at_most: %.2f EUR}\n", price, 2*price)
	if rnd.Float64() < 0.3 {
		fmt.Fprintf(b, "    adjust:\n      - {if: {audience: audience-%d}, multiply: 1.%d}\n", rnd.IntN(audiences), 1+rnd.IntN(8))
	}
	fmt.Fprintf(b, "    creatives: [%s]\n", pick("mpu, leaderboard, sky, mobile, full", "mpu, mobile", "film", "story, mpu", "spot, film", "mpu, leaderboard, film, story"))
}
