package main

import (
	"strings"
	"testing"
)

// TestStory runs the story on the real program, over HTTP and on disk: each thing must
// happen, and in this order. What it leaves must add up.
func TestStory(t *testing.T) {
	dir := workDir(t)
	out, status := bidwell(t, dir, "", "demo", "--story", "--data", "kept")
	if status != 0 {
		t.Fatalf("exit %d\n%s", status, out)
	}
	rest := out
	for _, want := range []string{
		"a browser, cookie:",
		"cookie:", "ifa:" + evaPhone, evaLogin, // one person
		"× 1.8", "at step the-car", "bid 4.50 EUR with roadster/teaser",
		"at step the-car", "bid 4.50 EUR with roadster/teaser",
		"clicks", "leads to https://motors.example/roadster",
		"step drive-it × 1.2", "bid 5.40 EUR with roadster/invitation",
		"roadster/intenders: the person has left the conversation", "they have converted", "no bid",
		"nothing is known of this person",
	} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("there is no %q where it should be, in\n%s", want, out)
		}
		rest = after
	}
	if out, status := bidwell(t, dir, "", "ledger", "verify", "--data", "kept/data"); status != 0 {
		t.Errorf("ledger verify: exit %d\n%s", status, out)
	}
	if out, status := bidwell(t, dir, "", "ledger", "replay", "--data", "kept/data"); status != 0 {
		t.Errorf("ledger replay: exit %d\n%s", status, out)
	}
	for _, id := range []string{evaLogin, "ifa:" + evaPhone} {
		if out, _ := bidwell(t, dir, "", "profile", "get", id, "--data", "kept/data"); !strings.Contains(out, "nothing is known") {
			t.Errorf("%s was to be forgotten, and is\n%s", id, out)
		}
	}
}
