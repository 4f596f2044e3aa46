package campaign_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/pacing"
)

// TestStrictestLimitWins draws budgets of money and impressions, in total and per day,
// for an advertiser, its two campaigns and their line items, and bids one unit at a
// time over two days: a bid is held while every budget has room, and no longer.
func TestStrictestLimitWins(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := make(map[string]limits)
		budget := func(name string) string {
			l := limits{}
			for k := range l {
				most := 6
				if k%2 == 1 && l[k-1] > 0 {
					most = l[k-1] // a day's is not above the total
				}
				if rapid.IntRange(0, 2).Draw(rt, name) > 0 { // else there is none
					l[k] = rapid.IntRange(1, most).Draw(rt, name+" "+limitKeys[k])
				}
			}
			list[name] = l
			return l.yaml()
		}
		advertiser := ", budget: " + budget("advertiser")
		texts := make([]string, 2)
		for i := range texts {
			c := fmt.Sprint("c", i)
			var b strings.Builder
			fmt.Fprintf(&b, "campaign: %s\nadvertiser: {name: Shop, domains: [shop.example]%s}\nbudget: %s\nline_items:\n", c, advertiser, budget(c))
			advertiser = "" // it is given once
			for k := range 2 {
				name := fmt.Sprintf("%s-l%d", c, k)
				fmt.Fprintf(&b, "  - {name: %s, bid: {price: %d USD}, budget: %s, creatives: [mpu]}\n", name, 1+k, budget(name))
			}
			texts[i] = b.String()
		}
		s, books := bound(t, texts...)
		money, counts := pacing.NewBook(books.Money, time.Hour), pacing.NewBook(books.Counts, time.Hour)
		used := map[string]*usage{}
		for name := range list {
			used[name] = new(usage)
		}
		for n := range 40 {
			now := time.Date(2026, 3, 2+n/20, 9, 0, 0, 0, time.UTC)
			l := &s.Lines[rapid.IntRange(0, len(s.Lines)-1).Draw(rt, "line item")]
			levels := []string{l.Name, l.Campaign.Name, "advertiser"}
			want := true
			for _, name := range levels {
				want = want && used[name].room(list[name], n/20)
			}
			var id ad.BidID
			binary.LittleEndian.PutUint64(id[:], uint64(n+1))
			got := money.Reserve(id, l.Accounts[:], ad.Unit, now, 48*time.Hour) == ad.OK
			if got && len(l.Counts) > 0 && counts.Reserve(id, l.Counts, 1, now, 48*time.Hour) != ad.OK {
				money.Release(id)
				got = false
			}
			if got != want {
				rt.Fatalf("bid %d of %s: held %v, want %v; the budgets are %v, used %v", n, l.Name, got, want, list, used)
			}
			for _, name := range levels {
				if got {
					used[name].add(n / 20)
				}
			}
		}
	})
}

// limits are a budget's, by limitKeys; 0 for none.
type limits [4]int

var limitKeys = [4]string{"total", "daily", "impressions", "daily_impressions"}

func (l limits) yaml() string {
	var keys []string
	for k, n := range l {
		switch {
		case n == 0:
		case k < 2:
			keys = append(keys, fmt.Sprintf("%s: %d USD", limitKeys[k], n))
		default:
			keys = append(keys, fmt.Sprintf("%s: %d", limitKeys[k], n))
		}
	}
	if keys == nil {
		return "{total: 1000 USD}"
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

// usage is how many bids a budget has paid for, in total and by day.
type usage struct {
	all int
	day [2]int
}

func (u *usage) room(l limits, day int) bool {
	for k, n := range l {
		used := u.all
		if k%2 == 1 {
			used = u.day[day]
		}
		if n > 0 && used >= n {
			return false
		}
	}
	return true
}

func (u *usage) add(day int) { u.all, u.day[day] = u.all+1, u.day[day]+1 }

// TestLevelOf tells of every account of a line item whose it is.
func TestLevelOf(t *testing.T) {
	s, b := bound(t, `campaign: a
advertiser: {name: A, domains: [a.example], budget: {impressions: 9}}
budget: {impressions: 5}
line_items:
  - {name: own, bid: {price: 3 USD}, budget: {impressions: 1}, creatives: [mpu]}`)
	l := &s.Lines[0]
	if len(l.Counts) != campaign.Levels {
		t.Fatalf("%d budgets of impressions, want one of each level", len(l.Counts))
	}
	for level := range campaign.Levels {
		if got := l.LevelOf(l.Counts[level]); got != level {
			t.Errorf("the account of impressions %d is of level %d", level, got)
		}
		if got := l.LevelOf(b.Money.Get(l.Accounts[level].ID())); got != level {
			t.Errorf("the account of money %d is of level %d", level, got)
		}
	}
}
