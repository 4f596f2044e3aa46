package simulate

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestColumnsAreExplained looks up the columns of the pages, which have those of the
// tables in text and more, in the documentation.
func TestColumnsAreExplained(t *testing.T) {
	text, err := os.ReadFile("../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Reports of simulate\n")
	section, _, _ = strings.Cut(section, "\n## ")
	columns := regexp.MustCompile(`<th>([^<]+)</th>`).FindAllStringSubmatch(page+marketPage, -1)
	if len(columns) < 40 {
		t.Fatalf("found %d columns", len(columns))
	}
	for _, c := range columns {
		switch name := strings.ReplaceAll(c[1], "’", "'"); name {
		case "campaign", "goal", "priced by", "bids on every auction": // what rows are about
		default:
			if !strings.Contains(section, "`"+name+"`") {
				t.Errorf("docs/formats.md does not explain the column %q", name)
			}
		}
	}
}
