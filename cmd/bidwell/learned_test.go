package main

import (
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/prebid/openrtb/v20/openrtb2"

	"bidwell/ad"
	"bidwell/ledger"
	"bidwell/pricing"
)

// TestPricesAreLearned shows the example's game, of which clicks are paid for, and
// kills the bidder: what was learned is the same in the next process, and when it is
// made again from the ledger.
func TestPricesAreLearned(t *testing.T) {
	dir := workDir(t)
	change(t, dir, "bidwell.yaml", "drain: 5s", "drain: 1ms")
	p := startProcess(t, dir)
	const shown = 20
	p.lose(t) // of an exchange that tells wins only nothing is learned
	for i := range shown {
		p.show(t, i)
	}
	learned := func(p *process) (s struct {
		Prices    learnedStatus
		Campaigns []campaignStatus
	}) {
		a := call(t, "GET", "http://"+p.admin+"/status", "")
		if err := json.Unmarshal([]byte(a.body), &s); err != nil {
			t.Fatalf("/status answers %d %s: %v", a.status, a.body, err)
		}
		return s
	}
	wantLearned := func(p *process) {
		t.Helper()
		eventually(t, "all is learned from", func() bool {
			s := learned(p).Prices
			return s.Behind == 0 && s.Impressions == shown && s.Auctions == shown+1
		})
		for _, c := range learned(p).Campaigns {
			g := c.Goal
			switch {
			case c.Campaign != "puzzle-app" && g != nil:
				t.Errorf("%s pays for %+v", c.Campaign, g)
			case c.Campaign == "puzzle-app" && (g == nil || g.PayPer != "click" || g.Worth != 0.6 || g.Average != 0.45 || g.Events != 2):
				t.Errorf("puzzle-app pays for %+v, want 2 clicks", g)
			}
		}
	}
	wantLearned(p)
	metrics := call(t, "GET", "http://"+p.admin+"/metrics", "").body
	for _, want := range []string{
		fmt.Sprintf("bidwell_first_price_bids_total %d\n", shown+1),
		`bidwell_learned_impressions_total{outcome="learned"} 20`,
		`bidwell_learned_auctions_total{told="least_to_win"} 21`,
		`bidwell_goal_kappa{campaign="puzzle-app"} 0.75`,
		"bidwell_learning_works 1\n",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	p.send(t, syscall.SIGKILL)
	p.Wait()
	p = startProcess(t, dir)
	wantLearned(p)
	p.send(t, syscall.SIGTERM)
	if err := p.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, read(t, p.log))
	}
	p = startProcess(t, dir) // now from what was saved, without an event that is new
	wantLearned(p)
	p.send(t, syscall.SIGTERM)
	if err := p.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, read(t, p.log))
	}
	if out, status := bidwell(t, dir, "", "ledger", "replay", "--data", "data"); status != 0 || !strings.Contains(out, "events made again: the same") {
		t.Errorf("replay: %d %s", status, out)
	}
	wantKeyed(t, filepath.Join(dir, "data"))
	var held struct {
		Events []json.RawMessage
		Hashed int
	}
	exported, _ := bidwell(t, dir, "", "profile", "export", "ifa:5e1d2c1a-8a34-4b6e-9d3f-2f6f5a7c0d11", "--data", "data")
	if err := json.Unmarshal([]byte(exported), &held); err != nil || held.Hashed != shown || len(held.Events) <= shown {
		t.Errorf("profile export: %d of %d events with what models saw, want %d; %v", held.Hashed, len(held.Events), shown, err)
	}
	out, _ := bidwell(t, dir, "", "explain", "--data", "data", "--request", "configs/requests/app-interstitial.json")
	if !strings.Contains(out, "chance of a click") || !strings.Contains(out, "per click") {
		t.Errorf("explain says\n%s", out)
	}
}

// TestLostKeysAreTold starts a bidder for the first time, again, and without one and the
// other key that its events were written with.
func TestLostKeysAreTold(t *testing.T) {
	dir := workDir(t)
	change(t, dir, "bidwell.yaml", "drain: 5s", "drain: 1ms")
	for run, lost := range []string{"", "", "feature.key", "token.keys", ""} {
		if lost != "" {
			if err := os.Remove(filepath.Join(dir, "data", lost)); err != nil {
				t.Fatal(err)
			}
		}
		p := startProcess(t, dir)
		p.show(t, run)
		p.send(t, syscall.SIGTERM)
		if err := p.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, read(t, p.log))
		}
		log := read(t, p.log)
		for file := range lostMeans {
			if told := strings.Contains(log, file+" was missing"); told != (file == lost) {
				t.Errorf("start %d: the log is\n%s", run, log)
			}
		}
	}
}

// TestModelsCannotBeKept puts a file where models are kept: the bidder starts, bids,
// learns in memory and says what is wrong; the ledger can be replayed.
func TestModelsCannotBeKept(t *testing.T) {
	dir := workDir(t)
	change(t, dir, "bidwell.yaml", "drain: 5s", "drain: 1ms")
	write(t, dir, "data/models", "no directory")
	p := startProcess(t, dir)
	p.show(t, 0)
	var s struct{ Prices learnedStatus }
	eventually(t, "all is learned from", func() bool {
		a := call(t, "GET", "http://"+p.admin+"/status", "")
		return json.Unmarshal([]byte(a.body), &s) == nil && s.Prices.Behind == 0 && s.Prices.Impressions == 1
	})
	if !strings.Contains(s.Prices.Trouble, "models") {
		t.Errorf("/status says %+v", s.Prices)
	}
	if metrics := call(t, "GET", "http://"+p.admin+"/metrics", "").body; !strings.Contains(metrics, "bidwell_learning_works 0\n") {
		t.Error("/metrics does not say that models cannot be kept")
	}
	p.send(t, syscall.SIGTERM)
	if err := p.Wait(); err != nil || !strings.Contains(read(t, p.log), "learning prices: open what was learned: ") {
		t.Errorf("%v\n%s", err, read(t, p.log))
	}
	if out, status := bidwell(t, dir, "", "ledger", "replay", "--data", "data"); status != 0 || !strings.Contains(out, "the models cannot be read") {
		t.Errorf("replay: %d %s", status, out)
	}
	if got := read(t, filepath.Join(dir, "data", "models")); got != "no directory" {
		t.Errorf("the file is now %q", got)
	}
}

// wantKeyed checks that nobody can tell what models saw of a ledger's impressions, but
// who has the key.
func wantKeyed(t *testing.T, data string) {
	t.Helper()
	key, err := loadFeatureKey(featureKeyFile(data), false)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(ledger.Config{Dir: ledgerDir(data)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := 0
	err = l.Events(t.Context(), 0, func(_ uint64, e *ad.Event) error {
		var x pricing.Context
		var s pricing.Subject
		if e.Context == "" || !pricing.Unpack(e.Context, &x, &s) {
			return nil
		}
		n++
		holds := func(k pricing.Key) bool {
			want := k.HashOf(pricing.Inventory, uint64(ad.App))
			for i := range x.Len() {
				if x.Feature(i) == want {
					return true
				}
			}
			return false
		}
		if holds(pricing.Key{}) || !holds(key) {
			t.Errorf("an event holds %x", e.Context)
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Errorf("%d impressions, %v", n, err)
	}
}

// game bids on the example's full-screen placement.
func (p *process) game(t *testing.T, id string) *openrtb2.Bid {
	t.Helper()
	body := strings.Replace(unhurried(t, "app-interstitial.json"), `"id": "app-1"`, fmt.Sprintf(`"id": %q`, id), 1)
	a := call(t, "POST", "http://"+p.addr+"/openrtb2/bid/example", body)
	var resp openrtb2.BidResponse
	if err := json.Unmarshal([]byte(a.body), &resp); a.status != 200 || err != nil || resp.SeatBid[0].Bid[0].CID != "puzzle-app" {
		t.Fatalf("answered %d %s: %v", a.status, a.body, err)
	}
	return &resp.SeatBid[0].Bid[0]
}

// lose bids and is told that another bid won.
func (p *process) lose(t *testing.T) {
	t.Helper()
	loss := strings.NewReplacer("${AUCTION_LOSS}", "102", "${AUCTION_MIN_TO_WIN}", "9")
	if a := call(t, "GET", loss.Replace(p.game(t, "lost").LURL), ""); a.status != 200 {
		t.Fatalf("a loss is answered %d %s", a.status, a.body)
	}
}

// show bids, wins, shows the ad and, one time in ten, clicks on it.
func (p *process) show(t *testing.T, i int) {
	t.Helper()
	b := p.game(t, fmt.Sprint("app-", i))
	price := strings.NewReplacer("${AUCTION_PRICE}", fmt.Sprint(b.Price), "${AUCTION_MIN_TO_WIN}", "1.1")
	in := func(kind string) string {
		_, rest, found := strings.Cut(html.UnescapeString(b.AdM), "https://"+p.addr+kind)
		end := strings.IndexAny(rest, `"' <`)
		if !found || end < 0 {
			t.Fatalf("there is no %s in %s", kind, b.AdM)
		}
		return "http://" + p.addr + kind + rest[:end]
	}
	urls := []string{price.Replace(b.NURL), price.Replace(b.BURL), in("/e/imp?")}
	if i%10 == 0 {
		urls = append(urls, in("/e/click?"))
	}
	for _, u := range urls {
		if a := call(t, "GET", u, ""); a.status != 200 && a.status != 302 {
			t.Fatalf("%s is answered %d %s", u, a.status, a.body)
		}
	}
}
