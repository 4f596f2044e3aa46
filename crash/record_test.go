//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// day is when the tests take place.
var day = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// TestCompareFindsWhatIsWrong gives the harness ledgers that are wrong in one
// way each: what it does not find, it would not find of the bidder either.
func TestCompareFindsWhatIsWrong(t *testing.T) {
	billing := event{Kind: "billing", Bid: "a", Price: 7}
	click := event{Kind: "click", Bid: "a"}
	doubtful := event{Kind: "win", Bid: "b"}
	busy := event{Kind: "view", Bid: "b", Detail: "start"}
	never := event{Kind: "loss", Bid: "c"}
	for _, tt := range []struct {
		name   string
		ledger []event
		want   findings
	}{
		{"all is well", []event{billing, click}, findings{Acknowledged: 2, Doubtful: 2}},
		{"what was in doubt is there", []event{doubtful, click, billing, busy}, findings{Acknowledged: 2, Doubtful: 2, Taken: 2}},
		{"others' events", []event{billing, {Kind: "tally"}, {Kind: "tally"}, {Kind: "bid", Bid: "z"}, click}, findings{Acknowledged: 2, Doubtful: 2}},
		{"lost", []event{billing}, findings{Acknowledged: 2, Doubtful: 2, Lost: 1}},
		{"doubled", []event{billing, click, billing}, findings{Acknowledged: 2, Doubtful: 2, Doubled: 1}},
		{"doubled in doubt", []event{billing, click, doubtful, doubtful}, findings{Acknowledged: 2, Doubtful: 2, Taken: 1, Doubled: 1}},
		{"never sent", []event{billing, click, {Kind: "win", Bid: "z"}}, findings{Acknowledged: 2, Doubtful: 2, Invented: 1}},
		{"another detail", []event{billing, click, {Kind: "view", Bid: "b", Detail: "complete"}}, findings{Acknowledged: 2, Doubtful: 2, Invented: 1}},
		{"refused", []event{billing, click, never}, findings{Acknowledged: 2, Doubtful: 2, Invented: 1}},
		{"another price", []event{{Kind: "billing", Bid: "a", Price: 8}, click}, findings{Acknowledged: 2, Doubtful: 2, Mispriced: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord()
			r.expect(billing.key(), 7)
			r.note(billing.key(), unanswered)
			r.note(billing.key(), acknowledged)
			r.note(click.key(), acknowledged)
			r.note(doubtful.key(), unanswered)
			r.note(busy.key(), putOff)
			r.note(never.key(), refused)
			r.note(never.key(), unsent)
			got := r.compare(tt.ledger)
			if bad := tt.want.bad(); len(got.First) != bad {
				t.Errorf("%d events are named, want %d", len(got.First), bad)
			}
			got.First = nil
			if got.Acknowledged != tt.want.Acknowledged || got.Doubtful != tt.want.Doubtful || got.Taken != tt.want.Taken ||
				got.Lost != tt.want.Lost || got.Doubled != tt.want.Doubled || got.Invented != tt.want.Invented || got.Mispriced != tt.want.Mispriced {
				t.Errorf("found %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestCompareRemembers checks that what was in a ledger once has to stay there,
// acknowledged or not.
func TestCompareRemembers(t *testing.T) {
	r := newRecord()
	e := event{Kind: "win", Bid: "a"}
	r.note(e.key(), unanswered)
	if f := r.compare([]event{e}); f.bad() != 0 {
		t.Fatalf("found %+v, want nothing wrong", f)
	}
	if f := r.compare(nil); f.Lost != 1 {
		t.Errorf("found %+v, want one event lost", f)
	}
}

// TestBound checks for which events a budget may be exceeded.
func TestBound(t *testing.T) {
	r := newRecord()
	r.killed(day.Add(10 * time.Second))
	r.freed["lost"] = day.Add(500 * time.Millisecond)
	at := func(bid string, made, billed time.Duration) *event {
		exchange := venues[0].name
		if bid == "slow" {
			exchange = "slow"
		}
		return &event{Kind: "billing", Bid: bid, Exchange: exchange, BidTime: day.Add(made), Time: day.Add(billed)}
	}
	for _, tt := range []struct {
		name string
		e    *event
		want bool
	}{
		{"at once", at("a", 0, time.Second), false},
		{"after its window", at("a", 0, noticeWindow), true},
		{"after its loss", at("lost", 0, time.Second), true},
		{"before its loss", at("lost", 0, 400*time.Millisecond), false},
		{"after another exchange's window", at("slow", 0, noticeWindow), false},
		{"after its own", at("slow", 0, longestWindow), true},
		{"over a kill", at("a", 9*time.Second, 11*time.Second), false},
		{"after a kill", at("a", 11*time.Second, 12*time.Second), false},
	} {
		if got := r.late(tt.e); got != tt.want {
			t.Errorf("%s: late is %t, want %t", tt.name, got, tt.want)
		}
	}
	if !r.killedBetween(at("a", 9*time.Second, 11*time.Second)) || r.killedBetween(at("a", 11*time.Second, 12*time.Second)) {
		t.Error("which bids outlived the kill is not known")
	}
}

// TestUsedBy checks which events a budget pays for.
func TestUsedBy(t *testing.T) {
	events, err := readEvents(strings.NewReader(
		`{"seq":0,"kind":"billing","bid":"a","time":"2026-03-02T09:00:00.250Z","bid_time":"2026-03-02T09:00:00.000Z","day":"2026-03-02","advertiser":"A","campaign":"c","line_item":"l","price":0.003000001,"offer":0.004}
{"seq":1,"kind":"impression","bid":"a","time":"2026-03-02T09:00:00.250Z","bid_time":"2026-03-02T09:00:00.000Z","day":"2026-03-02","advertiser":"A","campaign":"c","line_item":"l","price":0,"offer":0.004}
{"seq":2,"kind":"billing","bid":"b","time":"2026-03-03T09:00:00.250Z","bid_time":"2026-03-03T09:00:00.000Z","day":"2026-03-03","advertiser":"A","campaign":"c","line_item":"m","price":0.002,"offer":0.004}
`))
	if err != nil {
		t.Fatal(err)
	}
	late := func(e *event) bool { return e.Bid == "b" }
	for _, tt := range []struct {
		b    budget
		want use
	}{
		{budget{of: ofAdvertiser, name: "A"}, use{5_000_001, 2_000_000}},
		{budget{of: ofCampaign, name: "c"}, use{5_000_001, 2_000_000}},
		{budget{of: ofCampaign, name: "c", daily: true}, use{3_000_001, 0}},
		{budget{of: ofCampaign, name: "c", impressions: true}, use{1, 0}},
		{budget{of: ofLine, name: "c/m"}, use{2_000_000, 2_000_000}},
		{budget{of: ofLine, name: "c/other"}, use{}},
	} {
		if got := tt.b.usedBy(events, late); got != tt.want {
			t.Errorf("%s: used %+v, want %+v", &tt.b, got, tt.want)
		}
	}
}

// TestOverbid checks that a bid is found that should not have been made.
func TestOverbid(t *testing.T) {
	second := func(n int) time.Time { return day.Add(time.Duration(n) * time.Second) }
	sale := func(made, billed int, price int64) event {
		return event{Kind: "billing", Campaign: "c", BidTime: second(made), Time: second(billed), Price: price, Offer: 10}
	}
	limits := func(set ...int64) *budget {
		b := &budget{of: ofCampaign, name: "c"}
		for i, v := range set {
			b.set(v, second(100*i))
			b.loaded(second(100*i + 5))
		}
		return b
	}
	for _, tt := range []struct {
		name   string
		b      *budget
		events []event
		want   int // which, or -1
	}{
		{"within", limits(20), []event{sale(0, 1, 10), sale(3, 4, 10)}, -1},
		{"open when it was bid", limits(20), []event{sale(0, 9, 10), sale(1, 9, 10), sale(2, 9, 10)}, -1},
		{"above", limits(20), []event{sale(0, 1, 8), sale(0, 1, 3), sale(3, 4, 10)}, 2},
		{"late ones count", limits(20), []event{sale(0, 50, 10), sale(0, 50, 10), sale(60, 61, 1)}, 2},
		{"raised", limits(20, 30), []event{sale(0, 1, 10), sale(0, 1, 10), sale(101, 102, 10)}, -1},
		{"lowered, not yet loaded", limits(30, 20), []event{sale(0, 1, 10), sale(0, 1, 10), sale(103, 104, 10)}, -1},
		{"lowered", limits(30, 20), []event{sale(0, 1, 10), sale(0, 1, 10), sale(106, 107, 10)}, 2},
	} {
		got := -1
		if e, _ := tt.b.overbid(tt.events); e != nil {
			got = slices.IndexFunc(tt.events, func(x event) bool { return x == *e })
		}
		if got != tt.want {
			t.Errorf("%s: event %d is found, want %d", tt.name, got, tt.want)
		}
	}
}

// TestScheduleKeepsTime checks that errands are handed out when they are due, in
// that order.
func TestScheduleKeepsTime(t *testing.T) {
	s := newSchedule()
	for _, after := range []time.Duration{2 * time.Second, 0, time.Second} {
		s.add(errand{due: day.Add(after)})
	}
	for want := range 2 {
		e, _, ok := s.next(day.Add(time.Second))
		if !ok || !e.due.Equal(day.Add(time.Duration(want)*time.Second)) {
			t.Errorf("errand %d is due at %v, %t", want, e.due, ok)
		}
		s.done()
	}
	if _, wait, ok := s.next(day.Add(time.Second)); ok || wait != time.Second {
		t.Errorf("the third errand is due in %v, %t, want in a second", wait, ok)
	}
	if n := s.pending(); n != 1 {
		t.Errorf("%d errands are pending, want 1", n)
	}
}

// TestCompareDeeds makes sure that a visit too many or too few is found, and that
// visits are told apart from conversions.
func TestCompareDeeds(t *testing.T) {
	events := []event{
		{Kind: "visit", Bid: referenceOf("a"), Person: "anna"},
		{Kind: "visit", Bid: referenceOf("b"), Person: "anna"},
		{Kind: "conversion", Bid: referenceOf("a"), Person: "anna"},
		{Kind: "click", Bid: "c", Person: "anna"},
	}
	did := deeds(events)["anna"]
	if err := compareDeeds("anna", map[string]int{"visit": 2, "conversion": 1}, did); err != nil {
		t.Error(err)
	}
	for _, has := range []map[string]int{nil, {"visit": 1, "conversion": 1}, {"visit": 3, "conversion": 1}, {"visit": 3}} {
		if compareDeeds("anna", has, did) == nil {
			t.Errorf("%v is taken for %v", has, did)
		}
	}
	r := newRecord()
	for i := range events {
		r.note(events[i].key(), acknowledged)
	}
	if f := r.compare(events); f.bad() != 0 || f.Acknowledged != len(events) {
		t.Errorf("found %+v, want nothing wrong with %d events", f, len(events))
	}
	if f := r.compare(events[1:]); f.Lost != 1 {
		t.Errorf("without the first visit found %+v, want one lost", f)
	}
}
