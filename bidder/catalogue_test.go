package bidder_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"bidwell/loadtest"
)

// ndjson returns what is known of a population.
func ndjson(tb testing.TB, p loadtest.People) string {
	tb.Helper()
	var b strings.Builder
	if err := loadtest.GeneratePeople(p, &b); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// newTraffic returns realistic traffic from a population.
func newTraffic(tb testing.TB, seed uint64, p loadtest.People) *loadtest.Traffic {
	tb.Helper()
	tr, err := loadtest.NewTraffic(seed, loadtest.Options{People: p, Start: monday, Sites: 50, Unknown: 0.1})
	if err != nil {
		tb.Fatal(err)
	}
	return tr
}

// catalogue generates a configuration with campaigns of many line items each
// that target as line items do, and ten audiences.
func catalogue(campaigns, lines int) fstest.MapFS {
	fsys := files("bidwell.yaml", `currency: EUR
rates: {USD: 0.92, GBP: 1.17}
exchanges: {example: {window: 120ms, notice_window: 10s}}
privacy: {tcf_vendor_id: 1200, read_purposes: [1, 4]}
`)
	put := func(name, text string) { fsys[name] = &fstest.MapFile{Data: []byte(text)} }
	table := "zip,band\n"
	for _, p := range loadtest.Postcodes() {
		table += p.Zip + "," + p.Band + "\n"
	}
	put("tables/zip_income.csv", table)
	for i := range 10 {
		put(fmt.Sprintf("audiences/a%d.yaml", i), catalogueAudience(i))
	}
	rnd := rand.New(rand.NewPCG(3, uint64(lines)))
	for i := range campaigns {
		var b strings.Builder
		fmt.Fprintf(&b, "campaign: c%[1]d\nadvertiser: {name: Advertiser %[1]d, domains: [advertiser-%[1]d.example], categories: [IAB%[2]d]}\n", i, 1+i%22)
		b.WriteString("flight: {timezone: Europe/Berlin}\nbudget: {total: 900000000 EUR, daily: 90000000 EUR}\nline_items:\n")
		for k := range lines {
			catalogueLine(&b, rnd, k)
		}
		b.WriteString(catalogueCreatives)
		put(fmt.Sprintf("campaigns/c%d.yaml", i), b.String())
	}
	return fsys
}

func catalogueAudience(i int) string {
	topic := []string{"news", "sport", "travel", "technology", "finance"}[i%5]
	rule := []string{
		"all: [{lookup: {table: zip_income, key: home.zip, column: band, in: [affluent]}}, {did: {visit: automotive, at_least: 2, within: 10d}}]",
		fmt.Sprintf("all: [{did: {visit: %s, within: %dd}}]", topic, 3+i),
		fmt.Sprintf("any: [{segment: [frequent-flyer, home-owner]}, {did: {visit: %s, at_least: 2, within: 30d}}]", topic),
		"all: [{has: {owns.car.class: [compact, suv, electric]}}]",
		"all: [{segment: [sports-fan, early-adopter, student]}]",
	}[i%5]
	return fmt.Sprintf("audience: a%d\nwho: {%s}\n", i, rule)
}

// catalogueLine writes a line item: most are bound to a country and a device, a
// third to an audience, some to a category, a site, hours, a region or deals.
func catalogueLine(b *strings.Builder, rnd *rand.Rand, k int) {
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	fmt.Fprintf(b, "  - name: l%d\n", k)
	var where []string
	maybe := func(p float64, s string) {
		if rnd.Float64() < p {
			where = append(where, s)
		}
	}
	maybe(0.8, "country: ["+pick("DEU", "AUT, DEU", "USA", "GBR", "FRA", "DEU, FRA, GBR")+"]")
	maybe(0.5, "device: ["+pick("phone", "desktop", "phone, tablet", "tv")+"]")
	maybe(0.2, "categories: ["+pick("IAB12", "IAB17", "IAB2", "IAB19, IAB20")+"]")
	maybe(0.1, "domains: ["+pick("morning-herald.example", "goal-line.example")+"]")
	maybe(0.3, "not_categories: [IAB25, IAB26]")
	maybe(0.15, "region: ["+pick("BY", "NW", "BE", "CA", "NY")+"]")
	maybe(0.1, "viewability_at_least: 0.5")
	fmt.Fprintf(b, "    where: {%s}\n", strings.Join(where, ", "))
	if rnd.Float64() < 0.35 {
		fmt.Fprintf(b, "    audience: a%d\n", rnd.IntN(10))
	}
	if rnd.Float64() < 0.15 {
		b.WriteString("    when: {mon-fri: [06:00-24:00], sat-sun: [08:00-22:00]}\n")
	}
	if rnd.Float64() < 0.1 {
		b.WriteString("    deals: [deal-premium, deal-tv]\n")
	} else if rnd.Float64() < 0.2 {
		b.WriteString("    deals: any\n")
	}
	price := 0.3 + 4*rnd.Float64()*rnd.Float64()
	fmt.Fprintf(b, "    bid: {price: %.2f EUR, at_most: %.2f EUR}\n", price, 2*price)
	if rnd.Float64() < 0.3 {
		fmt.Fprintf(b, "    adjust:\n      - {if: {audience: a%d}, multiply: 1.%d}\n", rnd.IntN(10), 1+rnd.IntN(8))
	}
	fmt.Fprintf(b, "    creatives: [%s]\n", pick("mpu, leaderboard, sky, mobile, full", "mpu, mobile", "film", "story, mpu", "spot, film"))
}

const catalogueCreatives = `creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.example/300x250.jpg"}, click: "https://shop.example/a"}
  - {name: leaderboard, banner: {size: 728x90, image: "https://cdn.example/728x90.jpg"}, click: "https://shop.example/b"}
  - {name: sky, banner: {size: 160x600, image: "https://cdn.example/160x600.jpg"}, click: "https://shop.example/c"}
  - {name: mobile, banner: {size: 320x50, image: "https://cdn.example/320x50.jpg"}, click: "https://shop.example/d"}
  - {name: full, banner: {size: 320x480, image: "https://cdn.example/320x480.jpg"}, click: "https://shop.example/e"}
  - name: film
    video:
      duration: 15s
      media:
        - {url: "https://cdn.example/film-1080.mp4", mime: video/mp4, width: 1920, height: 1080, bitrate: 4000}
        - {url: "https://cdn.example/film-360.mp4", mime: video/mp4, width: 640, height: 360, bitrate: 1200}
    click: "https://shop.example/f"
  - name: spot
    audio:
      duration: 15s
      media: [{url: "https://cdn.example/spot.mp3", mime: audio/mpeg, bitrate: 128}]
    click: "https://shop.example/g"
  - name: story
    native:
      title: [A short story, A story that is somewhat longer than the short one]
      text: [What it is about.]
      sponsored: Example
      cta: [Read]
      icon: [{url: "https://cdn.example/icon-${W}x${H}.png", mime: image/png}]
      image: [{url: "https://cdn.example/story-${W}x${H}.jpg", mime: image/jpeg}]
      privacy: "https://shop.example/privacy"
    click: "https://shop.example/h"
`
