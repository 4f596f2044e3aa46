package bidder_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/loadtest"
	"bidwell/pricing"
)

// teach makes a bidder that has learned: it bids on traffic for a while, people
// respond by what place and creative it is, and rivals bid at random.
func (r *rig) teach(tb testing.TB, population loadtest.People, requests int) *pricing.Model {
	tb.Helper()
	trainer, rates := pricing.NewTrainer(), new(pricing.Rates)
	traffic := newTraffic(tb, 31, population)
	chance := rand.New(rand.NewPCG(7, 7))
	var sc bidder.Scratch
	ex := r.exchange(tb, "example")
	for i := range requests {
		now := monday.Add(time.Duration(i) * time.Second)
		r.decide(tb, &sc, traffic.Append(nil), ex, now)
		for k := range sc.Bids {
			b := &sc.Bids[k]
			token := sc.Token(b)
			rival := ad.Unit.Mul(0.0005 * (1 + 4*chance.Float64()))
			rates.Observe(&pricing.Observation{
				Exchange: ex.ID, Segment: pricing.Segment(token.Segment), Bid: b.Amount, Least: rival, Won: b.Amount >= rival, At: now.UnixNano(),
			})
			if packed := sc.Context(b); packed != nil {
				learnFrom(tb, trainer, b, string(packed), string(sc.Req.Site.Domain), chance, now)
			}
		}
		release(r, &sc)
	}
	return &pricing.Model{Responses: trainer.Publish(nil), Market: rates.Publish()}
}

// learnFrom shows a bid's impression to somebody. Of some places one in five clicks,
// of the others one in fifty.
func learnFrom(tb testing.TB, trainer *pricing.Trainer, b *bidder.Bid, packed, place string, chance *rand.Rand, now time.Time) {
	tb.Helper()
	var x pricing.Context
	s := pricing.Subject{
		Advertiser: b.Line.Campaign.AdvertiserID, Campaign: b.Line.Campaign.ID, Line: b.Line.ID, Creative: b.Creative.ID,
	}
	if !pricing.Unpack(packed, &x, &s) || s.Goal != b.Line.Goal.PayPer {
		tb.Fatalf("%x cannot be learned from", packed)
	}
	clicks := chance.Float64() < 0.02
	if good(place) {
		clicks = chance.Float64() < 0.2
	}
	trainer.Learn(&pricing.Example{Task: pricing.Clicking, Context: &x, Subject: &s, Yes: clicks, Weight: 1, Day: now.Unix() / 86400})
}

// good reports whether a place is one where one in five clicks.
func good[T string | []byte](place T) bool { return ad.HashID([]byte(place))>>8%3 == 0 }

// learnedRig is a bidder with goals that has learned, and believes it.
func learnedRig(tb testing.TB, population loadtest.People, goal string) *rig {
	tb.Helper()
	r := newRig(tb, generatedGoals(20, 50, goal), ndjson(tb, population))
	m := r.teach(tb, population, 3000)
	r.Model = func() *pricing.Model { return m }
	r.Pace(monday)
	return r
}

// TestChancesAreUsed checks that what was learned shows in the bids: better places get
// higher ones.
func TestChancesAreUsed(t *testing.T) {
	population := loadtest.People{Seed: 5, N: 200, Exchange: "example"}
	r := learnedRig(t, population, "click")
	traffic := newTraffic(t, 9, population)
	var sc bidder.Scratch
	chances := map[bool]float64{}
	counts := map[bool]float64{}
	for i := range 600 {
		r.decide(t, &sc, traffic.Append(nil), r.exchange(t, "example"), monday.Add(time.Duration(i)*time.Second))
		for k := range sc.Bids {
			b := &sc.Bids[k]
			v, of := r.Snapshot().Paced().View(b.Line), good(sc.Req.Site.Domain)
			chances[of] += b.Chance / v.Rate
			counts[of]++
		}
		release(r, &sc)
	}
	better, worse := chances[true]/counts[true], chances[false]/counts[false]
	if counts[true] < 30 || counts[false] < 30 || better < 1.2*worse {
		t.Errorf("of %v bids where one in five clicks the chance is %.2f of the usual, of %v others %.2f", counts[true], better, counts[false], worse)
	}
}
