//go:build linux

package main

import (
	"fmt"
	"regexp"

	"bidwell/internal/prose"
)

// cell is one situation to measure the bidder in.
type cell struct {
	Lines     int    `json:"line_items"`
	Audiences int    `json:"audiences"`
	Who       people `json:"people"`
	Bids      bids   `json:"bids"`
}

// people says who is met.
type people string

// Who is met. In each case the store holds everybody.
const (
	mixed    people = "mixed"     // a few very often, a tenth of the store in the cache, a tenth unknown
	cached   people = "cache hit" // people who are in the cache
	stored   people = "store hit" // people who are in the store, and hardly ever in the cache
	strange  people = "unknown"   // people who are not in the store
	everyone people = "many"      // as many in the cache as there is time to meet
)

// bids says how many requests are worth a bid; floors see to it.
type bids string

// How much is bid on.
const (
	usual  bids = "30%"
	nearly bids = "most"
	clicks bids = "30%,clicks" // as usual, by campaigns that pay for clicks, of which nobody has told yet
)

// usualShare is the share of requests with a bid that usual stands for.
const usualShare = 0.30

// name is short and unique: 1000x10/mixed/30%.
func (c *cell) name() string {
	return fmt.Sprintf("%dx%d/%s/%s", c.Lines, c.Audiences, c.Who, c.Bids)
}

// title says for people what a cell is.
func (c *cell) title() string {
	t := fmt.Sprintf("%s × %s, %s", prose.Number(c.Lines), prose.Number(c.Audiences), c.Who)
	if c.Bids == clicks {
		t += ", for clicks, none told"
	}
	return t
}

// usualCell is the cell that most is held against.
var usualCell = cell{1000, 10, mixed, usual}

// quickCells are for a look.
func quickCells() []cell { return []cell{usualCell, {1000, 10, mixed, nearly}} }

// usualCells vary one thing at a time: line items, audiences, people, bids, goals.
func usualCells() []cell {
	return []cell{
		{100, 10, mixed, usual},
		usualCell,
		{10_000, 10, mixed, usual},
		{100_000, 10, mixed, usual},
		{1000, 100, mixed, usual},
		{1000, 1000, mixed, usual},
		{1000, 10, cached, usual},
		{1000, 10, stored, usual},
		{1000, 10, strange, usual},
		{100, 10, mixed, nearly},
		{1000, 10, mixed, nearly},
		{1000, 10, mixed, clicks},
		{100_000, 10, mixed, nearly},
		{100_000, 1000, mixed, usual},
	}
}

// everyCell is the whole matrix, with what usualCells have beside it.
func everyCell() []cell {
	all := usualCells()
	have := map[cell]bool{}
	for _, c := range all {
		have[c] = true
	}
	for _, lines := range []int{100, 1000, 10_000, 100_000} {
		for _, audiences := range []int{10, 100, 1000} {
			for _, who := range []people{cached, stored, strange} {
				if c := (cell{lines, audiences, who, usual}); !have[c] {
					all = append(all, c)
				}
			}
		}
	}
	return all
}

// only keeps the cells whose names match.
func only(cells []cell, which *regexp.Regexp) []cell {
	var kept []cell
	for _, c := range cells {
		if which.MatchString(c.name()) {
			kept = append(kept, c)
		}
	}
	return kept
}
