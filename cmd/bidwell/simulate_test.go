package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// auctionLog returns a log with the columns click, price and pctr.
func auctionLog() string {
	chance := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	for range 5000 {
		fmt.Fprintf(&b, "%d %d %.6f\n", chance.IntN(2), 20+chance.IntN(100), chance.ExpFloat64()/1000)
	}
	return b.String()
}

func TestSimulate(t *testing.T) {
	dir := t.TempDir()
	log, page := filepath.Join(dir, "auctions.txt"), filepath.Join(dir, "report.html")
	if err := os.WriteFile(log, []byte(auctionLog()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, out := newSimulate(), new(bytes.Buffer)
	cmd.SetOut(out)
	cmd.SetArgs([]string{"--replay", log, "--columns", "click,price,pctr", "--separator", "space",
		"--budget-fraction", "1/2,1/8", "--notice-delay", "3", "--html", page, "--json"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	var report struct {
		Campaigns []struct{ Ratio, Utilisation, Overspend float64 }
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || len(report.Campaigns) != 2 {
		t.Fatalf("got %d campaigns, %v", len(report.Campaigns), err)
	}
	for _, c := range report.Campaigns {
		if c.Ratio < 0.9 || c.Utilisation < 0.97 || c.Overspend != 0 {
			t.Errorf("got %+v, want nearly the optimum and no overspend", c)
		}
	}
	if html, err := os.ReadFile(page); err != nil || !bytes.Contains(html, []byte("</html>")) {
		t.Errorf("the page has %d bytes, %v", len(html), err)
	}
}

func TestSimulateRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"--curve", "slow"},
		{"--auction", "third"},
		{"--budget-fraction", "0"},
		{"--forecast", "rain"},
		{"--columns", "price,weather"},
		{"--restart", "2"},
		{"--worth", "0"},
		{"--shift", "0"},
		{"--days", "3"},
		{"--config", "configs/bidwell.yaml"},
	} {
		cmd := newSimulate()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetIn(strings.NewReader("0 1 0.1 0\n"))
		cmd.SetArgs(append([]string{"--replay", "-"}, args...))
		if err := cmd.Execute(); !errors.Is(err, errUsage) {
			t.Errorf("%v: got %v, want an error of usage", args, err)
		}
	}
}

// TestSimulateMarket runs the example configuration on a synthetic market.
func TestSimulateMarket(t *testing.T) {
	dir := workDir(t)
	run := func() string {
		out, status := bidwell(t, dir, "", "simulate", "--requests", "8000", "--people", "1000", "--budget-scale", "0.0005",
			"--start", "2026-03-02", "--curve", "traffic", "--notice-delay", "3", "--html", "page.html", "--json")
		if status != exitOK {
			t.Fatalf("exit status %d\n%s", status, out)
		}
		return out
	}
	out := run()
	var report struct {
		Campaigns []map[string]any
		Total     struct{ Value, Optimum, Ratio, Utilisation, Overspend, Spend float64 }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Campaigns) < 4 {
		t.Fatalf("got %d campaigns, %v\n%s", len(report.Campaigns), err, out)
	}
	if x := report.Total; x.Spend <= 0 || x.Overspend != 0 || x.Ratio <= 0 || x.Ratio > 1 || x.Value > x.Optimum {
		t.Errorf("got %+v", x)
	}
	if html, err := os.ReadFile(filepath.Join(dir, "page.html")); err != nil || !bytes.Contains(html, []byte("</html>")) {
		t.Errorf("the page has %d bytes, %v", len(html), err)
	}
	if again := run(); again != out {
		t.Error("the same command gives other figures")
	}
}

func TestSimulateGeneratesInPlaceOfAConfiguration(t *testing.T) {
	out, status := bidwell(t, workDir(t), "", "simulate", "--campaigns", "2", "--requests", "500", "--config", "nowhere/bidwell.yaml")
	if status != 0 || !strings.Contains(out, "note: --campaigns generates a configuration; that of --config is not read") {
		t.Errorf("exits with %d and says\n%s", status, out)
	}
}

func TestSimulateMarketRefuses(t *testing.T) {
	dir := workDir(t)
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"--kappa-start", "3"}, exitUsage, "--kappa-start goes with --replay"},
		{[]string{"--start", "tomorrow"}, exitUsage, "write a day such as"},
		{[]string{"--exchange", "nobody"}, exitUsage, "there are example"},
		{[]string{"--requests", "-5"}, exitUsage, "--requests -5: it must be above 0"},
		{[]string{"--requests", "30000000"}, exitUsage, "it should be from 1 to 20000000"},
		{[]string{"--campaigns", "0"}, exitUsage, "--campaigns 0: it must be above 0"},
		{[]string{"--campaigns", "1001"}, exitUsage, "it should be from 1 to 1000"},
		{[]string{"--days", "0"}, exitUsage, "--days 0: it must be above 0"},
		{[]string{"--budget-scale", "0"}, exitUsage, "--budget-scale 0: it must be above 0"},
		{[]string{"--tick", "0s"}, exitUsage, "--tick 0s: it must be above 0"},
		{[]string{"--config", "nowhere/bidwell.yaml"}, exitFailed, "open the configuration"},
		{[]string{"--config", "broken/bidwell.yaml"}, exitFailed, "the configuration has errors"},
	} {
		out, status := bidwell(t, dir, "", append([]string{"simulate"}, tt.args...)...)
		if status != tt.status || !strings.Contains(out, tt.says) {
			t.Errorf("%v: exit status %d, want %d, with %q\n%s", tt.args, status, tt.status, tt.says, out)
		}
	}
}
