package campaign

import (
	"cmp"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/internal/conf"
)

// ProcessFileName is the file that a configuration directory must hold.
const ProcessFileName = "bidwell.yaml"

// Compile reads the configuration in dir (the root of fsys) and compiles it. It
// reports every problem to ps, and returns nil if any of them is an error.
func Compile(fsys fs.FS, now time.Time, ps *conf.Problems) *Snapshot {
	c := &compiler{
		fsys: fsys, ps: ps, now: now,
		snap: &Snapshot{
			Loaded:    now,
			Brands:    newBrands(),
			exchanges: map[string]*Exchange{},
			creatives: map[ad.ID]*Creative{},
		},
		names: map[ad.ID]conf.Pos{},
	}
	if !c.process() {
		return nil
	}
	c.audiences()
	c.campaigns()
	set := c.rules.Build()
	if ps.Failed() {
		return nil
	}
	s := c.snap
	s.Audiences = set
	slices.SortStableFunc(s.Lines, func(a, b Line) int { return cmp.Compare(b.MaxBid, a.MaxBid) })
	s.Index = newIndex(s.Lines, s.Exchanges)
	for _, p := range ps.Sorted() {
		s.Warnings = append(s.Warnings, p)
	}
	return s
}

type compiler struct {
	fsys  fs.FS
	ps    *conf.Problems
	now   time.Time
	snap  *Snapshot
	rules *audience.Builder
	names map[ad.ID]conf.Pos // where each id was first given
}

// files returns the files of a folder with one of the endings, in order.
func (c *compiler) files(folder string, endings ...string) []string {
	entries, err := fs.ReadDir(c.fsys, folder)
	if err != nil {
		return nil // a configuration may do without the folder
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains(endings, path.Ext(e.Name())) && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, path.Join(folder, e.Name()))
		}
	}
	return names
}

// read decodes one YAML file.
func (c *compiler) read(name string, dst any) bool {
	src, err := fs.ReadFile(c.fsys, name)
	if err != nil {
		c.ps.Errorf(conf.Pos{File: name}, "", "cannot read it: %v", err)
		return false
	}
	return c.ps.Decode(name, src, dst)
}

// claim reports a second use of a name.
func (c *compiler) claim(id ad.ID, at conf.Pos, format string, args ...any) bool {
	if first, taken := c.names[id]; taken {
		c.ps.Errorf(at, "give it another name", format+" is already defined at %s", append(args, first)...)
		return false
	}
	c.names[id] = at
	return true
}

func (c *compiler) audiences() {
	tables := audience.Tables{}
	for _, name := range c.files("tables", ".csv") {
		f, err := c.fsys.Open(name)
		if err != nil {
			c.ps.Errorf(conf.Pos{File: name}, "", "cannot read it: %v", err)
			continue
		}
		if t := audience.LoadTable(name, f, c.ps); t != nil {
			tables[strings.TrimSuffix(path.Base(name), ".csv")] = t
		}
		f.Close()
	}
	c.rules = audience.NewBuilder(tables, c.ps)
	for _, name := range c.files("audiences", ".yaml", ".yml") {
		f := new(AudienceFile)
		if !c.read(name, f) {
			continue
		}
		if c.claim(ad.IDOf("audience", f.Audience), f.At("audience"), "audience %q", f.Audience) {
			c.rules.Define(f.Audience, &f.Who)
		}
	}
}

// price converts a CPM in any currency to one impression's price in the house
// currency. An amount of 2.50 EUR is 2.5e9 nano-units, a thousand impressions'.
func (c *compiler) price(a conf.Amount, at conf.Pos) ad.Money {
	if a.Money > 1e6*ad.Unit {
		c.ps.Errorf(at, "a price is for a thousand impressions (CPM), such as 2.50 EUR", "%s is no price", a.Amount)
		return 0
	}
	return c.money(a, at) / 1000
}

// money converts an amount in any currency to the house currency.
func (c *compiler) money(a conf.Amount, at conf.Pos) ad.Money {
	f, ok := c.snap.Rates.Factor(a.Currency, c.snap.Rates.Base())
	if !ok {
		c.ps.Errorf(at, "add it to rates in "+ProcessFileName, "there is no rate for %s", a.Currency)
		return 0
	}
	return a.Money.Mul(f)
}

// finite reports whether f is a number that a price can be multiplied with.
func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
