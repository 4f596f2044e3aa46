package learn_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"bidwell/ad"
	"bidwell/pricing"
	"bidwell/pricing/learn"
)

// apply applies events, numbered from the learner's position on.
func apply(l *learn.Learner, events ...*ad.Event) {
	for _, e := range events {
		l.Apply(l.Position(), e)
	}
}

// silence is an event of which nothing is learned, at a time.
func silence(at int64) *ad.Event { return &ad.Event{Kind: ad.EventTally, Time: at} }

// quality returns what was learned of a task of the campaign in tests.
func quality(t *testing.T, l *learn.Learner, task pricing.Task) pricing.TaskQuality {
	t.Helper()
	q, _ := l.Model().Responses.Quality(campaign)
	for _, tq := range q.Tasks {
		if tq.Task == task {
			return tq
		}
	}
	return pricing.TaskQuality{}
}

func wantLearned(t *testing.T, l *learn.Learner, task pricing.Task, impressions, events float64) {
	t.Helper()
	q := quality(t, l, task)
	if math.Abs(q.Impressions-impressions) > 1e-6 || math.Abs(q.Events-events) > 1e-6 {
		t.Errorf("%v was learned from %v impressions with %v responses, want %v with %v", task, q.Impressions, q.Events, impressions, events)
	}
}

// TestLabelsWaitForTheirWindow follows clicks that come in time, late, twice, before
// their impression, and for no impression that is known.
func TestLabelsWaitForTheirWindow(t *testing.T) {
	l := learn.NewLearner()
	at := monday
	a, b, c := impression(1, at, pricing.PerClick, 1), impression(2, at+1, pricing.PerClick, 2), impression(3, at+2, pricing.PerClick, 3)
	apply(l, a, response(a, ad.EventClick, 0, at+5*second), response(a, ad.EventClick, 0, at+6*second), b)
	apply(l, response(c, ad.EventClick, 0, at+2), c)
	apply(l, silence(at+9*minute))
	wantLearned(t, l, pricing.Clicking, 0, 0) // their windows have not ended
	apply(l, silence(at+11*minute))
	wantLearned(t, l, pricing.Clicking, 3, 2)
	apply(l, response(b, ad.EventClick, 0, at+hour))
	wantLearned(t, l, pricing.Clicking, 3, 3) // what was learned is corrected
	apply(l, silence(at+3*hour), response(impression(9, at, pricing.PerClick, 9), ad.EventClick, 0, at+3*hour))
	wantLearned(t, l, pricing.Clicking, 3, 3)
	if got := l.Outcomes(campaign); got.Events != 5 || got.Expected <= 0 || got.Due != got.Expected {
		t.Errorf("outcomes %+v, want 5 clicks", got)
	}
}

// TestGoalChangesOnce changes a campaign's goal while impressions of bids from before
// are still coming: they do not change it back.
func TestGoalChangesOnce(t *testing.T) {
	l := learn.NewLearner()
	shown := func(n uint64, bid, at int64, goal pricing.Goal) *ad.Event {
		e := impression(n, at, goal, n)
		e.BidTime = bid / 1000
		return e
	}
	at := monday
	const before, after = pricing.PerClick, pricing.PerViewable
	apply(l, shown(1, at, at, before), shown(2, at+5*second, at+6*second, before))
	old := l.Outcomes(campaign)
	apply(l, shown(3, at+3*second, at+7*second, after)) // cannot be: the bid is older
	if got := l.Outcomes(campaign); got != old || got.Expected <= 0 {
		t.Errorf("an older bid changes the goal: %+v, was %+v", got, old)
	}
	viewed := shown(4, at+9*second, at+10*second, after)
	apply(l, viewed, response(viewed, ad.EventView, 1, at+11*second))
	changed := l.Outcomes(campaign)
	if changed.Events != 1 || changed.Expected <= 0 {
		t.Fatalf("after the goal was changed: %+v", changed)
	}
	apply(l, shown(5, at+8*second, at+20*second, before), shown(6, at+9*second, at+20*second, before))
	if got := l.Outcomes(campaign); got != changed {
		t.Errorf("stragglers change the goal back: %+v, was %+v", got, changed)
	}
	apply(l, shown(7, at-2*hour, at-hour, before)) // the clock was set back: since then nothing is bid for the other goal
	apply(l, shown(8, at-hour+second, at-hour+2*second, before))
	if got := l.Outcomes(campaign); got.Events != 0 || got.Expected <= 0 {
		t.Errorf("after the clock was set back: %+v", got)
	}
}

// TestViewsAndCompletions tells what of a view event is what.
func TestViewsAndCompletions(t *testing.T) {
	for _, tt := range []struct {
		goal   pricing.Goal
		task   pricing.Task
		detail uint8
		want   float64
	}{
		{pricing.PerViewable, pricing.Viewing, 1, 1},
		{pricing.PerViewable, pricing.Viewing, 2, 0},
		{pricing.PerCompletedView, pricing.Completing, 6, 1},
		{pricing.PerCompletedView, pricing.Completing, 5, 0},
	} {
		l := learn.NewLearner()
		a := impression(1, monday, tt.goal, 1)
		a.Media = ad.Video
		apply(l, a, response(a, ad.EventView, tt.detail, monday+second), silence(monday+hour))
		wantLearned(t, l, tt.task, 1, tt.want)
	}
}

// TestConversionsAreMatched follows conversions to what they are due to.
func TestConversionsAreMatched(t *testing.T) {
	const anna, bruno = 1, 2
	shown := func(n uint64, at int64, person uint64) *ad.Event {
		return impression(n, at, pricing.PerAcquisition, person)
	}
	click := func(of *ad.Event, at int64) *ad.Event { return response(of, ad.EventClick, 0, at) }
	f := func(what string, clicks, views float64, events ...*ad.Event) {
		t.Helper()
		l := learn.NewLearner()
		apply(l, events...)
		apply(l, silence(monday+9*day))
		if c, v := quality(t, l, pricing.ClickConverting).Events, quality(t, l, pricing.ViewConverting).Events; c != clicks || v != views {
			t.Errorf("%s: %v conversions after clicks and %v after views, want %v and %v", what, c, v, clicks, views)
		}
		if got := l.Outcomes(campaign); got.Events != clicks+views || math.Abs(got.Due-got.Expected) > 1e-9 {
			t.Errorf("%s: outcomes %+v, want %v acquisitions, and all that is expected due", what, got, clicks+views)
		}
	}
	at := monday
	a, b := shown(1, at, anna), shown(2, at+minute, anna)
	f("the cause is told", 1, 0, a, click(a, at+second), b, click(b, at+2*minute), conversion(1, at+hour, bruno, a.Bid))
	f("by the person's last click", 1, 0, a, click(a, at+second), b, conversion(1, at+hour, anna, ad.BidID{}))
	f("after six days", 1, 0, a, click(a, at+second), conversion(1, at+6*day, anna, ad.BidID{}))
	f("after eight days", 0, 0, a, click(a, at+second), conversion(1, at+8*day, anna, ad.BidID{}))
	f("orders again", 1, 0, a, click(a, at+second), conversion(1, at+hour, anna, ad.BidID{}), conversion(2, at+2*hour, anna, a.Bid))
	f("orders again without a click", 0, 1, a, conversion(1, at+second, anna, ad.BidID{}), conversion(2, at+minute, anna, ad.BidID{}),
		conversion(3, at+hour, anna, ad.BidID{}))
	f("by the last impression", 0, 1, a, b, conversion(1, at+2*hour, anna, ad.BidID{}))
	f("at once", 0, 1, a, conversion(1, at+second, anna, ad.BidID{}))
	f("a view after two days", 0, 0, a, conversion(1, at+2*day, anna, ad.BidID{}))
	past := conversion(1, at+hour, anna, ad.BidID{})
	past.BidTime = at/1000 - 5*day/1000
	f("that was before the click, told of after it", 0, 0, a, click(a, at+second), past)
	f("that was before the view, told of after it", 0, 0, a, past)
	past.Cause = a.Bid
	f("that was before the click that it names", 0, 0, a, click(a, at+second), past)
	slow := conversion(1, at+hour, anna, a.Bid)
	slow.BidTime = at/1000 - 60
	f("by a clock that is behind", 1, 0, a, click(a, at+second), slow)
	f("of somebody else", 0, 0, a, click(a, at+second), conversion(1, at+hour, bruno, ad.BidID{}))
	f("of nobody known", 0, 0, shown(1, at, 0), conversion(1, at+hour, 0, ad.BidID{}))
	f("of a cause that is not known", 0, 0, a, click(a, at+second), conversion(1, at+hour, anna, bidOf(77)))
	other := conversion(1, at+hour, anna, ad.BidID{})
	other.Topic++
	f("of another topic", 0, 0, a, click(a, at+second), other)
	other = conversion(1, at+hour, anna, a.Bid)
	other.Advertiser++
	f("of another advertiser", 0, 0, a, click(a, at+second), other)
}

// TestConversionBeforeItsClick has somebody convert and click then, whenever it is told
// of. That is an acquisition, and no example: of ads that are clicked nothing is learned
// of views.
func TestConversionBeforeItsClick(t *testing.T) {
	a := impression(1, monday, pricing.PerAcquisition, 1)
	converts, click := conversion(1, monday+second, 1, ad.BidID{}), response(a, ad.EventClick, 0, monday+2*second)
	told := *converts
	told.Time = monday + 5*minute
	for _, events := range [][]*ad.Event{{a, converts, click}, {a, click, &told}} {
		l := learn.NewLearner()
		apply(l, events...)
		apply(l, silence(monday+9*day))
		wantLearned(t, l, pricing.ClickConverting, 1, 0)
		wantLearned(t, l, pricing.ViewConverting, 0, 0)
		if got, c := l.Outcomes(campaign), l.Counts(); got.Events != 1 || c.Conversions != 1 || c.Unmatched != 0 {
			t.Errorf("outcomes %+v and counts %+v, want one acquisition", got, c)
		}
	}
}

// TestAcquisitionOfAViewAndItsClick has somebody convert, click, and convert again, before
// and after the impression is settled: that is one acquisition, and a click that converts.
func TestAcquisitionOfAViewAndItsClick(t *testing.T) {
	a := impression(1, monday, pricing.PerAcquisition, 1)
	for _, again := range []int64{minute, hour} {
		l := learn.NewLearner()
		apply(l, a, conversion(1, monday+second, 1, ad.BidID{}), response(a, ad.EventClick, 0, monday+2*second),
			silence(monday+again), conversion(2, monday+again, 1, ad.BidID{}), silence(monday+9*day))
		wantLearned(t, l, pricing.ClickConverting, 1, 1)
		if got, c := l.Outcomes(campaign), l.Counts(); got.Events != 1 || c.Repeated != 1 {
			t.Errorf("again after %d s: outcomes %+v and counts %+v, want one acquisition", again/second, got, c)
		}
	}
}

// TestConversionsOfWhoWasKept lets people see an ad while all are kept, and again while
// there is room for a part of them only: their conversions still belong to the first,
// also if they come before the window of the second has ended.
func TestConversionsOfWhoWasKept(t *testing.T) {
	const people, others = 1000, 70_000
	for _, after := range []int64{5 * minute, 40 * minute} {
		l, n := learn.NewLearner(), uint64(0)
		show := func(at int64, person uint64) {
			n++
			apply(l, impression(n, at, pricing.PerAcquisition, person))
		}
		for p := range uint64(people) {
			show(monday, 1+p)
		}
		for p := range uint64(others) {
			show(monday+minute, 1+people+p)
		}
		for p := range uint64(people) {
			show(monday+20*minute, 1+p)
		}
		apply(l, silence(monday+20*minute+after))
		for p := range uint64(people) {
			apply(l, conversion(p, monday+20*minute+after, 1+p, ad.BidID{}))
		}
		apply(l, silence(monday+2*hour))
		if got := l.Counts(); got.Conversions != people || got.Unmatched != 0 {
			t.Errorf("of %d conversions %d minutes later %d are matched and %d are not", people, after/minute, got.Conversions, got.Unmatched)
		}
	}
}

// TestConversionsOfClicksLeftOut lets so many click that a part of the clicks is kept.
// Those who convert after another are not learned as views that did.
func TestConversionsOfClicksLeftOut(t *testing.T) {
	const clicks, converts = 40_000, 2000
	l := learn.NewLearner()
	for n := range uint64(clicks + converts) {
		at := monday + int64(n)
		a := impression(n, at, pricing.PerAcquisition, 1+n)
		apply(l, a, response(a, ad.EventClick, 0, at))
		if n >= clicks {
			apply(l, conversion(n, at, 1+n, ad.BidID{}))
		}
	}
	apply(l, silence(monday+9*day))
	wantLearned(t, l, pricing.ViewConverting, 0, 0)
	if got := quality(t, l, pricing.ClickConverting).Events; got < 0.9*converts || got > 1.1*converts {
		t.Errorf("%v conversions after clicks are learned of %d", got, converts)
	}
	if got := l.Outcomes(campaign).Events; got < 0.9*converts || got > 1.1*converts {
		t.Errorf("%v acquisitions are counted of %d", got, converts)
	}
}

// TestClickFloodIsBounded lets one person click on everything: after a few clicks
// nothing more is learned of them, and others have the chances that they had.
func TestClickFloodIsBounded(t *testing.T) {
	l := learn.NewLearner()
	n, at := uint64(0), monday
	show := func(person uint64, clicks bool) {
		n++
		at += second
		e := impression(n, at, pricing.PerClick, person)
		apply(l, e)
		if clicks {
			apply(l, response(e, ad.EventClick, 0, at+1))
		}
	}
	for i := range uint64(20_000) {
		show(1000+i, i%200 == 0)
	}
	apply(l, silence(at+hour))
	before := l.Model().Responses.Line(pricing.LineKey{Advertiser: shop, Campaign: campaign, Line: line, Goal: pricing.PerClick})
	for range 20_000 {
		show(1, true)
	}
	apply(l, silence(at+hour))
	after := l.Model().Responses.Line(pricing.LineKey{Advertiser: shop, Campaign: campaign, Line: line, Goal: pricing.PerClick})
	if after.Rate > 1.2*before.Rate {
		t.Errorf("one person has brought the chance of a click from %v to %v", before.Rate, after.Rate)
	}
	if c := l.Counts(); c.Flooded < 19_900 {
		t.Errorf("%d clicks of the flood are counted, want nearly 20,000", c.Flooded)
	}
}

// TestUntoldLosses lets exchanges tell of all losses, of some, and of none. Whatever
// they tell, bids win as often as they do.
func TestUntoldLosses(t *testing.T) {
	for _, told := range []float64{1, 0.4, 0} {
		l := learn.NewLearner()
		rng := rand.New(rand.NewPCG(1, 1))
		at := monday
		for n := range uint64(300_000) {
			at += 200
			e := impression(n, at, pricing.PerClick, 0)
			e.Context, e.Auction, e.Segment, e.Offer = "", ad.FirstPrice, 1<<16, ad.Money(200_000+rng.IntN(1_800_000))
			if n%50 == 0 {
				apply(l, response(e, ad.EventBid, 0, at))
			}
			switch won := e.Offer > ad.Money(rng.IntN(4_000_000)); {
			case won:
				apply(l, response(e, ad.EventWin, 0, at+1), response(e, ad.EventBilling, 0, at+2))
			case rng.Float64() < told:
				apply(l, response(e, ad.EventLoss, 102, at+1))
			}
		}
		for _, b := range []ad.Money{500_000, 1_000_000, 1_500_000} {
			if win, want := l.Model().Market.Curve(1, 1<<16).Win(b), float64(b)/4_000_000; !(math.Abs(win-want) <= 0.05) { // also where nothing is known
				t.Errorf("%.0f %% of losses told: a bid of %v is said to win with probability %.3f, it does with %.3f", 100*told, b, win, want)
			}
		}
	}
}

// TestStateIsWhatWasLearned stops a learner at random moments of random histories and
// restores it: it has the same bytes, goes on to the same bytes, and they are those of
// one that was never stopped.
func TestStateIsWhatWasLearned(t *testing.T) {
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 8))
		straight, broken := learn.NewLearner(), learn.NewLearner()
		events := history(seed, 6000)
		for i, e := range events {
			straight.Apply(uint64(i), e)
			broken.Apply(uint64(i), e)
			if rng.IntN(2500) != 0 && i != len(events)-1 {
				continue
			}
			state := broken.AppendState(nil)
			broken = learn.NewLearner()
			must(t, broken.Restore(state))
			if !bytes.Equal(broken.AppendState(nil), state) {
				t.Fatalf("seed %d: after %d events the state is another when it is restored", seed, i)
			}
		}
		if !bytes.Equal(broken.AppendState(nil), straight.AppendState(nil)) {
			t.Fatalf("seed %d: a learner that was stopped now and then has learned something else", seed)
		}
		if c := straight.Counts(); c.Conversions == 0 || c.Unreadable == 0 || c.Late == 0 || c.Flooded == 0 || c.Unmatched == 0 {
			t.Errorf("seed %d: the history lacks something: %+v", seed, c)
		}
	}
}

// TestDamagedStateIsRefused cuts a state and changes it. It is refused, or learning
// goes on with it.
func TestDamagedStateIsRefused(t *testing.T) {
	l := learn.NewLearner()
	events := history(9, 1500)
	apply(l, events...)
	state := l.AppendState(nil)
	rng := rand.New(rand.NewPCG(2, 2))
	for range 150 {
		if err := learn.NewLearner().Restore(state[:rng.IntN(len(state))]); !errors.Is(err, learn.ErrState) {
			t.Fatalf("a state that was cut short gives %v", err)
		}
		bad := bytes.Clone(state)
		for range 1 + rng.IntN(3) {
			bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		}
		other := learn.NewLearner()
		if other.Restore(bad) == nil {
			apply(other, events[:300]...)
			other.Model()
		}
	}
}
