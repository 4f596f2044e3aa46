package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStandings clicks on what the roadster's conversation shows first: the bidder that
// runs counts the person at the next step, and so does the command on its data.
func TestStandings(t *testing.T) {
	dir := workDir(t)
	change(t, dir, "bidwell.yaml", "drain: 5s", "drain: 1ms")
	importPeople(t, filepath.Join(dir, "data"), time.Now())
	p := startProcess(t, dir)
	ask := func(args ...string) string {
		t.Helper()
		out, status := bidwell(t, dir, "", append([]string{"conversation"}, args...)...)
		if status != 0 {
			t.Fatalf("conversation %v: exit %d %s", args, status, out)
		}
		return out
	}
	const line, admin = "roadster/intenders", "http://"
	if out := ask("--bidder", admin+p.admin); !strings.Contains(out, "4  have seen nothing of it\n") || !strings.Contains(out, " 0  at step the-car\n") {
		t.Errorf("at first %s", out)
	}
	call(t, "GET", p.clickOn(t, "premium-news-front-page.json"), "")
	eventually(t, "the person is at the next step", func() bool {
		return strings.Contains(ask(line, "--bidder", admin+p.admin), " 1  at step drive-it\n")
	})
	if out, status := bidwell(t, dir, "", "conversation", "roadster/intender", "--bidder", admin+p.admin); status == 0 || !strings.Contains(out, "roadster/intenders") {
		t.Errorf("a name that is misspelt: %d %s", status, out)
	}
	p.send(t, syscall.SIGTERM)
	if err := p.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, read(t, p.log))
	}
	if out := ask("--data", "data", "--json"); !strings.Contains(out, "\"untouched\": 3") {
		t.Errorf("afterwards %s", out)
	}
}
