package catalogue_test

import (
	"maps"
	"strings"
	"testing"

	"bidwell/internal/catalogue"
)

func TestSameSizeSameText(t *testing.T) {
	s := catalogue.Size{Campaigns: 7, Lines: 100, Audiences: 12}
	if !maps.Equal(s.Files(), s.Files()) {
		t.Error("two calls give different files")
	}
	other := s
	other.Seed++
	if maps.Equal(s.Files(), other.Files()) {
		t.Error("another seed gives the same files")
	}
	if n := len(s.Files()); n != 7+12+1 {
		t.Errorf("%d files, want 7 campaigns, 12 audiences and a table", n)
	}
}

// TestLinesAreSpread checks that every line item is there, in campaigns of about
// the same size.
func TestLinesAreSpread(t *testing.T) {
	total := 0
	for name, text := range (catalogue.Size{Campaigns: 7, Lines: 100, Audiences: 1}).Files() {
		n := strings.Count(text, "  - name: line-")
		if strings.HasPrefix(name, "campaigns/") && (n < 14 || n > 15) {
			t.Errorf("%s has %d line items, want 14 or 15", name, n)
		}
		total += n
	}
	if total != 100 {
		t.Errorf("%d line items, want 100", total)
	}
}

func TestAudiencesDiffer(t *testing.T) {
	rules := map[string]bool{}
	for i := range 1000 {
		_, rule, _ := strings.Cut(catalogue.Audience(i), "who:")
		rules[rule] = true
	}
	if len(rules) < 900 {
		t.Errorf("1,000 audiences have %d different rules, want 900 at least", len(rules))
	}
}

func TestCheck(t *testing.T) {
	for _, bad := range []catalogue.Size{{}, {Campaigns: 2, Lines: 1, Audiences: 1}, {Campaigns: 1, Lines: 1}} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	if err := (catalogue.Size{Campaigns: 1, Lines: 1, Audiences: 1}).Check(); err != nil {
		t.Error(err)
	}
}
