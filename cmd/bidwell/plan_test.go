package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bidwell/configs"
)

// planDirs returns a directory with the example configuration twice, as old and new.
func planDirs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"old", "new"} {
		if err := os.CopyFS(filepath.Join(dir, name), configs.Files()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// raise makes the new configuration pay more for an audience.
func raise(t *testing.T, dir string) {
	t.Helper()
	name := filepath.Join(dir, "new", "campaigns", "roadster.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "price: 2.50 EUR", "price: 6.00 EUR", 1)
	if changed == string(text) {
		t.Fatal("there is no price to raise")
	}
	if err := os.WriteFile(name, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

var smallPlan = []string{"--requests", "8000", "--people", "1000", "--start", "2026-03-02"}

func TestPlanOfTheSame(t *testing.T) {
	dir := planDirs(t)
	for _, args := range [][]string{{"old", "new"}, {"old/bidwell.yaml", "new"}} {
		out, status := bidwell(t, dir, "", append([]string{"plan"}, args...)...)
		if status != exitOK || out != "Nothing changes.\n" {
			t.Errorf("%v: exit status %d\n%s", args, status, out)
		}
	}
}

func TestPlan(t *testing.T) {
	dir := planDirs(t)
	raise(t, dir)
	out, status := bidwell(t, dir, "", append([]string{"plan", "old", "new"}, smallPlan...)...)
	if status != exitChanges {
		t.Errorf("exit status %d, want %d\n%s", status, exitChanges, out)
	}
	for _, want := range []string{"line item roadster/intenders is changed", "2.50 EUR → 6.00 EUR  campaigns/roadster.yaml:", "people reached"} {
		if !strings.Contains(out, want) {
			t.Errorf("the text lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "bidwell:") {
		t.Errorf("changes are reported as an error:\n%s", out)
	}
	out, status = bidwell(t, dir, "", append([]string{"plan", "old", "new", "--json"}, smallPlan...)...)
	var report struct {
		Changes   []struct{ Kind, Name, Change, Where string }
		Campaigns []struct {
			Name          string
			Before, After struct{ Reach, Bids, Wins, Spend float64 }
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || status != exitChanges {
		t.Fatalf("exit status %d, %v\n%s", status, err, out)
	}
	if len(report.Changes) != 1 || len(report.Campaigns) != 4 {
		t.Fatalf("got %d changes and %d campaigns, want 1 and 4\n%s", len(report.Changes), len(report.Campaigns), out)
	}
	for _, c := range report.Campaigns {
		if c.Name == "roadster" && (c.Before.Wins == 0 || c.After.Wins <= c.Before.Wins || c.After.Reach == 0) {
			t.Errorf("at a higher price: before %+v, after %+v, want more wins", c.Before, c.After)
		}
	}
}

func TestPlanFails(t *testing.T) {
	dir := workDir(t)
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"configs"}, exitUsage, "accepts 2 arg(s)"},
		{[]string{"configs", "configs", "--auction", "third"}, exitUsage, "it is second or first"},
		{[]string{"configs", "configs", "--days", "0"}, exitUsage, "--days 0: it must be above 0"},
		{[]string{"configs", "configs", "--curve", "slow"}, exitUsage, "traffic, even, ahead, asap"},
		{[]string{"configs", "nowhere"}, exitFailed, "nowhere"},
		{[]string{"configs", "broken"}, exitFailed, "the configuration has errors"},
	} {
		out, status := bidwell(t, dir, "", append([]string{"plan"}, tt.args...)...)
		if status != tt.status || !strings.Contains(out, tt.says) {
			t.Errorf("%v: exit status %d, want %d, with %q\n%s", tt.args, status, tt.status, tt.says, out)
		}
	}
}
