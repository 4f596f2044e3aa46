package arch

import (
	"errors"
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.." // of the module, from this directory
	module = "bidwell/"

	// vocabulary is the package that every other one may import.
	vocabulary = "ad"

	// beside is the level of packages that stand outside the layers: they may
	// import anything, and only commands and each other may import them.
	beside = -1
)

// TestTableNamesEveryPackage compares the table with the packages that exist.
func TestTableNamesEveryPackage(t *testing.T) {
	table, pkgs := readTable(t), readPackages(t)
	for _, name := range sorted(pkgs) {
		if _, ok := table[name]; !ok {
			t.Errorf("package %s is missing in the table of ARCHITECTURE.md", name)
		}
	}
	for _, name := range sorted(table) {
		if _, ok := pkgs[name]; !ok {
			t.Errorf("the table of ARCHITECTURE.md names %s, which does not exist", name)
		}
	}
}

// TestImportsPointDown holds every import against the table: a package imports
// lower levels only, never its own, but for the vocabulary.
func TestImportsPointDown(t *testing.T) {
	table, pkgs := readTable(t), readPackages(t)
	for _, name := range sorted(pkgs) {
		for _, imp := range pkgs[name].Imports {
			imp, ours := strings.CutPrefix(imp, module)
			if !ours {
				continue
			}
			if !mayImport(table, name, imp) {
				t.Errorf("%s (level %d) imports %s (level %d)", name, table[name], imp, table[imp])
			}
		}
	}
}

// TestVocabularyImportsStandardLibraryOnly keeps the package that everything
// speaks free of dependencies.
func TestVocabularyImportsStandardLibraryOnly(t *testing.T) {
	pkg, ok := readPackages(t)[vocabulary]
	if !ok {
		t.Fatalf("there is no package %s", vocabulary)
	}
	for _, imp := range pkg.Imports {
		first, _, _ := strings.Cut(imp, "/")
		if strings.Contains(first, ".") || first+"/" == module {
			t.Errorf("%s imports %s, which is not in the standard library", vocabulary, imp)
		}
	}
}

// TestEveryPackageHasAComment keeps package comments present.
func TestEveryPackageHasAComment(t *testing.T) {
	pkgs := readPackages(t)
	for _, name := range sorted(pkgs) {
		if pkgs[name].Doc == "" {
			t.Errorf("package %s has no package comment", name)
		}
	}
}

// TestMayImport shows what the rule allows and what it does not.
func TestMayImport(t *testing.T) {
	table := map[string]int{"ad": 0, "openrtb": 0, "internal/conf": 0, "profile": 1, "pacing": 1, "bidder": 4, "cmd/bidwell": 6, "configs": beside, "bench": beside}
	tests := []struct {
		from, to string
		want     bool
	}{
		{"profile", "ad", true},
		{"ad", "profile", false},
		{"openrtb", "ad", true},
		{"openrtb", "internal/conf", false},
		{"profile", "pacing", false},
		{"cmd/bidwell", "bidder", true},
		{"cmd/bidwell", "configs", true},
		{"bidder", "configs", false},
		{"bench", "cmd/bidwell", true},
		{"bench", "configs", true},
		{"bidder", "unlisted", false},
	}
	for _, tt := range tests {
		if got := mayImport(table, tt.from, tt.to); got != tt.want {
			t.Errorf("mayImport(%s, %s) = %t, want %t", tt.from, tt.to, got, tt.want)
		}
	}
}

func mayImport(table map[string]int, from, to string) bool {
	target, known := table[to]
	switch {
	case !known:
		return false
	case to == vocabulary:
		return true
	case target == beside:
		return table[from] == beside || strings.HasPrefix(from, "cmd/")
	}
	return table[from] == beside || target < table[from]
}

// readTable returns the level of every package in ARCHITECTURE.md: the rows of
// the form | 2 | `audience` | … |, with – for packages beside the layers.
func readTable(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	table := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		level, name := strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])
		if !strings.HasPrefix(name, "`") {
			continue
		}
		name = strings.Trim(name, "`")
		n, err := strconv.Atoi(level)
		if level == "–" {
			n, err = beside, nil
		}
		if err != nil {
			t.Fatalf("ARCHITECTURE.md: %q is no level of %s", level, name)
		}
		if _, twice := table[name]; twice {
			t.Fatalf("ARCHITECTURE.md names %s twice", name)
		}
		table[name] = n
	}
	if len(table) == 0 {
		t.Fatal("ARCHITECTURE.md has no package table")
	}
	return table
}

// readPackages returns the module's packages by their path below the root. It
// reads the files itself rather than ask `go list`, so that the test cache
// knows which files the answer hangs on.
func readPackages(t *testing.T) map[string]*build.Package {
	t.Helper()
	pkgs := make(map[string]*build.Package)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if path != root && skipped(d.Name()) {
			return fs.SkipDir
		}
		pkg, err := build.ImportDir(path, 0)
		if none := new(build.NoGoError); errors.As(err, &none) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err == nil && len(pkg.GoFiles) > 0 {
			pkgs[filepath.ToSlash(name)] = pkg
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) == 0 {
		t.Fatal("found no package")
	}
	return pkgs
}

// skipped reports whether the go tool does not look into directories of that
// name.
func skipped(name string) bool {
	return name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func sorted[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
