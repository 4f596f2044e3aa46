package simulate

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"bidwell/campaign"
	"bidwell/configs"
	"bidwell/internal/conf"
	"bidwell/pacing"
)

// monday is the first day of the tests' markets.
var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// compiled compiles a configuration. Any error fails the test.
func compiled(tb testing.TB, fsys fs.FS) *campaign.Snapshot {
	tb.Helper()
	ps := new(conf.Problems)
	s := campaign.Compile(fsys, monday, ps)
	if s == nil {
		var text strings.Builder
		ps.Write(&text, false)
		tb.Fatalf("the configuration has problems:\n%s", text.String())
	}
	return s
}

func BenchmarkMarket(b *testing.B) {
	for b.Loop() {
		r, err := Market(compiled(b, configs.Files()), MarketOptions{Start: monday, Seed: 1, Curve: new(pacing.Curve)})
		if err != nil {
			b.Fatal(err)
		}
		r.WriteText(b.Output())
	}
}
