package loadtest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prebid/go-gdpr/vendorconsent"
	gpplib "github.com/prebid/go-gpp"
	"github.com/prebid/openrtb/v20/openrtb2"

	"bidwell/ad"
	"bidwell/openrtb"
)

var start = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

func newTraffic(t testing.TB, seed uint64, change func(*Options)) *Traffic {
	t.Helper()
	opts := Options{People: People{Seed: 1, N: 4000, Exchange: "example"}, Start: start}
	if change != nil {
		change(&opts)
	}
	traffic, err := NewTraffic(seed, opts)
	if err != nil {
		t.Fatal(err)
	}
	return traffic
}

func decode(t *testing.T, body []byte) *openrtb2.BidRequest {
	t.Helper()
	var req openrtb2.BidRequest
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&req); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return &req
}

func TestTrafficIsValidAndVaried(t *testing.T) {
	traffic := newTraffic(t, 3, nil)
	seen := map[string]int{}
	count := func(what string, yes bool) {
		if yes {
			seen[what]++
		}
	}
	sizes := make([]int, 0, 3000)
	ids := map[string]bool{}
	for range 3000 {
		body := traffic.Append(nil)
		sizes = append(sizes, len(body))
		req := decode(t, body)
		if len(body) > MaxRequest || len(req.Imp) == 0 || req.TMax != 120 || ids[req.ID] {
			t.Fatalf("%d bytes, %d imps, tmax %d, id seen %v: %s", len(body), len(req.Imp), req.TMax, ids[req.ID], body)
		}
		ids[req.ID] = true
		for _, imp := range req.Imp {
			count("banner", imp.Banner != nil)
			count("video", imp.Video != nil)
			count("audio", imp.Audio != nil)
			count("native", imp.Native != nil)
			count("deal", imp.PMP != nil)
			count("pod", imp.Video != nil && imp.Video.PodID != "")
			if imp.Native != nil && !json.Valid([]byte(imp.Native.Request)) {
				t.Fatalf("native request is no JSON: %s", imp.Native.Request)
			}
		}
		count("site", req.Site != nil)
		count("app", req.App != nil)
		count("several", len(req.Imp) > 1)
		count("blocks", len(req.BCat) > 0)
		count("eids 2.6", len(req.User.EIDs) > 0)
		count("consent 2.6", req.User.Consent != "")
		count("ext 2.5", len(req.User.Ext) > 0)
		count("premium front page", req.Site != nil && req.Site.Page == "https://"+PremiumNews+"/")
		count("second price", req.AT == 2)
	}
	for _, what := range []string{"banner", "video", "audio", "native", "deal", "pod", "site", "app", "several", "blocks", "eids 2.6", "consent 2.6", "ext 2.5", "premium front page", "second price"} {
		if seen[what] < 30 {
			t.Errorf("%s: %d of 3000 requests, want at least 30", what, seen[what])
		}
	}
	slices.Sort(sizes)
	if low, median := sizes[len(sizes)/20], sizes[len(sizes)/2]; low < 900 || median < 1200 || median > 4000 {
		t.Errorf("5th percentile of sizes %d, median %d; want at least 900, and 1200 to 4000", low, median)
	}
	t.Logf("sizes: %d %d %d; %v", sizes[0], sizes[1500], sizes[2999], seen)
}

// TestTrafficSpeaksBothVersions reads generated requests with the bidder's
// decoder, which finds privacy signals and ids at the places of 2.5 and of 2.6.
func TestTrafficSpeaksBothVersions(t *testing.T) {
	traffic := newTraffic(t, 7, nil)
	var got openrtb.Request
	for range 1000 {
		body := traffic.Append(nil)
		if err := got.Decode(body); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		want := decode(t, body)
		country := countryFacts[want.Device.Geo.Country]
		if len(got.Imps) != len(want.Imp) || (got.Regs.GDPR == 1) != country.gdpr || got.Regs.GDPR < 0 || !got.Source.HasChain {
			t.Fatalf("%d imps, gdpr %d, chain %v: %s", len(got.Imps), got.Regs.GDPR, got.Source.HasChain, body)
		}
		if !country.gdpr && (len(got.User.Consent) > 0 || len(got.Regs.USPrivacy) == 0) {
			t.Fatalf("consent %q, us_privacy %q: %s", got.User.Consent, got.Regs.USPrivacy, body)
		}
		if country.gdpr && len(got.User.Consent) > 0 {
			if _, err := vendorconsent.ParseString(string(got.User.Consent)); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
		}
		for i := range got.Imps {
			if native := want.Imp[i].Native != nil; native != got.Imps[i].Has[ad.Native] || native && len(got.Imps[i].Native.Assets) != 6 {
				t.Fatalf("native %v, offered %v, %d assets: %s", native, got.Imps[i].Has[ad.Native], len(got.Imps[i].Native.Assets), body)
			}
		}
	}
}

func TestTrafficIsDeterministic(t *testing.T) {
	a, b, other := newTraffic(t, 3, nil), newTraffic(t, 3, nil), newTraffic(t, 4, nil)
	same := 0
	for range 200 {
		x := a.Append(nil)
		if y := b.Append(nil); !bytes.Equal(x, y) {
			t.Fatalf("same seed, different requests:\n%s\n%s", x, y)
		}
		if bytes.Equal(x, other.Append(nil)) {
			same++
		}
	}
	if same > 0 {
		t.Errorf("another seed gave %d equal requests, want none", same)
	}
}

func TestTrafficMeetsThePeople(t *testing.T) {
	f := func(name string, share float64, check func(known, unknown, distinct int) bool) {
		t.Helper()
		traffic := newTraffic(t, 5, func(o *Options) { o.Unknown = share })
		people := traffic.opts.People
		known := map[string]bool{}
		for i := range people.N {
			known[string(people.AppendID(nil, i))] = true
		}
		met := map[string]bool{}
		hits, misses := 0, 0
		for range 2000 {
			req := decode(t, traffic.Append(nil))
			id := req.User.BuyerUID
			if req.App != nil {
				id = req.Device.IFA
			}
			switch {
			case id == noIFA:
			case known[id]:
				hits++
				met[id] = true
			default:
				misses++
			}
		}
		if !check(hits, misses, len(met)) {
			t.Errorf("%s: %d known, %d unknown, %d distinct", name, hits, misses, len(met))
		}
	}
	f("everybody known", 0, func(hits, misses, distinct int) bool { return misses == 0 && distinct > 200 && distinct < hits/2 })
	f("half unknown", 0.5, func(hits, misses, _ int) bool { return hits > 800 && misses > 800 })
	f("all unknown", 1, func(hits, misses, _ int) bool { return hits == 0 && misses > 1500 })
}

func TestConsentStringsAreValid(t *testing.T) {
	traffic := newTraffic(t, 1, nil)
	for language, all := range traffic.consents {
		for c, s := range all {
			got, err := vendorconsent.ParseString(s)
			if err != nil {
				t.Fatalf("%s %d: %v", language, c, err)
			}
			want := [3][3]bool{allowed: {true, true, true}, partly: {true, false, true}, refused: {}}[c]
			has := [3]bool{got.PurposeAllowed(1), got.PurposeAllowed(4), got.VendorConsent(1200)}
			if has != want {
				t.Errorf("%s %d: purpose 1, purpose 4, vendor 1200: got %v, want %v", language, c, has, want)
			}
			if age := start.Sub(got.Created()); age < 0 || age > 60*24*time.Hour {
				t.Errorf("%s %d: consent is %v old", language, c, age)
			}
		}
	}
	for _, s := range []string{"DBABLA~BVQqAAAAAgA.QA", "DBABLA~BVQVAAAAAgA.QA"} {
		if got, errs := gpplib.Parse(s); len(errs) > 0 || len(got.SectionTypes) != 1 || got.SectionTypes[0] != 7 {
			t.Errorf("GPP %s: sections %v, errors %v; want section 7", s, got.SectionTypes, errs)
		}
	}
}

func TestCorpusRenewsRequests(t *testing.T) {
	traffic := newTraffic(t, 9, nil)
	head := []byte("HEAD\r\n")
	c := NewCorpus(traffic, 16, 2, func(dst, body []byte) []byte { return append(append(dst, head...), body...) })
	ids, people := map[string]bool{}, map[string]bool{}
	for range 1000 {
		body, ok := bytes.CutPrefix(c.Next(), head)
		if !ok {
			t.Fatal("the head is gone")
		}
		req := decode(t, body)
		if ids[req.ID] {
			t.Fatalf("id %s came twice", req.ID)
		}
		ids[req.ID] = true
		if req.Site != nil {
			people[req.User.BuyerUID] = true
		}
	}
	if len(people) < 50 {
		t.Errorf("16 bodies met %d people, want at least 50", len(people))
	}
	if n := testing.AllocsPerRun(1000, func() { c.Next() }); n != 0 {
		t.Errorf("Next allocates %v times, want 0", n)
	}
}

func TestTrafficRefusesNonsense(t *testing.T) {
	f := func(opts Options, want string) {
		t.Helper()
		if _, err := NewTraffic(1, opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	f(Options{Start: start}, "at least 8 people")
	f(Options{People: People{N: 10}}, "time at which it starts")
	f(Options{People: People{N: 10}, Start: start, Unknown: 2}, "between 0 and 1")
}

func BenchmarkTraffic(b *testing.B) {
	traffic := newTraffic(b, 1, nil)
	buf := make([]byte, 0, MaxRequest)
	b.ReportAllocs()
	for b.Loop() {
		buf = traffic.Append(buf[:0])
	}
}

func BenchmarkCorpus(b *testing.B) {
	c := NewCorpus(newTraffic(b, 1, nil), 1024, 1, nil)
	b.ReportAllocs()
	for b.Loop() {
		c.Next()
	}
}
