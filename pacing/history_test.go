package pacing

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bidwell/ad"
)

// model is what a book promises, written as naively as can be: every figure is
// counted anew from the list of bids.
type model struct {
	accounts []*modelAccount
	bids     []*modelBid
	lifetime time.Duration
}

type modelAccount struct {
	limit, daily ad.Money // 0 if there is none
	most         ad.Money // the highest limit there ever was, -1 if none at some time
	loc          *time.Location
}

type modelBid struct {
	id       ad.BidID
	accounts []int
	days     []int32 // as the accounts' zones were when the bid was counted
	amount   ad.Money
	price    ad.Money
	made     time.Time
	expires  time.Time
	reserved bool
	settled  bool
	late     bool
}

func (m *model) figures(account int, day int32) (f Figures) {
	for _, b := range m.bids {
		for i, a := range b.accounts {
			if a != account {
				continue
			}
			today := b.days != nil && b.days[i] == day
			if b.reserved {
				f.Reserved += b.amount
				f.Open++
				if today {
					f.Today.Reserved += b.amount
				}
			}
			if b.settled {
				f.Confirmed += b.price
				if today {
					f.Today.Confirmed += b.price
				}
			}
			if b.late {
				f.Late += b.price
			}
		}
	}
	a := m.accounts[account]
	f.ID, f.Limit = ad.ID(account+1), a.limit
	f.Today.Limit, f.Today.Number = a.daily, day
	return f
}

func (m *model) days(accounts []int, t time.Time) []int32 {
	days := make([]int32, len(accounts))
	for i, a := range accounts {
		days[i] = civil(t.In(m.accounts[a].loc))
	}
	return days
}

func (m *model) reserve(b *modelBid) ad.Reason {
	if b.reserved {
		return ad.NoticeReplayed
	}
	days := m.days(b.accounts, b.made)
	for i, a := range b.accounts {
		f := m.figures(a, days[i])
		if f.Limit > 0 && f.Confirmed+f.Reserved+b.amount > f.Limit {
			return ad.BudgetSpent
		}
		if f.Today.Limit > 0 && f.Today.Confirmed+f.Today.Reserved+b.amount > f.Today.Limit {
			return ad.DailyBudgetSpent
		}
	}
	b.days, b.reserved = days, true
	return ad.OK
}

func (m *model) settle(b *modelBid, price ad.Money, now time.Time) ad.Reason {
	switch {
	case now.Sub(b.made) > m.lifetime:
		return ad.TokenExpired
	case b.reserved && price > b.amount:
		return ad.PriceAboveBid
	case b.settled:
		return ad.NoticeReplayed
	case !b.reserved:
		b.late = true
		b.days = m.days(b.accounts, b.made)
	}
	b.reserved, b.settled, b.price = false, true, price
	return ad.OK
}

// TestHistories runs random histories against the model: bids on several
// accounts in several zones, notices that are early, late, lost, repeated and
// out of order, and limits and zones that change in between.
func TestHistories(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "Europe/Berlin"), zone(t, "Australia/Lord_Howe"), zone(t, "America/Los_Angeles")}
	rapid.Check(t, func(t *rapid.T) {
		m := &model{lifetime: 12 * time.Hour}
		registry := new(Accounts)
		book := NewBook(registry, m.lifetime)
		limit := rapid.SampledFrom([]ad.Money{0, 1, 50, 200, 1000})
		for i := range rapid.IntRange(1, 6).Draw(t, "accounts") {
			a := &modelAccount{loc: time.UTC}
			m.accounts = append(m.accounts, a)
			registry.Get(ad.ID(i + 1))
		}
		// Both ends of summer time lie within reach of these starts.
		now := time.Unix(rapid.SampledFrom([]int64{1774656000, 1792886400, 1791072000}).Draw(t, "start"), 0)
		pick := func() *modelBid {
			if len(m.bids) == 0 {
				return &modelBid{id: bidNumber(1 << 40), made: now}
			}
			return rapid.SampledFrom(m.bids).Draw(t, "bid")
		}
		known := func(b *modelBid) []*Account {
			var list []*Account
			for _, a := range b.accounts {
				list = append(list, registry.Get(ad.ID(a+1)))
			}
			return list
		}
		newBid := func() *modelBid {
			b := &modelBid{id: bidNumber(len(m.bids)), made: now, amount: ad.Money(rapid.IntRange(0, 80).Draw(t, "amount"))}
			perm := rapid.Permutation(indexes(len(m.accounts))).Draw(t, "order")
			b.accounts = perm[:rapid.IntRange(0, min(len(perm), MaxAccounts)).Draw(t, "touches")]
			return b
		}
		check := func(what string, got, want ad.Reason) {
			if got != want {
				t.Fatalf("%s: got %v, want %v", what, got, want)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"reserve": func(t *rapid.T) {
				b := newBid()
				window := time.Duration(rapid.IntRange(1, 4000).Draw(t, "window")) * time.Second
				b.expires = now.Add(window)
				want := m.reserve(b)
				for _, a := range known(b) {
					if why := a.Admits(b.amount, now); why != ad.OK {
						check("admits", why, want)
						break
					}
				}
				check("reserve", book.Reserve(b.id, known(b), b.amount, now, window), want)
				m.bids = append(m.bids, b) // a refused bid may still be billed: as late
			},
			"reserve again": func(t *rapid.T) {
				b := pick()
				if b.reserved && len(b.accounts) == 0 {
					check("reserve again", book.Reserve(b.id, nil, b.amount, now, time.Hour), ad.NoticeReplayed)
				}
			},
			"bid elsewhere": func(t *rapid.T) { m.bids = append(m.bids, newBid()) },
			"settle": func(t *rapid.T) {
				b := pick()
				price := ad.Money(rapid.IntRange(0, int(b.amount)+1).Draw(t, "price"))
				if !b.reserved {
					price = min(price, b.amount)
				}
				if len(m.bids) == 0 {
					return
				}
				want := m.settle(b, price, now)
				check("settle", book.Settle(b.id, known(b), price, b.made, now), want)
			},
			"release": func(t *rapid.T) {
				b := pick()
				want := ad.NoticeReplayed
				if b.reserved {
					b.reserved, want = false, ad.OK
				}
				check("release", book.Release(b.id), want)
			},
			"pass time": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 7, 60, 3600, 30000}).Draw(t, "seconds")) * time.Second)
			},
			"expire": func(t *rapid.T) {
				want := 0
				for _, b := range m.bids {
					if b.reserved && !b.expires.After(now) {
						b.reserved = false
						want++
					}
				}
				if got := book.Expire(now); got != want {
					t.Fatalf("expire: freed %d, want %d", got, want)
				}
			},
			"change limits": func(t *rapid.T) {
				i := rapid.IntRange(0, len(m.accounts)-1).Draw(t, "account")
				a := m.accounts[i]
				a.limit, a.daily = limit.Draw(t, "total"), limit.Draw(t, "daily")
				a.loc = rapid.SampledFrom(zones).Draw(t, "zone")
				registry.Get(ad.ID(i+1)).SetLimits(a.limit, a.daily, a.loc)
			},
			"": func(t *rapid.T) {
				compare(t, m, registry, now)
				open := 0
				for _, b := range m.bids {
					if b.reserved {
						open++
					}
				}
				if got := book.Stats().Open; got != open {
					t.Fatalf("%d reservations are open, want %d", got, open)
				}
			},
		})
		book.Expire(now.Add(24 * time.Hour))
		for _, b := range m.bids {
			b.reserved = false
		}
		compare(t, m, registry, now)
	})
}

func compare(t *rapid.T, m *model, registry *Accounts, now time.Time) {
	for i, a := range m.accounts {
		got := registry.Get(ad.ID(i + 1)).Figures(now)
		if want := m.figures(i, civil(now.In(a.loc))); got != want {
			t.Fatalf("account %d:\n got %+v\nwant %+v", i, got, want)
		}
		if a.limit == 0 {
			a.most = -1
		} else if a.most >= 0 {
			a.most = max(a.most, a.limit)
		}
		if a.most >= 0 && got.Confirmed+got.Reserved > a.most+got.Late {
			t.Fatalf("account %d: %d + %d is above the limit %d + %d late", i, got.Confirmed, got.Reserved, a.most, got.Late)
		}
	}
}

func indexes(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}
