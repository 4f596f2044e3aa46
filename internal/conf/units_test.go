package conf

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	is := func(s string, want time.Duration) {
		t.Helper()
		if got, err := ParseDuration(s); err != nil || got.Std() != want {
			t.Errorf("%q: got %v, %v; want %v", s, got.Std(), err, want)
		}
	}
	const day = 24 * time.Hour
	is("10d", 10*day)
	is("3h30m", 3*time.Hour+30*time.Minute)
	is("90s", 90*time.Second)
	is("3y", 3*365*day)
	is("2w", 14*day)
	is("1y2w3d4h5m6s7ms", 365*day+17*day+4*time.Hour+5*time.Minute+6*time.Second+7*time.Millisecond)
	is("292y", 292*365*day)
	for _, s := range []string{"", "10", "d", "-1d", "0d", "1.5h", "1 d", "1d1d", "1h2d", "1D", "1µs", "293y", "99999999999999999999d", "1mo"} {
		if got, err := ParseDuration(s); err == nil {
			t.Errorf("%q is taken for %v", s, got)
		}
	}
}

func TestDurationIsReadAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration(rapid.Int64Range(1, 1<<40).Draw(t, "ms")) * Duration(time.Millisecond)
		if got, err := ParseDuration(d.String()); err != nil || got != d {
			t.Fatalf("%v is written %q and read %v, %v", d.Std(), d.String(), got, err)
		}
	})
}

func TestDurationText(t *testing.T) {
	for s, want := range map[string]string{"10d": "10 days", "1h": "1 hour", "3y": "3 years", "2w": "14 days", "1d12h": "1 day 12 hours"} {
		d, err := ParseDuration(s)
		if err != nil || d.Text() != want {
			t.Errorf("%s: got %q, %v; want %q", s, d.Text(), err, want)
		}
	}
}

func TestDate(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	is := func(s, want string) {
		t.Helper()
		d, ok := ParseDate(s)
		if got := d.In(berlin).UTC().Format(time.RFC3339); !ok || got != want {
			t.Errorf("%s: got %s, %v; want %s", s, got, ok, want)
		}
		if again, ok := ParseDate(d.String()); !ok || !again.In(berlin).Equal(d.In(berlin)) {
			t.Errorf("%s is written %s and read %v", s, d, again)
		}
	}
	is("2026-11-01", "2026-10-31T23:00:00Z")
	is("2026-07-01", "2026-06-30T22:00:00Z")
	is("2026-11-01T09:30", "2026-11-01T08:30:00Z")
	is("2026-11-01 09:30:15", "2026-11-01T08:30:15Z")
	is("2026-11-01T09:30:00Z", "2026-11-01T09:30:00Z")
	is("2026-11-01T09:30:00-05:00", "2026-11-01T14:30:00Z")
	for _, s := range []string{"", "2026", "01.11.2026", "2026-13-01", "2026-02-30", "0000-01-01", "2026-11-01T25:00", "2026-11-01T09:30:00.5Z"} {
		if d, ok := ParseDate(s); ok {
			t.Errorf("%q is taken for %v", s, d)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"frequency", "flight", "budget", "at_least", "at_most", "in"}
	for word, want := range map[string]string{
		"frequncy": "frequency", "Budget": "budget", "budgets": "budget", "atleast": "at_least", "at-most": "at_most",
		"freq": "frequency", "fligth": "flight", "zzz": "", "": "", "x": "", strings.Repeat("budget", 20): "",
	} {
		if got := Suggest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
	topics := []string{"automotive/luxury", "automotive", "automotive/suv", "sports"}
	for word, want := range map[string]string{
		"automotiv": "automotive", "automotives": "automotive", "automotive/luxry": "automotive/luxury",
		"automotive/luxury/suv": "automotive/luxury", "auto": "automotive", "sport": "sports",
	} {
		if got := Suggest(word, topics); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestProblemsAreSortedAndTold(t *testing.T) {
	var ps Problems
	ps.Source("b.yaml", []byte("one: 1\ntwo: 2\n"))
	ps.Errorf(Pos{"b.yaml", 2, 6}, "remove it", "wrong %s", "two")
	ps.Warnf(Pos{"b.yaml", 1, 1}, "", "odd")
	ps.Errorf(Pos{"b.yaml", 2, 6}, "remove it", "wrong two")
	ps.Errorf(Pos{File: "a.csv"}, "", "unreadable")
	var plain, coloured strings.Builder
	for b, colour := range map[*strings.Builder]bool{&plain: false, &coloured: true} {
		if err := ps.Write(b, colour); err != nil {
			t.Fatal(err)
		}
	}
	want := `a.csv: unreadable
b.yaml:1:1: warning: odd
    1 | one: 1
      | ^^^
b.yaml:2:6: wrong two (remove it)
    2 | two: 2
      |      ^
`
	if plain.String() != want {
		t.Errorf("got\n%s\nwant\n%s", plain.String(), want)
	}
	stripped := strings.NewReplacer(styleReset, "", styleBold, "", styleRed, "", styleAmber, "", styleDim, "").Replace(coloured.String())
	if stripped != want || stripped == coloured.String() {
		t.Errorf("in colour: got\n%s", coloured.String())
	}
	if !ps.Failed() {
		t.Error("errors, but not failed")
	}
}

func TestWarningsDoNotFail(t *testing.T) {
	var ps Problems
	ps.Warnf(Pos{"a.yaml", 1, 1}, "", "odd")
	if ps.Failed() {
		t.Error("failed by a warning")
	}
}

func TestSnippetOfALongLine(t *testing.T) {
	var ps Problems
	ps.Source("a.yaml", []byte("tags: ["+strings.Repeat("abcdefghi, ", 500)+"here]\n"))
	ps.Errorf(Pos{"a.yaml", 1, 8 + 500*11}, "", "wrong")
	line, carets, _ := strings.Cut(ps.List[0].Snippet, "\n")
	if len(line) > snippetWidth+20 || line[strings.Index(carets, "^"):] != "here]" || !strings.HasSuffix(carets, " ^^^^") {
		t.Errorf("got\n%s\n%s", line, carets)
	}
}
