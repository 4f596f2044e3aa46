package loadtest

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
)

func TestMemoIsTheTruth(t *testing.T) {
	truth := NewTruth(3, UsualMedians())
	memo := NewMemo(truth)
	people := People{Seed: 1, N: 1000, Exchange: "example"}
	rapid.Check(t, func(t *rapid.T) {
		some := func(names ...string) string { return rapid.SampledFrom(names).Draw(t, "name") }
		e := Exposure{
			Person:   people.Nature(rapid.IntRange(0, 999).Draw(t, "person")),
			Campaign: some("a", "b"), Creative: some("a", "x", "y"), Place: some("", "news.example", "app"), Category: some("-", "IAB1", "IAB12"),
			Media: rapid.SampledFrom([]ad.Media{ad.Banner, ad.Video, ad.Audio, ad.Native}).Draw(t, "media"),
			TV:    rapid.Bool().Draw(t, "tv"), Rewarded: rapid.Bool().Draw(t, "rewarded"), Skippable: rapid.Bool().Draw(t, "skippable"),
			Position: rapid.IntRange(0, 3).Draw(t, "position"), Viewability: rapid.Float64Range(0, 1).Draw(t, "viewability"),
		}
		got, want := memo.Of(&e), truth.Of(&e)
		for _, x := range [...][2]float64{
			{got.View, want.View}, {got.Click, want.Click}, {got.Complete, want.Complete},
			{got.ClickConversion, want.ClickConversion}, {got.ViewConversion, want.ViewConversion},
		} {
			if math.Abs(x[0]-x[1]) > 1e-12 {
				t.Fatalf("%+v: got %+v, want %+v", e, got, want)
			}
		}
	})
}

func BenchmarkMemo(b *testing.B) {
	memo := NewMemo(NewTruth(3, UsualMedians()))
	people := People{Seed: 1, N: 1000, Exchange: "example"}
	e := Exposure{Campaign: "a", Creative: "x", Place: "news.example", Category: "IAB12", Media: ad.Banner, Position: 1, Person: people.Nature(7)}
	for b.Loop() {
		memo.Of(&e)
	}
}
