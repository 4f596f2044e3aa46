package pacing

import (
	"math"
	"math/rand/v2"
	"testing"

	"bidwell/ad"
)

// TestFewPaymentsOfManySizes holds that a campaign which pays a hundred times an hour,
// seldom much and mostly little, spends what it is to from the first hours on: that
// steps of which some end with a dear payment by chance do not let it spend less on
// average. One day may be off by what chance does.
func TestFewPaymentsOfManySizes(t *testing.T) {
	const days = 20
	var spent [24]float64 // by the end of each hour, by what was planned, all days
	for seed := range uint64(days) {
		chance := rand.New(rand.NewPCG(seed, 5))
		m := newMarket(oneDay(0), 3_000*ad.Unit, 0)
		for i := range ticksADay {
			m.passDear(chance)
			if h := (i + 1) * 24 / ticksADay; (i+1)%(ticksADay/24) == 0 {
				spent[h-1] += m.figures.Confirmed.Units() / 3_000 * 24 / float64(h) / days
			}
		}
	}
	for _, h := range [...]int{1, 2, 4, 8} {
		if got := spent[h-1]; math.Abs(got-1) > 0.05 {
			t.Errorf("after %d hours: spent %.3f of what was planned on average over %d days", h, got, days)
		}
	}
}

// TestStepsShrinkSlowly changes the sign of the error again and again: after k changes
// steps are as long as 2/k, not as the kth power of something.
func TestStepsShrinkSlowly(t *testing.T) {
	d := descent{kappa: 0.5, step: stepMost}
	e := 0.1
	for k := range 40 {
		e = -e
		d.move(e, stepLeast, 0)
		if want := 1 / (1/stepMost + stepShrink*float64(k)); math.Abs(d.step-want) > 1e-9 {
			t.Fatalf("after %d changes a step is %.4f, want %.4f", k, d.step, want)
		}
	}
}

// TestNothingIsLearnedFromAHandful lets opportunities come on which nothing is bid, for
// κ is too low. It rises when there have been enough of them to say so.
func TestNothingIsLearnedFromAHandful(t *testing.T) {
	m := newMarket(oneDay(0.01), 3_000*ad.Unit, 0)
	for n := 1; n <= 2*batch; n++ {
		m.now = m.now.Add(m.tick)
		m.controller.Tick(m.now, Inputs{Account: m.figures, Eligible: 1})
		if rose := m.controller.Kappa() > 0.01; rose != (n >= batch) {
			t.Fatalf("after %d opportunities without a bid κ is %g", n, m.controller.Kappa())
		}
	}
}

// passDear lets some opportunities come in one tick. What each is worth and costs is
// spread over more than a decade.
func (m *market) passDear(chance *rand.Rand) {
	m.now = m.now.Add(m.tick)
	in, k := Inputs{}, m.controller.Kappa()
	for range 4 {
		if chance.IntN(2) == 0 {
			continue
		}
		in.Eligible++
		bid := k * 8 * math.Exp(chance.NormFloat64())
		price := 2 * math.Exp(chance.NormFloat64())
		in.Bids++
		in.Offered += ad.Unit.Mul(bid)
		if bid >= price && m.figures.Confirmed+ad.Unit.Mul(price) <= m.figures.Limit {
			m.figures.Confirmed += ad.Unit.Mul(price)
		}
	}
	in.Account = m.figures
	m.controller.Tick(m.now, in)
}

// TestAPauseIsNoPayment lets a campaign that spends evenly be ticked after a pause, and
// have a burst of traffic: no payment has become larger by that.
func TestAPauseIsNoPayment(t *testing.T) {
	c := NewController(oneDay(0))
	c.size.add(100, 100) // a unit each
	for n := range 100 {
		times := 1.0
		switch n {
		case 50:
			times = 60
		case 70:
			times = 10
		}
		c.see(40*times, 100*times)
	}
	if got := c.payment(); got > 2 {
		t.Errorf("payments of a unit count as %.1f", got)
	}
	c.uneven = ratio{}
	for n := range 200 { // one payment of ten units now and then
		c.see(10*float64(n%20/19), 100)
	}
	if got := c.payment(); got < 5 || got > 20 {
		t.Errorf("payments of ten units count as %.1f", got)
	}
}

// TestWhatTheSearchMissesIsMadeUp lets κ begin far too low and far too high. What is
// missed until it is found is not left to the rest of the day: single days come close to
// their plans in hours.
func TestWhatTheSearchMissesIsMadeUp(t *testing.T) {
	const days = 40
	for _, kappa := range []float64{0.01, 0.4} {
		off := 0.0 // from the plan after three hours, on average
		for seed := range uint64(days) {
			chance := rand.New(rand.NewPCG(seed, 6))
			m := newMarket(oneDay(kappa), 1_500*ad.Unit, 0)
			for range 3 * ticksADay / 24 {
				m.passDear(chance)
			}
			off += math.Abs(m.figures.Confirmed.Units()/1_500*8-1) / days
		}
		if off > 0.1 {
			t.Errorf("from κ = %g on: after three hours %.3f off the plan", kappa, off)
		}
	}
}

// TestWhatIsMadeUpFor asks, batch by batch, what is to be made up for.
func TestWhatIsMadeUpFor(t *testing.T) {
	const of, least = 100.0, 0.02
	type want struct{ more, arrears float64 }
	tests := map[string]struct {
		change func(c *Controller)
		less   float64
		want   want
	}{
		"κ is looked for":                     {func(*Controller) {}, 50, want{8, 130}},
		"too much is spent":                   {func(*Controller) {}, -50, want{8, 30}},
		"κ is found":                          {func(c *Controller) { c.step = 0.04 }, 50, want{3.2, 76.8}},
		"there is no more to be bought":       {func(c *Controller) { c.kappa = 1 }, 50, want{8, 80}},
		"too much, and all is bought":         {func(c *Controller) { c.kappa = 1 }, -50, want{8, 30}},
		"the average cost holds it back":      {func(c *Controller) { c.goal.target, c.goal.kappa = 1, 0.1 }, 50, want{0, 0}},
		"batches have become smaller":         {func(c *Controller) { c.arrears = 5000 }, 0, want{50, 1000}},
		"notices are late":                    {func(c *Controller) { c.delay = ratio{8, 1} }, 0, want{2, 80}},
		"no more than half a batch at a time": {func(c *Controller) { c.step = 0.5; c.arrears = 900 }, 0, want{50, 900}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := NewController(oneDay(0.5))
			c.step, c.arrears = 0.1, 80
			tt.change(c)
			more := c.makeUp(tt.less, of, least)
			if got := (want{more, c.arrears}); math.Abs(got.more-tt.want.more) > 1e-9 || math.Abs(got.arrears-tt.want.arrears) > 1e-9 {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	c := NewController(oneDay(0.5))
	c.step, c.arrears = 0.1, 80
	if c.makeUp(50, of, 0.07); c.arrears != 72 {
		t.Errorf("where steps become no shorter, %g is left to be made up for, want 72", c.arrears)
	}
}

// TestWhatADayMissesEndsWithIt lets a day with a budget of its own end.
func TestWhatADayMissesEndsWithIt(t *testing.T) {
	m := newMarket(Plan{Curve: Even, Start: flightStart}, 0, 1000*ad.Unit)
	for range ticksADay - 1 {
		m.pass(1)
	}
	m.controller.arrears = 80
	for range 2 {
		m.pass(1)
	}
	if got := m.controller.arrears; got != 0 {
		t.Errorf("%g of yesterday is made up for today", got)
	}
}
