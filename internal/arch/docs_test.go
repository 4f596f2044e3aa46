package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bidwell/ad"
)

// TestFormatsNameEveryKey holds docs/formats.md against the structs that are
// the file format.
func TestFormatsNameEveryKey(t *testing.T) {
	doc := read(t, "docs/formats.md")
	word := make(map[string]bool)
	for _, w := range regexp.MustCompile(`[a-z_0-9]+`).FindAllString(doc, -1) {
		word[w] = true
	}
	tag := regexp.MustCompile("`yaml:\"([a-z_0-9]+)")
	for _, file := range []string{"campaign/file.go", "campaign/goal.go", "campaign/process.go", "creative/spec.go", "audience/rule.go"} {
		keys := tag.FindAllStringSubmatch(read(t, file), -1)
		if len(keys) == 0 {
			t.Errorf("%s holds no keys", file)
		}
		for _, key := range keys {
			if !word[key[1]] {
				t.Errorf("docs/formats.md does not name %s of %s", key[1], file)
			}
		}
	}
}

// TestRunbookNamesEveryReason holds the tables of reasons in docs/runbook.md, one for bids
// and one for notices, against the reasons that there are.
func TestRunbookNamesEveryReason(t *testing.T) {
	const bids, notices = "It bids less than expected, or not at all", "Notices"
	want := map[string]map[string]bool{bids: {}, notices: {}}
	for r := ad.OK + 1; int(r) < ad.NumReasons; r++ {
		section := bids
		if r >= ad.TokenForged {
			section = notices
		}
		want[section][r.String()] = true
	}
	row := regexp.MustCompile("(?m)^\\| (`[a-z_`, ]+`) \\|")
	doc := read(t, "docs/runbook.md")
	for section, reasons := range want {
		_, text, _ := strings.Cut(doc, "\n## "+section+"\n")
		text, _, _ = strings.Cut(text, "\n## ")
		_, text, _ = strings.Cut(text, "|---|") // below the head
		named := map[string]bool{}
		for _, cell := range row.FindAllStringSubmatch(text, -1) {
			for name := range strings.SplitSeq(strings.ReplaceAll(cell[1], "`", ""), ", ") {
				if !reasons[name] || named[name] {
					t.Errorf("docs/runbook.md, %q: %s is no such reason, or stands there twice", section, name)
				}
				named[name] = true
			}
		}
		for _, name := range sorted(reasons) {
			if !named[name] {
				t.Errorf("docs/runbook.md, %q: the table lacks the reason %s; say what it means and what to do", section, name)
			}
		}
	}
}

// TestRunbookNamesMetricsThatExist holds the runbook against the metrics.
func TestRunbookNamesMetricsThatExist(t *testing.T) {
	code := read(t, "bidder/metrics.go") + read(t, "bidder/metrics_pacing.go") + read(t, "bidder/metrics_price.go") +
		strings.ReplaceAll(read(t, "cmd/bidwell/touches.go")+read(t, "cmd/bidwell/learned.go"), `"bidwell_`, `"`)
	for _, name := range regexp.MustCompile(`bidwell_([a-z_]+)`).FindAllStringSubmatch(read(t, "docs/runbook.md"), -1) {
		if !strings.Contains(code, `"`+name[1]+`"`) {
			t.Errorf("docs/runbook.md names the metric %s, which does not exist", name[0])
		}
	}
}

// TestLinksLeadSomewhere follows the links within the documentation.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
	followed := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && path != root && skipped(d.Name()) {
				return fs.SkipDir
			}
			return err
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			followed++
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s links to %s, which does not exist", path, m[1])
			}
		}
		return err
	})
	if err != nil || followed == 0 {
		t.Fatalf("followed %d links, %v", followed, err)
	}
}

// TestOneWayToBuild keeps image, demo and CI on the Makefile's targets.
func TestOneWayToBuild(t *testing.T) {
	for file, want := range map[string]string{
		"Dockerfile": "\nRUN make build ",
		"Makefile":   "\ndemo: build ",
		".ci/run":    "\nmake check test\n",
	} {
		if !strings.Contains(read(t, file), want) {
			t.Errorf("%s does not hold %q", file, want)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
