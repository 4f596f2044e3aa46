package campaign

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/openrtb"
)

// targetOf compiles the inventory of a line item as it stands in a file.
func targetOf(t *testing.T, text string) *Target {
	t.Helper()
	ps := new(conf.Problems)
	c := &compiler{ps: ps}
	var file struct {
		Where WhereSpec `yaml:"where"`
	}
	ps.Decode("a.yaml", []byte("where: "+text), &file)
	target := c.target(&file.Where)
	if ps.Failed() {
		t.Fatalf("%s: %v", text, ps.Sorted())
	}
	return &target
}

func TestTargetAllows(t *testing.T) {
	check := func(where string, want ad.Reason, set func(r *openrtb.Request)) {
		t.Helper()
		req, f := &openrtb.Request{}, Facts{}
		set(req)
		f.Reset(req)
		if got := targetOf(t, where).Allows(&f, req); got != want {
			t.Errorf("%s: got %v, want %v", where, got, want)
		}
	}
	bytes := func(words ...string) [][]byte { return byteLists(words) }
	region := func(s string) func(*openrtb.Request) {
		return func(r *openrtb.Request) { r.Device.Geo.Region = []byte(s) }
	}
	check("{}", ad.OK, region("x"))
	check("{country: [DE], region: [BY]}", ad.OK, region("by"))
	check("{country: [DE], region: [BY]}", ad.OK, region("DE-BY"))
	check("{region: [DE-BY]}", ad.OK, region("BY"))
	check("{region: [DE-BY]}", ad.RegionNotWanted, region("BE"))
	check("{region: [DE-BY]}", ad.RegionNotWanted, region(""))
	check("{region: [DE-BY]}", ad.RegionNotWanted, region(strings.Repeat("x", 1000)))
	check("{city: [Köln]}", ad.OK, func(r *openrtb.Request) { r.Device.Geo.City = []byte(" KöLN ") })
	check("{city: [Köln]}", ad.RegionNotWanted, func(r *openrtb.Request) { r.Device.Geo.City = []byte("Koeln") })
	zip := func(s string) func(*openrtb.Request) {
		return func(r *openrtb.Request) { r.Device.Geo.Zip = []byte(s) }
	}
	check("{zip: [sw1a*, 10115]}", ad.OK, zip("SW1A 1AA"))
	check("{zip: [sw1a*, 10115]}", ad.OK, zip("10115"))
	check("{zip: [sw1a*, 10115]}", ad.RegionNotWanted, zip("101156"))
	check("{zip: [sw1a*, 10115]}", ad.RegionNotWanted, zip(""))
	check("{zip: [1*]}", ad.RegionNotWanted, zip("1"+strings.Repeat("0", 1000)))
	check("{os: [iOS]}", ad.OK, func(r *openrtb.Request) { r.Device.OS = []byte("ios") })
	check("{os: [iOS]}", ad.NotThisDevice, func(r *openrtb.Request) { r.Device.OS = []byte("Android") })
	domain := func(s string) func(*openrtb.Request) {
		return func(r *openrtb.Request) { r.Site.Domain = []byte(s) }
	}
	check("{not_domains: [www.Bad.example]}", ad.DomainNotWanted, domain("sport.bad.example"))
	check("{not_domains: [www.Bad.example]}", ad.OK, domain("notbad.example"))
	app := func(s string) func(*openrtb.Request) {
		return func(r *openrtb.Request) { r.Inventory, r.Site.Bundle = ad.App, []byte(s) }
	}
	check("{not_apps: [com.bad]}", ad.BundleNotWanted, app("Com.Bad"))
	check("{not_apps: [com.bad]}", ad.OK, app("com.bad.not"))
	cats := func(c ...string) func(*openrtb.Request) {
		return func(r *openrtb.Request) { r.Site.PageCat = bytes(c...) }
	}
	check("{categories: [IAB2]}", ad.OK, cats("IAB1", "IAB2-2"))
	check("{categories: [IAB2]}", ad.CategoryNotWanted, cats("IAB22"))
	check("{categories: [IAB2]}", ad.CategoryNotWanted, cats())
	check("{not_categories: [IAB25]}", ad.CategoryNotWanted, cats("IAB2", "IAB25-3"))
	check("{not_categories: [IAB25]}", ad.OK, cats("IAB2"))
	many := slices.Repeat([]string{"IAB2"}, maxCategories)
	check("{categories: [IAB2], not_categories: [IAB25]}", ad.OK, cats(many...))
	check("{not_categories: [IAB25]}", ad.CategoryNotWanted, cats(append(many, "IAB2")...))
	chain := func(complete bool, sellers ...string) func(*openrtb.Request) {
		return func(r *openrtb.Request) {
			r.Source.HasChain, r.Source.Complete = true, complete
			for _, s := range sellers {
				r.Source.Chain = append(r.Source.Chain, openrtb.ChainNode{ASI: []byte(s)})
			}
		}
	}
	check("{complete_supply_chain: true}", ad.OK, chain(true, "a.example"))
	check("{complete_supply_chain: true}", ad.SellerNotAuthorized, chain(false, "a.example"))
	check("{complete_supply_chain: true}", ad.SellerNotAuthorized, func(*openrtb.Request) {})
	check("{not_sellers: [bad.example]}", ad.SellerNotAuthorized, chain(true, "a.example", "BAD.example"))
	check("{intermediaries_at_most: 1}", ad.SellerNotAuthorized, chain(true, "a.example", "b.example"))
	check("{intermediaries_at_most: 2}", ad.OK, chain(true, "a.example", "b.example"))
}

func TestTargetAllowsImp(t *testing.T) {
	check := func(where string, want ad.Reason, set func(imp *openrtb.Imp)) {
		t.Helper()
		imp := &openrtb.Imp{Viewability: -1}
		set(imp)
		if got := targetOf(t, where).AllowsImp(imp); got != want {
			t.Errorf("%s: got %v, want %v", where, got, want)
		}
	}
	at := func(pos int32) func(*openrtb.Imp) { return func(i *openrtb.Imp) { i.Video.Pos = pos } }
	check("{}", ad.OK, at(3))
	check("{position: [above-fold, header]}", ad.OK, at(1))
	check("{position: [above-fold, header]}", ad.OK, at(4))
	check("{position: [above-fold, header]}", ad.PlacementNotWanted, at(3))
	check("{position: [above-fold, header]}", ad.PlacementNotWanted, at(0))
	check("{position: [above-fold, header]}", ad.PlacementNotWanted, at(33))
	check("{position: [unknown]}", ad.OK, at(0))
	check("{position: [unknown]}", ad.PlacementNotWanted, at(32))
	instl := func(v bool) func(*openrtb.Imp) { return func(i *openrtb.Imp) { i.Instl = v } }
	check("{interstitial: true}", ad.OK, instl(true))
	check("{interstitial: true}", ad.PlacementNotWanted, instl(false))
	check("{interstitial: false}", ad.OK, instl(false))
	check("{interstitial: false}", ad.PlacementNotWanted, instl(true))
	check("{rewarded: true}", ad.PlacementNotWanted, instl(true))
	check("{rewarded: true}", ad.OK, func(i *openrtb.Imp) { i.Rewarded = true })
	seen := func(v float64) func(*openrtb.Imp) { return func(i *openrtb.Imp) { i.Viewability = v } }
	check("{viewability_at_least: 0.5}", ad.OK, seen(0.5))
	check("{viewability_at_least: 0.5}", ad.ViewabilityTooLow, seen(0.49))
	check("{viewability_at_least: 0.5}", ad.ViewabilityTooLow, seen(-1))
}

// TestHoursGoByTheClockOnTheWall looks at the days on which Berlin changes it.
func TestHoursGoByTheClockOnTheWall(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	check := func(at string, want int) {
		t.Helper()
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := MinuteOfWeek(when.In(berlin)); int(got) != want {
			t.Errorf("%s: got minute %d, want %d", at, got, want)
		}
	}
	const sunday = 6 * minutesPerDay
	check("2026-11-02T00:00:00+01:00", 0)
	check("2026-11-01T23:59:59+01:00", minutesPerWeek-1)
	check("2026-11-01T23:00:00Z", 0) // Monday has begun in Berlin
	check("2026-03-29T00:59:00Z", sunday+1*60+59)
	check("2026-03-29T01:00:00Z", sunday+3*60) // from 02:00 to 03:00
	check("2026-10-25T00:30:00Z", sunday+2*60+30)
	check("2026-10-25T01:30:00Z", sunday+2*60+30) // again
	check("2026-10-25T02:00:00Z", sunday+3*60)
}

func TestHours(t *testing.T) {
	hours := func(text string) []Span {
		t.Helper()
		var ps conf.Problems
		var file struct {
			When HoursSpec `yaml:"when"`
		}
		if !ps.Decode("a.yaml", []byte("when: "+text), &file) {
			t.Fatalf("%s: %v", text, ps.Sorted())
		}
		return file.When.Spans
	}
	const day = minutesPerDay
	check := func(text string, want ...Span) {
		t.Helper()
		if got := hours(text); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	check("{mon: [06:00-10:00, 17:00-24:00]}", Span{360, 600}, Span{1020, 1440})
	check("{tue: [0:00-24:00], mon: [12:00-24:00]}", Span{720, 2 * day})
	check("{sat-mon: [00:00-01:00]}", Span{0, 60}, Span{5 * day, 5*day + 60}, Span{6 * day, 6*day + 60})
	check("{mon-sun: [00:00-24:00]}", Span{0, minutesPerWeek})

	l := Line{Spans: hours("{mon: [06:00-10:00], sun: [23:00-24:00]}")}
	for minute, want := range map[uint16]bool{0: false, 359: false, 360: true, 599: true, 600: false, minutesPerWeek - 1: true, minutesPerWeek - 61: false} {
		if got := l.Runs(minute); got != want {
			t.Errorf("minute %d: runs %v, want %v", minute, got, want)
		}
	}
	if always := (Line{}); !always.Runs(17) {
		t.Error("without hours a line item does not run")
	}
}

// TestMeets holds flights of every length against hours minute by minute.
func TestMeets(t *testing.T) {
	spans := []Span{{0, 60}, {3000, 3600}, {minutesPerWeek - 30, minutesPerWeek}}
	l := Line{Spans: spans}
	for from := 0; from < minutesPerWeek; from += 97 {
		for _, minutes := range []int{1, 59, 600, 3000, minutesPerWeek - 200} {
			want := false
			for m := -60; m < minutes+60; m++ {
				want = want || l.Runs(uint16((from+m+minutesPerWeek)%minutesPerWeek))
			}
			if got := meets(spans, from, minutes); got != want {
				t.Fatalf("%d minutes from %d: got %v, want %v", minutes, from, got, want)
			}
		}
	}
}
