package pacing

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"bidwell/ad"
)

// level is one budget with its pacing.
type level struct {
	account *Account
	gauge   *Gauge
	worst   float64 // distance from its plan, share of its budget
}

// TestLevelsShareTheirPacing lets an advertiser's two campaigns buy for a day. One of
// them has a line item with a budget of its own. Every budget that can be spent is
// spent, evenly, and what one of them leaves is taken by others.
func TestLevelsShareTheirPacing(t *testing.T) {
	var accounts Accounts
	var pacer Pacer
	book := NewBook(&accounts, time.Hour)
	end := flightStart.Add(24 * time.Hour)
	open := func(id ad.ID, budget ad.Money) *level {
		a := accounts.Get(id)
		a.SetLimits(budget, 0, time.UTC)
		return &level{account: a, gauge: pacer.Set(id, Plan{Curve: Even, Start: flightStart, End: end}, a)}
	}
	advertiser := open(1, 45*ad.Unit)
	first, second := open(2, 20*ad.Unit), open(3, 1000*ad.Unit) // the second could spend more than the advertiser has
	line := open(4, 10*ad.Unit)
	buyers := [][]*level{
		{line, first, advertiser},
		{first, advertiser}, // another line item of the first campaign
		{second, advertiser},
	}
	chance := rand.New(rand.NewPCG(1, 1))
	serial := uint64(0)
	bid := func(levels []*level, now time.Time) {
		kappa, names := 1.0, make([]*Account, 0, 3)
		for _, l := range levels {
			l.gauge.Eligible(1)
			kappa = min(kappa, l.gauge.Kappa())
			names = append(names, l.account)
		}
		value, price := chance.ExpFloat64()*float64(ad.Unit)/50, ad.Money(math.Exp(chance.NormFloat64())*float64(ad.Unit)/200)
		room := ad.MaxMoney
		for _, a := range names {
			room = min(room, a.Headroom(now))
		}
		amount := Cut(ad.Money(value*kappa), room)
		if amount <= 0 {
			return
		}
		var id ad.BidID
		serial++
		binary.LittleEndian.PutUint64(id[:], serial)
		if why := book.Reserve(id, names, amount, now, time.Minute); why != ad.OK {
			t.Fatalf("a bid that was cut to what is left is refused: %v", why)
		}
		for _, l := range levels {
			l.gauge.Bid(amount)
		}
		if amount < price {
			book.Release(id)
			return
		}
		book.Settle(id, names, price, now, now)
	}
	all := []*level{advertiser, first, line}
	for now := flightStart; now.Before(end); now = now.Add(10 * time.Second) {
		for _, b := range buyers {
			bid(b, now)
		}
		pacer.Tick(now.Add(10 * time.Second))
		for _, l := range all {
			f := l.account.Figures(now)
			plan := float64(now.Sub(flightStart)) / float64(24*time.Hour)
			l.worst = max(l.worst, math.Abs(float64(f.Confirmed)/float64(f.Limit)-plan))
		}
	}
	for _, l := range all {
		f := l.account.Figures(end.Add(-time.Second))
		used := float64(f.Confirmed) / float64(f.Limit)
		t.Logf("account %d: used %.4f, at worst %.4f off the plan", f.ID, used, l.worst)
		if f.Confirmed > f.Limit || used < 0.985 || l.worst > 0.08 {
			t.Errorf("account %d spent %s of %s, at worst %.3f off the plan", f.ID, f.Confirmed, f.Limit, l.worst)
		}
	}
	f := second.account.Figures(end)
	if f.Confirmed == 0 || second.gauge.Kappa() < advertiser.gauge.Kappa() {
		t.Errorf("the campaign with more than enough spent %s at κ %g; its advertiser's is %g", f.Confirmed, second.gauge.Kappa(), advertiser.gauge.Kappa())
	}
}
