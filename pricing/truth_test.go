package pricing_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"bidwell/ad"
	"bidwell/loadtest"
	"bidwell/pricing"
)

// world is people who respond by a hidden truth, places, and campaigns.
type world struct {
	truth  *loadtest.Truth
	people *loadtest.People
	rng    *rand.Rand
	facts  [][]fact // by person
	places []place
	zipf   *rand.Zipf
}

type fact struct {
	field pricing.Field
	value uint64
}

type place struct{ name, category string }

func hashOf(s ...any) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, s...)
	return h.Sum64()
}

func newWorld(t testing.TB, seed uint64, people int) *world {
	w := &world{
		truth:  loadtest.NewTruth(seed, loadtest.UsualMedians()),
		people: &loadtest.People{Seed: seed, N: people, Exchange: "x"},
		rng:    rand.New(rand.NewPCG(seed, 1)),
	}
	for i := range people {
		w.facts = append(w.facts, factsOf(t, w.people, i))
	}
	for i := range 300 {
		w.places = append(w.places, place{fmt.Sprint("site-", i), fmt.Sprint("IAB", i%12)})
	}
	w.zipf = rand.NewZipf(w.rng, 1.1, 5, uint64(len(w.places)-1))
	return w
}

// factsOf is what a bidder makes of what it knows of a person.
func factsOf(t testing.TB, p *loadtest.People, i int) (out []fact) {
	var f struct {
		Attributes map[string]any
		Segments   []struct{ Name string }
		Behaviours []struct {
			Kind, Topic, Ago string
			Count            int
		}
	}
	if err := json.Unmarshal(p.AppendFacts(nil, i), &f); err != nil {
		t.Fatal(err)
	}
	out = append(out, fact{pricing.Known, 1}, fact{pricing.Attribute, hashOf("zip", f.Attributes["home.zip"])})
	if car, ok := f.Attributes["owns.car.class"]; ok {
		out = append(out, fact{pricing.Attribute, hashOf("car", car)})
	}
	if b, ok := f.Attributes["owns.car.bought"].(map[string]any); ok {
		days := 0
		fmt.Sscanf(b["ago"].(string), "%dd", &days)
		out = append(out, fact{pricing.Attribute, hashOf("age", days/365)})
	}
	for _, s := range f.Segments {
		out = append(out, fact{pricing.ProfileSegment, hashOf(s.Name)})
	}
	counts := map[string]int{}
	for _, b := range f.Behaviours {
		counts[b.Kind+b.Topic]++
	}
	for _, k := range slices.Sorted(func(yield func(string) bool) {
		for k := range counts {
			if !yield(k) {
				return
			}
		}
	}) {
		out = append(out, fact{pricing.Behaviour, hashOf(k, min(counts[k], 3))})
	}
	return out
}

// shown is an impression, and what is true of it.
type shown struct {
	exposure loadtest.Exposure
	response loadtest.Response
	outcome  loadtest.Outcome
}

func (w *world) show(campaign, creative string, x *pricing.Context) shown {
	person := w.rng.IntN(w.people.N)
	at := w.places[w.zipf.Uint64()]
	e := loadtest.Exposure{
		Person: w.people.Nature(person), Campaign: campaign, Creative: creative, Place: at.name, Category: at.category,
		Media: ad.Banner, Position: []int{0, 1, 1, 3}[w.rng.IntN(4)],
	}
	if w.rng.IntN(5) == 0 {
		e.Media = ad.Video
	}
	if w.rng.IntN(2) == 0 {
		e.Viewability = 0.2 + 0.7*w.rng.Float64()
	}
	x.Reset(pricing.Key{})
	x.Add(pricing.Place, hashOf(e.Place))
	x.Add(pricing.Category, hashOf(e.Category))
	x.Add(pricing.Format, uint64(e.Media))
	x.Add(pricing.Position, uint64(e.Position))
	x.Add(pricing.Viewability, uint64(math.Ceil(e.Viewability*10)))
	x.Add(pricing.Hour, uint64(w.rng.IntN(24)))
	for _, f := range w.facts[person] {
		x.Add(f.field, f.value)
	}
	r := w.truth.Of(&e)
	return shown{e, r, r.Draw(w.rng.Uint64())}
}

// judge compares chances with what happened and with the truth.
type judge struct {
	n, y, p, truth, loss, lossOfTruth float64
}

func (j *judge) add(p, truth float64, yes bool) {
	y := 0.0
	if yes {
		y = 1
	}
	j.n++
	j.y += y
	j.p += p
	j.truth += truth
	j.loss += loss(p, y)
	j.lossOfTruth += loss(truth, y)
}

func loss(p, y float64) float64 { return -y*math.Log(p) - (1-y)*math.Log1p(-p) }

func (j *judge) entropy() float64 { r := j.y / j.n; return j.n * (loss(r, 1)*r + loss(r, 0)*(1-r)) }

func (j *judge) String() string {
	return fmt.Sprintf("%6.0f %5.0f events, predicted ÷ true %.3f, ÷ events %.3f, NE %.4f, truth's %.4f, ratio %.4f", j.n, j.y, j.p/j.truth, j.p/j.y, j.loss/j.entropy(), j.lossOfTruth/j.entropy(), j.loss/j.lossOfTruth)
}

// TestModelsAgainstTheTruth teaches clicks of a hidden truth, and compares what is
// bid on, after 50,000 impressions of each campaign, with what the truth would have
// bid on.
func TestModelsAgainstTheTruth(t *testing.T) {
	if testing.Short() {
		t.Skip("a million impressions")
	}
	const campaigns, before, after = 20, 50_000, 20_000
	w := newWorld(t, 7, 20_000)
	tr := pricing.NewTrainer()
	var x pricing.Context
	var b pricing.Bases
	var all judge
	var views [campaigns]pricing.LineView
	m := tr.Publish(nil)
	for i := range (before + after) * campaigns {
		c := i % campaigns
		name := fmt.Sprint("campaign-", c)
		creative := fmt.Sprint(name, "/", w.rng.IntN(3))
		s := pricing.Subject{Goal: pricing.PerClick, Advertiser: ad.ID(c % 5), Campaign: ad.IDOf(name), Line: ad.IDOf(name, "l"), Creative: ad.IDOf(creative)}
		if i%20_000 < campaigns {
			if c == 0 {
				m = tr.Publish(nil)
			}
			views[c] = m.Line(pricing.LineKey{Advertiser: s.Advertiser, Campaign: s.Campaign, Line: s.Line, Goal: s.Goal})
		}
		sh := w.show(name, creative, &x)
		if i >= before*campaigns {
			m.Begin(&x, &b)
			all.add(m.Chance(&x, &b, &views[c], &s), sh.response.PClick(), sh.outcome.Clicked)
		}
		tr.Learn(&pricing.Example{Task: pricing.Clicking, Context: &x, Subject: &s, Yes: sh.outcome.Clicked, Weight: 1, Day: 20_000})
	}
	t.Log(all.String())
	if all.loss > 1.03*all.lossOfTruth {
		t.Errorf("log loss is %.4f of the truth's, want at most 1.03", all.loss/all.lossOfTruth)
	}
	m = tr.Publish(nil)
	for c := range campaigns {
		q, _ := m.Quality(ad.IDOf(fmt.Sprint("campaign-", c)))
		if k := q.Tasks[0].Calibration; math.Abs(k-1) > 0.05 {
			t.Errorf("campaign %d: calibration %.3f, want 0.95 to 1.05", c, k)
		}
	}
}
