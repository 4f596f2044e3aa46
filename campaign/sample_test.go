package campaign_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
	"bidwell/campaign"
)

// TestSamples draws configurations of any size: every line item is in exactly one
// sample, which counts for all of them, and those that share a paced budget are in one.
func TestSamples(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		shops := rapid.IntRange(1, 4).Draw(rt, "advertisers")
		shared := rapid.SliceOfN(rapid.Bool(), shops, shops).Draw(rt, "share a budget")
		texts := make([]string, rapid.IntRange(1, 12).Draw(rt, "campaigns"))
		for i := range texts {
			budget, shop := "", rapid.IntRange(0, shops-1).Draw(rt, "advertiser")
			if shared[shop] {
				budget, shared[shop] = ", budget: {daily: 9 USD}", false // it is given once
			}
			var b strings.Builder
			fmt.Fprintf(&b, "campaign: c%d\nadvertiser: {name: Shop %d, domains: [s%d.example]%s}\nbudget: {daily: 5 USD}\nline_items:\n", i, shop, shop, budget)
			for k := range rapid.IntRange(1, 60).Draw(rt, "line items") {
				fmt.Fprintf(&b, "  - {name: l%d, bid: {price: %d USD}, creatives: [mpu]}\n", k, 1+(i*7+k*13)%50)
			}
			texts[i] = b.String()
		}
		s, _ := bound(t, texts...)
		sampleOf := sampled(rt, s)
		first := map[ad.ID]int{}
		for i := range s.Lines {
			l := &s.Lines[i]
			for level, g := range l.Gauges {
				if g == nil || level == campaign.OfLine {
					continue
				}
				id := l.Accounts[level].ID()
				if k, known := first[id]; known && k != sampleOf[i] {
					rt.Fatalf("line item %d is in sample %d, another of its budget in %d", i, sampleOf[i], k)
				}
				first[id] = sampleOf[i]
			}
		}
	})
}

// sampled returns the sample of each line item.
func sampled(t *rapid.T, s *campaign.Snapshot) []int {
	_, n := s.Sample(0)
	if want := (len(s.Lines) + 63) / 64; int(n) != want {
		t.Fatalf("%d samples of %d line items, want %d", n, len(s.Lines), want)
	}
	of := slices.Repeat([]int{-1}, len(s.Lines))
	for k := range uint64(n) {
		lines, weight := s.Sample(k<<32 | k*0x9e3779b9&0xffffffff)
		if weight != n || !slices.IsSorted(lines) {
			t.Fatalf("sample %d counts %d times and is %v, want %d times and in order", k, weight, lines, n)
		}
		for _, i := range lines {
			if of[i] >= 0 {
				t.Fatalf("line item %d is in samples %d and %d", i, of[i], k)
			}
			of[i] = int(k)
		}
	}
	if i := slices.Index(of, -1); i >= 0 {
		t.Fatalf("line item %d is in no sample", i)
	}
	return of
}
