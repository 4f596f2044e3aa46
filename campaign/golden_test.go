package campaign_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bidwell/campaign"
	"bidwell/configs"
	"bidwell/internal/conf"
)

var update = flag.Bool("update", false, "rewrite what the files in testdata want")

// today is when the configurations of the tests are compiled: a Monday.
var today = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

var fileMark = regexp.MustCompile(`(?m)^-- (\S+) --\n`)

// wantMark stands before what an archive wants.
const wantMark = "-- want --\n"

// archive reads a text of several files, each after its name as "-- name --". The
// text before the first says what they are about. The process file is a small
// one unless it is among them.
func archive(text string) fstest.MapFS {
	fsys := fstest.MapFS{campaign.ProcessFileName: {Data: []byte(processText)}}
	marks := fileMark.FindAllStringSubmatchIndex(text, -1)
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		fsys[text[m[2]:m[3]]] = &fstest.MapFile{Data: []byte(text[m[1]:end])}
	}
	return fsys
}

// golden compiles the configuration of each archive in a folder and compares
// what say tells of it with what the archive wants.
func golden(t *testing.T, folder string, say func(t *testing.T, s *campaign.Snapshot, ps *conf.Problems) string) {
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			given, want, _ := strings.Cut(string(src), wantMark)
			ps := new(conf.Problems)
			got := say(t, campaign.Compile(archive(given), today, ps), ps)
			if *update {
				if err := os.WriteFile(file, []byte(given+wantMark+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestBadConfigurations holds the problems of wrong configurations as examples.
// None may pass, and each problem says where it is.
func TestBadConfigurations(t *testing.T) {
	golden(t, "bad", func(t *testing.T, s *campaign.Snapshot, ps *conf.Problems) string {
		if s != nil || !ps.Failed() {
			t.Errorf("compiled, with %d problems", len(ps.List))
		}
		return written(t, ps)
	})
}

// TestGoodConfigurations holds what becomes of good ones, with their warnings.
func TestGoodConfigurations(t *testing.T) {
	golden(t, "good", func(t *testing.T, s *campaign.Snapshot, ps *conf.Problems) string {
		if s == nil {
			t.Fatalf("not compiled:\n%s", written(t, ps))
		}
		return written(t, ps) + summary(s)
	})
}

// TestExamples compiles the examples that everybody starts from, which are free
// of warnings.
func TestExamples(t *testing.T) {
	for _, dir := range []string{".", "wide"} {
		fsys, err := fs.Sub(configs.Files(), dir)
		if err != nil {
			t.Fatal(err)
		}
		ps := new(conf.Problems)
		if s := campaign.Compile(fsys, today, ps); s == nil || len(s.Lines) == 0 || len(ps.List) > 0 {
			t.Errorf("%s: compiled to %v, with problems:\n%s", dir, s, written(t, ps))
		}
	}
}

// written returns the problems as people see them.
func written(t *testing.T, ps *conf.Problems) string {
	t.Helper()
	var b bytes.Buffer
	if err := ps.Write(&b, false); err != nil {
		t.Fatal(err)
	}
	for _, p := range ps.List {
		if p.Pos.File == "" {
			t.Errorf("a problem without a place: %v", p)
		}
	}
	return b.String()
}

// summary tells what a configuration was compiled to.
func summary(s *campaign.Snapshot) string {
	var b strings.Builder
	pf := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	for _, e := range s.Exchanges {
		pf("exchange %s: seat %s, auction %q, shaded %v, qps %v, %v less %v, settles on %s within %v, credential %q, debug %v",
			e.Name, e.Seat, e.Auction, e.Shade, e.QPS, e.Window, e.Network, e.SettleOn, e.NoticeWindow, e.Credential, e.Debug)
	}
	for _, a := range s.Advertisers {
		pf("advertiser %s: total %s, daily %s, days of %s", a.Name, a.Total, a.Daily, s.Zones[a.Zone])
	}
	for _, c := range s.Campaigns {
		pf("campaign %s of %s: total %s, daily %s, from %d to %d, days of %s, dsa %s",
			c.Name, c.Advertiser, c.Total, c.Daily, c.Start, c.End, s.Zones[c.Zone], dsaText(c.DSA))
		if g := c.Goal; g != nil {
			pf("  pays per %s, worth %s, on average %s, conversion %x", g.Event(), g.Worth, g.Average, g.Conversion)
		}
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		pf("line %s/%s: price %s, at most %s, highest %s, factors %v, total %s, daily %s",
			l.Campaign.Name, l.Name, l.Price, l.AtMost, l.MaxBid, factors(l), l.Budget.Total, l.Budget.Daily)
		if l.Goal != nil {
			pf("  prior chance %v", l.Prior)
		}
		pf("  deals %d %q, hours %v, audience %v, flight %d to %d, shows %s", l.Deals, l.DealIDs, l.Spans, l.HasAudience, l.Start, l.End, creativeNames(l))
	}
	for _, c := range s.Creatives {
		pf("creative %s/%s: %s, brand %+v, %s", c.Campaign.Name, c.Name, c.Media, s.Brands.List[c.Brand], c.Static)
	}
	return b.String()
}

func dsaText(d *campaign.DSA) string {
	if d == nil {
		return "none"
	}
	return string(d.JSON)
}

func factors(l *campaign.Line) []float64 {
	list := []float64{}
	for _, a := range l.Adjust {
		list = append(list, a.Factor)
	}
	return list
}

func creativeNames(l *campaign.Line) string {
	var names []string
	for _, c := range l.Creatives {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}
