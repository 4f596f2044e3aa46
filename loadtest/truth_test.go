package loadtest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
)

func TestNatureIsWhatTheFactsSay(t *testing.T) {
	p := People{Seed: 4, N: 2000, Exchange: "example"}
	var facts struct {
		Attributes map[string]any
		Segments   []struct{ Name string }
		Behaviours []struct{ Kind, Topic string }
	}
	band := map[string]string{}
	for _, place := range Postcodes() {
		band[place.Zip] = place.Band
	}
	met := uint16(0)
	for i := range p.N {
		facts.Attributes, facts.Segments, facts.Behaviours = nil, nil, nil
		if err := json.Unmarshal(p.AppendFacts(nil, i), &facts); err != nil {
			t.Fatal(err)
		}
		want := uint16(0)
		set := func(trait uint16, is bool) {
			if is {
				want |= trait
			}
		}
		car := facts.Attributes["owns.car.class"]
		set(isAffluent, band[facts.Attributes["home.zip"].(string)] == "affluent")
		set(ownsLuxuryCar, car == "luxury")
		set(ownsOtherCar, car != nil && car != "luxury")
		if bought, ok := facts.Attributes["owns.car.bought"].(map[string]any); ok {
			days := 0
			if _, err := fmt.Sscanf(bought["ago"].(string), "%dd", &days); err != nil {
				t.Fatal(err)
			}
			set(ownsOldCar, days > 3*365)
		}
		for _, s := range facts.Segments {
			set(firstSegment<<slices.Index(segments, s.Name), true)
		}
		cars := 0
		for _, b := range facts.Behaviours {
			cars += b2i(b.Topic == "automotive")
			set(hadTestDrive, b.Kind == "conversion")
		}
		set(isIntender, cars >= 3)
		n := p.Nature(i)
		if n.traits != want {
			t.Fatalf("person %d is %b, the facts say %b: %s", i, n.traits, want, p.AppendFacts(nil, i))
		}
		met |= n.traits
	}
	if met != 1<<(6+len(segments))-1 {
		t.Errorf("among all people there are only the traits %b", met)
	}
}

func someExposure(t *rapid.T) Exposure {
	text := rapid.StringN(0, 12, -1)
	e := Exposure{
		Person: Stranger(text.Draw(t, "person")), Campaign: text.Draw(t, "campaign"), Creative: text.Draw(t, "creative"),
		Place: text.Draw(t, "place"), Category: text.Draw(t, "category"), Media: ad.Media(rapid.IntRange(0, 6).Draw(t, "media")),
		TV: rapid.Bool().Draw(t, "tv"), Rewarded: rapid.Bool().Draw(t, "rewarded"), Skippable: rapid.Bool().Draw(t, "skippable"),
		Position: rapid.IntRange(-1, 8).Draw(t, "position"), Viewability: rapid.Float64().Draw(t, "viewability"),
	}
	return e
}

// TestTruthHolds checks for any exposure that chances are chances, that they are
// the same when asked again, and that what happens is possible.
func TestTruthHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.Float64Range(0, 1)
		truth := NewTruth(rapid.Uint64().Draw(t, "seed"), Medians{share.Draw(t, "view"), share.Draw(t, "click"), share.Draw(t, "complete"), share.Draw(t, "click conversion"), share.Draw(t, "view conversion")})
		e := someExposure(t)
		r := truth.Of(&e)
		if again := truth.Of(&e); again != r {
			t.Fatalf("%+v, then %+v", r, again)
		}
		for _, p := range [...]float64{r.View, r.Click, r.Complete, r.ClickConversion, r.ViewConversion, r.PClick(), r.PComplete(), r.PClickConversion(), r.PViewConversion(), r.PClickConversion() + r.PViewConversion()} {
			if !(p >= 0 && p <= 1) {
				t.Fatalf("%v is no chance: %+v", p, r)
			}
		}
		if r.Complete > 0 && e.Media != ad.Video && e.Media != ad.Audio {
			t.Fatalf("%v is played", e.Media)
		}
		n := rapid.Uint64().Draw(t, "exposure")
		o := r.Draw(n)
		switch {
		case o != r.Draw(n),
			o.Clicked && !o.Seen, o.Completed && !o.Seen, o.ClickConverted && !o.Clicked,
			o.ViewConverted && (!o.Seen || o.Clicked), o.Completed != (o.Quarters == 4):
			t.Fatalf("%+v is not possible", o)
		}
		if surer := (&Response{View: 1, Click: 1, Complete: r.Complete, ClickConversion: 1}).Draw(n); !surer.Clicked || !surer.ClickConverted {
			t.Fatalf("what is certain does not happen: %+v", surer)
		}
	})
}

// TestDrawsFollowTheChances compares how often things happen with their chances,
// which has to hold for each campaign as well.
func TestDrawsFollowTheChances(t *testing.T) {
	truth := NewTruth(6, Medians{View: 0.6, Click: 0.05, Complete: 0.5, ClickConversion: 0.2, ViewConversion: 0.02})
	people := People{Seed: 1, N: 5000, Exchange: "example"}
	for campaign := range 5 {
		var r Responses
		for i := range 40_000 {
			e := Exposure{
				Person: people.Nature(i % people.N), Campaign: fmt.Sprint(campaign), Creative: fmt.Sprint(campaign, i%3),
				Place: fmt.Sprint("site-", i%37), Category: fmt.Sprint("IAB", i%7), Media: ad.Media(1 + i%4),
			}
			response := truth.Of(&e)
			o := response.Draw(mix(uint64(campaign), uint64(i)))
			r.add(&response, &o)
		}
		for _, c := range []struct {
			what string
			n    uint64
			want Expected
		}{
			{"views", r.Views, r.TrueViews}, {"clicks", r.Clicks, r.TrueClicks}, {"completes", r.Completes, r.TrueCompletes},
			{"conversions after clicks", r.ClickConversions, r.TrueClickConversions},
			{"conversions after views", r.ViewConversions, r.TrueViewConversions},
		} {
			// The variance of a sum of chances is less than the sum. A seed that
			// passes does so for ever.
			if off := math.Abs(float64(c.n) - c.want.Float()); off > 3.5*math.Sqrt(c.want.Float()) || c.want.Float() < 50 {
				t.Errorf("campaign %d: %d %s, expected %.1f", campaign, c.n, c.what, c.want.Float())
			}
		}
		base := float64(r.Clicks) / float64(r.Shown)
		entropy := -float64(r.Shown) * (base*math.Log(base) + (1-base)*math.Log(1-base))
		if loss := r.ClickLoss.Float(); loss >= 0.99*entropy {
			t.Errorf("campaign %d: the loss of the truth %.1f is not below %.1f, that of the average alone: there is nothing to learn", campaign, loss, entropy)
		}
	}
}

// TestTruthDiffers checks that each part of an exposure makes a difference, and
// that the parts which a model can know explain most of it.
func TestTruthDiffers(t *testing.T) {
	truth := NewTruth(1, UsualMedians())
	p := People{Seed: 1, N: 100, Exchange: "example"}
	usual := Exposure{Person: p.Nature(3), Campaign: "a", Creative: "a/1", Place: "x.example", Category: "IAB1", Media: ad.Banner}
	base := truth.Of(&usual)
	f := func(what string, change func(*Exposure)) {
		t.Helper()
		e := usual
		change(&e)
		if r := truth.Of(&e); r == base {
			t.Errorf("%s makes no difference: %+v", what, r)
		}
	}
	f("the person", func(e *Exposure) { e.Person = p.Nature(4) })
	f("the campaign", func(e *Exposure) { e.Campaign = "b" })
	f("the creative", func(e *Exposure) { e.Creative = "a/2" })
	f("the place", func(e *Exposure) { e.Place = "y.example" })
	f("the category", func(e *Exposure) { e.Category = "IAB2" })
	f("native", func(e *Exposure) { e.Media = ad.Native })
	f("television", func(e *Exposure) { e.TV = true })
	f("below the fold", func(e *Exposure) { e.Position = 3 })
	f("a measured viewability", func(e *Exposure) { e.Viewability = 0.2 })
	if r := NewTruth(2, UsualMedians()).Of(&usual); r == base {
		t.Error("another seed gives the same truth")
	}
	if a := Stranger("a"); a != Stranger("a") || a == Stranger("b") {
		t.Error("strangers are not told apart by their ids")
	}
	if r := NewTruth(1, Medians{}).Of(&usual); r != (Response{}) {
		t.Errorf("what never happens has the chances %+v", r)
	}
}

func BenchmarkTruth(b *testing.B) {
	truth := NewTruth(1, UsualMedians())
	p := People{Seed: 1, N: 1000, Exchange: "example"}
	e := Exposure{Campaign: "a", Creative: "a/1", Place: "x.example", Category: "IAB1", Media: ad.Video}
	b.ReportAllocs()
	for i := range b.N {
		e.Person = p.Nature(i % p.N)
		r := truth.Of(&e)
		r.Draw(uint64(i))
	}
}
