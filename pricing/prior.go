package pricing

import "bidwell/ad"

// The prior of a line item is how often somebody has responded so far, where that
// is many, and otherwise how often to the campaign, to the advertiser, to anybody:
// each level is drawn to the one above it, which counts as much as some responses
// would (a gamma distribution that Poisson's counts update).
const (
	trustHouse      = 1 // responses that the usual rate counts as much as
	trustHouseRate  = 4 // those of the house, for an advertiser
	trustAdvertiser = 6 // those of the advertiser, for a campaign
	trustStated     = 4 // what a campaign manager states, for a line item
	trustCampaign   = 10
)

// usual are the rates while nothing has been seen.
var usual = [NumTasks]float64{Viewing: 0.5, Clicking: 0.002, Completing: 0.5, ClickConverting: 0.02, ViewConverting: 0.0001}

// Bounds of rates: a chance is more than nothing and less than certain.
const minRate, maxRate = 1e-7, 1 - 1e-4

// memory is how many responses are remembered in full; then all counts the half.
const memory = 4096

// count counts how often something could have happened and did, decayed.
type count struct{ n, y float64 }

func (t *count) add(n, y float64) {
	t.n, t.y = max(t.n+n, 0), max(t.y+y, 0)
	if t.y > memory {
		t.n, t.y = t.n/2, t.y/2
	}
}

// rate draws what was counted to another rate.
func (t count) rate(to, trust float64) float64 {
	r := (t.y + trust) / (t.n + trust/to)
	return min(max(r, minRate), maxRate)
}

// counts are those of one advertiser, campaign or line item.
type counts struct {
	of   [NumTasks]count
	seen int64 // day of the last example, as Trainer counts them
}

// maxKept is of how many advertisers, campaigns and line items each counts are
// kept, and keptDays for how long after their last example.
const (
	maxKept  = 1 << 17
	keptDays = 30
)

// rates are counts at all levels.
type rates struct {
	house                        counts
	advertisers, campaigns, line map[ad.ID]*counts
}

func newRates() rates {
	return rates{advertisers: map[ad.ID]*counts{}, campaigns: map[ad.ID]*counts{}, line: map[ad.ID]*counts{}}
}

func (r *rates) levels() [3]map[ad.ID]*counts {
	return [...]map[ad.ID]*counts{r.advertisers, r.campaigns, r.line}
}

// seen returns what was counted of an id, nothing if nothing was.
func seen(m map[ad.ID]*counts, id ad.ID, t Task) count {
	if a := m[id]; a != nil {
		return a.of[t]
	}
	return count{}
}

// houseRate is the rate of all.
func (r *rates) houseRate(t Task) float64 { return r.house.of[t].rate(usual[t], trustHouse) }

// rate returns the prior of a line item. If stated is not 0, it stands in the
// place of what advertiser and house tell.
func (r *rates) rate(t Task, advertiser, campaign, line ad.ID, stated float64) float64 {
	to, trust := stated, float64(trustStated)
	if stated == 0 {
		to = seen(r.advertisers, advertiser, t).rate(r.houseRate(t), trustHouseRate)
		trust = trustAdvertiser
	}
	to = seen(r.campaigns, campaign, t).rate(to, trust)
	return seen(r.line, line, t).rate(to, trustCampaign)
}

// add counts at all levels.
func (r *rates) add(t Task, s *Subject, n, y float64, day int64) {
	r.house.of[t].add(n, y)
	for i, id := range [...]ad.ID{s.Advertiser, s.Campaign, s.Line} {
		m := r.levels()[i]
		a := m[id]
		if a == nil {
			if len(m) >= maxKept {
				continue
			}
			a = new(counts)
			m[id] = a
		}
		a.of[t].add(n, y)
		a.seen = max(a.seen, day)
	}
}

// forget drops what has had no example for long.
func (r *rates) forget(day int64) {
	for _, m := range r.levels() {
		for id, a := range m {
			if a.seen+keptDays < day {
				delete(m, id)
			}
		}
	}
}

// clone returns a copy that nobody changes.
func (r *rates) clone() *rates {
	out := newRates()
	out.house = r.house
	to := out.levels()
	for i, m := range r.levels() {
		for id, a := range m {
			c := *a
			to[i][id] = &c
		}
	}
	return &out
}
