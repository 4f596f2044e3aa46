package main

import (
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"

	"bidwell/profile/touches"
)

// TestContacts clicks and kills the bidder. The click reaches the profile once all
// the same; a replay finds so, mends a store that is lost, and does not bring back
// a person who was erased.
func TestContacts(t *testing.T) {
	dir := workDir(t)
	change(t, dir, "bidwell.yaml", "drain: 5s", "drain: 1ms")
	importPeople(t, filepath.Join(dir, "data"), time.Now())
	p := startProcess(t, dir)
	if a := call(t, "GET", p.clickOn(t, "premium-news-front-page.json"), ""); a.status != 302 {
		t.Fatalf("a click is answered %d %s", a.status, a.body)
	}
	p.send(t, syscall.SIGKILL)
	p.Wait()
	p = startProcess(t, dir)
	eventually(t, "the profiles are up to date", func() bool {
		metrics := call(t, "GET", "http://"+p.admin+"/metrics", "").body
		return strings.Contains(metrics, "bidwell_profile_events_behind 0\n") &&
			strings.Contains(metrics, "bidwell_profile_events_lost_total 0\n") && strings.Contains(metrics, "bidwell_profile_writable 1\n")
	})
	p.send(t, syscall.SIGTERM)
	if err := p.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, read(t, p.log))
	}
	anna := func() string {
		t.Helper()
		out, _ := bidwell(t, dir, "", "profile", "get", "buyeruid:example:anna", "--data", "data")
		return out
	}
	if out := anna(); strings.Count(out, `"kind": "click"`) != 2 { // the touch and the behaviour
		t.Errorf("anna is %s, want one click", out)
	}
	replay := func(status int, args ...string) (found touches.Replayed) {
		t.Helper()
		out, got := bidwell(t, dir, "", append([]string{"ledger", "replay", "--json", "--data", "data"}, args...)...)
		var all struct{ Touches touches.Replayed }
		if err := json.Unmarshal([]byte(out), &all); err != nil || got != status {
			t.Fatalf("replay %v: %d %s: %v", args, got, out, err)
		}
		return all.Touches
	}
	if found := replay(0); found.People != 1 || !found.OK() {
		t.Errorf("replay finds %+v, want one person", found)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "data", "replay-*")); len(left) > 0 || err != nil {
		t.Errorf("replay leaves %v, %v", left, err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "data", "profiles")); err != nil {
		t.Fatal(err)
	}
	if found := replay(0); found.People != 0 {
		t.Errorf("without profiles replay finds %+v", found)
	}
	if found := replay(0, "--write"); found.People != 1 {
		t.Errorf("without profiles replay --write finds %+v", found)
	}
	if out := anna(); strings.Count(out, `"kind": "click"`) != 2 {
		t.Errorf("made again, anna is %s, want one click", out)
	}
	bidwell(t, dir, "", "profile", "forget", "buyeruid:example:anna", "--data", "data")
	replay(0, "--write")
	if out := anna(); !strings.Contains(out, "nothing is known") {
		t.Errorf("anna was erased and is %s", out)
	}
}

// clickOn bids on one of the example requests and returns the URL of a click on
// what is shown.
func (p *process) clickOn(t *testing.T, request string) string {
	t.Helper()
	a := call(t, "POST", "http://"+p.addr+"/openrtb2/bid/example", unhurried(t, request))
	var resp openrtb2.BidResponse
	if err := json.Unmarshal([]byte(a.body), &resp); a.status != 200 || err != nil || len(resp.SeatBid) != 1 {
		t.Fatalf("%s is answered %d %s: %v", request, a.status, a.body, err)
	}
	_, click, _ := strings.Cut(html.UnescapeString(resp.SeatBid[0].Bid[0].AdM), "https://"+p.addr+"/e/click?")
	click, _, _ = strings.Cut(click, `"`)
	return "http://" + p.addr + "/e/click?" + click
}
