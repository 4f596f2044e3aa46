package bidder_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"bidwell/bidder"
	"bidwell/profile"
	"bidwell/profile/sightings"
)

const seenTopics = `topics:
  automotive: {pages: [cars.example], apps: [com.example.cars], categories: [IAB2]}
  automotive/luxury: {pages: [cars.example/luxury], categories: [IAB2-15]}
`

// seeing serves two exchanges, on one of which people are seen, to a campaign for
// those who were seen on pages about cars. What it returns writes what was seen.
func seeing(tb testing.TB) (*server, func()) {
	tb.Helper()
	process := `currency: USD
exchanges:
  example: {window: 10s, seen: true, ids: [ifa], debug: true}
  other: {window: 10s, ids: [ifa]}
`
	camp := `campaign: cars
advertiser: {name: cars, domains: [brand.example]}
budget: {total: 1000 USD}
line_items:
  - {name: lovers, audience: car-lovers, bid: {price: 2 USD}, creatives: [mpu]}
creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.brand.example/a.jpg"}, click: "https://brand.example/"}
`
	lovers := "audience: car-lovers\nwho: {did: {seen: automotive, within: 36h}}\n"
	r := newRig(tb, files("bidwell.yaml", process, "topics/all.yaml", seenTopics, "audiences/a.yaml", lovers, "campaigns/a.yaml", camp), "")
	r.Sightings = sightings.New(r.Profiles)
	return serve(tb, r, lenient), func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // writes what waits, and returns
		r.Sightings.Run(ctx)
	}
}

// met is a request for a banner that meets a phone on a page.
func met(id, phone, page, more string) string {
	return fmt.Sprintf(`{"id":%q,"imp":[{"id":"1","banner":{"w":300,"h":250}}],"site":{"page":%q},"device":{"ifa":%q}%s}`, id, page, phone, more)
}

func ifa(value string) profile.ID { return profile.ID{Type: "ifa", Value: value} }

// TestSeenOnPages meets people on pages: where that is configured and permitted,
// they are in the audience from the next request on.
func TestSeenOnPages(t *testing.T) {
	s, write := seeing(t)
	const bid, none = http.StatusOK, http.StatusNoContent
	ask := func(exchange, body string) int {
		t.Helper()
		return s.do(t, request("POST", "/openrtb2/bid/"+exchange, body)).status
	}
	anna, bruno, clara := "5e1d2c1a-8a34-4b6e-9d3f-2f6f5a7c0d11", "6e1d2c1a-8a34-4b6e-9d3f-2f6f5a7c0d12", "7e1d2c1a-8a34-4b6e-9d3f-2f6f5a7c0d13"
	for i, page := range []string{"https://cars.example/luxury/coupe", "https://cars.example/luxury/suv", "https://news.example/"} {
		ask("example", met(fmt.Sprint("a", i), anna, page, ""))
	}
	ask("other", met("b1", bruno, "https://cars.example/", ""))                                        // not configured
	ask("example", met("c1", clara, "https://cars.example/", `,"regs":{"ext":{"us_privacy":"1YYN"}}`)) // not permitted
	ask("example", met("c2", clara, "https://cars.example/", `,"test":1`))                             // nobody is there
	write()
	if n := s.count(t, ifa(anna), profile.Seen, "automotive/luxury"); n != 1 {
		t.Errorf("Anna was seen %d times on one evening, want once", n)
	}
	for _, id := range []profile.ID{ifa(bruno), ifa(clara)} {
		if p, err := s.Profiles.Get(id.Key(), time.Now()); err == nil {
			t.Errorf("of %s it is known that %+v", id, p.Behaviours)
		}
	}
	if got := ask("other", met("a4", anna, "https://news.example/", "")); got != bid {
		t.Errorf("Anna is answered %d, want a bid", got)
	}
	if got := ask("other", met("b2", bruno, "https://news.example/", "")); got != none {
		t.Errorf("Bruno is answered %d, want no bid", got)
	}
	if n := s.metric(t, "sightings_total", "outcome", "written"); n != 1 {
		t.Errorf("%v sightings are written, want 1", n)
	}
}

// TestConsentWithdrawn lets somebody permit, withdraw and permit again: each
// request goes by its own consent, with nothing between.
func TestConsentWithdrawn(t *testing.T) {
	s, write := seeing(t)
	const yes, no = `,"regs":{"ext":{"us_privacy":"1YNN"}}`, `,"regs":{"ext":{"us_privacy":"1YYN"}}`
	anna := "5e1d2c1a-8a34-4b6e-9d3f-2f6f5a7c0d11"
	for i, c := range []struct {
		consent, page string
		reason        string // why there is no bid
		seen          int    // times afterwards
	}{
		{yes, "https://cars.example/", "unknown_person", 1},
		{yes, "https://news.example/", "", 1},
		{no, "https://cars.example/luxury", "consent", 1},
		{yes, "https://news.example/", "", 1},
	} {
		body := met(fmt.Sprint("r", i), anna, c.page, c.consent)
		x := s.explain(t, []byte(body), s.exchange(t, "example"), time.Now())
		if got := x.Impressions[0].Lines[0]; got.Bids != (c.reason == "") || !got.Bids && got.Reason != c.reason {
			t.Errorf("request %d: bids %v, %s; want %q", i, got.Bids, got.Reason, c.reason)
		}
		s.do(t, request("POST", "/openrtb2/bid/example", body))
		write()
		if n := s.count(t, ifa(anna), profile.Seen, "automotive") + s.count(t, ifa(anna), profile.Seen, "automotive/luxury"); n != c.seen {
			t.Errorf("request %d: seen %d times, want %d", i, n, c.seen)
		}
	}
}

// TestNothingIsAllocatedToSee meets people on pages, again and again.
func TestNothingIsAllocatedToSee(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	s, _ := seeing(t)
	body := []byte(met("a", "5e1d2c1a-8a34-4b6e-9d3f-2f6f5a7c0d11", "https://cars.example/luxury", `,"test":0`))
	var sc bidder.Scratch
	ex := s.exchange(t, "example")
	s.decide(t, &sc, body, ex, monday)
	n := int64(0)
	if got := fewestAllocs(func() {
		n++
		s.See(&sc)                                                       // the same again
		s.Sightings.See(sc.Person.ID, "automotive", n*profile.SeenApart) // something new each time
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if s.Sightings.Counts()[sightings.Dropped] != 0 {
		t.Error("the queue was full: the test shows little")
	}
}
