package bidder_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/profile"
	"bidwell/profile/touches"
)

const (
	serverKey = "server-key-of-the-tests"
	pixelKey  = "pixel-key-of-the-tests"
	toServer  = "Authorization: Bearer " + serverKey
)

// reporting serves an advertiser who reports, and brings what is reported into
// profiles when asked to.
func reporting(tb testing.TB) (*server, func()) {
	tb.Helper()
	process := plainProcess + `advertisers:
  shop: {key: ` + serverKey + `, pixel_key: ` + pixelKey + `, conversions: [order]}
`
	topics := `topics:
  automotive: {pages: [cars.example]}
  automotive/luxury: {pages: [cars.example/luxury]}
`
	s := serve(tb, newRig(tb, files("bidwell.yaml", process, "topics/all.yaml", topics, "campaigns/a.yaml", bannerCampaign("a", 2)), ""), lenient)
	f, err := touches.Open(s.events, s.Profiles, touches.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return s, func() {
		tb.Helper()
		if err := f.CatchUp(context.Background()); err != nil {
			tb.Fatal(err)
		}
	}
}

type reported struct {
	Accepted, Repeated, Ignored, Refused int
	Lines                                []struct {
		Line                 int
		Event, Outcome, Text string
	}
}

// send sends a batch that is taken.
func (s *server) send(tb testing.TB, path, body string) reported {
	tb.Helper()
	return s.sendAs(tb, serverKey, path, body)
}

func (s *server) sendAs(tb testing.TB, key, path, body string) (r reported) {
	tb.Helper()
	a := s.do(tb, request("POST", path, body, "Authorization: Bearer "+key))
	if err := json.Unmarshal(a.body, &r); a.status != http.StatusOK || err != nil {
		tb.Fatalf("POST %s: %d %s", path, a.status, a.body)
	}
	return r
}

// count returns how often somebody did something.
func (s *server) count(tb testing.TB, id profile.ID, k profile.Kind, topic string) int {
	tb.Helper()
	p, err := s.Profiles.Get(id.Key(), time.Now())
	if err != nil {
		return 0
	}
	n := 0
	for _, b := range p.Behaviours {
		if b.Kind == k.String() && b.Topic == topic {
			n += b.Total
		}
	}
	return n
}

func login(name string) profile.ID { return profile.ID{Type: "login:shop.example", Value: name} }

func reportLine(event, person, more string) string {
	return fmt.Sprintf(`{"event":%q,"ids":[{"type":"login:shop.example","value":%q}]%s}`+"\n", event, person, more)
}

// TestReportBatch sends visits: each is in the profile once, however often it is
// sent, and what is wrong with a line is told by its number.
func TestReportBatch(t *testing.T) {
	s, catchUp := reporting(t)
	body := reportLine("1", "anna", `,"topic":"automotive/luxury"`) +
		reportLine("2", "anna", `,"kind":"search","url":"https://www.cars.example/luxury/suv?x=1","value":3.5,"currency":"EUR"`) +
		"\n" +
		reportLine("1", "anna", `,"topic":"automotive/luxury"`) +
		reportLine("3", "anna", `,"url":"https://news.example/"`) +
		reportLine("4", "anna", `,"topic":"nothing-we-know"`) +
		`{"event":"5","ids":[{"type":"login:shop.example","value":"anna"},{"type":"ifa","value":"6f9619ff-8b86-d011-b42d-00cf4fc964ff"}],"topic":"automotive"}`
	r := s.send(t, "/e/visit", body)
	if r.Accepted != 3 || r.Repeated != 1 || r.Ignored != 1 || r.Refused != 1 || len(r.Lines) != 2 {
		t.Fatalf("answered %+v", r)
	}
	if l := r.Lines[1]; l.Line != 6 || l.Event != "4" || l.Outcome != "unknown_topic" {
		t.Errorf("line 6 is answered %+v", l)
	}
	if r := s.send(t, "/e/visit", body); r.Accepted != 0 || r.Repeated != 4 {
		t.Errorf("sent again it is answered %+v", r)
	}
	catchUp()
	phone := profile.ID{Type: "ifa", Value: "6f9619ff-8b86-d011-b42d-00cf4fc964ff"}
	for _, id := range []profile.ID{login("anna"), phone} {
		if n := s.count(t, id, profile.Visit, "automotive/luxury"); n != 1 {
			t.Errorf("%s: %d visits of automotive/luxury, want 1", id, n)
		}
		if n := s.count(t, id, profile.Search, "automotive/luxury"); n != 1 {
			t.Errorf("%s: %d searches, want 1", id, n)
		}
	}
	if n := s.metric(t, "reports_total", "event", "visit", "outcome", "repeated"); n != 5 {
		t.Errorf("%v repetitions are counted, want 5", n)
	}
}

// TestReportConversions checks that a conversion is the advertiser's own, is not
// taken for a visit with the same id, and keeps its value and cause.
func TestReportConversions(t *testing.T) {
	s, catchUp := reporting(t)
	bid := strings.Repeat("ab", 16)
	s.send(t, "/e/visit", reportLine("7", "bert", `,"topic":"automotive"`))
	r := s.send(t, "/e/conv", reportLine("7", "bert", `,"topic":"order","value":20,"currency":"EUR","bid":"`+bid+`"`)+reportLine("8", "bert", `,"topic":"automotive"`))
	if r.Accepted != 1 || r.Refused != 1 {
		t.Fatalf("answered %+v", r)
	}
	catchUp()
	if n := s.count(t, login("bert"), profile.Conversion, "order"); n != 1 {
		t.Errorf("%d conversions, want 1", n)
	}
	var got ad.Event
	err := s.events.Events(context.Background(), 0, func(_ uint64, e *ad.Event) error {
		if e.Kind == ad.EventConversion {
			got = *e
		}
		return nil
	})
	if err != nil || got.Value != 25*ad.Unit || got.Cause.String() != bid {
		t.Errorf("the ledger has value %v and cause %s (%v), want 25 and %s", got.Value, got.Cause, err, bid)
	}
}

// TestReportTakesNullAsLeftOut reports what a program writes that writes all fields.
func TestReportTakesNullAsLeftOut(t *testing.T) {
	s, _ := reporting(t)
	if r := s.send(t, "/e/visit", reportLine("1", "a", `,"topic":"automotive","time":null,"value":null,"bid":null`)); r.Accepted != 1 {
		t.Errorf("%+v", r)
	}
}

// TestReportRefusesLines checks every reason for which a line is not taken.
func TestReportRefusesLines(t *testing.T) {
	s, _ := reporting(t)
	now := time.Now().Unix()
	good := `,"topic":"automotive"`
	for _, c := range []struct{ line, want string }{
		{"nonsense", "unreadable"},
		{`{"event":"1"} {}`, "unreadable"},
		{`{"event":"1","who":"me"}`, "unreadable"},
		{reportLine("", "a", good), "no_event"},
		{reportLine(strings.Repeat("x", 200), "a", good), "no_event"},
		{`{"event":"1","ids":[],"topic":"automotive"}`, "nobody"},
		{`{"event":"1","ids":[{"type":"phone","value":"1"}],"topic":"automotive"}`, "nobody"},
		{`{"event":"1","ids":[` + strings.Repeat(`{"type":"ifa","value":"1"},`, 8) + `{"type":"ifa","value":"2"}],"topic":"automotive"}`, "nobody"},
		{`{"event":"1","ids":[{"type":"login:a","value":"1"},{"type":"login:a","value":"1"}],"topic":"automotive"}`, "nobody"},
		{`{"event":"1","ids":[{"type":"ifa","value":"00000000-0000-0000-0000-000000000000"}],"topic":"automotive"}`, "nobody"},
		{reportLine("1", "a", good+`,"kind":"impression"`), "unknown_kind"},
		{reportLine("1", "a", good+`,"kind":"dance"`), "unknown_kind"},
		{reportLine("1", "a", ``), "unknown_topic"},
		{reportLine("1", "a", good+`,"time":"yesterday"`), "bad_time"},
		{reportLine("1", "a", good+`,"time":1.5}`), "unreadable"},
		{reportLine("1", "a", good+`,"time":1.5`), "bad_time"},
		{reportLine("1", "a", good+fmt.Sprintf(`,"time":%d`, now+3600)), "future"},
		{reportLine("1", "a", good+fmt.Sprintf(`,"time":%d`, now*1000)), "future"},
		{reportLine("1", "a", good+`,"time":"2001-01-01T00:00:00Z"`), "too_old"},
		{reportLine("1", "a", good+`,"value":-1`), "bad_value"},
		{reportLine("1", "a", good+`,"value":1e9`), "bad_value"},
		{reportLine("1", "a", good+`,"value":1,"currency":"XXQ"`), "bad_value"},
		{reportLine("1", "a", good+`,"bid":"`+strings.Repeat("ab", 16)+`"`), "bad_bid"},
	} {
		r := s.send(t, "/e/visit", c.line)
		if r.Accepted != 0 || r.Refused != 1 || len(r.Lines) != 1 || r.Lines[0].Outcome != c.want {
			t.Errorf("%.80s: %+v, want %s", c.line, r, c.want)
		}
	}
	for line, want := range map[string]string{
		"nonsense":                         "not a report: it is no JSON",
		`{"event":"1"`:                     "not a report: it is no JSON",
		`[1]`:                              "not a report: it is a JSON array and no object",
		`{"event":"1","value":"39,90"}`:    "not a report: value cannot be a JSON string",
		`{"event":"1","ids":[{"type":7}]}`: "not a report: ids.type cannot be a JSON number",
	} {
		if r := s.send(t, "/e/visit", line); len(r.Lines) != 1 || r.Lines[0].Text != want {
			t.Errorf("%s: %+v, want %q", line, r.Lines, want)
		}
	}
	if n := s.events.Durable(); n != 0 {
		t.Errorf("the ledger has %d events, want none", n)
	}
}

// TestReportRefusesSenders checks keys, methods and sizes.
func TestReportRefusesSenders(t *testing.T) {
	s, _ := reporting(t)
	large := strings.Repeat(reportLine("1", "a", `,"topic":"automotive"`), 100)
	for _, c := range []struct {
		method, path, body string
		headers            []string
		want               int
	}{
		{"POST", "/e/visit", "{}", nil, 401},
		{"POST", "/e/visit?key=" + pixelKey, "{}", nil, 401},
		{"POST", "/e/visit", "{}", []string{"Authorization: Bearer nobody"}, 401},
		{"POST", "/e/visit", large, []string{"Authorization: Bearer nobody"}, 413},
		{"POST", "/e/visit", large, []string{toServer}, 200},
		{"POST", "/e/visit?key=" + serverKey, large, nil, 200},
		{"POST", "/e/visit", strings.Repeat("\n", 10_001) + "{}", []string{toServer}, 413},
		{"POST", "/e/visit", strings.Repeat("x", 8<<20+1), []string{toServer}, 413},
		{"PUT", "/e/visit", "{}", []string{toServer}, 405},
		{"GET", "/e/visit?topic=automotive&key=" + serverKey, "", nil, 401},
		{"GET", "/e/conv?topic=order", "", nil, 401},
	} {
		if a := s.do(t, request(c.method, c.path, c.body, c.headers...)); a.status != c.want {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.path, a.status, a.body, c.want)
		}
	}
}

// TestReportIsNotPromised breaks the ledger: nothing is acknowledged, and the
// sender is asked to come again.
func TestReportIsNotPromised(t *testing.T) {
	s, _ := reporting(t)
	s.Ledger = full{s.Ledger}
	for _, a := range []*answer{
		s.do(t, request("POST", "/e/visit", reportLine("1", "a", `,"topic":"automotive"`), toServer)),
		s.do(t, request("GET", "/e/visit?key="+pixelKey+"&topic=automotive&uid=a&uid_type=login:shop.example", "")),
	} {
		if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}
	if n := s.metric(t, "reports_total", "outcome", "not_durable"); n != 2 {
		t.Errorf("%v reports are counted as not durable, want 2", n)
	}
}

// full is a ledger on a full disk.
type full struct{ bidder.Ledger }

func (full) Append(*ad.Event) (ad.Reason, error) { return ad.OK, errFull }

func (full) AppendAll(_ []ad.Event, outcomes []ad.Reason) error {
	for i := range outcomes {
		outcomes[i] = ad.NotDurable
	}
	return errFull
}

var errFull = fmt.Errorf("the disk is full")

// TestPixel lets a browser visit a page and then sign in: from then on what it did
// is known by the login too.
func TestPixel(t *testing.T) {
	s, catchUp := reporting(t)
	b := &browser{s: s}
	a := b.get(t, "/e/visit?key="+pixelKey, "Referer: https://cars.example/")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "image/gif" || b.cookie == "" {
		t.Fatalf("answered %+v with cookie %q", a, b.cookie)
	}
	for range 2 {
		b.get(t, "/e/conv?key="+pixelKey+"&topic=order&event=o1&value=9.5&uid=cora&uid_type=login:shop.example")
	}
	catchUp()
	for _, id := range []profile.ID{b.id(), login("cora")} {
		if n := s.count(t, id, profile.Visit, "automotive"); n != 1 {
			t.Errorf("%s: %d visits, want 1", id, n)
		}
		if n := s.count(t, id, profile.Conversion, "order"); n != 1 {
			t.Errorf("%s: %d conversions, want 1", id, n)
		}
	}
	if n := s.metric(t, "reports_total", "event", "conversion", "outcome", "repeated"); n != 1 {
		t.Errorf("%v repetitions are counted, want 1", n)
	}
}

// TestPixelKeepsNothing checks browsers of which nothing may be kept, or can be.
func TestPixelKeepsNothing(t *testing.T) {
	s, _ := reporting(t)
	base := "/e/visit?key=" + pixelKey + "&topic=automotive"
	for _, c := range []struct{ path, header string }{
		{base + "&gdpr=1", "Accept: image/gif"},
		{base + "&gdpr=1&gdpr_consent=nonsense", "Accept: image/gif"},
		{base + "&us_privacy=1YYN&uid=a&uid_type=login:shop.example", "Accept: image/gif"},
		{base, "Sec-GPC: 1"},
		{base + "&again=1", "Accept: image/gif"}, // keeps no cookie
		{"/e/visit?key=" + pixelKey + "&url=https://news.example/&uid=a&uid_type=login:shop.example", "Accept: image/gif"},
	} {
		b := &browser{s: s}
		a := b.get(t, c.path, c.header)
		if a.status != http.StatusOK || !bytes.HasPrefix(a.body, []byte("GIF89a")) || b.cookie != "" {
			t.Errorf("%s: answered %d with cookie %q", c.path, a.status, b.cookie)
		}
	}
	for _, more := range []string{"&kind=dance", "&topic=nothing", "&uid_type=phone", "&value=x"} {
		path := "/e/visit?key=" + pixelKey + "&uid=a&uid_type=login:shop.example" + more
		if more != "&topic=nothing" {
			path += "&topic=automotive"
		}
		if more == "&uid_type=phone" {
			path = strings.Replace(path, "&uid_type=login:shop.example", "", 1)
		}
		if a := s.do(t, request("GET", path, "")); a.status != http.StatusBadRequest {
			t.Errorf("%s: answered %d", path, a.status)
		}
	}
	if n := s.events.Durable(); n != 0 {
		t.Errorf("the ledger has %d events, want none", n)
	}
}
