package learn_test

import (
	"bytes"
	"testing"

	"bidwell/ad"
	"bidwell/pricing"
	"bidwell/pricing/learn"
)

// estimate returns how a task's part of the chance comes about for one of the
// campaign's impressions.
func estimate(t *testing.T, l *learn.Learner, goal pricing.Goal, task pricing.Task) pricing.Estimate {
	t.Helper()
	r := l.Model().Responses
	var x pricing.Context
	var s pricing.Subject
	if !pricing.Unpack(impression(1, monday, goal, 1).Context, &x, &s) {
		t.Fatal("the context cannot be read")
	}
	s.Advertiser, s.Campaign, s.Line, s.Creative = shop, campaign, line, 44
	view := r.Line(pricing.LineKey{Advertiser: shop, Campaign: campaign, Line: line, Goal: goal})
	var b pricing.Bases
	r.Begin(&x, &b)
	for _, e := range r.Explain(&x, &b, &view, campaign, &s) {
		if e.Task == task {
			return e
		}
	}
	t.Fatalf("%v is no part of the chance", task)
	return pricing.Estimate{}
}

// TestSuccessesDoNotRunAhead lets one of a hundred respond, and each at once. From the
// first event on nothing says that it is many: what came early does not count before
// what did not come.
func TestSuccessesDoNotRunAhead(t *testing.T) {
	for _, tt := range []struct {
		goal  pricing.Goal
		task  pricing.Task
		prior float64
	}{
		{pricing.PerAcquisition, pricing.ClickConverting, 0.02},
		{pricing.PerAcquisition, pricing.ViewConverting, 0.0001},
		{pricing.PerAcquisition, pricing.Clicking, 0.002},
		{pricing.PerClick, pricing.Clicking, 0.002},
		{pricing.PerViewable, pricing.Viewing, 0.5},
		{pricing.PerCompletedView, pricing.Completing, 0.5},
	} {
		const truth, every = 0.01, 5 * second
		l, again := learn.NewLearner(), learn.NewLearner()
		most := 2 * max(truth, tt.prior)
		switch tt.task { // while no delays are known, that much is believed to come in ten minutes
		case pricing.ClickConverting:
			most = truth / 0.2
		case pricing.ViewConverting:
			most = truth / 0.1
		}
		check := func(when int64) {
			t.Helper()
			e, q := estimate(t, l, tt.goal, tt.task), quality(t, l, tt.task)
			if q.Events > 1.5*most*q.Impressions && q.Impressions > 20 || q.Events > q.Impressions {
				t.Fatalf("%s, %v: after %d s %.1f of %.1f are responses", tt.goal, tt.task, when/second, q.Events, q.Impressions)
			}
			if e.Prior > most || e.Chance > most {
				t.Fatalf("%s, %v: after %d s the rate is %.4f and the chance %.4f, want at most %.4f", tt.goal, tt.task, when/second, e.Prior, e.Chance, most)
			}
			if when < 10*minute && (q.Impressions != 0 || q.Used || e.Prior != tt.prior) {
				t.Fatalf("%s, %v: after %d s the rate is %.4f from %.1f examples: nothing has had its ten minutes", tt.goal, tt.task, when/second, e.Prior, q.Impressions)
			}
		}
		for n := range uint64(6000) {
			at := monday + int64(n)*every
			a := impression(n, at, tt.goal, 1000+n)
			a.Media = ad.Video
			events := []*ad.Event{a}
			yes := n%100 == 50
			switch tt.task {
			case pricing.ClickConverting:
				events = append(events, response(a, ad.EventClick, 0, at))
			case pricing.Clicking:
				if yes {
					events = append(events, response(a, ad.EventClick, 0, at+second))
				}
			case pricing.Viewing:
				if yes {
					events = append(events, response(a, ad.EventView, 1, at+second))
				}
			case pricing.Completing:
				if yes {
					events = append(events, response(a, ad.EventView, 6, at+second))
				}
			}
			if yes && (tt.task == pricing.ClickConverting || tt.task == pricing.ViewConverting) {
				events = append(events, conversion(n, at+second, 1000+n, ad.BidID{}))
			}
			apply(l, events...)
			apply(again, events...)
			if n < 300 || n%100 == 0 {
				check(at - monday)
			}
		}
		end := silence(monday + 9*day)
		apply(l, end)
		apply(again, end)
		if e := estimate(t, l, tt.goal, tt.task); e.Prior < 0.7*truth || e.Prior > 1.3*truth {
			t.Errorf("%s, %v: in the end the rate is %.4f, want %.2f", tt.goal, tt.task, e.Prior, truth)
		}
		if !bytes.Equal(l.AppendState(nil), again.AppendState(nil)) {
			t.Errorf("%s, %v: the same events give other bytes", tt.goal, tt.task)
		}
	}
}

// TestWhatWaitsIsTold tells how many clicks and responses are too young.
func TestWhatWaitsIsTold(t *testing.T) {
	l := learn.NewLearner()
	for n := range uint64(30) {
		a := impression(n, monday, pricing.PerAcquisition, 100+n)
		apply(l, a)
		if n < 20 {
			apply(l, response(a, ad.EventClick, 0, monday))
		}
		if n < 3 {
			apply(l, conversion(n, monday+second, 100+n, ad.BidID{}))
		}
	}
	for task, want := range map[pricing.Task]string{
		pricing.Clicking:        "responses so far: 0, 20 are needed; 30 impressions wait for their ten minutes, 20 with a response",
		pricing.ClickConverting: "responses so far: 0, 20 are needed; 20 clicks wait for their ten minutes, 3 with a response",
		pricing.ViewConverting:  "responses so far: 0, 20 are needed; 10 impressions wait for their ten minutes",
	} {
		if got := quality(t, l, task).Why; got != want {
			t.Errorf("of %v it says %q, want %q", task, got, want)
		}
	}
	apply(l, silence(monday+11*minute))
	if q := quality(t, l, pricing.ClickConverting); q.Waiting != 0 || q.Events != 3 {
		t.Errorf("after their ten minutes %v clicks wait, and %v responses are learned, want 0 and 3", q.Waiting, q.Events)
	}
}
