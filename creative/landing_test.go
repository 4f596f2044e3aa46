package creative

import (
	"testing"

	"bidwell/ad"
	"bidwell/internal/conf"
)

// TestLandingPages compiles creatives with landing pages that hold the bid's id, and
// fills it in.
func TestLandingPages(t *testing.T) {
	bid := ad.BidID{0xab, 15: 0xcd}
	for click, want := range map[string]string{
		"https://motors.example/":                         "https://motors.example/",
		"https://motors.example/?a=${BID_ID}&b=${BID_ID}": "https://motors.example/?a=" + bid.String() + "&b=" + bid.String(),
		"https://motors.example?bid=${BID_ID}":            "https://motors.example?bid=" + bid.String(),
		"https://motors.example/${BID_ID}#x":              "https://motors.example/" + bid.String() + "#x",
		"https://${BID_ID}/x":                             "",
		"https://motors.example:${BID_ID}/":               "",
		"https://${BID_ID}@motors.example/":               "",
		"https://${BID_ID}.motors.example?x":              "",
		"https://motors.example/?a=${AUCTION_ID}":         "",
	} {
		s := Spec{Name: "x", Click: click, Native: &NativeSpec{Title: []word{{Value: "Roadster"}}}}
		var ps conf.Problems
		c := Compile(&s, CompileContext{ID: 1, CRID: "c/x"}, &ps)
		if c == nil {
			if want != "" {
				t.Errorf("%s is refused: %v", click, ps.Sorted())
			}
			continue
		}
		if got := string(FillLanding([]byte(c.Click), bid)); got != want {
			t.Errorf("%s leads to %s, want %s", click, got, want)
		}
	}
}
