//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"
)

// event is one line of an export. Amounts are nano-units.
type event struct {
	Kind, Bid, Detail, Day     string
	Advertiser, Campaign, Line string
	Time, BidTime              time.Time
	Price                      int64
}

// reported reports whether an exchange's or a browser's notice made the event.
func (e *event) reported() bool { return e.Kind != "tally" && e.Kind != "bid" }

// key returns what the ledger keeps once. The reason of a loss is no part of it.
func (e *event) key() key {
	if e.Kind == "view" {
		return key{e.Kind, e.Bid, e.Detail}
	}
	return key{e.Kind, e.Bid, ""}
}

// readEvents reads an export in NDJSON.
func readEvents(r io.Reader) ([]event, error) {
	var events []event
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row struct {
			Kind, Bid, Detail, Day, Advertiser, Campaign string

			Line    string    `json:"line_item"`
			Time    time.Time `json:"time"`
			BidTime time.Time `json:"bid_time"`
			Price   float64
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("line %d of the export: %w", len(events)+1, err)
		}
		events = append(events, event{
			Kind: row.Kind, Bid: row.Bid, Detail: row.Detail, Day: row.Day,
			Advertiser: row.Advertiser, Campaign: row.Campaign, Line: row.Campaign + "/" + row.Line,
			Time: row.Time, BidTime: row.BidTime, Price: nanos(row.Price),
		})
	}
	return events, lines.Err()
}

// nanos returns an amount in nano-units, exactly, as amounts here are small.
func nanos(units float64) int64 { return int64(math.Round(units * 1e9)) }

// use is what a budget was used for.
type use struct {
	Spent int64 // on the day on which it was most, for a daily budget
	Bound int64 // what of it may be above the budget
}

// usedBy adds up what events charged to a budget. late says for what the bound
// is: for events whose bids were no longer reserved.
func (b *budget) usedBy(events []event, late func(*event) bool) use {
	days := map[string]use{}
	for i := range events {
		e := &events[i]
		amount := e.Price
		if b.impressions {
			amount = 0
			if e.Kind == "impression" {
				amount = 1
			}
		}
		if amount == 0 || b.name != [...]string{e.Advertiser, e.Campaign, e.Line}[b.of] {
			continue
		}
		day := ""
		if b.daily {
			day = e.Day
		}
		u := days[day]
		u.Spent += amount
		if late(e) {
			u.Bound += amount
		}
		days[day] = u
	}
	var most use
	for _, u := range days {
		if u.Spent >= most.Spent {
			most = u
		}
	}
	return most
}
