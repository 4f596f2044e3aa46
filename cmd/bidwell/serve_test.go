package main

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"
	"go.uber.org/zap"
)

// running is a bidder that serves in this process, with a configuration of its
// own.
type running struct {
	*Main
	dir  string
	stop context.CancelFunc
	done chan error
}

// start starts the bidder on free ports. The edits are made to the example
// configuration before.
func start(t *testing.T, edit func(dir string)) *running {
	t.Helper()
	dir := workDir(t)
	change(t, dir, "bidwell.yaml", "drain: 5s", "drain: 1ms")
	change(t, dir, "bidwell.yaml", "shed_above: 5ms", "shed_above: 10s") // the machine may be busy with other tests
	importPeople(t, filepath.Join(dir, "data"), time.Now())
	if edit != nil {
		edit(dir)
	}
	m := &Main{
		Config: filepath.Join(dir, "configs", "bidwell.yaml"), Data: filepath.Join(dir, "data"),
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Log: zap.NewNop(),
	}
	if err := m.Open(); err != nil {
		t.Fatal(err)
	}
	<-m.profiles.Ready()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{Main: m, dir: dir, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- m.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-r.done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := m.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

// client goes its own ways, and follows no redirect.
var client = &http.Client{
	Timeout:       patience,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// reply is an HTTP response that was read.
type reply struct {
	status int
	header http.Header
	body   string
	close  bool
}

func call(t *testing.T, method, url, body string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(b), resp.Close}
}

func (r *running) admin(t *testing.T, path string) reply {
	t.Helper()
	return call(t, "GET", "http://"+r.AdminAddr()+path, "")
}

// post posts one of the example requests, with more time than a busy machine
// takes.
func (r *running) post(t *testing.T, request string) reply {
	t.Helper()
	body := unhurried(t, request)
	return call(t, "POST", "http://"+r.Addr()+"/openrtb2/bid/example", body)
}

func unhurried(t *testing.T, request string) string {
	t.Helper()
	body := example(t, "requests/"+request)
	if !strings.Contains(body, `"tmax": 120`) {
		t.Fatalf("%s has another tmax", request)
	}
	return strings.Replace(body, `"tmax": 120`, `"tmax": 60000`, 1)
}

// bid posts one of the example requests and returns the bid on it.
func (r *running) bid(t *testing.T, request string) *openrtb2.Bid {
	t.Helper()
	a := r.post(t, request)
	var resp openrtb2.BidResponse
	if err := json.Unmarshal([]byte(a.body), &resp); a.status != 200 || err != nil || len(resp.SeatBid) != 1 {
		t.Fatalf("%s is answered %d %s: %v", request, a.status, a.body, err)
	}
	return &resp.SeatBid[0].Bid[0]
}

// campaign returns what /status says of a campaign.
func (r *running) campaign(t *testing.T, name string) campaignStatus {
	t.Helper()
	for _, c := range r.statusOf(t).Campaigns {
		if c.Campaign == name {
			return c
		}
	}
	t.Fatalf("/status knows no campaign %q", name)
	return campaignStatus{}
}

func (r *running) statusOf(t *testing.T) (s struct {
	status
	Version json.RawMessage `json:"version"`
}) {
	t.Helper()
	a := r.admin(t, "/status")
	if err := json.Unmarshal([]byte(a.body), &s); a.status != 200 || err != nil {
		t.Fatalf("/status answers %d %s: %v", a.status, a.body, err)
	}
	return s
}

// TestServe goes once around: a bid, its notices, and what the admin port says
// afterwards.
func TestServe(t *testing.T) {
	r := start(t, nil)
	b := r.bid(t, "premium-news-front-page.json")
	if b.CID != "roadster" || b.CrID != "roadster/teaser" || b.Price != 4.5 {
		t.Errorf("anna on the front page: %s for %v, want roadster/teaser for 4.5", b.CrID, b.Price)
	}
	if s := r.campaign(t, "roadster").Spend; s.Reserved != 0.0045 || s.Total != 0 {
		t.Errorf("before the notices: %+v, want 0.0045 reserved", s)
	}
	if !strings.HasPrefix(b.BURL, "http://"+r.Addr()+"/e/bill?") {
		t.Fatalf("the billing notice goes to %s, want this bidder", b.BURL)
	}
	if a := call(t, "GET", strings.ReplaceAll(b.BURL, "${AUCTION_PRICE}", "3"), ""); a.status != 200 {
		t.Errorf("the billing notice is answered %d %s", a.status, a.body)
	}
	_, click, _ := strings.Cut(html.UnescapeString(b.AdM), "https://"+r.Addr()+"/e/click?")
	click, _, _ = strings.Cut(click, `"`)
	if a := call(t, "GET", "http://"+r.Addr()+"/e/click?"+click, ""); a.header.Get("Location") != "https://motors.example/roadster" {
		t.Errorf("a click is answered %d, to %q", a.status, a.header.Get("Location"))
	}
	if s := r.campaign(t, "roadster").Spend; s.Reserved != 0 || s.Total != 0.003 || s.Today != 0.003 {
		t.Errorf("after the notices: %+v, want 0.003 spent", s)
	}
	metrics := r.admin(t, "/metrics").body
	for _, want := range []string{
		`bidwell_bid_responses_total{exchange="example"} 1`,
		`bidwell_notices_total{notice="bill",outcome="ok"} 1`,
		`bidwell_notices_total{notice="click",outcome="ok"} 1`,
		`bidwell_requests_total{exchange="example",status="200"} 1`,
		`bidwell_spend_total 0.003`,
		`bidwell_line_items 10`,
		`go_goroutines `,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

// TestStatusBids asks for the status first of all, and of a campaign first of all: what
// nothing stops is not said to be stopped.
func TestStatusBids(t *testing.T) {
	r := start(t, nil)
	if got := r.admin(t, "/status").body; strings.Contains(got, "stopped_by") {
		t.Errorf("after the start\n%s", got)
	}
	r.watched(t)
	text := read(t, filepath.Join(r.dir, "configs", "campaigns", "roadster.yaml"))
	text = strings.Replace(text, "campaign: roadster", "campaign: another", 1)
	if err := os.WriteFile(filepath.Join(r.dir, "configs", "campaigns", "another.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var got string
	eventually(t, "a campaign is added", func() bool {
		got = r.admin(t, "/status").body
		return strings.Contains(got, `"another"`)
	})
	if strings.Contains(got, "stopped_by") {
		t.Errorf("after a campaign was added\n%s", got)
	}
}

// TestStatusOfPacing spends something, has the budget paced from then on, and reads how
// far it is spent, in money.
func TestStatusOfPacing(t *testing.T) {
	r := start(t, nil)
	if a := call(t, "GET", strings.ReplaceAll(r.bid(t, "premium-news-front-page.json").BURL, "${AUCTION_PRICE}", "3"), ""); a.status != 200 {
		t.Fatalf("the billing notice is answered %d %s", a.status, a.body)
	}
	asap := func(what string, p *pace, budget, spent, kappa float64) {
		t.Helper()
		if p == nil || *p != (pace{Curve: "asap", Kappa: kappa, Period: "day", Budget: budget, Spent: spent}) {
			t.Errorf("the pacing of %s is %+v", what, p)
		}
	}
	asap("roadster", r.campaign(t, "roadster").Pace, 2000, 0.003, 1)
	asap("roadster/premium-deal", r.pace(t, "roadster", "premium-deal"), 500, 0, 1)
	asap("puzzle-app", r.campaign(t, "puzzle-app").Pace, 400, 0, 0.75) // its average cost ÷ worth
	r.watched(t)
	change(t, r.dir, "campaigns/roadster.yaml", "flight: {timezone: Europe/Berlin}",
		"pacing: {curve: even}\nflight: {timezone: Europe/Berlin, start: 2020-01-01, end: 2100-01-01}")
	var p *pace
	eventually(t, "the campaign is paced", func() bool {
		p = r.campaign(t, "roadster").Pace
		return p != nil && p.Curve == "even"
	})
	if p.Period != "flight" || p.Budget != 50_000 || p.Spent != 0.003 || p.Expected == nil || *p.Expected != 0.003 {
		t.Errorf("the flight's pacing is %+v", p)
	}
	if p.Planned == nil || *p.Planned < 1000 || *p.Planned > 49_000 { // eighty years, of which more than six are over
		t.Errorf("%v EUR are planned of a flight that began in 2020", p.Planned)
	}
	if p := r.pace(t, "roadster", "premium-deal"); p.Curve != "even" || p.Period != "day" || p.Budget != 500 || p.Planned == nil || *p.Planned > 500 {
		t.Errorf("the pacing of a line item with a daily budget is %+v", p)
	}
	if p := r.pace(t, "roadster", "intenders"); p != nil {
		t.Errorf("a line item without a budget of its own is paced: %+v", p)
	}
}

// pace returns what /status says of the pacing of a line item.
func (r *running) pace(t *testing.T, campaign, line string) *pace {
	t.Helper()
	for _, l := range r.campaign(t, campaign).Lines {
		if l.Line == line {
			return l.Pace
		}
	}
	t.Fatalf("/status knows no line item %s/%s", campaign, line)
	return nil
}

// TestAdminPort asks for everything that the admin port has.
func TestAdminPort(t *testing.T) {
	r := start(t, nil)
	for path, want := range map[string]string{
		"/livez":                               "ok\n",
		"/readyz":                              "ok\n",
		"/version":                             `"go": "go1.`,
		"/status":                              `"campaign": "roadster"`,
		"/debug/pprof/":                        "goroutine",
		"/debug/pprof/heap?debug=1":            "heap profile",
		"/debug/pprof/cmdline":                 "",
		"/api/person?id=ifa:unknown":           "nothing is known of ifa:unknown",
		"/api/person?id=nonsense":              "is no identifier",
		"/api/person?id=buyeruid:example:anna": "owns.car.class",

		"/api/audience?name=luxury-car-intenders":                                    "\"people\": ",
		"/api/audience?name=luxury":                                                  "there is no audience \"luxury\"",
		"/api/audience?sample=few":                                                   "sample is no number",
		"/api/audience?text=true&sample=0&both=true":                                 "in both",
		"/api/audience/members?name=luxury-car-intenders":                            "\"value\":\"anna\"",
		"/api/audience/explain?name=luxury-car-intenders&user=buyeruid:example:anna": "home.zip is 82031",
		"/api/audience/explain?name=luxury-car-intenders&user=nonsense":              "is no identifier",
		"/nowhere": "404",
	} {
		if a := r.admin(t, path); !strings.Contains(a.body, want) || a.status >= 500 {
			t.Errorf("%s answers %d %.200s, want %q", path, a.status, a.body, want)
		}
	}
	base := "http://" + r.AdminAddr()
	if a := call(t, "POST", base+"/api/explain?text=true&user=buyeruid:example:bruno", example(t, "requests/premium-news-front-page.json")); !strings.Contains(a.body, "whose band is modest") {
		t.Errorf("explain answers %d %s", a.status, a.body)
	}
	for query, want := range map[string]int{"?exchange=nobody": 404, "?user=nonsense": 400, "": 400} {
		if a := call(t, "POST", base+"/api/explain"+query, "no JSON"); a.status != want {
			t.Errorf("explain%s of nonsense answers %d %s, want %d", query, a.status, a.body, want)
		}
	}
}

// TestAdminKey checks that a key, where there is one, is demanded of everybody
// but probes.
func TestAdminKey(t *testing.T) {
	r := start(t, func(dir string) {
		change(t, dir, "bidwell.yaml", "listen: :8080", "listen: :8080\nadmin_key: open-sesame")
	})
	for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/status": 401, "/metrics": 401, "/debug/pprof/": 401} {
		if a := r.admin(t, path); a.status != want {
			t.Errorf("%s answers %d without a key, want %d", path, a.status, want)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+r.AdminAddr()+"/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer open-sesame")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("/status answers %d with the key", resp.StatusCode)
	}
	out, status := bidwell(t, r.dir, "", "profile", "get", "buyeruid:example:anna", "--bidder", "http://"+r.AdminAddr())
	if status != 1 || !strings.Contains(out, "admin key") {
		t.Errorf("a command without the key: %d %s", status, out)
	}
	out, status = bidwell(t, r.dir, "", "profile", "get", "buyeruid:example:anna", "--bidder", "http://"+r.AdminAddr(), "--admin-key", "open-sesame")
	if status != 0 || !strings.Contains(out, "luxury") {
		t.Errorf("a command with the key: %d %s", status, out)
	}
}

// change replaces a text in a file of the configuration, as an editor does: it
// writes another file and renames it.
func change(t *testing.T, dir, name, from, to string) {
	t.Helper()
	path := filepath.Join(dir, "configs", name)
	text := read(t, path)
	if !strings.Contains(text, from) {
		t.Fatalf("%s holds no %q", name, from)
	}
	if err := os.WriteFile(path+"~", []byte(strings.Replace(text, from, to, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
}

// watched waits until changes of the configuration are noticed: it makes one
// after the other until one is.
func (r *running) watched(t *testing.T) {
	t.Helper()
	first := r.statusOf(t).Reload.At
	var last time.Time
	eventually(t, "a change is noticed", func() bool {
		if time.Since(last) > time.Second {
			last = time.Now()
			change(t, r.dir, "bidwell.yaml", "listen:", "listen:")
		}
		return r.statusOf(t).Reload.At.After(first)
	})
}

// TestHotReload edits the configuration of a bidder that serves.
func TestHotReload(t *testing.T) {
	r := start(t, func(dir string) { // or there would be three bids for this person
		change(t, dir, "campaigns/roadster.yaml", "frequency: [{at_most: 3, per: 1d}, {at_most: 10, per: 7d}]", "frequency: [{at_most: 64, per: 1d}]")
		change(t, dir, "campaigns/roadster.yaml", "{to: drive-it, exposures: 3, after: 2d}", "{to: drive-it, after: 2d}")
	})
	r.watched(t)
	price := func() float64 { return r.bid(t, "premium-news-front-page.json").Price }
	if got := price(); got != 4.5 {
		t.Fatalf("bids %v, want 4.5", got)
	}
	before := r.statusOf(t).Loaded
	change(t, r.dir, "campaigns/roadster.yaml", "price: 2.50 EUR", "price: 3.00 EUR")
	eventually(t, "the new price is bid", func() bool { // asked once for each load: what came before the change may be loaded again
		now := r.statusOf(t).Loaded
		if !now.After(before) {
			return false
		}
		before = now
		return price() == 5.4
	})
	loaded := r.statusOf(t).Loaded

	change(t, r.dir, "campaigns/roadster.yaml", "multiply: 1.8", "mutliply: 1.8")
	eventually(t, "the problem is reported", func() bool { s := r.statusOf(t); return s.Reload != nil && !s.Reload.OK })
	s := r.statusOf(t)
	if len(s.Reload.Problems) == 0 || !strings.Contains(s.Reload.Problems[0], "campaigns/roadster.yaml:28:") || !strings.Contains(s.Reload.Problems[0], "mutliply") {
		t.Errorf("the problems are %q", s.Reload.Problems)
	}
	if got := price(); got != 5.4 || !s.Loaded.Equal(loaded) {
		t.Errorf("bids %v from what was loaded at %v, want the last good one: 5.4 from %v", got, s.Loaded, loaded)
	}
	if m := r.admin(t, "/metrics").body; !strings.Contains(m, "bidwell_reload_last_failed 1") || !strings.Contains(m, `bidwell_reloads_total{outcome="failed"}`) {
		t.Error("/metrics does not say that the last reload failed")
	}

	change(t, r.dir, "campaigns/roadster.yaml", "mutliply: 1.8", "multiply: 2")
	eventually(t, "the reload is reported", func() bool { return r.statusOf(t).Reload.OK })
	if got := price(); got != 6 {
		t.Errorf("bids %v, want what the mended file says: 6", got)
	}
	if m := r.admin(t, "/metrics").body; !strings.Contains(m, "bidwell_reload_last_failed 0") {
		t.Error("/metrics says still that the last reload failed")
	}

	if err := os.Remove(filepath.Join(r.dir, "configs", "campaigns", "roadster.yaml")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the campaign is gone", func() bool { return len(r.statusOf(t).Campaigns) == 3 })
	write(t, r.dir, "configs/tables/new.csv", "a,b\n1,2\n")
	write(t, r.dir, "configs/campaigns/extra.yaml", strings.NewReplacer("campaign: far-away", "campaign: extra").Replace(example(t, "campaigns/far-away.yaml")))
	eventually(t, "a new campaign is there", func() bool { return len(r.statusOf(t).Campaigns) == 4 })
}

// TestDrain checks that a bidder that is told to stop says so to who asks, and
// answers on meanwhile.
func TestDrain(t *testing.T) {
	r := start(t, nil)
	if a := r.post(t, "premium-news-front-page.json"); a.status != 200 || a.close {
		t.Errorf("before, a request is answered %d, closing %v", a.status, a.close)
	}
	r.engine.Drain()
	if a := r.admin(t, "/readyz"); a.status != 503 || a.body != "draining\n" {
		t.Errorf("/readyz answers %d %s", a.status, a.body)
	}
	if a := r.admin(t, "/livez"); a.status != 200 {
		t.Errorf("/livez answers %d", a.status)
	}
	if a := r.post(t, "premium-news-front-page.json"); a.status != 200 || !a.close {
		t.Errorf("a request is answered %d, closing %v", a.status, a.close)
	}
	if !r.statusOf(t).Draining {
		t.Error("/status does not say so")
	}
}

// process is a bidder in a process of its own.
type process struct {
	*exec.Cmd
	log         string // path of the file
	addr, admin string
}

// startProcess starts `bidwell serve` and waits until it serves.
func startProcess(t *testing.T, dir string) *process {
	t.Helper()
	p := &process{log: filepath.Join(dir, "log")}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	p.Cmd = command(ctx, dir, "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	p.Stderr = log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the bidder serves", func() bool {
		for line := range strings.Lines(read(t, p.log)) {
			var entry struct{ Msg, Exchanges, Admin string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "serving" {
				p.addr, p.admin = entry.Exchanges, entry.Admin
			}
		}
		return p.addr != ""
	})
	return p
}

func (p *process) send(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// TestSignals checks that SIGHUP reloads and that SIGTERM drains and ends with
// status 0, every request answered until then.
func TestSignals(t *testing.T) {
	dir := workDir(t)
	change(t, dir, "bidwell.yaml", "drain: 5s", "drain: 300ms")
	p := startProcess(t, dir)
	reloads := func() string {
		for line := range strings.Lines(call(t, "GET", "http://"+p.admin+"/metrics", "").body) {
			if n, ok := strings.CutPrefix(line, `bidwell_reloads_total{outcome="ok"} `); ok {
				return n
			}
		}
		return ""
	}
	before := reloads()
	p.send(t, syscall.SIGHUP)
	eventually(t, "it has reloaded", func() bool { return reloads() != before })

	body := unhurried(t, "car-site.json")
	p.send(t, syscall.SIGTERM)
	answered := 0
	for {
		resp, err := client.Post("http://"+p.addr+"/openrtb2/bid/example", "application/json", strings.NewReader(body))
		if err != nil { // it listens no more
			break
		}
		if resp.StatusCode != 200 {
			t.Errorf("answered %d while draining", resp.StatusCode)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Errorf("an answer was cut off: %v", err)
		}
		resp.Body.Close()
		answered++
	}
	err, log := p.Wait(), read(t, p.log)
	if err != nil || answered == 0 {
		t.Errorf("ends with %v after %d answers\n%s", err, answered, log)
	}
	if !strings.Contains(log, "draining") || !strings.Contains(log, "reloaded") {
		t.Errorf("the log says\n%s", log)
	}
}

// TestCommandsOfARunningBidder checks that commands that find the data directory
// in use say how to ask the bidder, and that asking it works.
func TestCommandsOfARunningBidder(t *testing.T) {
	r := start(t, nil)
	for _, args := range [][]string{
		{"profile", "get", "buyeruid:example:anna", "--data", "data"},
		{"profile", "import", "configs/people/automobile.ndjson", "--data", "data"},
		{"explain", "--request", "configs/requests/car-site.json", "--data", "data"},
		{"serve", "--data", "data", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"},
	} {
		out, status := bidwell(t, r.dir, "", args...)
		if status != 1 || !strings.Contains(out, "in use by another process") || args[0] != "serve" && !strings.Contains(out, "--bidder http://127.0.0.1:8081") {
			t.Errorf("bidwell %s: %d %s", strings.Join(args, " "), status, out)
		}
	}
	ask := func(want string, args ...string) {
		t.Helper()
		out, status := bidwell(t, r.dir, "", append(args, "--bidder", "http://"+r.AdminAddr())...)
		if !strings.Contains(out, want) || status > 1 {
			t.Errorf("bidwell %s: %d %s, want %q", strings.Join(args, " "), status, out, want)
		}
	}
	ask("BID roadster/intenders", "explain", "--request", "configs/requests/premium-news-front-page.json")
	ask(`"winner": "roadster/intenders"`, "explain", "--request", "configs/requests/premium-news-front-page.json", "--json")
	ask(`"luxury"`, "profile", "get", "buyeruid:example:anna")
	ask(`"by_id": [`, "profile", "export", "buyeruid:example:anna")
	r.bid(t, "premium-news-front-page.json")
	for try := 0; ; try++ { // until the request is in the sample
		out, status := bidwell(t, r.dir, "", "audience", "reach", "roadster/intenders", "--bidder", "http://"+r.AdminAddr())
		if status == 0 && strings.Contains(out, "1  person in luxury-car-intenders") && strings.Contains(out, "1 of 1 request\n") {
			break
		}
		if !strings.Contains(out, "no bid request has been seen") || try > 1000 {
			t.Fatalf("audience reach: %d %s", status, out)
		}
	}
	ask("erased buyeruid:example:anna", "profile", "forget", "buyeruid:example:anna")
	ask("nothing is known of buyeruid:example:anna", "profile", "get", "buyeruid:example:anna")
	if a := r.post(t, "premium-news-front-page.json"); a.status != 204 {
		t.Errorf("once anna is forgotten, the request is answered %d %s", a.status, a.body)
	}
	ask("1 person imported, 4 lines skipped", "profile", "import", "broken/people.ndjson")
	ask("has finished before", "profile", "import", "broken/people.ndjson")
	ask("1 line about people who were erased", "profile", "import", "configs/people/automobile.ndjson")
	ask("4 people imported", "profile", "import", "configs/people/automobile.ndjson", "--again", "--erased")
	if b := r.bid(t, "premium-news-front-page.json"); b.CID != "roadster" {
		t.Errorf("once anna is back, %s bids", b.CrID)
	}
}

// TestPortInUse checks that a second bidder says what to do.
func TestPortInUse(t *testing.T) {
	r := start(t, nil)
	for flag, addr := range map[string]string{"--listen": r.Addr(), "--admin": r.AdminAddr()} {
		args := []string{"serve", "--data", "other", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", flag, addr}
		out, status := bidwell(t, r.dir, "", args...)
		if status != 1 || !strings.Contains(out, "address already in use") || !strings.Contains(out, "choose another address with "+flag) {
			t.Errorf("%s: %d %s", flag, status, out)
		}
	}
}
