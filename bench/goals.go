//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	"bidwell/internal/prose"
)

// goal is a figure to reach, with what was measured of it.
type goal struct {
	What    string  `json:"what"`
	Limit   float64 `json:"limit"`
	AtLeast bool    `json:"at_least,omitempty"` // the limit is the least, not the most
	Got     float64 `json:"got"`
	Unit    string  `json:"unit"`
}

func (g *goal) met() bool {
	if g.AtLeast {
		return g.Got >= g.Limit
	}
	return g.Got <= g.Limit
}

// goals holds what was measured against what the bidder is meant to reach. What
// was not measured is not among them.
func goals(o *outcome) (all []goal) {
	add := func(g goal) { all = append(all, g) }
	at := func(c cell) *measured { return o.cell(c.name()) }
	bidder := func(m *measured) *summary { return last(m.Saturated) }
	same := func(m *measured) *summary { return last(m.Most) }
	ratio := func(what string, a, b *measured, limit float64) {
		if a != nil && b != nil {
			// Each as held against the bare server beside it: they were measured
			// at different times.
			add(goal{What: what, Limit: limit, Got: bidder(a).ToBare.Mid / bidder(b).ToBare.Mid, Unit: "×"})
		}
	}
	usually, more := at(usualCell), at(cell{10_000, 10, mixed, usual})
	if usually != nil {
		add(goal{What: "1,000 line items, the same load, of bare", Limit: 1.7, Got: same(usually).ToBare.Mid, Unit: "×"})
		add(goal{What: "1,000 line items, the same load, of decode only", Limit: 1.3, Got: same(usually).ToDecode.Mid, Unit: "×"})
		add(goal{What: "1,000 line items, all that each takes, of bare", Limit: 1.7, Got: bidder(usually).ToBare.Mid, Unit: "×"})
		add(goal{What: "allocations per request", Limit: 0.005, Got: bidder(usually).Allocs})
	}
	if paid := at(cell{1000, 10, mixed, clicks}); paid != nil {
		add(goal{What: "1,000 line items that pay for clicks, none told, the same load, of bare", Limit: 1.7, Got: same(paid).ToBare.Mid, Unit: "×"})
	}
	for _, c := range []cell{{1000, 10, cached, usual}, {1000, 10, strange, usual}} {
		if m := at(c); m != nil {
			add(goal{What: fmt.Sprintf("the same, %s: nothing read from the store", c.Who), Limit: 0.005, Got: bidder(m).Allocs})
		}
	}
	if more != nil {
		add(goal{What: "10,000 line items, the same load, of bare", Limit: 2.0, Got: same(more).ToBare.Mid, Unit: "×"})
	}
	ratio("100,000 line items, of 100", at(cell{100_000, 10, mixed, usual}), at(cell{100, 10, mixed, usual}), 1.3)
	ratio("the same, nearly all bid on", at(cell{100_000, 10, mixed, nearly}), at(cell{100, 10, mixed, nearly}), 1.3)
	ratio("1,000 audiences, of 10", at(cell{1000, 1000, mixed, usual}), usually, 1.2)
	ratio("store hit, of cache hit", at(cell{1000, 10, stored, usual}), at(cell{1000, 10, cached, usual}), 2)
	if o.People >= 10_000_000 {
		most := int64(0)
		for i := range o.Cells {
			most = max(most, o.Cells[i].Resident)
		}
		add(goal{What: fmt.Sprintf("%s people, resident", prose.Number(o.People)), Limit: 4, Got: float64(most) / (1 << 30), Unit: " GiB"})
	}
	for i := range o.Extras {
		all = append(all, o.Extras[i].goals()...)
	}
	if few, many := o.extra(quietRun), o.extra(manyCalm); few != nil && many != nil && few.P99 > 0 {
		add(goal{What: "70%: p99 with many cached, of with few", Limit: 1, Got: float64(many.P99) / float64(few.P99), Unit: "×"})
	}
	if len(o.ColdStarts) > 0 {
		starts := slices.Clone(o.ColdStarts)
		slices.SortFunc(starts, func(a, b coldStart) int { return int(a.FirstBid - b.FirstBid) })
		c := starts[len(starts)/2]
		add(goal{What: fmt.Sprintf("cold start to first bid, %s line items, %s people", prose.Number(c.Lines), prose.Number(o.People)), Limit: 2, Got: c.FirstBid.Seconds(), Unit: " s"})
	}
	return all
}

// goals are those that an extra measurement is about.
func (e *extra) goals() []goal {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	switch e.Name {
	case busyRun:
		return []goal{
			{What: e.Name + ": p99", Limit: 5, Got: ms(e.P99), Unit: " ms"},
			{What: e.Name + ": p99.9", Limit: 10, Got: ms(e.P999), Unit: " ms"},
			{What: e.Name + ": answers after tmax, errors", Got: float64(e.Late + e.Unsent + e.Errors + e.CallErrors)},
		}
	case overloadRun:
		return []goal{
			{What: e.Name + ": goodput", Limit: 0.9, AtLeast: true, Got: e.Goodput, Unit: "×"},
			{What: e.Name + ": p99 of what is answered", Limit: 20, Got: ms(e.P99), Unit: " ms"},
		}
	case manyRun:
		return []goal{{What: "collector's share with many cached, notices, import", Limit: 0.02, Got: max(e.GC, e.CycleShare), Unit: "×"}}
	}
	return nil
}

func (o *outcome) extra(name string) *extra {
	for i := range o.Extras {
		if o.Extras[i].Name == name {
			return &o.Extras[i]
		}
	}
	return nil
}

func (o *outcome) cell(name string) *measured {
	for i := range o.Cells {
		if o.Cells[i].Name == name {
			return &o.Cells[i]
		}
	}
	return nil
}
