package simulate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// shadedLog returns a log of columns price, pctr and segment.
func shadedLog(n int) string {
	chance := rand.New(rand.NewPCG(9, 9))
	var b strings.Builder
	for range n {
		place := chance.IntN(3)
		fmt.Fprintf(&b, "%.4f\t%.7f\tplace-%d\n", 30*float64(1+place)*math.Exp(0.5*chance.NormFloat64()), 0.001*math.Exp(0.7*chance.NormFloat64()), place)
	}
	return b.String()
}

func shadedReport(t *testing.T, o Options) *Report {
	t.Helper()
	o.Auction, o.Seed = FirstPrice, 1
	if o.Columns == nil {
		o.Columns = []string{"price", "pctr", "-"}
	}
	o.Log = strings.NewReader(shadedLog(20_000))
	rep, err := Run(o)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestShadingBesideOtherWays(t *testing.T) {
	for told, want := range map[Told]float64{TellsPrices: 0.95, TellsWonPrices: 0.95, TellsOutcomes: 0.92, TellsWins: 0.75} {
		t.Run(told.String(), func(t *testing.T) {
			s := shadedReport(t, Options{Told: told}).Shading
			ours := s.Ways[0]
			if ours.OfHindsight < want || ours.Surplus > s.Oracle || s.Hindsight > s.Oracle {
				t.Errorf("gained %.3f of hindsight, want %g; %+v", ours.OfHindsight, want, s)
			}
			for _, w := range s.Ways[1:] {
				if told == TellsPrices && w.Surplus >= ours.Surplus {
					t.Errorf("%s gains %.4g, shading %.4g", w.Name, w.Surplus, ours.Surplus)
				}
			}
			if s.Explored < 200 || s.Explored > 400 || s.ExploreCost <= 0 {
				t.Errorf("%d bids tried another price at a cost of %g", s.Explored, s.ExploreCost)
			}
		})
	}
}

func TestShadingBySegment(t *testing.T) {
	all := shadedReport(t, Options{}).Shading.Ways[0].Surplus
	apart := shadedReport(t, Options{Columns: []string{"price", "pctr", "segment"}}).Shading.Ways[0].Surplus
	if apart < 1.02*all {
		t.Errorf("places told apart gain %.4g, together %.4g", apart, all)
	}
}

func TestShadingAfterAShift(t *testing.T) {
	rep := shadedReport(t, Options{Shift: 2, ToldWrong: 0.05})
	s := rep.Shading
	if rep.Shift != 2 || s.Recovery == nil || *s.Recovery > 0.05 || len(s.Windows) < 4 {
		t.Errorf("recovered after %v of a day's auctions, want 0.05 at most; %v", s.Recovery, s.Windows)
	}
	var text, page bytes.Buffer
	if err := errors.Join(rep.WriteText(&text), rep.WriteHTML(&page)); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"shaded", "not shaded", "tuned in hindsight", "after the shift", "multiplied by 2"} {
		if !strings.Contains(text.String(), part) || !strings.Contains(page.String(), part) {
			t.Errorf("a report does not say %q", part)
		}
	}
	raw, err := json.Marshal(rep)
	if err != nil || !bytes.Contains(raw, []byte(`"of_hindsight"`)) {
		t.Errorf("JSON: %v, %.200s", err, raw)
	}
}

func TestShadingIsForFirstPrice(t *testing.T) {
	rep, err := Run(Options{Log: strings.NewReader(shadedLog(500)), Columns: []string{"price", "pctr", "-"}})
	if err != nil || rep.Shading != nil {
		t.Errorf("got %v, %v at second price", rep.Shading, err)
	}
}
