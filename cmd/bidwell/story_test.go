package main

import (
	"encoding/json"
	"os"
	"path/filepath"
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
		"asks what is held of her", "3 identifiers, 3 attributes", "4 contacts",
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
	out, status = bidwell(t, dir, "", "profile", "export", evaLogin, "--data", "kept/data")
	var h heldCounts
	if err := json.Unmarshal([]byte(out), &h); err != nil || status != 0 {
		t.Fatalf("profile export: exit %d, %v\n%s", status, err, out)
	}
	if h.Person != nil || len(h.ByID) > 0 || len(h.Erased) != 1 || len(h.Events) == 0 || len(h.InFlight) > 0 {
		t.Errorf("of who was forgotten is held\n%s", out)
	}
	out, status = bidwell(t, dir, "", "ledger", "export", "--data", "kept/data")
	if status != 0 || !strings.Contains(out, `"kind":"click"`) || strings.Contains(out, `"person"`) {
		t.Errorf("ledger export: exit %d\n%s", status, out)
	}
}

// TestStoryOfEditedConfigs has configurations that name advertisers already: they are
// kept, and where the story's is not among them it says what to add.
func TestStoryOfEditedConfigs(t *testing.T) {
	for _, c := range []struct {
		name, advertisers, want string
		status                  int
	}{
		{"with Example Motors", "Example Motors: {key: theirs-and-nobody-elses, pixel_key: on-all-of-their-pages, conversions: [test-drive, order]}", "nothing is known of this person", 0},
		{"without it", "Others: {key: theirs-and-nobody-elses}", "Example Motors: {key: A-LONG-RANDOM-WORD", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := workDir(t)
			file := filepath.Join(dir, "configs", "bidwell.yaml")
			edited := read(t, file) + "\nadvertisers:\n  " + c.advertisers + "\n"
			if err := os.WriteFile(file, []byte(edited), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := addAdvertiser(file); err != nil || read(t, file) != edited {
				t.Fatalf("%v; the file is now\n%s", err, read(t, file))
			}
			out, status := bidwell(t, dir, "", "demo", "--story", "--data", ".")
			if status != c.status || !strings.Contains(out, c.want) {
				t.Errorf("exit %d, want %d and %q in\n%s", status, c.status, c.want, out)
			}
		})
	}
}
