package campaign

import (
	"cmp"
	"crypto/sha256"
	"io/fs"
	"slices"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/internal/conf"
	"bidwell/profile"
)

// ProcessFileName is the file that a configuration directory must hold.
const ProcessFileName = "bidwell.yaml"

// Compile reads the configuration in dir (the root of fsys) and compiles it. It
// reports every problem to ps, and returns nil if any of them is an error.
func Compile(fsys fs.FS, now time.Time, ps *conf.Problems) *Snapshot {
	return compile(fsys, now, ps, breaks{})
}

func compile(fsys fs.FS, now time.Time, ps *conf.Problems, b breaks) *Snapshot {
	c := &compiler{
		fsys: fsys, ps: ps, now: now, breaks: b,
		snap: &Snapshot{
			Loaded:    now,
			Brands:    newBrands(),
			exchanges: map[string]*Exchange{},
			senders:   map[[sha256.Size]byte]sender{},
			campaigns: map[ad.ID]*Campaign{},
		},
		campaignNames: map[string]conf.Pos{},
		advertisers:   map[string]*advertiser{},
		zones:         map[string]int{},
	}
	c.process()
	c.topics()
	c.senders()
	c.audiences()
	c.campaigns()
	c.unmentioned()
	c.capLines()
	c.advertiserDays()
	c.checkFolders()
	set := c.rules.Build()
	if ps.Failed() {
		return nil
	}
	s := c.snap
	s.Audiences = set
	slices.SortStableFunc(s.Lines, func(a, b Line) int { return cmp.Compare(b.MaxBid, a.MaxBid) })
	s.Index = newIndex(s.Lines, s.Exchanges)
	s.Reach = reaches(s.Lines)
	for i := range s.Lines {
		if l := &s.Lines[i]; l.Goal != nil {
			l.view = s.goals
			s.goals++
		}
	}
	if s.goals > 0 {
		s.Told = tell(s.Lines, set)
	}
	s.Warnings = ps.Sorted()
	return s
}

// compiler is one run of Compile.
type compiler struct {
	fsys   fs.FS
	ps     *conf.Problems
	now    time.Time
	snap   *Snapshot
	rules  *audience.Builder
	breaks breaks

	campaignNames map[string]conf.Pos    // where each was first given
	advertisers   map[string]*advertiser // by name
	zones         map[string]int         // index into Snapshot.Zones, by name
	exchangeNames []string
	privacyGood   bool
	kept          profile.Retention // of people's data
	mentions      []mention
	countries     map[[3]byte]bool
	suggested     int // hints that were looked for

	// What could not be read may hold what is missed elsewhere, so some things
	// are not reported: unknown exchanges and rates if it was bidwell.yaml, and
	// what refers to the rest of a campaign file if it was that one.
	processUnread, fileUnread bool
}

// claim reports a second use of a name.
func (c *compiler) claim(names map[string]conf.Pos, name string, at conf.Pos, what string) bool {
	if first, taken := names[name]; taken {
		c.ps.Errorf(at, "give it another name", "%s %q is already defined at %s", what, name, first)
		return false
	}
	names[name] = at
	return true
}

// name reports a name that would do harm in reports, URLs and bids.
func (c *compiler) name(at conf.Pos, s, what string) {
	const longest = 128
	switch {
	case len(s) > longest:
		c.ps.Errorf(at, "", "the name of the %s is longer than %d bytes", what, longest)
	case slices.ContainsFunc([]rune(s), func(r rune) bool { return r < ' ' || r == 0x7f }):
		c.ps.Errorf(at, "write it on one line", "the name of the %s contains a control character", what)
	}
}

// maxSuggestions bounds the search for what a misspelt word was meant to be.
// More problems than that of one file are not shown.
const maxSuggestions = 200

// unknown reports a word that is none of the known ones.
func (c *compiler) unknown(at conf.Pos, what, got string, known []string) {
	hint := ""
	if c.suggested++; c.suggested <= maxSuggestions {
		hint = conf.DidYouMean(got, known)
	}
	if hint == "" && len(known) > 0 && len(known) <= 20 {
		hint = "there are " + strings.Join(known, ", ")
	}
	c.ps.Errorf(at, hint, "there is no %s %q", what, got)
}

// repeated warns of an entry that a list has twice. The entries are given as
// they are compared.
func repeated[T comparable](c *compiler, l conf.Located, key string, list []T) {
	if len(list) < 2 {
		return
	}
	seen := make(map[T]bool, len(list))
	for i, v := range list {
		if seen[v] {
			c.ps.Warnf(l.EntryAt(key, i), "", "%v is listed twice", v)
		}
		seen[v] = true
	}
}

// zone returns the number of a time zone within the snapshot.
func (c *compiler) zone(loc *time.Location) int {
	i, known := c.zones[loc.String()]
	if !known {
		i = len(c.snap.Zones)
		c.zones[loc.String()] = i
		c.snap.Zones = append(c.snap.Zones, loc)
	}
	return i
}

// maxPrice is beyond any price for a thousand impressions, in any currency.
const maxPrice = 1e6 * ad.Unit

// price converts a CPM in any currency to one impression's price in the house
// currency. An amount of 2.50 EUR is 2.5e9 nano-units, a thousand impressions'.
// It reports false after reporting why.
func (c *compiler) price(a conf.Amount, at conf.Pos) (ad.Money, bool) {
	if a.Money > maxPrice {
		c.ps.Errorf(at, "a price is for a thousand impressions (CPM), such as 2.50 EUR", "%s is no price", a.Amount)
		return 0, false
	}
	m, ok := c.money(a, at)
	if ok && m/1000 <= 0 {
		c.ps.Errorf(at, "", "the price is too small to be paid")
		return 0, false
	}
	return m / 1000, ok
}

// money converts an amount in any currency to the house currency. It reports
// false after reporting why.
func (c *compiler) money(a conf.Amount, at conf.Pos) (ad.Money, bool) {
	f, ok := c.snap.Rates.Factor(a.Currency, c.snap.Rates.Base())
	if ok {
		return a.Money.Mul(f), true
	}
	if !c.processUnread {
		c.ps.Errorf(at, "add it to rates in "+ProcessFileName, "there is no rate for %s", a.Currency)
	}
	return 0, false
}
