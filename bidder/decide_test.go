package bidder_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/notice"
)

var update = flag.Bool("update", false, "rewrite what the files in testdata want")

// TestDecide decides on the examples in testdata/decide. Each file holds, in
// sections that begin with a line `-- name --`, a configuration, people, and
// requests with what is wanted of them: the bids, and for every line item the
// reason, the place in the YAML that decided and the values compared. A request
// may name an exchange (on=NAME), a moment (at=RFC3339) and what becomes of the bids
// (then=shown, clicked or lost). The budgets carry over from one request to
// the next, as they do in life. Run with -update to rewrite what is wanted, and
// review the difference.
func TestDecide(t *testing.T) {
	names, err := filepath.Glob("testdata/decide/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := decideFile(t, string(text), seen)
			switch {
			case got == string(text):
			case *update:
				write(t, name, got)
			default:
				t.Errorf("decided otherwise; got\n%s", firstDifference(got, string(text)))
			}
		})
	}
	if !t.Failed() {
		everyReason(t, seen)
	}
}

// everyReason checks that the examples show every reason that a request or a
// line item can be given.
func everyReason(t *testing.T, seen map[string]bool) {
	for r := ad.NoImpressions; r <= ad.AdvertiserTaken; r++ {
		switch r {
		case ad.NoCreativeFits: // a line item without creatives is no configuration
		case ad.InFlight: // of very many bids; see TestTooManyInFlight
		case ad.InsecureCreative: // a creative that is not https is no configuration
		default:
			if !seen[r.String()] {
				t.Errorf("no example shows the reason %q", r)
			}
		}
	}
}

// section is one part of an example.
type section struct{ name, text string }

// sections splits a file; what stands before the first section has no name.
func sections(text string) []section {
	list := []section{{}}
	for line := range strings.Lines(text) {
		name, begins := strings.CutPrefix(strings.TrimRight(line, "\n"), "-- ")
		name, ends := strings.CutSuffix(name, " --")
		if begins && ends {
			list = append(list, section{name: name})
			continue
		}
		list[len(list)-1].text += line
	}
	return list
}

// decideFile returns the text of an example with what was decided in place of
// what was wanted.
func decideFile(t *testing.T, text string, seen map[string]bool) string {
	fsys := files("bidwell.yaml", plainProcess)
	people := ""
	list := sections(text)
	for _, s := range list {
		switch {
		case s.name == "people.ndjson":
			people = s.text
		case strings.Contains(s.name, ".") && !strings.HasPrefix(s.name, "request"):
			fsys[s.name] = &fstest.MapFile{Data: []byte(s.text)}
		}
	}
	r := newRig(t, fsys, people)
	var out strings.Builder
	for i, s := range list {
		if s.name == "want" {
			continue
		}
		if i > 0 {
			fmt.Fprintf(&out, "-- %s --\n", s.name)
		}
		out.WriteString(s.text)
		switch {
		case s.name == "the store breaks":
			r.store.broken.Store(true)
		case strings.HasPrefix(s.name, "request"):
			out.WriteString("-- want --\n" + decideExample(t, r, s, seen))
		}
	}
	return out.String()
}

// decideExample decides on one request, live and for an explanation, and returns
// both as text.
func decideExample(t *testing.T, r *rig, s section, seen map[string]bool) string {
	now, ex, then := monday, r.exchange(t, ""), ""
	for _, word := range strings.Fields(s.name)[1:] {
		if at, ok := strings.CutPrefix(word, "at="); ok {
			moment, err := time.Parse(time.RFC3339, at)
			if err != nil {
				t.Fatal(err)
			}
			now = moment
		}
		if on, ok := strings.CutPrefix(word, "on="); ok {
			ex = r.exchange(t, on)
		}
		if what, ok := strings.CutPrefix(word, "then="); ok {
			then = what
		}
	}
	body := []byte(strings.TrimSpace(s.text))
	x := r.explain(t, body, ex, now)
	var sc bidder.Scratch
	reason := r.decide(t, &sc, body, ex, now)
	agree(t, s.name, &sc, reason, x)
	if reason != ad.OK {
		seen[reason.String()] = true
	}
	var b strings.Builder
	if reason != ad.OK {
		fmt.Fprintf(&b, "no bid: %s\n", reason)
	}
	for i := range sc.Bids {
		bid := &sc.Bids[i]
		fmt.Fprintf(&b, "imp %s: %v %s by %s/%s with %s", bid.Imp.ID, bid.Price.CPM(), x.Currency, bid.Line.Campaign.Name, bid.Line.Name, bid.Creative.Name)
		if bid.Deal != nil {
			fmt.Fprintf(&b, " through %s", bid.Deal.ID)
		}
		fmt.Fprintf(&b, ", reserving %v\n", bid.Amount.CPM())
	}
	for i := range x.Impressions {
		for _, l := range x.Impressions[i].Lines {
			seen[l.Reason] = true
			if l.Bids {
				continue
			}
			b.WriteString("  ")
			if len(x.Impressions) > 1 {
				fmt.Fprintf(&b, "imp %s ", x.Impressions[i].ID)
			}
			fmt.Fprintf(&b, "%s/%s %s at %s", l.Campaign, l.Line, l.Reason, strings.TrimPrefix(l.Where, "campaigns/"))
			if l.Detail != "" {
				b.WriteString(": " + l.Detail)
			}
			b.WriteByte('\n')
		}
	}
	for i := range sc.Bids {
		become(t, r, sc.Token(&sc.Bids[i]), then, now)
	}
	return b.String()
}

// become reports what became of a bid, and brings it into the profile.
func become(t *testing.T, r *rig, token notice.Token, then string, now time.Time) {
	t.Helper()
	kinds := map[string][]ad.Notice{"shown": {ad.Impression}, "clicked": {ad.Impression, ad.Click}, "lost": {ad.Loss}}[then]
	for _, kind := range kinds {
		token.Kind = kind
		if why, err := r.Notice(&token, bidder.Said{}, now); why != ad.OK || err != nil {
			t.Fatalf("%s: %s, %v", kind, why, err)
		}
	}
	if len(kinds) > 0 {
		follow(t, r, now)
	}
}

// firstDifference returns the lines around the first that differ.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < len(g) && i < len(w) && g[i] == w[i] {
		i++
	}
	around := func(l []string) string { return strings.Join(l[max(0, i-3):min(len(l), i+4)], "\n") }
	return fmt.Sprintf("%s\nwant\n%s\n(line %d)", around(g), around(w), i+1)
}
