package bidder_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/profile"
)

// cappedCampaign is a campaign with two line items and caps at all levels.
func cappedCampaign(name string, atMost int) string {
	return fmt.Sprintf(`campaign: %[1]s
advertiser: {name: %[1]s, domains: [%[1]s.example], frequency: [{at_most: 64, per: 30d}]}
budget: {total: 1000 USD}
frequency: [{at_most: %[2]d, per: 1d}, {at_most: 64, per: 7d}]
line_items:
  - {name: one, bid: {price: 3 USD}, frequency: [{at_most: 60, per: 1d}], creatives: [mpu, other]}
  - {name: two, bid: {price: 2 USD}, frequency: [{at_most: 61, per: 1d}], creatives: [mpu, other]}
creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.%[1]s.example/a.jpg"}, click: "https://%[1]s.example/", frequency: [{at_most: 40, per: 1d}]}
  - {name: other, banner: {size: 300x250, image: "https://cdn.%[1]s.example/b.jpg"}, click: "https://%[1]s.example/"}
`, name, atMost)
}

// userRequest is a request for one banner for somebody.
func userRequest(id, user string) []byte {
	return []byte(bannerRequest(id, fmt.Sprintf(`,"user":{"id":%q}`, user)))
}

// TestCapHoldsAtOnce has 64 requests for one person decided at the same time, lets
// what was bid be shown, lost or stay open, and begins again: as many are bid on as
// the cap has room for, and never one more.
func TestCapHoldsAtOnce(t *testing.T) {
	const atMost = 5
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/c.yaml", cappedCampaign("c", atMost)), "")
	ex := r.exchange(t, "")
	free := atMost
	for round := range fewer(200) / 10 {
		user := fmt.Sprint("user", round/4)
		if round%4 == 0 {
			free = atMost
		}
		now := monday.Add(time.Duration(round) * time.Second)
		won := make(chan bidder.Scratch, 64)
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				var sc bidder.Scratch
				if r.decide(t, &sc, userRequest(fmt.Sprint(round, i), user), ex, now) == ad.OK {
					won <- sc
				}
			})
		}
		all.Wait()
		close(won)
		if len(won) != free {
			t.Fatalf("round %d: %d bids at once, there is room for %d of %d", round, len(won), free, atMost)
		}
		k := 0
		for sc := range won {
			if k++; k%2 == round%2 {
				become(t, r, sc.Token(&sc.Bids[0]), "shown", now)
				free--
				continue
			}
			become(t, r, sc.Token(&sc.Bids[0]), "lost", now)
		}
	}
}

// TestCapCountsDevicesTogether bids for a person on two devices, before and after
// what was bid is shown.
func TestCapCountsDevicesTogether(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/c.yaml", cappedCampaign("c", 2)), "")
	ex := r.exchange(t, "")
	id := func(device string) profile.ID { return profile.ID{Type: "user:" + ex.Name, Value: device} }
	if err := r.Profiles.Link(monday, profile.Link{A: id("phone"), B: id("laptop")}); err != nil {
		t.Fatal(err)
	}
	var phone, laptop, again bidder.Scratch
	if why := r.decide(t, &phone, userRequest("1", "phone"), ex, monday); why != ad.OK {
		t.Fatal(why)
	}
	if why := r.decide(t, &laptop, userRequest("2", "laptop"), ex, monday); why != ad.OK {
		t.Fatal(why)
	}
	want := func(when, device string, want ad.Reason) {
		t.Helper()
		if why := r.decide(t, &again, userRequest("3", device), ex, monday); why != want {
			t.Errorf("%s, on the %s: %s, want %s", when, device, why, want)
		}
	}
	want("with two bids in flight", "phone", ad.FrequencyReached)
	want("with two bids in flight", "laptop", ad.FrequencyReached)
	become(t, r, phone.Token(&phone.Bids[0]), "shown", monday)
	want("with one shown and one in flight", "laptop", ad.FrequencyReached)
	become(t, r, laptop.Token(&laptop.Bids[0]), "lost", monday)
	want("with one shown and one lost", "laptop", ad.OK)
	want("with one shown and another in flight", "phone", ad.FrequencyReached)
}

// TestTooManyInFlight bids so often for one person that no more can be counted.
func TestTooManyInFlight(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/c.yaml", cappedCampaign("c", 50), "campaigns/d.yaml", cappedCampaign("d", 50)), "")
	ex := r.exchange(t, "")
	var sc bidder.Scratch
	for i := range 64 {
		if why := r.decide(t, &sc, userRequest(fmt.Sprint(i), "u"), ex, monday); why != ad.OK {
			t.Fatalf("request %d: %s", i, why)
		}
	}
	open := r.Money.Stats().Open
	if why := r.decide(t, &sc, userRequest("64", "u"), ex, monday); why != ad.InFlight {
		t.Errorf("request 64: %s, want %s", why, ad.InFlight)
	}
	if got := r.Money.Stats().Open; got != open {
		t.Errorf("%d reservations are open after a bid that was not made, want %d", got, open)
	}
	if why := r.decide(t, &sc, userRequest("65", "v"), ex, monday); why != ad.OK {
		t.Errorf("somebody else: %s", why)
	}
}

// TestTestsAreNotHeld checks that tests and explanations leave no trace.
func TestTestsAreNotHeld(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/c.yaml", cappedCampaign("c", 1)), "")
	ex := r.exchange(t, "")
	var sc bidder.Scratch
	for i := range 3 {
		body := []byte(bannerRequest(fmt.Sprint(i), `,"test":1,"user":{"id":"u"}`))
		if why := r.decide(t, &sc, body, ex, monday); why != ad.OK {
			t.Errorf("test %d: %s", i, why)
		}
		if x := r.explain(t, userRequest("x", "u"), ex, monday); x.Reason != "ok" {
			t.Errorf("explanation %d: %s", i, x.Reason)
		}
	}
	if n := r.Exposures.Len(); n != 0 {
		t.Errorf("%d exposures are held", n)
	}
}

// TestNothingIsAllocatedForCaps decides for people who have seen much, with caps that
// are reached and caps that are not.
func TestNothingIsAllocatedForCaps(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	r, ex, s := cappedRig(t)
	var sc bidder.Scratch
	var out []byte
	for i, user := range []string{"seen", "spent", "new"} {
		body := userRequest(user, user)
		one := func() {
			var why ad.Reason
			if out, why, _ = r.whole(&sc, out[:0], body, ex, s); (why == ad.OK) != (i != 1) {
				t.Fatalf("%s: %s", user, why)
			}
			release(r, &sc)
		}
		one()
		for reads := uint64(0); reads != r.Profiles.Stats().Loads[profile.StoreHit]; one() {
			reads = r.Profiles.Stats().Loads[profile.StoreHit] // until the cache has the person
		}
		if n := fewestAllocs(one); n > 0 {
			t.Errorf("%v allocations for the person %s", n, user)
		}
	}
}

// cappedRig is a bidder that knows one person who has seen some, and one who has seen
// all that they may.
func cappedRig(tb testing.TB) (*rig, *campaign.Exchange, *campaign.Snapshot) {
	r := newRig(tb, files("bidwell.yaml", plainProcess, "campaigns/c.yaml", cappedCampaign("c", 20)), "")
	ex := r.exchange(tb, "")
	var sc bidder.Scratch
	for user, n := range map[string]int{"seen": 10, "spent": 20} {
		for i := range n {
			if why := r.decide(tb, &sc, userRequest(fmt.Sprint(i), user), ex, monday); why != ad.OK {
				tb.Fatalf("request %d of %s: %s", i, user, why)
			}
			token := sc.Token(&sc.Bids[0])
			token.Kind = ad.Impression
			if why, err := r.Notice(&token, bidder.Said{}, monday); why != ad.OK || err != nil {
				tb.Fatalf("impression %d of %s: %s, %v", i, user, why, err)
			}
		}
	}
	follow(tb, r, monday)
	return r, ex, r.Snapshot()
}

// BenchmarkDecideCapped decides for a person who has seen some, with caps at every
// level, and for one who has seen all.
func BenchmarkDecideCapped(b *testing.B) {
	r, ex, s := cappedRig(b)
	for _, user := range []string{"new", "seen", "spent"} {
		b.Run(user, func(b *testing.B) {
			var sc bidder.Scratch
			body := userRequest(user, user)
			b.ReportAllocs()
			for b.Loop() {
				if err := sc.Req.Decode(body); err != nil {
					b.Fatal(err)
				}
				r.Decide(&sc, s, ex, monday, soon(), nil)
				release(r, &sc)
			}
		})
	}
}
