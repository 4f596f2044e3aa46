package bidder_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"bidwell/internal/catalogue"
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

// generated returns a configuration with campaigns of many line items each, and
// ten audiences.
func generated(campaigns, lines int) fstest.MapFS { return generatedPaced(campaigns, lines, "asap") }

// generatedPaced is such a configuration whose campaigns are paced by a curve.
func generatedPaced(campaigns, lines int, curve string) fstest.MapFS {
	return generatedSize(catalogue.Size{Campaigns: campaigns, Lines: campaigns * lines, Audiences: 10, Curve: curve})
}

// generatedGoals is such a configuration whose campaigns pay for something.
func generatedGoals(campaigns, lines int, goal string) fstest.MapFS {
	return generatedSize(catalogue.Size{Campaigns: campaigns, Lines: campaigns * lines, Audiences: 10, Goal: goal})
}

func generatedSize(size catalogue.Size) fstest.MapFS {
	fsys := files("bidwell.yaml", `currency: EUR
rates: {USD: 0.92, GBP: 1.17}
exchanges: {example: {window: 120ms, notice_window: 10s}}
privacy: {tcf_vendor_id: 1200, read_purposes: [1, 4]}
`)
	for name, text := range size.Files() {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}
