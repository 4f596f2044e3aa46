package bidder_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"bidwell/bidder"
	"bidwell/loadtest"
	"bidwell/pricing"
)

// written returns what an explanation of one line item says, with single blanks.
func written(t *testing.T, l bidder.LineExplanation) string {
	t.Helper()
	x := bidder.Explanation{Impressions: []bidder.ImpExplanation{{Winner: "a/b", Lines: []bidder.LineExplanation{l}}}}
	var text strings.Builder
	if err := x.Write(&text); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

// TestChanceOfAcquisitionIsWritten reads how three chances make that of an acquisition.
func TestChanceOfAcquisitionIsWritten(t *testing.T) {
	parts := func(click float64, learned bool) []bidder.ChancePart {
		return []bidder.ChancePart{
			{Of: "click", Chance: click, Prior: 0.002, Model: click, Used: learned, Why: "it has predicted well"},
			{Of: "click_conversion", Chance: 0.05, Prior: 0.05, Model: 0.05, Why: "responses so far: 3, 20 are needed"},
			{Of: "view_conversion", Chance: 0.00000002, Prior: 0.00000002, Model: 0.00000002, Why: "nothing has been learned yet"},
		}
	}
	for _, c := range []struct {
		name string
		of   bidder.ChanceExplanation
		want []string
	}{
		{"stated", bidder.ChanceExplanation{Chance: 0.00010001996, Stated: 0.00010001996, Parts: parts(0.002, false)}, []string{
			"chance of an acquisition: by a click 0.2 % × 5 % + without one 99.8 % × 0.000002 % = 0.01 %, as the line item's price states chance of a click: 0.2 %",
			"chance of a conversion after a click: 5 %, as usual for the line item; responses so far: 3, 20 are needed",
			"chance of a conversion without a click: 0.000002 %, as usual for the line item; nothing has been learned yet",
		}},
		{"learned", bidder.ChanceExplanation{Chance: 0.0002, Stated: 0.0001, Parts: parts(0.004, true)}, []string{
			"by a click 0.4 % × 5 % + without one 99.6 % × 0.000002 % = 0.02 % chance of a click: 0.4 %; usual for the line item 0.2 %; learned: it has predicted well",
		}},
		{"held below", bidder.ChanceExplanation{Chance: 0.0016, Held: true, Parts: parts(0.06, true)}, []string{
			"= 0.3 %; held at 0.16 %, 16 times what is usual for the line item chance",
		}},
		{"held above", bidder.ChanceExplanation{Chance: 0.00000625, Held: true, Parts: parts(0.0001, true)}, []string{
			"= 0.000502 %; held at 0.000625 %, a sixteenth of what is usual for the line item chance",
		}},
		{"a scorer", bidder.ChanceExplanation{Chance: 0.3, Scorer: true, Held: true, Parts: parts(0.004, true)}, []string{
			"chance 30 %, by the scorer that was compiled in our own models: chance of an acquisition: by a click 0.4 %",
			"= 0.02 % chance of a click",
		}},
	} {
		got := written(t, bidder.LineExplanation{Chance: &c.of})
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: there is no %q in\n%s", c.name, want, got)
			}
		}
	}
}

// TestPartsMakeTheChance holds the three chances of acquisitions that are explained
// against the one that is bid on.
func TestPartsMakeTheChance(t *testing.T) {
	population := loadtest.People{Seed: 5, N: 200, Exchange: "example"}
	fsys := generatedGoals(20, 50, "click")
	for _, f := range fsys {
		f.Data = bytes.ReplaceAll(f.Data, []byte("pay_per: click"), []byte("pay_per: acquisition, conversion: order"))
	}
	r := newRig(t, fsys, ndjson(t, population))
	m := r.teach(t, population, 3000)
	r.Model = func() *pricing.Model { return m }
	r.Pace(monday)
	traffic, learned := newTraffic(t, 9, population), 0
	for i := range 50 {
		x := r.explain(t, traffic.Append(nil), r.exchange(t, "example"), monday.Add(time.Duration(i)*time.Second))
		for _, imp := range x.Impressions {
			for _, l := range imp.Lines {
				if l.Chance == nil || l.Chance.Held {
					continue
				}
				c := l.Chance.Parts
				if got := c[0].Chance*c[1].Chance + (1-c[0].Chance)*c[2].Chance; math.Abs(got/l.Chance.Chance-1) > 1e-9 {
					t.Fatalf("%s: %+v make %v, want %v", l.Line, c, got, l.Chance.Chance)
				}
				if c[0].Used {
					learned++
				}
			}
		}
	}
	if learned == 0 {
		t.Error("no chance was learned: that shows little")
	}
}
