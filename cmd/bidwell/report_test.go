package main

import (
	"encoding/csv"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReport clicks on an ad: what the bidder that runs tells of it, what the command
// asks of it, and what the command reads when it is stopped, is the same.
func TestReport(t *testing.T) {
	dir := workDir(t)
	change(t, dir, "bidwell.yaml", "drain: 5s", "drain: 1ms")
	importPeople(t, filepath.Join(dir, "data"), time.Now())
	p := startProcess(t, dir)
	call(t, "GET", p.clickOn(t, "premium-news-front-page.json"), "")
	ask := func(where ...string) string {
		t.Helper()
		out, status := bidwell(t, dir, "", append([]string{"report", "--by", "creative,exchange", "--csv"}, where...)...)
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if status != 0 || err != nil {
			t.Fatalf("report %v: exit %d, %v\n%s", where, status, err, out)
		}
		for _, row := range rows {
			if row[1] == "teaser" {
				return strings.Join(row, ",")
			}
		}
		t.Fatalf("report %v says nothing of the teaser:\n%s", where, out)
		return ""
	}
	const want = "roadster,teaser,example,0,1,0,0,0,0,0,0,0,0,0,0,1,0,0,0"
	admin := "http://" + p.admin
	eventually(t, "the bid is counted", func() bool { return ask("--bidder", admin) == want })
	if a := call(t, "GET", admin+"/api/report?by=campaign&format=text", ""); a.status != 200 || !strings.Contains(a.body, "\nroadster ") || !strings.Contains(a.body, "spend in EUR") {
		t.Errorf("the API answers %d %s", a.status, a.body)
	}
	for query, status := range map[string]int{
		"": 200, "by=nothing": 400, "format=xml": 400, "from=noon": 400, "zone=Mars": 400, "per=week": 400,
		"campaign=roadstr": 404, "per=day&zone=Europe/Berlin&campaign=roadster&format=csv": 200,
	} {
		if a := call(t, "GET", admin+"/api/report?"+query, ""); a.status != status {
			t.Errorf("%s is answered %d %s, want %d", query, a.status, a.body, status)
		}
	}
	if out, status := bidwell(t, dir, "", "report", "--data", "data"); status != 1 || !strings.Contains(out, "--bidder") {
		t.Errorf("on the data of a bidder that runs: exit %d %s, want the advice to ask it", status, out)
	}
	p.send(t, syscall.SIGTERM)
	if err := p.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, read(t, p.log))
	}
	if got := ask("--data", "data"); got != want {
		t.Errorf("afterwards it is %s, want %s", got, want)
	}
}
