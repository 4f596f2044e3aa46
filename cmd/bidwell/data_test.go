package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bidwell/campaign"
	"bidwell/pricing"
	"bidwell/profile"
)

// serveOnce runs serve on free ports with a data directory that it cannot use.
func serveOnce(t *testing.T, dir, data string) (out string, status int) {
	t.Helper()
	return bidwell(t, dir, "", "serve", "--data", data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
}

// TestDamagedKeys checks that keys that cannot be read are not replaced, and
// that the error says what to do.
func TestDamagedKeys(t *testing.T) {
	oneByOne(t)
	for name, c := range map[string]struct{ keys, want string }{
		"not hexadecimal": {"# keys\nnonsense\n", "token.keys:2: a key is a line of hexadecimal digits; restore the file, or remove it to begin with a new key"},
		"too short":       {"00ff\n", "at least 16 bytes"},
		"empty":           {"", "restore the file, or remove it"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := workDir(t)
			write(t, dir, "data/token.keys", c.keys)
			if out, status := serveOnce(t, dir, "data"); status != 1 || !strings.Contains(out, c.want) {
				t.Errorf("%d %s, want %q", status, out, c.want)
			}
			if got := read(t, filepath.Join(dir, "data", "token.keys")); got != c.keys {
				t.Errorf("the file is now %q", got)
			}
		})
	}
}

// TestKeysAreMadeOnce checks that the first start makes a key that nobody else
// may read, and that the next uses it.
func TestKeysAreMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token.keys")
	if _, err := loadKeys(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: want a file that only its owner may read", info.Mode(), err)
	}
	before := read(t, path)
	if _, err := loadKeys(path); err != nil || read(t, path) != before {
		t.Errorf("the second start makes another key: %v", err)
	}
}

// TestFeatureKeyIsMadeOnce checks that the first start makes a key that nobody else may
// read, that the next uses it, that a question makes none, and that a damaged one is not
// replaced.
func TestFeatureKeyIsMadeOnce(t *testing.T) {
	path := featureKeyFile(t.TempDir())
	if k, err := loadFeatureKey(path, false); err != nil || k != (pricing.Key{}) {
		t.Errorf("without a file: %v, %v", k, err)
	}
	made, err := loadFeatureKey(path, true)
	if err != nil || made == (pricing.Key{}) {
		t.Fatalf("made %v, %v", made, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: want a file that only its owner may read", info.Mode(), err)
	}
	for _, make := range [...]bool{false, true} {
		if again, err := loadFeatureKey(path, make); again != made || err != nil {
			t.Errorf("the next start has another key: %v", err)
		}
	}
	for _, bad := range [...]string{"", "# key\n", "nonsense\n", "00ff\n", strings.Repeat("00", 17) + "\n", strings.Repeat(strings.Repeat("00", 16)+"\n", 2)} {
		write(t, filepath.Dir(path), "feature.key", bad)
		if _, err := loadFeatureKey(path, true); err == nil || !strings.Contains(err.Error(), amends) {
			t.Errorf("%q: %v", bad, err)
		}
		if got := read(t, path); got != bad {
			t.Errorf("the file is now %q", got)
		}
	}
}

// TestDamagedStore checks that a store that is not one is an error that says so.
func TestDamagedStore(t *testing.T) {
	oneByOne(t)
	dir := workDir(t)
	importPeople(t, filepath.Join(dir, "data"), moment)
	manifests, err := filepath.Glob(filepath.Join(dir, "data", "profiles", "MANIFEST-*"))
	if err != nil || len(manifests) == 0 {
		t.Fatalf("%d manifests, %v", len(manifests), err)
	}
	for _, m := range manifests {
		if err := os.WriteFile(m, []byte("nonsense nonsense nonsense"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, status := serveOnce(t, dir, "data")
	if status != 1 || !strings.Contains(out, profile.ErrDamaged.Error()) || strings.Contains(out, "goroutine") {
		t.Errorf("%d %s", status, out)
	}
}

// TestReadOnlyData checks that a data directory that may not be written is an
// error that says so.
func TestReadOnlyData(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("nothing is read-only to root")
	}
	dir := workDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "data"), 0o555); err != nil {
		t.Fatal(err)
	}
	out, status := serveOnce(t, dir, "data")
	if status != 1 || !strings.Contains(out, profile.ErrReadOnly.Error()) {
		t.Errorf("%d %s", status, out)
	}
}

// TestQuestionsMakeNoDirectory checks that commands that only ask leave no data
// directory behind.
func TestQuestionsMakeNoDirectory(t *testing.T) {
	oneByOne(t)
	dir := workDir(t)
	for _, args := range [][]string{
		{"explain", "--request", "configs/requests/car-site.json", "--data", "data"},
		{"profile", "get", "ifa:nobody", "--data", "data"},
		{"profile", "forget", "ifa:nobody", "--data", "data"},
	} {
		out, _ := bidwell(t, dir, "", args...)
		if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
			t.Fatalf("bidwell %s makes a data directory\n%s", strings.Join(args, " "), out)
		}
	}
	importPeople(t, filepath.Join(dir, "data"), moment)
	bidwell(t, dir, "", "explain", "--request", "configs/requests/car-site.json", "--data", "data")
	for _, file := range [...]string{"token.keys", "feature.key"} {
		if _, err := os.Stat(filepath.Join(dir, "data", file)); err == nil {
			t.Errorf("explain makes %s", file)
		}
	}
}

// TestExplainReadsStandardInput checks the request from a pipe, as JSON.
func TestExplainReadsStandardInput(t *testing.T) {
	oneByOne(t)
	dir := workDir(t)
	out, status := bidwell(t, dir, example(t, "requests/car-site.json"), "explain", "--request", "-", "--json", "--at", "2026-03-02T09:30:00+01:00")
	var x struct {
		Reason      string
		Impressions []struct {
			Winner    string
			LineItems []struct{ Reason, Where string } `json:"line_items"`
		}
	}
	if err := json.Unmarshal([]byte(out), &x); err != nil || status != 0 {
		t.Fatalf("%d %s: %v", status, out, err)
	}
	if x.Reason != "ok" || x.Impressions[0].Winner != "roadster/car-pages" || len(x.Impressions[0].LineItems) != 10 {
		t.Errorf("explained %+v", x)
	}
}

// TestEnvironment checks that variables win over the file and flags over them.
func TestEnvironment(t *testing.T) {
	oneByOne(t)
	dir := workDir(t)
	cmd := command(t.Context(), dir, "config", "print", "--admin", "127.0.0.1:1")
	cmd.Env = append(cmd.Env, "BIDWELL_LISTEN=127.0.0.1:2", "BIDWELL_ADMIN=127.0.0.1:3", "BIDWELL_CONFIG=configs/wide/bidwell.yaml")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for key, want := range map[string]string{
		"config": "configs/wide/bidwell.yaml # environment",
		"listen": "127.0.0.1:2 # environment",
		"admin":  "127.0.0.1:1 # flag",
		"data":   "./data/wide # bidwell.yaml:12:7",
	} {
		found := false
		for line := range strings.Lines(string(out)) {
			words := strings.Fields(line)
			found = found || words[0] == key && strings.Join(words[1:], " ") == want
		}
		if !found {
			t.Errorf("%s is not %s in\n%s", key, want, out)
		}
	}
}

// TestSchemas checks that `config schema` writes what stands in configs/schema.
func TestSchemas(t *testing.T) {
	oneByOne(t)
	dir := workDir(t)
	if out, status := bidwell(t, dir, "", "config", "schema", "--dir", "schema"); status != 0 {
		t.Fatalf("%d %s", status, out)
	}
	schemas, err := campaign.Schemas()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range schemas {
		if got := read(t, filepath.Join(dir, "schema", name+".schema.json")); got != string(text) {
			t.Errorf("--dir writes another %s", name)
		}
		if out, status := bidwell(t, dir, "", "config", "schema", name); status != 0 || out != string(text) {
			t.Errorf("config schema %s: %d, another text", name, status)
		}
		if got := read(t, filepath.Join("..", "..", "configs", "schema", name+".schema.json")); got != string(text) {
			t.Errorf("configs/schema/%s.schema.json is old: run `bidwell config schema --dir configs/schema`", name)
		}
	}
}

// TestVersion checks both forms.
func TestVersion(t *testing.T) {
	oneByOne(t)
	if out, status := bidwell(t, t.TempDir(), "", "version"); status != 0 || !strings.HasPrefix(out, "bidwell dev") {
		t.Errorf("%d %s", status, out)
	}
	out, status := bidwell(t, t.TempDir(), "", "version", "--json")
	var v buildInfo
	if err := json.Unmarshal([]byte(out), &v); err != nil || status != 0 || !strings.HasPrefix(v.Go, "go1.") {
		t.Errorf("%d %s: %v", status, out, err)
	}
}

// TestHelpEndsWithExamples checks that every command's help has commands that
// one can paste.
func TestHelpEndsWithExamples(t *testing.T) {
	oneByOne(t)
	for _, args := range [][]string{
		{}, {"serve"}, {"demo"}, {"validate"}, {"explain"}, {"report"}, {"config", "schema"}, {"config", "print"},
		{"loadtest", "market"}, {"loadtest", "people"}, {"loadtest", "report"}, {"profile"}, {"profile", "import"}, {"profile", "get"}, {"profile", "forget"},
	} {
		out, status := bidwell(t, t.TempDir(), "", append(args, "--help")...)
		if status != 0 || !strings.Contains(out, "Examples:\n") {
			t.Errorf("bidwell %s --help: %d\n%s", strings.Join(args, " "), status, out)
		}
	}
}

// TestDemo runs the demo for two seconds: it ends cleanly, what it prints adds
// up, and its directory can be served from.
func TestDemo(t *testing.T) {
	dir := t.TempDir()
	out, status := bidwell(t, dir, "", "demo", "--for", "2s", "--data", "d", "--people", "500", "--rate", "200")
	if status != 0 {
		t.Fatalf("%d %s", status, out)
	}
	for _, want := range []string{
		"1. A bidder with 4 campaigns and 10 line items", "2. Imported 500 people", "3. A small exchange",
		"explain --request d/configs/requests/premium-news-front-page.json --bidder http://127.0.0.1:",
		"profile get ", "/e/visit", "the bidder's books, in EUR", "roadster ", "serve --config d/configs/bidwell.yaml --data d",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not say %q:\n%s", want, out)
		}
	}
	if out, status := bidwell(t, dir, "", "validate", "d/configs"); status != 0 {
		t.Errorf("what the demo leaves: %d %s", status, out)
	}
	if out, status := bidwell(t, dir, "", "profile", "get", "buyeruid:example:anna", "--data", "d/data", "--config", "d/configs/bidwell.yaml"); status != 0 || !strings.Contains(out, "luxury") {
		t.Errorf("anna is not among the people that the demo leaves: %d %s", status, out)
	}
}
