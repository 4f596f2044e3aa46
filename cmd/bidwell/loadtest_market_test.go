package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bidwell/ad"
	"bidwell/loadtest"
)

// market is a command line of loadtest market against a bidder that runs, with
// the currencies of the example configuration.
func market(r *running, args ...string) []string {
	return append([]string{
		"loadtest", "market", "--target", "http://" + r.Addr(), "--people", "400", "--rate", "400",
		"--currency", "EUR", "--rates", "USD=0.92,GBP=1.17", "--show-delay", "10ms", "--click-delay", "10ms",
	}, args...)
}

func marketReport(t *testing.T, text string) *loadtest.Report {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	report, err := loadtest.ReadReport(path)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestMarketAgreesWithTheBooks trades with the real bidder while notices get lost
// and come twice, from two generators, and compares what the market knows to be
// acknowledged with what the bidder's books say, campaign by campaign.
func TestMarketAgreesWithTheBooks(t *testing.T) {
	r := start(t, nil)
	if out, status := bidwell(t, r.dir, "", "loadtest", "people", "--people", "400", "--out", "people.ndjson"); status != 0 {
		t.Fatalf("%d %s", status, out)
	}
	if out, status := bidwell(t, r.dir, "", "profile", "import", "people.ndjson", "--bidder", "http://"+r.AdminAddr()); status != 0 || !strings.Contains(out, "400 people imported") {
		t.Fatalf("%d %s", status, out)
	}
	rough := []string{"--requests", "400", "--notice-loss", "0.1", "--notice-duplicates", "0.2", "--unshown", "0.1", "--value", "*=0.40/click"}
	for file, generator := range map[string]string{"one.json": "1", "two.json": "2"} {
		out, status := bidwell(t, r.dir, "", market(r, append(rough, "--generator", generator, "--out", file)...)...)
		if status != 0 || !strings.Contains(out, "acknowledged") || !strings.Contains(out, "surplus") || !strings.Contains(out, "lost)") {
			t.Fatalf("%d %s", status, out)
		}
	}
	out, status := bidwell(t, r.dir, "", "loadtest", "report", "one.json", "two.json", "--json")
	if status != 0 {
		t.Fatalf("%d %s", status, out)
	}
	both := marketReport(t, out)
	if both.Requests != 800 || len(both.Generators) != 2 || both.Wins == 0 || both.Invalid > 0 {
		t.Errorf("%s: %d generators, problems %v", both.Line(), len(both.Generators), both.Problems)
	}
	total := ad.Money(0)
	for _, c := range r.statusOf(t).Campaigns {
		f := both.Campaigns[c.Campaign]
		if f == nil {
			f = new(loadtest.Figures)
		}
		spent := ad.Unit.Mul(c.Spend.Total)
		total += spent
		// Prices in other currencies are rounded on both sides.
		least, most := f.Acknowledged-2*ad.Money(f.Wins), f.Acknowledged+f.Unclear+2*ad.Money(f.Wins)
		if spent < least || spent > most {
			t.Errorf("%s has spent %v, the market says %v acknowledged, %v unclear", c.Campaign, spent, f.Acknowledged, f.Unclear)
		}
	}
	if f := both.Total; total == 0 || f.Acknowledged >= f.Billed {
		t.Errorf("spent %v, billed %v, acknowledged %v; want something, and less than all with notices lost", total, f.Billed, f.Acknowledged)
	}
	if out, status := bidwell(t, r.dir, "", "loadtest", "report", "one.json", "one.json"); status != 1 || !strings.Contains(out, "given twice") {
		t.Errorf("a file given twice: %d %s", status, out)
	}
	if out, status := bidwell(t, r.dir, "", "loadtest", "report", "people.ndjson"); status != 1 || !strings.Contains(out, "people.ndjson is none") {
		t.Errorf("a file that is no report: %d %s", status, out)
	}
}

// TestMarketReplaysRequests posts the recorded requests of the examples.
func TestMarketReplaysRequests(t *testing.T) {
	r := start(t, nil)
	var line bytes.Buffer
	if err := json.Compact(&line, []byte(unhurried(t, "premium-news-front-page.json"))); err != nil {
		t.Fatal(err)
	}
	write(t, r.dir, "requests.jsonl", line.String()+"\n")
	write(t, r.dir, "prices.csv", "segment,quantile,cpm\n*/*,0.5,2\n")
	out, status := bidwell(t, r.dir, "", "loadtest", "market", "http://"+r.Addr()+"/openrtb2/bid/example", "--corpus", "requests.jsonl", "--rivals", "prices.csv",
		"--requests", "30", "--rate", "300", "--currency", "EUR", "--auction", "second", "--show-delay", "1ms", "--json")
	at := strings.Index(out, "{\n")
	if status != 0 || at < 0 {
		t.Fatalf("%d %s", status, out)
	}
	report := marketReport(t, out[at:])
	f := report.Campaigns["roadster"]
	if report.Requests != 30 || f == nil || f.Wins == 0 || f.Billed != ad.Money(f.Wins)*ad.Unit*201/100/1000 || f.Acknowledged != f.Billed {
		t.Errorf("%s: %+v; want wins, each at 2.01", report.Line(), f)
	}
	if spent := r.campaign(t, "roadster").Spend; ad.Unit.Mul(spent.Total) != f.Billed {
		t.Errorf("the bidder has spent %v, the market billed %v", spent.Total, f.Billed)
	}
}

// TestMarketInterrupted stops the market in the middle with Ctrl-C.
func TestMarketInterrupted(t *testing.T) {
	r := start(t, nil)
	cmd := command(t.Context(), r.dir, market(r, "--for", "0", "--out", "market.json")...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "something is spent", func() bool {
		sum := 0.0
		for _, c := range r.statusOf(t).Campaigns {
			sum += c.Spend.Total
		}
		return sum > 0
	})
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "per second") {
		t.Errorf("%v\n%s%s", err, out.String(), errs.String())
	}
	report := marketReport(t, read(t, filepath.Join(r.dir, "market.json")))
	if f := report.Total; report.Requests == 0 || f.Billed == 0 || f.Acknowledged+f.Unclear != f.Billed {
		t.Errorf("the file says %s, %+v", report.Line(), f)
	}
}

func TestMarketRefuses(t *testing.T) {
	oneByOne(t)
	dir := t.TempDir()
	write(t, dir, "prices.csv", "segment,quantile,cpm\nvideo,0.5,1\n")
	write(t, dir, "requests.jsonl", "{}\n")
	f := func(want string, status int, args ...string) {
		t.Helper()
		out, got := bidwell(t, dir, "", append([]string{"loadtest", "market"}, args...)...)
		if got != status || !strings.Contains(out, want) {
			t.Errorf("%s: %d %s, want %d %q", strings.Join(args, " "), got, out, status, want)
		}
	}
	f("not on this machine", exitUsage, "--target", "http://192.0.2.1:80")
	f("not on this machine", exitUsage, "http://192.0.2.1:80")
	f("there is more than one URL", exitUsage, "http://127.0.0.1:8080", "http://127.0.0.1:9090")
	f("give one of them", exitUsage, "http://127.0.0.1:8080", "--target", "http://127.0.0.1:9090")
	f("give one of them", exitUsage, "http://127.0.0.1:8080/openrtb2/bid/acme", "--exchange", "example")
	f("first, second or request", exitUsage, "--auction", "third")
	f("no currency such as EUR", exitUsage, "--currency", "Euro")
	f("such as EUR=1.08", exitUsage, "--rates", "EUR=-1")
	f("such as roadster=0.40/click", exitUsage, "--value", "roadster")
	f("between 0 and 1", exitUsage, "--click-rate", "2")
	f("between 0 and 1", exitUsage, "--notice-loss", "-1")
	f("rate 0", exitUsage, "--rate", "0")
	f("at least 8 people", exitUsage, "--people", "3")
	f("does not go with --corpus", exitUsage, "--corpus", "requests.jsonl", "--people", "9")
	f("did you mean --notice-loss", exitUsage, "--notice-los", "1")
	f("line 2: \"video\" is no segment", exitFailed, "--rivals", "prices.csv")
	f("no such file", exitFailed, "--rivals", "none.csv")
	f("line 1: a bid request has an id", exitFailed, "--corpus", "requests.jsonl")
	f("no such file", exitFailed, "--requests", "1", "--out", "nowhere/market.json")
	f("none of 3 requests got a usable answer", exitFailed, "--requests", "3", "--target", "http://127.0.0.1:9", "--out", "kept.json")
	if r := marketReport(t, read(t, filepath.Join(dir, "kept.json"))); r.Errors != 3 {
		t.Errorf("the file counts %d errors, want 3", r.Errors)
	}
}
