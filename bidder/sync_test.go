package bidder_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"bidwell/campaign"
	"bidwell/internal/conf"
	"bidwell/profile"
)

// syncing serves an exchange that takes our ids and one that gives us its own.
func syncing(t *testing.T) *server {
	process := `exchanges:
  adx: {sync_url: "https://match.adx.example/put?partner=bidwell&uid={id}"}
  plain: {}
`
	return serve(t, newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", bannerCampaign("a", 2)), ""), lenient)
}

// browser keeps cookies and follows redirects to us.
type browser struct {
	s      *server
	cookie string
}

func (b *browser) get(t *testing.T, path string, headers ...string) *answer {
	t.Helper()
	for {
		h := headers
		if b.cookie != "" {
			h = append([]string{"Cookie: " + b.cookie}, headers...)
		}
		a := b.s.do(t, request("GET", path, "", h...))
		if set := a.header.Get("Set-Cookie"); set != "" {
			b.cookie, _, _ = strings.Cut(set, ";")
		}
		next := a.header.Get("Location")
		if a.status != http.StatusFound || !strings.HasPrefix(next, "/") {
			return a
		}
		path = next
	}
}

func (b *browser) id() profile.ID {
	_, value, _ := strings.Cut(b.cookie, "=")
	return profile.ID{Type: "cookie", Value: value}
}

// wantKnown checks by which identifiers the person behind one is known.
func wantKnown(t *testing.T, s *server, id profile.ID, want ...profile.ID) {
	t.Helper()
	got, err := s.Profiles.KnownBy(id.Key())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%s is known as %v, want %v", id, got, want)
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("%s is known as %v, want %v", id, got, want)
		}
	}
}

// TestSync matches a browser with two exchanges: it is one person for both.
func TestSync(t *testing.T) {
	s := syncing(t)
	b := &browser{s: s}
	a := b.get(t, "/sync?exchange=plain&uid=u%2F1")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "image/gif" {
		t.Fatalf("answered %+v", a)
	}
	user := profile.ID{Type: "user:plain", Value: "u/1"}
	wantKnown(t, s, user, b.id(), user)
	a = b.get(t, "/sync?exchange=adx&x=1")
	to, err := url.Parse(a.header.Get("Location"))
	if a.status != http.StatusFound || err != nil || to.Host != "match.adx.example" || to.Query().Get("uid") != b.id().Value || to.Query().Get("partner") != "bidwell" {
		t.Fatalf("sent to %v", to)
	}
	ours := profile.ID{Type: "buyeruid:adx", Value: b.id().Value}
	wantKnown(t, s, ours, ours, b.id(), user)
	if n := s.metric(t, "cookie_matches_total", "outcome", "linked"); n != 2 {
		t.Errorf("%v matches are counted, want 2", n)
	}
}

// TestSyncCookie checks the cookie, and that a browser which keeps none is not
// sent in circles.
func TestSyncCookie(t *testing.T) {
	s := syncing(t)
	a := s.do(t, request("GET", "/sync?exchange=plain&uid=1", ""))
	set := a.header.Get("Set-Cookie")
	for _, want := range []string{"bidwell=", "max-age=15552000", "path=/", "HttpOnly", "secure", "SameSite=None"} {
		if !strings.Contains(set, want) {
			t.Errorf("the cookie is %q, without %s", set, want)
		}
	}
	a = s.do(t, request("GET", a.header.Get("Location"), ""))
	if a.status != http.StatusOK || a.header.Get("Set-Cookie") != "" {
		t.Errorf("a browser without cookies is answered %+v", a)
	}
	forged := &browser{s: s, cookie: "bidwell=no-cookie-of-ours"}
	if forged.get(t, "/sync?exchange=plain&uid=1"); forged.cookie == "bidwell=no-cookie-of-ours" {
		t.Error("a cookie that is not ours is kept")
	}
}

// TestSyncWithoutPermission checks that nothing is stored of, and no cookie given
// to, who does not permit it.
func TestSyncWithoutPermission(t *testing.T) {
	const plain = "Accept: image/gif"
	s := syncing(t)
	for _, c := range []struct{ query, header string }{
		{"&gdpr=1", plain},
		{"&gdpr=yes", ""},
		{"&gdpr=1&gdpr_consent=nonsense", plain},
		{"&us_privacy=1YYN", plain},
		{"&gpp_sid=7", plain},
		{"&coppa=1", plain},
		{"", "Sec-GPC: 1"},
		{"", "DNT: 1"},
	} {
		b := &browser{s: s}
		a := b.get(t, "/sync?exchange=adx&uid=1"+c.query, c.header)
		if a.status != http.StatusOK || b.cookie != "" || a.header.Get("Location") != "" {
			t.Errorf("%s %s: answered %d, sent to %q, with cookie %q", c.query, c.header, a.status, a.header.Get("Location"), b.cookie)
		}
	}
	wantKnown(t, s, profile.ID{Type: "user:adx", Value: "1"})
}

func TestSyncRefuses(t *testing.T) {
	s := syncing(t)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/sync", 404},
		{"GET", "/sync?exchange=nobody&uid=1", 404},
		{"GET", "/sync?exchange=plain", 400},
		{"GET", "/sync?exchange=plain&uid=" + strings.Repeat("x", 300), 400},
		{"GET", "/sync?exchange=plain&uid=00000000-0000-0000-0000-000000000000", 400},
		{"POST", "/sync?exchange=plain&uid=1", 405},
		{"GET", "/sync/?exchange=plain&uid=1", 404},
	} {
		if a := s.do(t, request(c.method, c.path, "")); a.status != c.want || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s %.60s: answered %d with cookie %q, want %d", c.method, c.path, a.status, a.header.Get("Set-Cookie"), c.want)
		}
	}
}

func TestSyncURLIsChecked(t *testing.T) {
	for value, want := range map[string]string{
		"match.example/put?uid={id}":         "is no URL",
		"ftp://match.example/put?uid={id}":   "is no URL",
		"https://match.example/put?uid=${x}": "no place for our id",
	} {
		ps := new(conf.Problems)
		if campaign.Compile(files("bidwell.yaml", "exchanges: {a: {sync_url: '"+value+"'}}\n", "campaigns/a.yaml", bannerCampaign("a", 2)), time.Now(), ps) != nil {
			t.Errorf("%s is accepted", value)
		}
		var text strings.Builder
		if ps.Write(&text, false); !strings.Contains(text.String(), want) {
			t.Errorf("%s: %s", value, text.String())
		}
	}
}

// TestExplainSaysWhoItIs explains a request of somebody who is known by several
// identifiers.
func TestExplainSaysWhoItIs(t *testing.T) {
	s := syncing(t)
	ours, theirs := profile.ID{Type: "buyeruid:adx", Value: "anna"}, profile.ID{Type: "login:shop", Value: "a1"}
	if err := s.Profiles.Link(monday, profile.Link{A: ours, B: theirs}); err != nil {
		t.Fatal(err)
	}
	x, err := s.Explain(s.Snapshot(), s.exchange(t, "adx"), []byte(bannerRequest("r", `,"user":{"buyeruid":"anna"}`)), nil, monday, soon())
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := x.Write(&text); err != nil {
		t.Fatal(err)
	}
	if want := "known by   buyeruid:adx:anna, login:shop:a1"; !strings.Contains(text.String(), want) {
		t.Errorf("%s\nlacks %s", text.String(), want)
	}
}
