package campaign_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bidwell/campaign"
	"bidwell/internal/conf"
)

const processText = `currency: EUR
rates: {USD: 0.92, GBP: 1.17}
exchanges: {example: {}, other: {credential: sixteen-or-more-letters}}
privacy: {tcf_vendor_id: 1200}
`

const creativesText = `creatives:
  - {name: box, click: https://shop.example/, banner: {sizes: [300x250, 336x280], image: "https://cdn.shop.example/${W}x${H}.jpg"}}
  - {name: strip, click: https://shop.example/, banner: {sizes: [728x90, 320x50, 970x250], image: "https://cdn.shop.example/${W}x${H}.jpg"}}
  - {name: tower, click: https://shop.example/, banner: {sizes: [300x600, 160x600], image: "https://cdn.shop.example/${W}x${H}.jpg"}}
  - name: film
    click: https://shop.example/
    video: {duration: 15s, media: [{url: https://cdn.shop.example/film.mp4, mime: video/mp4, width: 1280, height: 720}]}
`

// catalogue returns a configuration of that many campaigns with that many line
// items each, which target as campaigns do: most a country and a device, some a
// site, a category, an audience, hours or a deal.
func catalogue(campaigns, lines int) fstest.MapFS {
	fsys := fstest.MapFS{}
	put := func(name, text string) { fsys[name] = &fstest.MapFile{Data: []byte(text)} }
	put("bidwell.yaml", processText)
	for i := range 10 {
		put(fmt.Sprintf("audiences/a%d.yaml", i), fmt.Sprintf("audience: a%d\nwho: {all: [{did: {visit: topic-%d, within: 10d}}, {has: {owns.car: yes-%d}}]}\n", i, i, i))
	}
	rnd := rand.New(rand.NewPCG(1, uint64(campaigns*lines)))
	for i := range campaigns {
		var b strings.Builder
		fmt.Fprintf(&b, "campaign: c%[1]d\nadvertiser: {name: Shop %[1]d, domains: [shop-%[1]d.example], categories: [IAB%[2]d]}\n", i, 1+i%22)
		b.WriteString("flight: {timezone: Europe/Berlin}\nbudget: {total: 9000000 EUR, daily: 90000 EUR}\nline_items:\n")
		for k := range lines {
			catalogueLine(&b, rnd, k)
		}
		b.WriteString(creativesText)
		put(fmt.Sprintf("campaigns/c%d.yaml", i), b.String())
	}
	return fsys
}

func catalogueLine(b *strings.Builder, rnd *rand.Rand, k int) {
	one := func(of ...string) string { return of[rnd.IntN(len(of))] }
	fmt.Fprintf(b, "  - name: l%d\n    where: {country: [%s, %s], device: [phone, %s]", k,
		one("DEU", "AUT", "CHE"), one("FRA", "GBR", "USA"), one("tablet", "desktop"))
	switch rnd.IntN(8) {
	case 0:
		fmt.Fprintf(b, ", domains: [news-%d.example, sport-%d.example]", rnd.IntN(200), rnd.IntN(200))
	case 1:
		fmt.Fprintf(b, ", inventory: [app], apps: [com.game%d]", rnd.IntN(200))
	case 2:
		fmt.Fprintf(b, ", categories: [IAB%d], not_categories: [IAB25]", 1+rnd.IntN(20))
	}
	b.WriteString("}\n")
	switch rnd.IntN(8) {
	case 0:
		fmt.Fprintf(b, "    audience: a%d\n", rnd.IntN(10))
	case 1:
		b.WriteString("    when: {mon-fri: [06:00-10:00, 17:00-24:00]}\n")
	case 2:
		fmt.Fprintf(b, "    deals: [deal-%d]\n", rnd.IntN(300))
	case 3:
		fmt.Fprintf(b, "    adjust: [{if: {audience: a%d}, multiply: 1.5}]\n", rnd.IntN(10))
	}
	fmt.Fprintf(b, "    bid: {price: %d.%02d EUR}\n    creatives: [%s, %s]\n",
		rnd.IntN(9), 1+rnd.IntN(99), one("box", "strip"), one("tower", "film"))
}

func BenchmarkCompile(b *testing.B) {
	for _, size := range []struct{ campaigns, lines int }{{1, 100}, {1, 10_000}, {100, 100}, {10_000, 1}} {
		b.Run(fmt.Sprintf("%dx%d", size.campaigns, size.lines), func(b *testing.B) {
			fsys := catalogue(size.campaigns, size.lines)
			b.ReportAllocs()
			for b.Loop() {
				ps := new(conf.Problems)
				if campaign.Compile(fsys, time.Unix(1_800_000_000, 0), ps) == nil {
					b.Fatal(ps.Sorted())
				}
			}
		})
	}
}
