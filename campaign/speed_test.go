package campaign_test

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"bidwell/campaign"
	"bidwell/internal/conf"
	"bidwell/openrtb"
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
				if campaign.Compile(fsys, today, ps) == nil {
					b.Fatal(ps.Sorted())
				}
			}
		})
	}
}

// compiled returns a snapshot of that many line items, some hundred a campaign.
func compiled(tb testing.TB, lines int) *campaign.Snapshot {
	tb.Helper()
	ps := new(conf.Problems)
	s := campaign.Compile(catalogue(max(1, lines/1000), min(lines, 1000)), today, ps)
	if s == nil || len(s.Lines) != lines {
		tb.Fatalf("not compiled: %v", ps.Sorted())
	}
	return s
}

// bidRequests are requests of several kinds, so that one is no measure of all.
func bidRequests(tb testing.TB) []*openrtb.Request {
	tb.Helper()
	var list []*openrtb.Request
	for i := range 16 {
		inventory := fmt.Sprintf(`"site":{"domain":"www.news-%d.example","cat":["IAB2-2"]}`, i*7)
		if i%3 == 0 {
			inventory = fmt.Sprintf(`"app":{"bundle":"com.game%d","cat":["IAB9"]}`, i*5)
		}
		body := fmt.Sprintf(`{"id":"%d","imp":[
			{"id":"1","banner":{"format":[{"w":300,"h":250},{"w":728,"h":90}]},"pmp":{"deals":[{"id":"deal-%d"},{"id":"deal-1"}]}},
			{"id":"2","video":{"mimes":["video/mp4"],"w":640,"h":360}}],
			%s,"device":{"devicetype":%d,"geo":{"country":%q,"zip":"80331"}},
			"bcat":["IAB25","IAB26","IAB7-39"],"badv":["rival.example","shop-3.example"],"acat":["IAB1","IAB2","IAB3","IAB4"]}`,
			i, i, inventory, []int{4, 2, 5, 1}[i%4], []string{"DEU", "AUT", "USA", "FRA", "CHE"}[i%5])
		req := new(openrtb.Request)
		if err := req.Decode([]byte(body)); err != nil {
			tb.Fatal(err)
		}
		list = append(list, req)
	}
	return list
}

// asker asks the index and the targets as the bidder does.
type asker struct {
	facts  campaign.Facts
	blocks campaign.Blocks
	query  campaign.Query
	found  int
}

func (a *asker) ask(s *campaign.Snapshot, req *openrtb.Request) {
	a.facts.Reset(req)
	a.blocks.Reset(s.Brands, req)
	a.query.ForRequest(s.Index, s.Exchanges[0], &a.facts, req)
	for i := range req.Imps {
		a.query.ForImp(&req.Imps[i])
		for w := range a.query.Words() {
			a.found += bits.OnesCount64(a.query.Word(w))
		}
	}
}

// TestAskingDoesNotAllocate counts the allocations of all that a request asks of
// a snapshot, targets included.
func TestAskingDoesNotAllocate(t *testing.T) {
	s, reqs := compiled(t, 2000), bidRequests(t)
	var a asker
	all := func() {
		for _, req := range reqs {
			a.ask(s, req)
			for i := range s.Lines {
				l := &s.Lines[i]
				_ = l.Target.Allows(&a.facts, req)
				_ = l.Target.AllowsImp(&req.Imps[0])
				_ = a.query.Miss(i, &req.Imps[1], req)
				_ = a.blocks.Why(l.Creatives[0].Brand)
				_ = l.Runs(campaign.MinuteOfWeek(today))
			}
		}
	}
	all()
	if got := testing.AllocsPerRun(10, all); got != 0 {
		t.Errorf("got %v allocations for %d requests, want none", got, len(reqs))
	}
	if a.found == 0 {
		t.Error("nothing was found")
	}
}

// BenchmarkCandidates measures the whole AND for a request of two impressions.
func BenchmarkCandidates(b *testing.B) {
	for _, lines := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			s, reqs := compiled(b, lines), bidRequests(b)
			var a asker
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				a.ask(s, reqs[i%len(reqs)])
				i++
			}
			b.ReportMetric(float64(a.found)/float64(i), "candidates/op")
		})
	}
}
