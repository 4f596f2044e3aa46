package pacing

import (
	"testing"
	"time"
	_ "time/tzdata"

	"bidwell/ad"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// civil is the number of the day of a time's date: the definition that dayIn's
// arithmetic is held to.
func civil(t time.Time) int32 {
	y, m, d := t.Date()
	return int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// Days are checked second by second around midnight and minute by minute
// elsewhere, in zones that change their clocks by an hour, by half an hour, at
// midnight, at one minute past midnight, and by a whole day.
func TestDaysAreTheZonesDays(t *testing.T) {
	f := func(name, from, to string) {
		t.Helper()
		loc := zone(t, name)
		since, err1 := time.ParseInLocation("2006-01-02", from, loc)
		until, err2 := time.ParseInLocation("2006-01-02", to, loc)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		for u := since.Unix(); u < until.Unix(); u += 20 {
			want := civil(time.Unix(u, 0).In(loc))
			got, begin, end := dayIn(loc, u)
			if got != want {
				t.Fatalf("%s: day of %v: got %d, want %d", name, time.Unix(u, 0).In(loc), got, want)
			}
			if u < begin || u >= end {
				t.Fatalf("%s: %d lies outside its own period [%d, %d)", name, u, begin, end)
			}
			for _, edge := range []int64{begin, end - 1} {
				if d := civil(time.Unix(edge, 0).In(loc)); d != want {
					t.Fatalf("%s: the period of %v reaches into day %d", name, time.Unix(u, 0).In(loc), d)
				}
			}
		}
	}
	f("Europe/Berlin", "2026-03-28", "2026-03-31")
	f("Europe/Berlin", "2026-10-24", "2026-10-27")
	f("Australia/Lord_Howe", "2026-04-03", "2026-04-07")
	f("Australia/Lord_Howe", "2026-10-02", "2026-10-06")
	f("America/Havana", "2026-10-31", "2026-11-03")
	f("America/Sao_Paulo", "2018-02-16", "2018-02-20")
	f("America/St_Johns", "2010-11-06", "2010-11-09")
	f("Pacific/Apia", "2011-12-28", "2012-01-02")
	f("UTC", "1969-12-30", "1970-01-03")
}

func TestDayHasAsManyHoursAsItsClock(t *testing.T) {
	f := func(name, date string, want time.Duration) {
		t.Helper()
		loc := zone(t, name)
		noon, err := time.ParseInLocation("2006-01-02 15:04", date+" 12:00", loc)
		if err != nil {
			t.Fatal(err)
		}
		day, _, _ := dayIn(loc, noon.Unix())
		var got time.Duration
		for u := noon.Unix() - 36*3600; u < noon.Unix()+36*3600; u += 60 {
			if d, _, _ := dayIn(loc, u); d == day {
				got += time.Minute
			}
		}
		if got != want {
			t.Errorf("%s in %s has %v, want %v", date, name, got, want)
		}
	}
	f("Europe/Berlin", "2026-03-29", 23*time.Hour)
	f("Europe/Berlin", "2026-10-25", 25*time.Hour)
	f("Europe/Berlin", "2026-07-01", 24*time.Hour)
	f("Australia/Lord_Howe", "2026-04-05", 24*time.Hour+30*time.Minute)
	f("Australia/Lord_Howe", "2026-10-04", 23*time.Hour+30*time.Minute)
}

func TestDailyLimitThroughDST(t *testing.T) {
	f := func(name, date string, hours int) {
		t.Helper()
		loc := zone(t, name)
		var accounts Accounts
		book := NewBook(&accounts, 48*time.Hour)
		a := accounts.Get(1)
		a.SetLimits(0, 100, loc)
		start, err := time.ParseInLocation("2006-01-02", date, loc)
		if err != nil {
			t.Fatal(err)
		}
		list := []*Account{a}
		if why := book.Reserve(bidNumber(1), list, 100, start.Add(-time.Second), time.Hour); why != ad.OK {
			t.Fatalf("%s: the last second of the day before: got %v", name, why)
		}
		if why := book.Reserve(bidNumber(2), list, 100, start, time.Hour); why != ad.OK {
			t.Fatalf("%s: the first second of the day: got %v", name, why)
		}
		last := start.Add(time.Duration(hours)*time.Hour - time.Second)
		if why := book.Reserve(bidNumber(3), list, 1, last, time.Hour); why != ad.DailyBudgetSpent {
			t.Errorf("%s: the last second of the day: got %v, want %v", name, why, ad.DailyBudgetSpent)
		}
		if why := a.Open(last); why != ad.DailyBudgetSpent {
			t.Errorf("%s: Open in the last second: got %v, want %v", name, why, ad.DailyBudgetSpent)
		}
		if why := book.Reserve(bidNumber(4), list, 100, last.Add(time.Second), time.Hour); why != ad.OK {
			t.Errorf("%s: the first second of the day after: got %v", name, why)
		}
	}
	f("Europe/Berlin", "2026-03-29", 23)
	f("Europe/Berlin", "2026-10-25", 25)
}

// A bid belongs to its day, whenever its notice comes.
func TestSettlingAfterMidnightChargesTheDayOfTheBid(t *testing.T) {
	var accounts Accounts
	book := NewBook(&accounts, 48*time.Hour)
	a := accounts.Get(1)
	berlin := zone(t, "Europe/Berlin")
	a.SetLimits(1000, 100, berlin)
	list := []*Account{a}
	bid := time.Date(2026, 5, 1, 23, 59, 59, 0, berlin)
	later := bid.Add(10 * time.Minute)
	book.Reserve(bidNumber(1), list, 100, bid, time.Hour)

	if got := a.Figures(later).Today; got.Reserved != 0 {
		t.Errorf("reserved on the day after: got %d, want 0", got.Reserved)
	}
	if why := book.Reserve(bidNumber(2), list, 100, later, time.Hour); why != ad.OK {
		t.Errorf("a whole day's budget after midnight: got %v, want ok", why)
	}
	book.Settle(bidNumber(1), list, 60, bid, later)
	book.Settle(bidNumber(3), list, 7, bid, later) // never reserved here

	before, after := a.Figures(bid).Today, a.Figures(later).Today
	if before.Confirmed != 67 || before.Reserved != 0 {
		t.Errorf("the day of the bid: got %+v, want 67 confirmed, 0 reserved", before)
	}
	if after.Confirmed != 0 || after.Reserved != 100 {
		t.Errorf("the day after: got %+v, want 0 confirmed, 100 reserved", after)
	}
	if f := a.Figures(later); f.Confirmed != 67 || f.Reserved != 100 || f.Late != 7 {
		t.Errorf("in total: got %+v, want 67 confirmed, 100 reserved, 7 late", f)
	}
}

func TestAnotherTimeZoneLeaksNothing(t *testing.T) {
	var accounts Accounts
	book := NewBook(&accounts, 48*time.Hour)
	a := accounts.Get(1)
	a.SetLimits(0, 100, zone(t, "Pacific/Auckland"))
	now := time.Date(2026, 5, 1, 15, 0, 0, 0, time.UTC) // May 2 in Auckland
	book.Reserve(bidNumber(1), []*Account{a}, 100, now, time.Hour)
	a.SetLimits(0, 100, zone(t, "America/Los_Angeles"))
	if why := a.Open(now); why != ad.OK {
		t.Errorf("May 1 in Los Angeles: got %v, want ok", why)
	}
	book.Release(bidNumber(1))
	a.SetLimits(0, 100, zone(t, "Pacific/Auckland"))
	if got := a.Headroom(now); got != 100 {
		t.Errorf("headroom after the release: got %d, want 100", got)
	}
}

func TestOldDaysAreForgotten(t *testing.T) {
	var accounts Accounts
	book := NewBook(&accounts, time.Hour)
	a := accounts.Get(1)
	a.SetLimits(0, 10, nil)
	first := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	book.Reserve(bidNumber(0), []*Account{a}, 10, first, 365*24*time.Hour)
	for i := range 200 {
		now := first.AddDate(0, 0, i+1)
		if why := book.Reserve(bidNumber(i+1), []*Account{a}, 10, now, time.Hour); why != ad.OK {
			t.Fatalf("day %d: got %v", i, why)
		}
		book.Settle(bidNumber(i+1), []*Account{a}, 10, now, now)
	}
	if n := len(a.days); n > keptDays {
		t.Errorf("got %d days, want at most %d", n, keptDays)
	}
	if d := a.Figures(first).Today; d.Reserved != 10 {
		t.Errorf("the day with an open reservation: got %+v, want 10 reserved", d)
	}
}
