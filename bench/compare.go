//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// compare compares two outcomes, or two commits.
func (b *bench) compare(ctx context.Context, x, y string) error {
	if strings.HasSuffix(x, ".json") && strings.HasSuffix(y, ".json") {
		return compareFiles(os.Stdout, x, y)
	}
	if strings.HasSuffix(x, ".json") || strings.HasSuffix(y, ".json") {
		return fmt.Errorf("cannot compare %s with %s: name two files or two commits", x, y)
	}
	return b.compareCommits(ctx, x, y)
}

// compareFiles compares what two runs measured, each against its own bare
// server.
func compareFiles(w io.Writer, x, y string) error {
	a, err := readOutcome(x)
	if err != nil {
		return err
	}
	o, err := readOutcome(y)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "A: %s, commit %s, %s, %d × %s\nB: %s, commit %s, %s, %d × %s\n", x, a.Commit, a.Go, a.CPUs, a.Machine, y, o.Commit, o.Go, o.CPUs, o.Machine)
	if a.Machine != o.Machine || a.CPUs != o.CPUs || a.Go != o.Go || a.People != o.People {
		fmt.Fprintln(w, "They differ in machine, Go version or people: take the ratios with care.")
	}
	shared := 0
	table(w, "Whole bidder, CPU per request as a multiple of the bare server of the same run",
		"line items × audiences, people\tbids\tA × bare\t\tB × bare\t\tB ÷ A\tp99 at 70%: A\tB\tallocs: A\tB", func(row func(string, ...any)) {
			for i := range o.Cells {
				m := &o.Cells[i]
				was := a.cell(m.Name)
				if was == nil {
					continue
				}
				shared++
				p, q := last(was.Saturated), last(m.Saturated)
				row("%s\t%.0f%%\t%.2f\t%.2f–%.2f\t%.2f\t%.2f–%.2f\t%.3f\t%s\t%s\t%s\t%s", m.title(), 100*q.Bids,
					p.ToBare.Mid, p.ToBare.Least, p.ToBare.Most, q.ToBare.Mid, q.ToBare.Least, q.ToBare.Most, q.ToBare.Mid/p.ToBare.Mid,
					millis(last(was.Most).P99), millis(last(m.Most).P99), known(p.Allocs, "%.2f", 1), known(q.Allocs, "%.2f", 1))
			}
		})
	if shared == 0 {
		return fmt.Errorf("%s and %s have no cell in common", x, y)
	}
	return nil
}

// side is one of two commits.
type side struct {
	name, bidwell, store string
}

// compareCommits builds two commits and measures them by turns, A B, B A, and so
// on, beside the same bare servers, so that what the machine does hits both.
func (b *bench) compareCommits(ctx context.Context, x, y string) error {
	cells := []cell{usualCell}
	if b.which.String() != "" {
		cells = only(everyCell(), b.which)
	}
	if len(cells) == 0 {
		return fmt.Errorf("no cell is called %s", b.which)
	}
	err := b.check()
	if err != nil {
		return err
	}
	if err := b.open(ctx); err != nil {
		return err
	}
	defer b.close()
	var sides [2]side
	for i, rev := range []string{x, y} {
		if sides[i], err = b.side(ctx, rev, fmt.Sprintf("side-%c", 'A'+i)); err != nil {
			return err
		}
	}
	var found []pair
	for _, c := range cells {
		p, err := b.pair(ctx, &c, sides)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name(), err)
		}
		found = append(found, p)
	}
	return writePairs(os.Stdout, sides, found)
}

// side checks a commit out, builds it, and imports people with it.
func (b *bench) side(ctx context.Context, rev, name string) (s side, err error) {
	s = side{name: "working tree", bidwell: filepath.Join(b.dir, name, "bidwell")}
	source := "."
	if rev != "." {
		s.name = commit(ctx, rev)
		source = filepath.Join(b.dir, name, "source")
		if err := checkOut(ctx, rev, source); err != nil {
			return s, err
		}
	}
	progress("building %s", s.name)
	if err := build(ctx, source, s.bidwell); err != nil {
		return s, err
	}
	// Not from the cache: the other side may store people in another way.
	s.store = filepath.Join(b.dir, name)
	if _, err := importPeople(ctx, s.bidwell, s.store, b.population()); err != nil {
		return s, err
	}
	s.store = dataPath(s.store)
	return s, nil
}

// checkOut puts a commit's files into a directory.
func checkOut(ctx context.Context, rev, to string) error {
	id, err := command(ctx, "git", "rev-parse", "--verify", rev+"^{commit}").Output()
	if err != nil {
		return fmt.Errorf("%s is no commit: %w", rev, err)
	}
	for _, args := range [][]string{
		{"clone", "--quiet", "--shared", "--no-checkout", ".", to},
		{"-C", to, "checkout", "--quiet", "--detach", strings.TrimSpace(string(id))},
	} {
		if err := command(ctx, "git", args...).Run(); err != nil {
			return fmt.Errorf("checking out %s: %w", rev, err)
		}
	}
	return nil
}

// pair is both commits in one cell.
type pair struct {
	cell         cell
	saturated    []summary // bare, decode, A, B
	steady       []summary
	ratios       []float64 // of CPU per request, B to A, of each round
	steadyRatios []float64
}

func (b *bench) pair(ctx context.Context, c *cell, sides [2]side) (p pair, err error) {
	p.cell = *c
	var bidders [2]*server
	floor := 0.0
	for i := range sides {
		s, err := b.startWhole(ctx, c, sides[i].bidwell, sides[i].store, false)
		if err != nil {
			return p, err
		}
		defer s.stop()
		s.name = fmt.Sprintf("%c", 'A'+i)
		bidders[i] = s
		found, err := b.findFloor(ctx, c, s.target)
		if err != nil {
			return p, err
		}
		if i == 0 {
			floor = found // for both; but both have looked, so that neither has met more people
		}
		if s.sender.corpus, err = c.corpus(s.addr, b.people, b.bodies, floor); err != nil {
			return p, err
		}
		if _, err := s.sender.run(ctx, load{d: 3 * b.round}); err != nil {
			return p, fmt.Errorf("warming up: %w", err)
		}
	}
	targets, err := b.beside(ctx, c, floor, bidders[0].target)
	if err != nil {
		return p, err
	}
	targets = append(targets, bidders[1].target)
	if p.saturated, p.ratios, err = b.byTurns(ctx, c, targets, 0); err != nil {
		return p, err
	}
	rate := mostLoad * min(p.saturated[2].PerSecond, p.saturated[3].PerSecond)
	p.steady, p.steadyRatios, err = b.byTurns(ctx, c, targets, rate)
	return p, err
}

// byTurns measures all and returns the ratios of the last to the one before it.
func (b *bench) byTurns(ctx context.Context, c *cell, targets []*target, rate float64) (s []summary, ratios []float64, err error) {
	first := len(b.phases)
	if s, err = b.take(ctx, c.name(), targets, rate); err != nil {
		return nil, nil, err
	}
	for i := first; i < len(b.phases); i += len(targets) {
		var cpu [2]float64
		for _, p := range b.phases[i : i+len(targets)] {
			switch p.Server {
			case "A":
				cpu[0] = float64(p.CPU)
			case "B":
				cpu[1] = float64(p.CPU)
			}
		}
		ratios = append(ratios, cpu[1]/cpu[0])
	}
	return s, ratios, nil
}

func writePairs(w io.Writer, sides [2]side, pairs []pair) error {
	fmt.Fprintf(w, "A: %s\nB: %s\n", sides[0].name, sides[1].name)
	for _, load := range []string{"as many requests as each takes", "70% of what the slower takes"} {
		table(w, "CPU per request and latency, "+load,
			"line items × audiences, people\tbids A\tB\tA\tB\tA × bare\tB × bare\tB ÷ A\t\tB cheaper\trequests/s A\tB\tallocs A\tB\tp50 A\tB\tp99 A\tB\tp99.9 A\tB",
			func(row func(string, ...any)) {
				for i := range pairs {
					p := &pairs[i]
					s, ratios := p.saturated, p.ratios
					if strings.HasPrefix(load, "70%") {
						s, ratios = p.steady, p.steadyRatios
					}
					a, b, r, cheaper := &s[2], &s[3], spreadOf(ratios), 0
					for _, v := range ratios {
						if v < 1 {
							cheaper++
						}
					}
					row("%s\t%.0f%%\t%.0f%%\t%s\t%s\t%.2f\t%.2f\t%.3f\t%.3f–%.3f\t%d of %d\t%.0f\t%.0f\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", p.cell.title(),
						100*a.Bids, 100*b.Bids, micros(a.CPU), micros(b.CPU), a.ToBare.Mid, b.ToBare.Mid, r.Mid, r.Least, r.Most, cheaper, len(ratios),
						a.PerSecond, b.PerSecond, known(a.Allocs, "%.2f", 1), known(b.Allocs, "%.2f", 1),
						millis(a.P50), millis(b.P50), millis(a.P99), millis(b.P99), millis(a.P999), millis(b.P999))
				}
			})
	}
	return nil
}
