package campaign_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"bidwell/campaign"
	"bidwell/internal/conf"
)

const (
	smallCampaign = `campaign: small
advertiser: {name: Shop, domains: [shop.example]}
budget: {daily: 100 EUR}
line_items:
  - name: all
    audience: drivers
    where: {country: [DEU], device: [phone]}
    when: {mon-fri: [06:00-10:00]}
    bid: {price: 1 EUR}
    creatives: [box]
creatives:
  - {name: box, click: https://shop.example/, banner: {size: 300x250, html_file: creatives/box.html}}
`
	smallAudience = "audience: drivers\nwho: {lookup: {table: zips, key: home.zip}}\n"
)

// small returns a configuration with one of everything.
func small() fstest.MapFS {
	return fstest.MapFS{
		"bidwell.yaml":           {Data: []byte(processText)},
		"campaigns/small.yaml":   {Data: []byte(smallCampaign)},
		"audiences/drivers.yaml": {Data: []byte(smallAudience)},
		"tables/zips.csv":        {Data: []byte("home.zip\n80331\n")},
		"creatives/box.html":     {Data: []byte(`<a href="${CLICK_URL}">x</a>`)},
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	check := func(what, want string, change func(fsys fstest.MapFS)) {
		t.Helper()
		fsys := small()
		change(fsys)
		ps := new(conf.Problems)
		s := campaign.Compile(fsys, today, ps)
		var all []string
		for _, p := range ps.Sorted() {
			all = append(all, p.Error())
		}
		if got := strings.Join(all, "\n"); s != nil || got != want {
			t.Errorf("%s: compiled %v, got\n%s\nwant\n%s", what, s != nil, got, want)
		}
	}
	check("no process file", `bidwell.yaml: cannot read it: file does not exist`, func(fsys fstest.MapFS) { delete(fsys, "bidwell.yaml") })
	check("a folder for a file", `bidwell.yaml: it is not a file`, func(fsys fstest.MapFS) {
		fsys["bidwell.yaml"] = &fstest.MapFile{Mode: fs.ModeDir}
	})
	check("a pipe for a campaign", `campaigns/pipe.yaml: it is not a file`, func(fsys fstest.MapFS) {
		fsys["campaigns/pipe.yaml"] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
	})
	check("a file for a folder", `audiences: cannot read the folder: not implemented
campaigns/small.yaml:6:15: there is no audience "drivers"`, func(fsys fstest.MapFS) {
		delete(fsys, "audiences/drivers.yaml")
		fsys["audiences"] = &fstest.MapFile{Data: []byte("x")}
	})
	check("a huge campaign", `campaigns/huge.yaml: the file has 4194305 bytes, more than the 4194304 that are read (split it into several files)`, func(fsys fstest.MapFS) {
		fsys["campaigns/huge.yaml"] = &fstest.MapFile{Data: []byte(strings.Repeat("#", conf.MaxBytes+1))}
	})
	check("no UTF-8", `campaigns/latin.yaml:2:4: the byte 0xe9 is not UTF-8 text (save the file as UTF-8)`, func(fsys fstest.MapFS) {
		fsys["campaigns/latin.yaml"] = &fstest.MapFile{Data: []byte("# a\n# R\xe9al\n")}
	})
	check("UTF-16", `campaigns/wide.yaml:1:1: the file is encoded in UTF-16 (save it as UTF-8)`, func(fsys fstest.MapFS) {
		fsys["campaigns/wide.yaml"] = &fstest.MapFile{Data: []byte("\xff\xfec\x00")}
	})
	check("two tables", `tables/zips.csv: table "zips" is already defined at tables/zips.CSV (give it another name)`, func(fsys fstest.MapFS) {
		fsys["tables/zips.CSV"] = fsys["tables/zips.csv"]
	})
}

// TestLoadReadsADirectory compiles from a real disk, over links within the
// directory and not over those that lead out of it, and does not wait for pipes.
func TestLoadReadsADirectory(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "configs")
	if err := os.CopyFS(dir, small()); err != nil {
		t.Fatal(err)
	}
	load := func() (*campaign.Snapshot, string) {
		s, ps, err := campaign.Load(filepath.Join(dir, campaign.ProcessFileName), today)
		if err != nil {
			t.Fatal(err)
		}
		return s, written(t, ps)
	}
	if s, problems := load(); s == nil || len(s.Lines) != 1 || problems != "" {
		t.Errorf("got %v, %s", s, problems)
	}
	second := strings.Replace(smallCampaign, "campaign: small", "campaign: second", 1)
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "elsewhere.txt"), second)
	link("../elsewhere.txt", "campaigns/second.yaml")
	if s, problems := load(); s == nil || len(s.Lines) != 2 {
		t.Errorf("with a link: got %v, %s", s, problems)
	}
	write(filepath.Join(base, "secret.txt"), "secret: word\n")
	link("../../secret.txt", "campaigns/third.yaml")
	link("nothing.txt", "campaigns/fourth.yaml")
	if err := syscall.Mkfifo(filepath.Join(dir, "campaigns", "fifth.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, problems := load()
	for _, want := range []string{"third.yaml: cannot read it: path escapes", "fourth.yaml: cannot read it: no such file", "fifth.yaml: it is not a file"} {
		if s != nil || !strings.Contains(problems, want) || strings.Contains(problems, "secret") {
			t.Errorf("got %v, %s; want %q", s, problems, want)
		}
	}
}

func TestLoadOfWhatIsNoConfiguration(t *testing.T) {
	if _, _, err := campaign.Load(filepath.Join(t.TempDir(), "nothing", campaign.ProcessFileName), today); err == nil {
		t.Error("a directory that does not exist was read")
	}
	other := filepath.Join(t.TempDir(), "other.yaml")
	if _, _, err := campaign.Load(other, today); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: got %v", err)
	}
	if err := os.WriteFile(other, []byte("currency: USD\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := campaign.Load(other, today); err == nil || !strings.Contains(err.Error(), campaign.ProcessFileName) {
		t.Errorf("another name for the process file: got %v", err)
	}
}

// FuzzCompile compiles whatever files. Each problem says where it is, and there
// is a snapshot or an error.
func FuzzCompile(f *testing.F) {
	f.Add([]byte(processText), []byte(smallCampaign), []byte(smallAudience))
	archives, err := filepath.Glob("testdata/*/*.txt")
	if err != nil || len(archives) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range archives {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		given, _, _ := strings.Cut(string(text), wantMark)
		seed := [3][]byte{[]byte(processText), []byte(smallCampaign), []byte(smallAudience)}
		for file, content := range archive(given) {
			switch kindOf(file) {
			case "bidwell":
				seed[0] = content.Data
			case "campaign":
				seed[1] = content.Data
			case "audience":
				seed[2] = content.Data
			}
		}
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, process, camp, rule []byte) {
		fsys := small()
		fsys["bidwell.yaml"] = &fstest.MapFile{Data: process}
		fsys["campaigns/small.yaml"] = &fstest.MapFile{Data: camp}
		fsys["audiences/drivers.yaml"] = &fstest.MapFile{Data: rule}
		ps := new(conf.Problems)
		s := campaign.Compile(fsys, today, ps)
		if (s == nil) != ps.Failed() {
			t.Errorf("snapshot %v, problems %v", s, ps.List)
		}
		for _, p := range ps.List {
			if _, known := fsys[p.Pos.File]; !known || p.Pos.Line < 1 && len(ps.List) < 200 {
				t.Errorf("no place: %v", p)
			}
		}
		if s != nil {
			for i := range s.Lines {
				l := &s.Lines[i]
				if l.Price <= 0 || l.MaxBid < l.Price && l.MaxBid != l.AtMost || len(l.Creatives) == 0 {
					t.Errorf("compiled a line item that cannot bid: %+v", l)
				}
			}
		}
	})
}
