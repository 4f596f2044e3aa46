package ledger

import (
	"context"
	"fmt"

	"bidwell/ad"
)

// Problem is something that is wrong with a ledger.
type Problem struct {
	Where string `json:"where"`
	What  string `json:"what"`
}

func (p Problem) String() string { return p.Where + ": " + p.What }

// Report is what Verify has found.
type Report struct {
	First    uint64    `json:"first"`    // number of the first event that is kept
	Next     uint64    `json:"next"`     // number after the last one
	Events   uint64    `json:"events"`   // that are sound
	Accounts int       `json:"accounts"` // figures compared, in total and per day
	Rollups  int       `json:"rollups"`  // compared
	Marks    uint64    `json:"marks"`    // of notices that came already, compared
	Spend    ad.Money  `json:"-"`        // what the advertisers were charged, nano-units of the house currency
	Problems []Problem `json:"problems"` // the first of them
	Found    int       `json:"found"`    // how many there are
}

// OK reports whether the ledger is sound.
func (r *Report) OK() bool { return r.Found == 0 }

// maxListed is how many problems or differences are listed.
const maxListed = 100

func (r *Report) add(where, what string) {
	if r.Found++; len(r.Problems) < maxListed {
		r.Problems = append(r.Problems, Problem{where, what})
	}
}

// Verify reads the whole ledger while it is in use, and checks that every event
// is there with the right checksum, that the figures of accounts, roll-ups and
// marks are what the events add up to, that clicks are found by their bids, and that
// everything else can be read.
// The report says what is wrong and where; an error means that the check could
// not be done. It holds all figures in memory twice.
func (l *Ledger) Verify(ctx context.Context, progress func(done, total uint64)) (*Report, error) {
	r := new(Report)
	a, err := l.audit(ctx, progress, r.add)
	if err != nil {
		return nil, fmt.Errorf("verify the ledger: %w", l.advice.Advise(err))
	}
	defer a.close()
	steps := []struct {
		what string
		do   func() error
	}{
		{"the base", a.takeBase},
		{"the events", a.takeEvents},
		{"the figures", func() error {
			return a.compareAll(func(figure, stored, made string) {
				r.add(figure, fmt.Sprintf("stored is %s, the events make %s", stored, made))
			})
		}},
		{"clicks", a.checkClicks},
		{"names", func() error { return readAll(a, prefixName) }},
		{"states", func() error { return readAll(a, prefixState) }},
		{"leases", func() error { return readTerms(a.snap, func(*Term) error { return nil }) }},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("verify the ledger: %w", ctx.Err())
			}
			r.add(s.what, err.Error())
		}
	}
	r.First, r.Next, r.Events = a.first, a.next, a.sound
	r.Accounts, r.Rollups = len(a.made.accounts.values), len(a.made.rollups.values)
	for _, p := range a.made.proofs.values {
		r.Marks += p.v.marks
	}
	for _, c := range a.made.rollups.values {
		r.Spend = plus(r.Spend, c.v.Spend)
	}
	return r, nil
}

func readAll(a *auditor, prefix byte) error {
	return scanPrefix(a.snap, []byte{prefix}, func(_, _ []byte) error { return nil })
}

// Difference is a figure that is not what the events add up to.
type Difference struct {
	Figure   string `json:"figure"`
	Stored   string `json:"stored"`
	Replayed string `json:"replayed"`
}

// Diff is what Replay has found.
type Diff struct {
	Events      uint64       `json:"events"`      // replayed
	Dropped     uint64       `json:"dropped"`     // beyond the retention, taken from the base
	Figures     int          `json:"figures"`     // made: of accounts in total and per day, roll-ups, proofs of marks
	Differences []Difference `json:"differences"` // the first of them
	Found       int          `json:"found"`       // how many there are
}

// OK reports whether every figure is what the events add up to.
func (d *Diff) OK() bool { return d.Found == 0 }

// Replay makes every figure again, from the events that are kept and the base,
// and compares their bytes with those that are stored. The ledger may be in use.
// It fails if an event cannot be read: Verify then says which.
func (l *Ledger) Replay(ctx context.Context, progress func(done, total uint64)) (*Diff, error) {
	d := new(Diff)
	var broken error
	a, err := l.audit(ctx, progress, func(where, what string) {
		if broken == nil {
			broken = fmt.Errorf("%w: %s %s", ErrDamaged, where, what)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("replay the ledger: %w", l.advice.Advise(err))
	}
	defer a.close()
	for _, step := range []func() error{a.takeBase, a.takeEvents, func() error {
		return a.compareAll(func(figure, stored, made string) {
			if d.Found++; len(d.Differences) < maxListed {
				d.Differences = append(d.Differences, Difference{figure, stored, made})
			}
		})
	}} {
		if err = step(); err == nil {
			err = broken
		}
		if err != nil {
			return nil, fmt.Errorf("replay the ledger: %w", l.advice.Advise(err))
		}
	}
	d.Events, d.Dropped = a.sound, a.first
	d.Figures = len(a.made.accounts.values) + len(a.made.rollups.values) + len(a.made.proofs.values)
	return d, nil
}
