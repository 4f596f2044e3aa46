package bidder_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/profile"
)

// talking is a campaign that says hello up to three times, makes an offer to who
// clicks, and leaves alone who has ordered.
const talking = `campaign: talk
advertiser: {name: Talk, domains: [talk.example]}
budget: {total: 1000 USD}
line_items:
  - name: all
    bid: {price: 2 USD, at_most: 5 USD}
    creatives: [hello, offer, bye]
    conversation:
      ends_on: order
      steps:
        - {step: hello, creatives: [hello], then: [{to: offer, click: true}, {to: bye, exposures: 3}]}
        - {step: offer, creatives: [offer], wait: 1h, multiply: 2, then: [{to: end, exposures: 1, after: 2h}]}
        - {step: bye, creatives: [bye], then: [{to: hello, visit: shop}, {to: end, after: 30d}]}
creatives:
  - {name: hello, banner: {size: 300x250, image: "https://cdn.talk.example/a.jpg"}, click: "https://talk.example/"}
  - {name: offer, banner: {size: 300x250, image: "https://cdn.talk.example/b.jpg"}, click: "https://talk.example/"}
  - {name: bye, banner: {size: 300x250, image: "https://cdn.talk.example/c.jpg"}, click: "https://talk.example/"}
`

// partner is a person in the conversation.
type partner struct {
	*rig
	t    *testing.T
	ex   *campaign.Exchange
	user string
	n    int
}

func newPartner(t *testing.T) *partner {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/talk.yaml", talking), "")
	return &partner{rig: r, t: t, ex: r.exchange(t, ""), user: "anna"}
}

// meets decides on a request of the person. The decision must be what an explanation
// says, and be on a creative, or for a reason.
func (p *partner) meets(now time.Time, want string) *bidder.Scratch {
	p.t.Helper()
	p.n++
	body, sc := userRequest(fmt.Sprint("r", p.n), p.user), new(bidder.Scratch)
	x := p.explain(p.t, body, p.ex, now).Impressions[0].Lines[0]
	why := p.decide(p.t, sc, body, p.ex, now)
	got := why.String()
	if why == ad.OK {
		got = fmt.Sprintf("%s for %v", sc.Bids[0].Creative.Name, sc.Bids[0].Price.CPM())
	}
	said := x.Reason
	if x.Bids {
		said = fmt.Sprintf("%s for %v", x.Creative, sc.Bids[0].Price.CPM())
	}
	if got != want || said != want {
		p.t.Fatalf("request %d: %s, explained as %s (%s), want %s", p.n, got, said, x.Detail, want)
	}
	return sc
}

// tells has a notice of a bid taken, and profiles follow.
func (p *partner) tells(sc *bidder.Scratch, kind ad.Notice, now time.Time) {
	p.t.Helper()
	token := sc.Token(&sc.Bids[0])
	token.Kind = kind
	if why, err := p.Notice(&token, bidder.Said{}, now); why != ad.OK || err != nil {
		p.t.Fatalf("%v: %v, %v", kind, why, err)
	}
	follow(p.t, p.rig, now)
}

func (p *partner) does(kind profile.Kind, topic string, now time.Time) {
	p.t.Helper()
	key := ad.PersonIDOf("user:example", p.user)
	err := p.Profiles.UpdateAll(now, []profile.Edit{{Key: key, Change: func(b *profile.Builder) error {
		return b.AddBehaviour(kind, topic, now.Unix(), 1)
	}}}, nil)
	if err != nil {
		p.t.Fatal(err)
	}
}

// TestConversation leads a person through all of a conversation.
func TestConversation(t *testing.T) {
	p, now := newPartner(t), monday
	p.tells(p.meets(now, "hello for 2"), ad.Impression, now)
	second := p.meets(now.Add(time.Minute), "hello for 2")
	third := p.meets(now.Add(time.Minute), "hello for 2")
	p.meets(now.Add(time.Minute), "conversation_waits") // those may be the last two of three
	p.tells(second, ad.Loss, now.Add(2*time.Minute))
	p.tells(p.meets(now.Add(2*time.Minute), "hello for 2"), ad.Loss, now.Add(2*time.Minute))
	p.tells(third, ad.Impression, now.Add(3*time.Minute))
	p.tells(third, ad.Click, now.Add(4*time.Minute))
	p.meets(now.Add(time.Hour), "conversation_waits")
	now = now.Add(65 * time.Minute)
	p.tells(p.meets(now, "offer for 4"), ad.Impression, now)
	p.tells(p.meets(now.Add(time.Second), "offer for 4"), ad.Loss, now.Add(time.Second)) // two hours at the step are not over
	p.meets(now.Add(time.Hour), "conversation_over")
}

// TestConversationGoesAnotherWay shows hello three times to somebody who does not
// click, and leads back who comes to the shop.
func TestConversationGoesAnotherWay(t *testing.T) {
	p, now := newPartner(t), monday
	for range 3 {
		p.tells(p.meets(now, "hello for 2"), ad.Impression, now)
		now = now.Add(time.Hour)
	}
	p.tells(p.meets(now, "bye for 2"), ad.Impression, now)
	p.does(profile.Visit, "shop", now.Add(time.Hour))
	p.meets(now.Add(2*time.Hour), "hello for 2")
	p.does(profile.Conversion, "order", now.Add(3*time.Hour))
	p.meets(now.Add(4*time.Hour), "conversation_over")
	p.user = "" // who cannot be counted is told nothing
	p.meets(now, "uncounted")
}

// TestConversationHoldsAtOnce has requests for one person decided at the same time:
// as many are bid on as the step has impressions to give.
func TestConversationHoldsAtOnce(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/talk.yaml", talking), "")
	ex := r.exchange(t, "")
	for round := range fewer(40) {
		var bids atomic.Int32
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				var sc bidder.Scratch
				if r.decide(t, &sc, userRequest(fmt.Sprint(round, i), fmt.Sprint("user", round)), ex, monday) == ad.OK {
					bids.Add(1)
				}
			})
		}
		all.Wait()
		if n := bids.Load(); n != 3 {
			t.Fatalf("%d bids, want 3", n)
		}
	}
}

// TestConversationIsExplained reads what an explanation says of a conversation.
func TestConversationIsExplained(t *testing.T) {
	p, now := newPartner(t), monday
	p.tells(p.meets(now, "hello for 2"), ad.Impression, now)
	var text strings.Builder
	if err := p.explain(t, userRequest("x", p.user), p.ex, now.Add(time.Hour)).Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"conversation at step hello, since ", "to offer by click: not yet", "to bye by 1 of 3 impressions", "campaigns/talk.yaml:11:"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("there is no %q in\n%s", want, text.String())
		}
	}
}

// BenchmarkDecideConversation decides for a person in the middle of a conversation.
func BenchmarkDecideConversation(b *testing.B) {
	for name, text := range map[string]string{"with": talking, "without": talking[:strings.Index(talking, "    conversation:")] + talking[strings.Index(talking, "creatives:\n  - {"):]} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, files("bidwell.yaml", plainProcess, "campaigns/talk.yaml", text), "")
			ex, s, body := r.exchange(b, ""), r.Snapshot(), userRequest("x", "anna")
			var sc bidder.Scratch
			for range 2 {
				if why := r.decide(b, &sc, body, ex, monday); why != ad.OK {
					b.Fatal(why)
				}
				token := sc.Token(&sc.Bids[0])
				token.Kind = ad.Impression
				if why, err := r.Notice(&token, bidder.Said{}, monday); why != ad.OK || err != nil {
					b.Fatal(why, err)
				}
			}
			follow(b, r, monday)
			b.ReportAllocs()
			for b.Loop() {
				if err := sc.Req.Decode(body); err != nil {
					b.Fatal(err)
				}
				r.Decide(&sc, s, ex, monday, soon(), nil)
				release(r, &sc)
			}
		})
	}
}

func TestNothingIsAllocatedForConversations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	p := newPartner(t)
	p.tells(p.meets(monday, "hello for 2"), ad.Impression, monday)
	var sc bidder.Scratch
	var out []byte
	body, s := userRequest("x", p.user), p.Snapshot()
	one := func() {
		var why ad.Reason
		if out, why, _ = p.whole(&sc, out[:0], body, p.ex, s); why != ad.OK {
			t.Fatal(why)
		}
		release(p.rig, &sc)
	}
	one()
	for reads := uint64(0); reads != p.Profiles.Stats().Loads[profile.StoreHit]; one() {
		reads = p.Profiles.Stats().Loads[profile.StoreHit] // until the cache has the person
	}
	if n := fewestAllocs(one); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
