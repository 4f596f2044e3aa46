package configs_test

import (
	"encoding/csv"
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"bidwell/configs"
)

// TestFilesHoldWhatTheDemoNeeds names the files that commands and the README
// rely on.
func TestFilesHoldWhatTheDemoNeeds(t *testing.T) {
	for _, name := range []string{
		"bidwell.yaml",
		"audiences/luxury-car-intenders.yaml",
		"campaigns/roadster.yaml",
		"creatives/roadster-teaser.html",
		"people/automobile.ndjson",
		"requests/premium-news-front-page.json",
		"requests/premium-news-article.json",
		"requests/premium-news-no-consent.json",
		"requests/high-floor.json",
		"tables/premium_news.csv",
		"tables/zip_income.csv",
		"wide/bidwell.yaml",
	} {
		if text, err := fs.ReadFile(configs.Files(), name); err != nil || len(text) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
	}
}

// TestExamplesHoldNoDates keeps the examples as good in five years as today.
func TestExamplesHoldNoDates(t *testing.T) {
	date := regexp.MustCompile(`\b(19|20)\d\d-\d\d|"(19|20)\d{2}"`)
	each(t, "", func(name, text string) {
		if found := date.FindString(text); found != "" {
			t.Errorf("%s holds the date %s, which passes", name, found)
		}
	})
}

// TestYAMLNamesItsSchema keeps editors helpful: the first line says where the
// schema is, from where the file is.
func TestYAMLNamesItsSchema(t *testing.T) {
	kinds := map[string]string{".": "bidwell", "audiences": "audience", "campaigns": "campaign", "topics": "topic"}
	each(t, ".yaml", func(name, text string) {
		first, _, _ := strings.Cut(text, "\n")
		got, ok := strings.CutPrefix(first, "# yaml-language-server: $schema=")
		dir := strings.TrimPrefix(path.Dir(name), "wide/")
		if dir == "wide" {
			dir = "."
		}
		want := "schema/" + kinds[dir] + ".schema.json"
		if !ok || path.Join(path.Dir(name), got) != want {
			t.Errorf("%s begins with %q, want the schema %s", name, first, want)
		}
	})
}

// TestMarkupFilesExist finds the files that creatives refer to.
func TestMarkupFilesExist(t *testing.T) {
	ref := regexp.MustCompile(`html_file: ([^\s,}]+)`)
	each(t, ".yaml", func(name, text string) {
		for _, m := range ref.FindAllStringSubmatch(text, -1) {
			file := m[1]
			if strings.HasPrefix(name, "wide/") {
				file = path.Join("wide", file)
			}
			if _, err := fs.Stat(configs.Files(), file); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestTablesHaveUniqueKeys checks that a look-up by the first column finds one
// row.
func TestTablesHaveUniqueKeys(t *testing.T) {
	each(t, ".csv", func(name, text string) {
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Fatalf("%s: %d rows, %v", name, len(rows), err)
		}
		seen := map[string]bool{}
		for _, row := range rows[1:] {
			if seen[row[0]] {
				t.Errorf("%s holds %s twice", name, row[0])
			}
			seen[row[0]] = true
		}
	})
}

// TestRequestsAreBidRequests checks the least that a bid request has.
func TestRequestsAreBidRequests(t *testing.T) {
	each(t, ".json", func(name, text string) {
		var r struct {
			ID  string
			Imp []struct{ ID string }
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil || r.ID == "" || len(r.Imp) == 0 || r.Imp[0].ID == "" {
			t.Errorf("%s is no bid request: %+v, %v", name, r, err)
		}
	})
}

// TestPeopleAreFacts checks that every line of people is an object with an id.
func TestPeopleAreFacts(t *testing.T) {
	each(t, ".ndjson", func(name, text string) {
		for line := range strings.Lines(text) {
			var p struct{ ID struct{ Type, Value string } }
			if err := json.Unmarshal([]byte(line), &p); err != nil || p.ID.Type == "" || p.ID.Value == "" {
				t.Errorf("%s: %s is no person: %v", name, line, err)
			}
		}
	})
}

// each calls f with the files whose name has the given ending, and fails if
// there is none.
func each(t *testing.T, ending string, f func(name, text string)) {
	t.Helper()
	n := 0
	err := fs.WalkDir(configs.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ending) {
			return err
		}
		text, err := fs.ReadFile(configs.Files(), name)
		n++
		f(name, string(text))
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files with the ending %q, %v", n, ending, err)
	}
}
