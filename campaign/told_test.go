package campaign_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/internal/conf"
)

// TestToldAudiences has more audiences than models are told of, one of which most line
// items are for, one which nothing is for, and one which says nothing of people.
func TestToldAudiences(t *testing.T) {
	fsys := fstest.MapFS{}
	put := func(name, format string, args ...any) {
		fsys[name] = &fstest.MapFile{Data: fmt.Appendf(nil, format, args...)}
	}
	put("bidwell.yaml", "currency: USD\nexchanges: {example: {window: 120ms}}\n")
	var lines strings.Builder
	for i := range 20 {
		put(fmt.Sprintf("audiences/a%02d.yaml", i), "audience: a%02d\nwho: {segment: s%d}\n", i, i)
		fmt.Fprintf(&lines, "  - {name: l%d, audience: a%02d, bid: {price: 1 USD}, creatives: [mpu]}\n", i, i)
	}
	put("audiences/nowhere.yaml", "audience: nowhere\nwho: {segment: s}\n")
	put("audiences/places.yaml", "audience: places\nwho: {context: {site.domain: [news.example]}}\n")
	lines.WriteString(`  - {name: more, audience: a19, bid: {price: 1 USD}, creatives: [mpu]}
  - {name: place, audience: places, bid: {price: 1 USD}, creatives: [mpu]}
  - {name: places, audience: places, bid: {price: 1 USD}, creatives: [mpu]}
  - {name: all, bid: {price: 1 USD}, creatives: [mpu]}
`)
	told := func(goal string) []campaign.Told {
		put("campaigns/a.yaml", `campaign: a
advertiser: {name: A, domains: [a.example]}
budget: {total: 1000 USD}
%sline_items:
%screatives: [{name: mpu, banner: {size: 300x250, image: "https://cdn.a.example/a.jpg"}, click: "https://a.example/"}]
`, goal, lines.String())
		ps := new(conf.Problems)
		s := campaign.Compile(fsys, today, ps)
		if s == nil {
			t.Fatal(ps.Sorted())
		}
		for _, found := range s.Told {
			if !s.Audiences.NeedsProfile(found.Ref) {
				t.Errorf("models are told of %d, which says nothing of people", found.Name)
			}
		}
		return s.Told
	}
	got := told("goal: {pay_per: click, worth: 2 USD, at_most: 6 USD}\n")
	if len(got) != 16 || got[0].Name != ad.IDOf("a19") || got[1].Name != ad.IDOf("a00") || got[15].Name != ad.IDOf("a14") {
		t.Errorf("models are told of %v", got)
	}
	if got := told(""); len(got) != 0 {
		t.Errorf("where there are no models they are told of %v", got)
	}
}
