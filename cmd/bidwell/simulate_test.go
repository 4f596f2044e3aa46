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
