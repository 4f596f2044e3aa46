package bidder_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/notice"
	"bidwell/pacing"
)

// pathOf returns the path and query of one of the bidder's URLs.
func pathOf(rawURL string) string {
	_, rest, _ := strings.Cut(rawURL, "://")
	_, path, _ := strings.Cut(rest, "/")
	return "/" + path
}

// priced puts a clearing price in the place of its macro.
func priced(rawURL, price string) string {
	return strings.ReplaceAll(pathOf(rawURL), "${AUCTION_PRICE}", url.QueryEscape(price))
}

// bid posts a request and returns the bid on it.
func (s *server) bid(tb testing.TB, path, body string) *openrtb2.Bid {
	tb.Helper()
	a := s.do(tb, request("POST", path, body))
	var resp openrtb2.BidResponse
	if err := json.Unmarshal(a.body, &resp); err != nil || len(resp.SeatBid) != 1 || len(resp.SeatBid[0].Bid) != 1 {
		tb.Fatalf("no bid but %d %s: %v", a.status, a.body, err)
	}
	return &resp.SeatBid[0].Bid[0]
}

// inMarkup returns the URL of a kind of notice in a banner's markup.
func inMarkup(tb testing.TB, b *openrtb2.Bid, kind ad.Notice) string {
	tb.Helper()
	prefix := "https://ads.bidder.example/e/" + kind.String()
	text := html.UnescapeString(b.AdM)
	i := strings.Index(text, prefix+"?")
	if i < 0 {
		tb.Fatalf("the markup holds no %s: %s", prefix, b.AdM)
	}
	end := strings.IndexAny(text[i:], `"' <>`)
	return text[i : i+end]
}

// spent returns the figures of the one campaign that there is.
func (s *server) spent(tb testing.TB) pacing.Figures {
	tb.Helper()
	f := s.Books.Money.Get(s.Snapshot().Campaigns[0].ID).Figures(time.Now())
	for _, id := range []ad.ID{s.Snapshot().Lines[0].ID, s.Snapshot().Campaigns[0].AdvertiserID} {
		if g := s.Books.Money.Get(id).Figures(time.Now()); g.Confirmed != f.Confirmed || g.Reserved != f.Reserved {
			tb.Errorf("the accounts of line item, campaign and advertiser differ: %+v, %+v", f, g)
		}
	}
	return f
}

// wantSpent checks what is spent and reserved, in micro-units: CPMs.
func (s *server) wantSpent(tb testing.TB, confirmed, reserved float64) {
	tb.Helper()
	if f := s.spent(tb); f.Confirmed.CPM() != confirmed || f.Reserved.CPM() != reserved {
		tb.Errorf("spent %v and reserved %v, want %v and %v", f.Confirmed.CPM(), f.Reserved.CPM(), confirmed, reserved)
	}
	if got, want := s.metric(tb, "spend_total"), confirmed/1000; math.Abs(got-want) > 1e-12 {
		tb.Errorf("metrics say that %v is spent, want %v", got, want)
	}
}

// noticed checks how many notices of a kind had an outcome.
func (s *server) noticed(tb testing.TB, kind ad.Notice, outcome ad.Reason, want float64) {
	tb.Helper()
	if got := s.metric(tb, "notices_total", "notice", kind.String(), "outcome", outcome.String()); got != want {
		tb.Errorf("%v notices of kind %s are counted as %s, want %v", got, kind, outcome, want)
	}
}

func (s *server) wantStatus(tb testing.TB, pathAndQuery string, want int) *answer {
	tb.Helper()
	a := s.get(tb, pathAndQuery)
	if a.status != want {
		tb.Errorf("%.60s… is answered %d %s, want %d", pathAndQuery, a.status, a.body, want)
	}
	return a
}

// TestNoticesOfAnImpression follows an impression that is won, shown and
// clicked, with every notice sent twice.
func TestNoticesOfAnImpression(t *testing.T) {
	s := newServer(t, lenient)
	b := s.bid(t, examplePath, bannerRequest("r", ""))
	s.wantSpent(t, 0, 2)
	for range 2 {
		s.wantStatus(t, priced(b.NURL, "1.5"), 200)
		s.wantSpent(t, 0, 2)
	}
	for range 2 {
		s.wantStatus(t, priced(b.BURL, "1.5"), 200)
		s.wantSpent(t, 1.5, 0)
	}
	for range 2 {
		a := s.wantStatus(t, pathOf(inMarkup(t, b, ad.Impression)), 200)
		if a.header.Get("Content-Type") != "image/gif" || !bytes.HasPrefix(a.body, []byte("GIF89a")) || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("the pixel is %v %q", a.header, a.body)
		}
	}
	for range 2 {
		a := s.wantStatus(t, pathOf(inMarkup(t, b, ad.Click)), 302)
		if got := a.header.Get("Location"); got != "https://a.example/" {
			t.Errorf("a click leads to %q", got)
		}
	}
	s.wantStatus(t, pathOf(b.LURL), 200) // a loss of what is paid for changes nothing
	s.wantSpent(t, 1.5, 0)
	for _, k := range []ad.Notice{ad.Win, ad.Billing, ad.Impression, ad.Click} {
		s.noticed(t, k, ad.OK, 1)
		s.noticed(t, k, ad.NoticeReplayed, 1)
	}
	s.noticed(t, ad.Loss, ad.OK, 1)
	if open := s.metric(t, "open_reservations"); open != 0 {
		t.Errorf("%v reservations are open", open)
	}
}

// TestNoticeMethods checks that notices may be sent with the methods that
// exchanges and players use.
func TestNoticeMethods(t *testing.T) {
	s := newServer(t, lenient)
	for method, want := range map[string]int{"GET": 200, "POST": 200, "HEAD": 200, "PUT": 405, "DELETE": 405} {
		b := s.bid(t, examplePath, bannerRequest("r", ""))
		if a := s.do(t, request(method, priced(b.BURL, "1"), "")); a.status != want {
			t.Errorf("%s is answered %d, want %d", method, a.status, want)
		}
	}
	s.wantSpent(t, 3, 4)
	s.wantStatus(t, "/e/none?t=x", 404)
	s.wantStatus(t, "/e/", 404)
	s.wantStatus(t, "/e/conversion?t=x", 404)
}

// TestLossReleases checks that a lost bid gives its budget back, once.
func TestLossReleases(t *testing.T) {
	s := newServer(t, lenient)
	first, second := s.bid(t, examplePath, bannerRequest("1", "")), s.bid(t, examplePath, bannerRequest("2", ""))
	s.wantSpent(t, 0, 4)
	loss := strings.NewReplacer("${AUCTION_LOSS}", "102", "${AUCTION_MIN_TO_WIN}", "2.01").Replace(pathOf(first.LURL))
	for range 2 {
		s.wantStatus(t, loss, 200)
		s.wantSpent(t, 0, 2)
	}
	s.wantStatus(t, pathOf(second.LURL), 200) // with its macros as they are
	s.wantSpent(t, 0, 0)
	s.noticed(t, ad.Loss, ad.OK, 2)
	s.noticed(t, ad.Loss, ad.NoticeReplayed, 1)
}

// TestLateBillingIsCharged checks that a billing notice that comes after the
// bid was released, by a loss notice or by time, is charged all the same and
// counted.
func TestLateBillingIsCharged(t *testing.T) {
	s := newServer(t, lenient)
	lost, forgotten := s.bid(t, examplePath, bannerRequest("1", "")), s.bid(t, examplePath, bannerRequest("2", ""))
	s.wantStatus(t, pathOf(lost.LURL), 200)
	s.wantStatus(t, priced(lost.BURL, "2"), 200)
	s.wantSpent(t, 2, 2)
	if n := s.Money.Expire(time.Now().Add(90 * time.Minute)); n != 1 {
		t.Errorf("%d reservations expire, want 1", n)
	}
	s.wantSpent(t, 2, 0)
	for range 2 {
		s.wantStatus(t, priced(forgotten.BURL, "1"), 200)
		s.wantSpent(t, 3, 0)
	}
	if got := s.metric(t, "late_spend_total"); got != 0.003 {
		t.Errorf("%v is counted as late, want 0.003", got)
	}
}

// TestLate checks that events which became durable after their notices had been
// refused count like others: money, impressions and losses.
func TestLate(t *testing.T) {
	s := newServer(t, lenient)
	snap := s.Snapshot()
	shown, lost := s.bid(t, examplePath, bannerRequest("1", "")), s.bid(t, examplePath, bannerRequest("2", ""))
	event := func(kind ad.EventKind, id string, price ad.Money) *ad.Event {
		e := &ad.Event{
			Kind: kind, Time: time.Now().UnixMilli(), BidTime: time.Now().Unix(), Price: price,
			Exchange: snap.Exchanges[0].ID, Advertiser: snap.Campaigns[0].AdvertiserID, Campaign: snap.Campaigns[0].ID, Line: snap.Lines[0].ID,
		}
		if _, err := hex.Decode(e.Bid[:], []byte(id)); err != nil {
			t.Fatal(err)
		}
		return e
	}
	s.Late(event(ad.EventWin, shown.ID, 0))
	s.wantSpent(t, 0, 4)
	s.Late(event(ad.EventBilling, shown.ID, 1500*ad.Micro))
	s.wantSpent(t, 1.5, 2)
	s.Late(event(ad.EventImpression, shown.ID, 0))
	if f := s.Books.Counts.Get(snap.Campaigns[0].ID).Figures(time.Now()); f.Confirmed != 1 {
		t.Errorf("%d impressions count, want 1", f.Confirmed)
	}
	s.Late(event(ad.EventLoss, lost.ID, 0))
	s.wantSpent(t, 1.5, 0)
}

// TestPrices checks which clearing prices are charged. A refused one leaves the
// reservation alone and may be corrected.
func TestPrices(t *testing.T) {
	s := newServer(t, lenient)
	spent := 0.0
	for _, c := range []struct {
		price string
		why   ad.Reason
		cost  float64
	}{
		{"2", ad.OK, 2},
		{"0", ad.OK, 0},
		{"0.000001", ad.OK, 0.000001},
		{"1.000007", ad.OK, 1.000007}, // of which a float makes more
		{"1.25e-1", ad.OK, 0.125},
		{".5", ad.OK, 0.5},
		{"", ad.PriceInvalid, 0},
		{"${AUCTION_PRICE}", ad.PriceInvalid, 0},
		{"-1", ad.PriceInvalid, 0},
		{"NaN", ad.PriceInvalid, 0},
		{"Inf", ad.PriceInvalid, 0},
		{"1e999", ad.PriceInvalid, 0},
		{"0x1p4", ad.PriceInvalid, 0},
		{"1,5", ad.PriceInvalid, 0},
		{"1 EUR", ad.PriceInvalid, 0},
		{strings.Repeat("1", 5000), ad.PriceInvalid, 0},
		{"2.000001", ad.PriceAboveBid, 0},
		{"1e9", ad.PriceAboveBid, 0},
	} {
		t.Run(c.price[:min(len(c.price), 20)], func(t *testing.T) {
			b := s.bid(t, examplePath, bannerRequest("r", ""))
			before := s.metric(t, "notices_total", "notice", "bill", "outcome", c.why.String())
			if c.why == ad.OK {
				s.wantStatus(t, priced(b.BURL, c.price), 200)
			} else {
				s.wantStatus(t, priced(b.BURL, c.price), 400)
				s.wantSpent(t, spent, 2)
			}
			s.noticed(t, ad.Billing, c.why, before+1)
			if c.why != ad.OK {
				c.cost = 1
				s.wantStatus(t, priced(b.BURL, "1"), 200)
			}
			spent = round(spent + c.cost)
			s.wantSpent(t, spent, 0)
		})
	}
	b := s.bid(t, examplePath, bannerRequest("r", ""))
	noPrice, _, _ := strings.Cut(pathOf(b.BURL), "&p=")
	s.wantStatus(t, noPrice, 400)
	s.wantSpent(t, spent, 2)
}

func round(cpm float64) float64 {
	m, _ := ad.FromCPM(cpm)
	return m.CPM()
}

// TestPricesInAnotherCurrency checks that a clearing price is charged at the
// rate of its bid, never above what was reserved.
func TestPricesInAnotherCurrency(t *testing.T) {
	process := "currency: EUR\nrates: {USD: 0.7}\nexchanges: {example: {window: 10s}}\n"
	s := serve(t, newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", bannerCampaign("a", 3)), ""), lenient)
	b := s.bid(t, examplePath, bannerRequest("r", ""))
	if b.Price < 2.999998 || b.Price > 3 {
		t.Fatalf("the bid is %v USD", b.Price)
	}
	s.wantStatus(t, priced(b.BURL, "1"), 200)
	if got := s.spent(t).Confirmed.CPM(); got < 0.7 || got > 0.700002 {
		t.Errorf("1 USD costs %v EUR, want 0.7, rounded up", got)
	}
	b = s.bid(t, examplePath, bannerRequest("r", ""))
	before := s.spent(t)
	s.wantStatus(t, priced(b.BURL, strconv.FormatFloat(b.Price, 'f', -1, 64)), 200)
	if after := s.spent(t); after.Confirmed-before.Confirmed != before.Reserved || after.Reserved != 0 {
		t.Errorf("the whole bid costs %v, reserved were %v", after.Confirmed-before.Confirmed, before.Reserved)
	}
}

// TestSettleOn checks that each exchange is charged for on the notice that it
// bills on, and on no other.
func TestSettleOn(t *testing.T) {
	process := "currency: USD\nexchanges: {billing: {window: 10s}, win: {window: 10s, settle_on: win}, impression: {window: 10s, settle_on: impression}}\n"
	s := serve(t, newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", bannerCampaign("a", 2)), ""), lenient)
	spent := 0.0
	for _, on := range []string{"billing", "win", "impression"} {
		t.Run(on, func(t *testing.T) {
			b := s.bid(t, "/openrtb2/bid/"+on, bannerRequest("r", ""))
			imp := inMarkup(t, b, ad.Impression)
			if carries := strings.Contains(imp, "${AUCTION_PRICE}"); carries != (on == "impression") {
				t.Errorf("the pixel carries the price: %v", carries)
			}
			for name, u := range map[string]string{"win": b.NURL, "billing": b.BURL, "impression": imp} {
				if name != on {
					s.wantStatus(t, priced(u, "1"), 200)
				}
			}
			s.wantSpent(t, spent, 2)
			s.wantStatus(t, priced(map[string]string{"win": b.NURL, "billing": b.BURL, "impression": imp}[on], "1"), 200)
			spent++
			s.wantSpent(t, spent, 0)
		})
	}
}

// TestSettleOnIsOfTheBid changes what exchanges bill on, or takes them away, between
// bids and their notices: each bid is charged once, as it was agreed when it was made.
func TestSettleOnIsOfTheBid(t *testing.T) {
	const before = "currency: USD\nexchanges: {x: {window: 10s, settle_on: %s}, other: {}}\n"
	for _, c := range []struct{ was, now string }{{"billing", "win"}, {"win", "billing"}, {"win", ""}, {"impression", "billing"}, {"billing", "impression"}} {
		t.Run(c.was+" then "+c.now, func(t *testing.T) {
			campaigns := bannerCampaign("a", 2)
			s := serve(t, newRig(t, files("bidwell.yaml", fmt.Sprintf(before, c.was), "campaigns/a.yaml", campaigns), ""), lenient)
			b := s.bid(t, "/openrtb2/bid/x", bannerRequest("r", ""))
			process := "currency: USD\nexchanges: {other: {}}\n"
			if c.now != "" {
				process = fmt.Sprintf(before, c.now)
			}
			s.Publish(compile(t, files("bidwell.yaml", process, "campaigns/a.yaml", campaigns)))
			for _, u := range []string{b.NURL, b.BURL, inMarkup(t, b, ad.Impression)} {
				s.wantStatus(t, priced(u, "1"), 200)
			}
			s.wantSpent(t, 1, 0)
		})
	}
}

// TestTestsSpendNothing checks that a bid under test:1 reserves and costs
// nothing, whatever notices follow.
func TestTestsSpendNothing(t *testing.T) {
	s := newServer(t, lenient)
	b := s.bid(t, examplePath, bannerRequest("r", `,"test":1`))
	s.wantSpent(t, 0, 0)
	s.wantStatus(t, priced(b.NURL, "1"), 200)
	s.wantStatus(t, priced(b.BURL, "1"), 200)
	s.wantStatus(t, pathOf(inMarkup(t, b, ad.Impression)), 200)
	s.wantStatus(t, pathOf(b.LURL), 200)
	s.wantStatus(t, pathOf(inMarkup(t, b, ad.Click)), 302)
	s.wantSpent(t, 0, 0)
	s.noticed(t, ad.Billing, ad.OK, 1)
}

// TestForgedTokens checks that nothing is accepted that was not signed, was
// altered, cut off, or is for another kind of notice. The forged are counted.
func TestForgedTokens(t *testing.T) {
	s := newServer(t, lenient)
	b := s.bid(t, examplePath, bannerRequest("r", ""))
	urls := map[ad.Notice]string{
		ad.Win: b.NURL, ad.Billing: b.BURL, ad.Loss: b.LURL,
		ad.Impression: inMarkup(t, b, ad.Impression), ad.Click: inMarkup(t, b, ad.Click),
	}
	token := func(k ad.Notice) string {
		u, err := url.Parse(priced(urls[k], "1"))
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("t")
	}
	forged, truncated := 0.0, 0.0
	send := func(tok string, want ad.Reason) {
		t.Helper()
		a := s.wantStatus(t, "/e/bill?p=1&t="+url.QueryEscape(tok), 400)
		if got := strings.TrimSpace(string(a.body)); got != want.Text() {
			t.Errorf("token %.30q… is refused with %q, want %q", tok, got, want.Text())
		}
		if want == ad.TokenForged {
			forged++
		} else {
			truncated++
		}
	}
	for k := range urls {
		if k != ad.Billing {
			send(token(k), ad.TokenForged)
		}
	}
	good := token(ad.Billing)
	for i := range len(good) {
		altered := []byte(good)
		altered[i] = 'A'
		if good[i] == 'A' {
			altered[i] = 'B'
		}
		a := s.get(t, "/e/bill?p=1&t="+string(altered))
		if a.status != 400 {
			t.Fatalf("a token with another character at %d is answered %d", i, a.status)
		}
	}
	s.wantSpent(t, 0, 2)
	counted := s.metric(t, "notices_total", "notice", "bill", "outcome", "token_forged") + s.metric(t, "notices_total", "notice", "bill", "outcome", "token_truncated")
	if want := forged + float64(len(good)); counted != want {
		t.Errorf("%v refusals are counted, want %v", counted, want)
	}
	before := s.metric(t, "notices_total", "notice", "bill", "outcome", "token_truncated")
	send("", ad.TokenTruncated)
	send("A", ad.TokenTruncated)
	send(good[:len(good)-1], ad.TokenTruncated)
	send(good[:len(good)/2], ad.TokenTruncated)
	s.noticed(t, ad.Billing, ad.TokenTruncated, before+truncated)
	send(good+"A", ad.TokenForged)
	send("!!!!!!!!"+good[8:], ad.TokenForged)
	send(strings.Repeat("A", 4000), ad.TokenForged)
	s.wantStatus(t, priced(b.BURL, "1"), 200)
	s.wantSpent(t, 1, 0)
}

// TestExpiredTokens checks that a token is refused after its lifetime, and one
// from the future, and that an old click still leads to its page uncounted.
func TestExpiredTokens(t *testing.T) {
	s := newServer(t, lenient)
	for _, c := range []struct {
		name   string
		age    time.Duration
		status int
		why    ad.Reason
	}{
		{"fresh", 0, 200, ad.OK},
		{"nearly too old", lifetime - time.Minute, 200, ad.OK},
		{"too old", lifetime + time.Minute, 400, ad.TokenExpired},
		{"from the future", -10 * time.Minute, 400, ad.TokenExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := s.rig
			var sc bidder.Scratch
			if why := r.decide(t, &sc, []byte(bannerRequest("r", "")), r.exchange(t, ""), time.Now().Add(-c.age)); why != ad.OK {
				t.Fatal(why)
			}
			var resp openrtb2.BidResponse
			if err := json.Unmarshal(r.AppendResponse(nil, &sc), &resp); err != nil {
				t.Fatal(err)
			}
			b := &resp.SeatBid[0].Bid[0]
			before := s.metric(t, "notices_total", "notice", "bill", "outcome", c.why.String())
			s.wantStatus(t, priced(b.BURL, "1"), c.status)
			s.noticed(t, ad.Billing, c.why, before+1)
			a := s.wantStatus(t, pathOf(inMarkup(t, b, ad.Click)), 302)
			if a.header.Get("Location") != "https://a.example/" {
				t.Errorf("the click leads to %q", a.header.Get("Location"))
			}
		})
	}
	s.noticed(t, ad.Click, ad.OK, 2)
	s.noticed(t, ad.Click, ad.TokenExpired, 2)
}

// TestClicksLeadWhereTheyWereSigned checks that no click is an open redirect.
func TestClicksLeadWhereTheyWereSigned(t *testing.T) {
	s := newServer(t, lenient)
	b := s.bid(t, examplePath, bannerRequest("r", ""))
	u, err := url.Parse(pathOf(inMarkup(t, b, ad.Click)))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for _, target := range []string{"https://evil.example/", "https://a.example/x", "https://a.example", "", "https://a.example/\r\nSet-Cookie: a=b", "//evil.example"} {
		a := s.wantStatus(t, "/e/click?"+url.Values{"t": {q.Get("t")}, "u": {target}}.Encode(), 400)
		if loc := a.header.Get("Location"); loc != "" {
			t.Errorf("target %q leads to %q", target, loc)
		}
	}
	// Two targets: whichever is checked is the one that is gone to.
	a := s.get(t, "/e/click?t="+q.Get("t")+"&u=https%3A%2F%2Fevil.example%2F&u="+url.QueryEscape(q.Get("u")))
	if loc := a.header.Get("Location"); loc != "" && loc != "https://a.example/" {
		t.Errorf("two targets lead to %q", loc)
	}
	s.noticed(t, ad.Click, ad.OK, 0)
	s.wantStatus(t, u.String(), 302)
	s.noticed(t, ad.Click, ad.OK, 1)
}

// TestViews checks that each event of a film counts once.
func TestViews(t *testing.T) {
	film := `campaign: film
advertiser: {name: Film, domains: [film.example]}
budget: {total: 1000 USD}
line_items: [{name: all, bid: {price: 2 USD}, creatives: [film]}]
creatives:
  - name: film
    click: https://film.example/
    video: {duration: 15s, media: [{url: "https://cdn.film.example/a.mp4", mime: video/mp4, width: 640, height: 360}]}
`
	s := serve(t, newRig(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", film), ""), lenient)
	b := s.bid(t, examplePath, `{"id":"r","imp":[{"id":"1","video":{"mimes":["video/mp4"],"protocols":[2,3]}}],"site":{}}`)
	markup, events := html.UnescapeString(b.AdM), 0
	for {
		_, rest, ok := strings.Cut(markup, "https://ads.bidder.example/e/view?")
		if !ok {
			break
		}
		end := strings.IndexAny(rest, `"]<`)
		events++
		for range 2 {
			s.wantStatus(t, "/e/view?"+rest[:end], 200)
		}
		markup = rest
	}
	if events < 5 {
		t.Errorf("the film reports %d events: %s", events, b.AdM)
	}
	s.noticed(t, ad.View, ad.OK, float64(events))
	s.noticed(t, ad.View, ad.NoticeReplayed, float64(events))
	s.wantSpent(t, 0, 2)
}

// TestRotatedKeys checks that tokens signed with the key before are good until
// that is dropped.
func TestRotatedKeys(t *testing.T) {
	s := newServer(t, lenient)
	keysOf := func(secrets ...string) notice.Keys {
		var list [][]byte
		for _, secret := range secrets {
			list = append(list, []byte(secret))
		}
		k, err := notice.NewKeys(list...)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	const older, newer = "a secret of the tests, 32 bytes.", "the next secret of the tests...."
	var urls []string
	for range 2 {
		urls = append(urls, s.bid(t, examplePath, bannerRequest("r", "")).BURL)
	}
	s.Engine.Verifier = notice.NewVerifier(keysOf(newer, older), lifetime)
	s.wantStatus(t, priced(urls[0], "1"), 200)
	s.Engine.Verifier = notice.NewVerifier(keysOf(newer), lifetime)
	s.wantStatus(t, priced(urls[1], "1"), 400)
	s.noticed(t, ad.Billing, ad.TokenForged, 1)
}

// TestPersonLeavesOnlyIfPermitted checks that a token names the person if the
// consent covers that, and nobody if it only covers the use of the profile.
func TestPersonLeavesOnlyIfPermitted(t *testing.T) {
	// The consent is to all purposes but 11.
	const body = `{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}],"app":{},"device":{"ifa":"driver","geo":{"country":"DEU"}},
		"user":{"consent":"CQKjTcAQKjTcAEsABBDEBkEgAP_AAAAAAAYgJYQAQJYAAAAA"},"regs":{"gdpr":1}}`
	driver := ad.PersonIDOf("ifa", "driver")
	for purposes, want := range map[string]ad.PersonID{"[1, 7]": driver, "[1, 11]": {}} {
		process := plainProcess + "privacy: {tcf_vendor_id: 1200, emit_purposes: " + purposes + "}\n"
		r := newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", bannerCampaign("a", 2)), "")
		var sc bidder.Scratch
		if why := r.decide(t, &sc, []byte(body), r.exchange(t, ""), monday); why != ad.OK || !sc.Person.May.Read || sc.Person.ID != driver {
			t.Fatalf("%s, of %+v", why, sc.Person)
		}
		var resp openrtb2.BidResponse
		if err := json.Unmarshal(r.AppendResponse(nil, &sc), &resp); err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(priced(resp.SeatBid[0].Bid[0].BURL, "1"))
		if err != nil {
			t.Fatal(err)
		}
		var s notice.Scratch
		var tok notice.Token
		if why := r.Verifier.Parse(&s, &tok, []byte(u.Query().Get("t")), ad.Billing, monday); why != ad.OK || tok.Person != want {
			t.Errorf("with purposes %s, the token (%s) names %s, want %s", purposes, why, tok.Person, want)
		}
	}
}
