package exposure_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
	"bidwell/exposure"
	"bidwell/profile"
)

const noon = 1_780_000_000 // unix seconds

var person = ad.PersonIDOf("ifa", "anna")

// campaignNames are the campaigns of the tests: the first two are of one advertiser.
var campaignNames = []string{"shoes", "socks", "noise"}

func shown(i int) exposure.Shown {
	return exposure.Shown{Campaign: profile.RefOf(ad.IDOf("campaign", campaignNames[i])), Topic: profile.NameOf(campaignNames[i])}
}

func refOf(what string, n ...int) profile.Ref { return profile.RefOf(ad.IDOf(what, fmt.Sprint(n))) }

// adNumber returns one of a campaign's ads: two line items with two creatives, which
// they share.
func adNumber(campaign, line, creative int) exposure.Ad {
	return exposure.Ad{Campaign: shown(campaign).Campaign, Line: refOf("line", campaign, line), Creative: refOf("creative", campaign, creative)}
}

// life is a person's life with the bidder, and an observer who counts everything.
type life struct {
	t      *rapid.T
	memory exposure.Memory
	now    int64
	caps   []exposure.Cap
	record profile.Record
	open   []bid  // undecided
	late   []seen // impressions that the profile does not know yet
	all    []seen // all impressions there ever were
	bids   int
}

type bid struct {
	exposure.Bid
	campaign int
}

type seen struct {
	exposure.Ad
	at       int64
	campaign int
}

const window = 1800 // for notices, seconds

// capsOf returns the caps that count an ad.
func (l *life) capsOf(campaign, line, creative int) (caps []exposure.Cap) {
	for _, c := range l.caps {
		if covers(&c, campaign, line, creative) {
			caps = append(caps, c)
		}
	}
	return caps
}

// capsFor returns one cap of each level.
func capsFor(t *rapid.T) []exposure.Cap {
	n := func(label string) int { return rapid.IntRange(1, 6).Draw(t, label) }
	per := func(label string) int64 { return rapid.Int64Range(1, 5*86400).Draw(t, label) }
	return []exposure.Cap{
		exposure.NewCap(exposure.Advertiser, n("advertiser"), per("per"), 0, []exposure.Shown{shown(0), shown(1)}),
		exposure.NewCap(exposure.Campaign, n("campaign"), per("per"), 0, []exposure.Shown{shown(0)}),
		exposure.NewCap(exposure.Line, n("line"), per("per"), refOf("line", 0, 1), []exposure.Shown{shown(0)}),
		exposure.NewCap(exposure.Creative, n("creative"), per("per"), refOf("creative", 1, 0), []exposure.Shown{shown(1)}),
	}
}

func covers(c *exposure.Cap, campaign, line, creative int) bool {
	switch c.Level {
	case exposure.Advertiser:
		return campaign < 2
	case exposure.Campaign:
		return campaign == 0
	case exposure.Line:
		return campaign == 0 && line == 1
	}
	return campaign == 1 && creative == 0
}

// request bids on an ad if the caps allow it.
func (l *life) request() {
	campaign, line, creative := rapid.IntRange(0, 1).Draw(l.t, "campaign"), rapid.IntRange(0, 1).Draw(l.t, "line"), rapid.IntRange(0, 1).Draw(l.t, "creative")
	a := adNumber(campaign, line, creative)
	caps := l.capsOf(campaign, line, creative)
	var h exposure.History
	h.Read(&l.memory, person, l.record, l.now)
	l.exact(&h)
	if exposure.Reached(caps, &h, l.now) != nil {
		return
	}
	b := exposure.Bid{Person: person, ID: bidID(l.bids), Ad: a, Until: l.now + window}
	l.bids++
	if why := l.memory.Hold(&b, &h, caps, nil, l.now); why == ad.OK {
		l.open = append(l.open, bid{b, campaign})
	}
}

// exact holds what the caps count against what the observer has counted. While the
// profile has forgotten nothing they are the same; after that no less is counted.
func (l *life) exact(h *exposure.History) {
	for i := range l.caps {
		c := &l.caps[i]
		seen, open := c.Count(h, l.now)
		wantSeen, wantOpen := 0, 0
		for _, s := range l.all {
			if s.at >= l.now-c.Per && counts(c, s) {
				wantSeen++
			}
		}
		for _, b := range l.open {
			if b.Until > l.now && counts(c, seenOf(b)) {
				wantOpen++
			}
		}
		full := l.record.Touches() == profile.MaxTouches
		if open != wantOpen || seen < wantSeen || seen > wantSeen && !full {
			l.t.Fatalf("the cap of the %s counts %d seen and %d in flight, want %d and %d (full %v)", c.Level, seen, open, wantSeen, wantOpen, full)
		}
	}
}

func seenOf(b bid) seen { return seen{b.Ad, 0, b.campaign} }

func bidID(n int) (id ad.BidID) {
	id[0], id[1] = byte(n), byte(n>>8)
	return id
}

// take takes one of the undecided bids whose window has not ended.
func (l *life) take() (b bid, ok bool) {
	live := l.open[:0]
	for _, b := range l.open {
		if b.Until > l.now {
			live = append(live, b)
		}
	}
	l.open = live
	if len(live) == 0 {
		return b, false
	}
	i := rapid.IntRange(0, len(live)-1).Draw(l.t, "which")
	b = live[i]
	l.open = append(live[:i:i], live[i+1:]...)
	return b, true
}

func (l *life) impression() {
	if b, ok := l.take(); ok {
		l.memory.Show(&b.Bid, l.now)
		s := seen{b.Ad, l.now, b.campaign}
		l.all, l.late = append(l.all, s), append(l.late, s)
	}
}

func (l *life) loss() {
	if b, ok := l.take(); ok {
		l.memory.Drop(person, b.ID)
	}
}

// noise is other advertisers' ads, and other contacts, which take room in the
// profile.
func (l *life) noise() {
	for range rapid.IntRange(1, 80).Draw(l.t, "noise") {
		l.late = append(l.late, seen{adNumber(2, 0, 0), l.now, 2})
	}
}

// follow brings some of the impressions into the profile, in their order.
func (l *life) follow() {
	n := len(l.late)
	if n > 0 {
		n = rapid.IntRange(0, n).Draw(l.t, "follow")
	}
	l.apply(n)
}

func (l *life) apply(n int) {
	b := profile.NewBuilder(l.now)
	if err := b.Merge(l.record); err != nil {
		l.t.Fatal(err)
	}
	for _, s := range l.late[:n] {
		touch := profile.Touch{Campaign: s.Campaign, Line: s.Line, Creative: s.Creative, Kind: profile.Impression, Time: s.at}
		if err := b.AddContact(touch, campaignNames[s.campaign]); err != nil {
			l.t.Fatal(err)
		}
	}
	l.late, l.record = append([]seen(nil), l.late[n:]...), b.Append(nil)
}

// pass lets time go by: the profile is never further behind than it may be.
func (l *life) pass() {
	l.now += rapid.SampledFrom([]int64{0, 1, 59, 400, 1799, 1800, 5000, 40_000, 86_400, 200_000}).Draw(l.t, "pass")
	for n := range l.late {
		if l.now-l.late[n].at < 600 {
			l.apply(n)
			break
		}
		if n == len(l.late)-1 {
			l.apply(n + 1)
			break
		}
	}
	l.memory.Expire(l.now)
}

// never checks all windows of all caps.
func (l *life) never() {
	for i := range l.caps {
		c := &l.caps[i]
		for first := range l.all {
			n := 0
			for _, s := range l.all[first:] {
				if s.at <= l.all[first].at+c.Per && counts(c, s) {
					n++
				}
			}
			if n > c.AtMost {
				l.t.Fatalf("%d impressions within %d s, the cap of the %s allows %d", n, c.Per, c.Level, c.AtMost)
			}
		}
	}
}

func counts(c *exposure.Cap, s seen) bool {
	switch c.Level {
	case exposure.Advertiser:
		return s.campaign < 2
	case exposure.Campaign:
		return s.campaign == 0
	case exposure.Line:
		return s.Line == refOf("line", 0, 1)
	}
	return s.Ad.Creative == refOf("creative", 1, 0)
}

// TestNeverOneTooMany lets bids be made, lost, shown and forgotten at random, with a
// profile that follows late and is pushed full by others: as long as notices come
// while their bid is held, no window of any cap has an impression too many.
func TestNeverOneTooMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &life{t: t, now: noon, caps: capsFor(t)}
		t.Repeat(map[string]func(*rapid.T){
			"request": func(*rapid.T) { l.request() }, "request again": func(*rapid.T) { l.request() },
			"impression": func(*rapid.T) { l.impression() }, "impression again": func(*rapid.T) { l.impression() },
			"loss": func(*rapid.T) { l.loss() }, "noise": func(*rapid.T) { l.noise() },
			"follow": func(*rapid.T) { l.follow() }, "pass": func(*rapid.T) { l.pass() },
			"": func(*rapid.T) { l.never() },
		})
	})
}
