package profile_test

import (
	"testing"

	"bidwell/ad"
	. "bidwell/profile"
)

const now = int64(1_800_000_000)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRecordKeepsWhatWasBuilt(t *testing.T) {
	b := NewBuilder(now)
	must(t, b.SetAttr("home.zip", StringValue("10115")))
	must(t, b.SetAttr("yob", NumberValue(1980)))
	must(t, b.SetAttr("income", NumberValue(1234.5)))
	must(t, b.SetAttr("owns.car.bought", DateValue(now-4*365*86400)))
	must(t, b.SetAttr("newsletter", BoolValue(true)))
	must(t, b.AddSegment("s1", now+10))
	must(t, b.AddBehaviour(Visit, "automotive", now-3600, 1))
	must(t, b.AddBehaviour(Visit, "automotive", now-86400*5, 2))
	touch := Touch{Campaign: 1, Line: 2, Creative: 3, Kind: Impression, Time: now - 5, Cost: 2_500_000}
	must(t, b.AddTouch(touch))
	must(t, b.AddID(ID{"ifa", "a-b"}))
	r := b.Append(nil)
	must(t, r.Valid())

	for _, c := range []struct{ name, want string }{
		{"home.zip", "10115"}, {"yob", "1980"}, {"income", "1234.5"}, {"newsletter", "true"}, {"owns.car.bought", "2023-01-16T08:00:00Z"},
	} {
		v, ok := r.Attr(NameOf(c.name))
		if !ok || v.String() != c.want {
			t.Errorf("Attr(%s) = %v, %v; want %s", c.name, v, ok, c.want)
		}
	}
	if v, ok := r.Attr(NameOf("none")); ok {
		t.Errorf("Attr(none) = %v, want nothing", v)
	}
	if !r.Segment(NameOf("s1"), now+9) || r.Segment(NameOf("s1"), now+10) || r.Segment(NameOf("s2"), now) {
		t.Error("Segment: want in s1 until its expiry, and never in s2")
	}
	auto := NameOf("automotive")
	for _, c := range []struct {
		since, until int64
		want         int
	}{{now - 10*86400, now, 3}, {now - 4*86400, now, 1}, {now - 3600, now, 1}, {now - 3599, now, 0}, {now - 10*86400, now - 3600, 2}} {
		if got := r.Count(Visit, auto, c.since, c.until); got != c.want {
			t.Errorf("Count from %d to %d = %d, want %d", c.since-now, c.until-now, got, c.want)
		}
	}
	if got := r.Count(Click, auto, 0, now); got != 0 {
		t.Errorf("Count(Click) = %d, want 0", got)
	}
	if first, ok := r.First(Visit, auto); !ok || first != now-86400*5 {
		t.Errorf("First = %d, %v", first, ok)
	}
	if last, ok := r.Last(Visit, auto); !ok || last != now-3600 {
		t.Errorf("Last = %d, %v", last, ok)
	}
	if r.Touches() != 1 || r.Touch(0) != touch || r.Touch(1) != (Touch{}) {
		t.Errorf("Touch(0) = %+v of %d, want %+v", r.Touch(0), r.Touches(), touch)
	}
}

// TestRecordIsSmall holds the room that a million people take: 20 behaviours on
// five topics of three kinds, four of which lie below another one.
func TestRecordIsSmall(t *testing.T) {
	b := NewBuilder(now)
	for i := range int64(20) {
		topic := [5]string{"automotive", "automotive/luxury", "automotive/suv", "travel/sea", "travel/city"}[i%5]
		must(t, b.AddBehaviour([5]Kind{Visit, Visit, Visit, Search, Purchase}[i%5], topic, now-i*40_000, 1))
	}
	for i := range int64(10) {
		must(t, b.AddSegment(string(rune('a'+i)), now+86400*i+1))
	}
	for i := range int64(5) {
		must(t, b.AddTouch(Touch{Campaign: RefOf(ad.IDOf("c")), Kind: Impression, Time: now - i}))
	}
	r := b.Append(nil)
	if len(r) > 300 {
		t.Errorf("20 behaviours, 10 segments, 5 touches take %d bytes, want at most 300", len(r))
	}
	if got := r.Count(Visit, NameOf("automotive"), 0, now+1); got != 12 {
		t.Errorf("%d visits below automotive, want 12", got)
	}
}

func TestNothingKnown(t *testing.T) {
	for _, r := range []Record{nil, {}, {1}, {2}, {9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}} {
		if _, ok := r.Attr(1); ok || r.Segment(1, 0) || r.HasSegments() || r.Count(Visit, 1, 0, now) != 0 || r.Touches() != 0 {
			t.Errorf("% x: something is known", []byte(r))
		}
		if _, ok := r.First(Visit, 1); ok {
			t.Errorf("% x: a first visit is known", []byte(r))
		}
	}
}
