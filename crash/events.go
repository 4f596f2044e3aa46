//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"time"
	_ "time/tzdata" // the campaigns have a time zone
)

// event is one line of an export. Amounts are nano-units.
type event struct {
	Kind, Bid, Detail          string
	Day                        string // of the bid, where the campaigns run
	Advertiser, Campaign, Line string
	Exchange, Person           string
	Time, BidTime              time.Time
	Price, Offer               int64
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
	zone, err := time.LoadLocation(timeZone)
	if err != nil {
		return nil, err
	}
	var events []event
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row struct {
			Kind, Bid, Detail, Advertiser, Campaign, Exchange, Person string

			Line    string    `json:"line_item"`
			Time    time.Time `json:"time"`
			BidTime time.Time `json:"bid_time"`
			Price   float64
			Offer   float64
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("line %d of the export: %w", len(events)+1, err)
		}
		events = append(events, event{
			Kind: row.Kind, Bid: row.Bid, Detail: row.Detail, Day: row.BidTime.In(zone).Format(time.DateOnly),
			Advertiser: row.Advertiser, Campaign: row.Campaign, Line: row.Campaign + "/" + row.Line,
			Exchange: row.Exchange, Person: row.Person,
			Time: row.Time, BidTime: row.BidTime, Price: nanos(row.Price), Offer: nanos(row.Offer),
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

// charge returns what an event charges to a budget.
func (b *budget) charge(e *event) int64 {
	switch {
	case b.name != [...]string{e.Advertiser, e.Campaign, e.Line}[b.of]:
		return 0
	case !b.impressions:
		return e.Price
	case e.Kind == "impression":
		return 1
	}
	return 0
}

// day returns the day on which an event counts: one for all unless the budget is
// daily.
func (b *budget) day(e *event) string {
	if b.daily {
		return e.Day
	}
	return ""
}

// usedBy adds up what events charged to a budget. late says for what the bound
// is: for events whose bids were no longer reserved.
func (b *budget) usedBy(events []event, late func(*event) bool) use {
	days := map[string]use{}
	for i := range events {
		e := &events[i]
		amount := b.charge(e)
		if amount == 0 {
			continue
		}
		u := days[b.day(e)]
		u.Spent += amount
		if late(e) {
			u.Bound += amount
		}
		days[b.day(e)] = u
	}
	var most use
	for _, u := range days {
		if u.Spent >= most.Spent {
			most = u
		}
	}
	return most
}

// settling is how long an event may take from its arrival until it counts.
const settling = time.Second

// overbid returns the first event of a bid that should not have been made: with
// what was charged before it, it is above the limit that was in force. For this
// there is no bound, whatever is late and whoever was killed.
func (b *budget) overbid(events []event) (over *event, charged int64) {
	type charge struct {
		at     time.Time
		amount int64
	}
	charges := map[string][]charge{}
	for i := range events {
		if amount := b.charge(&events[i]); amount > 0 {
			d := b.day(&events[i])
			charges[d] = append(charges[d], charge{events[i].Time, amount})
		}
	}
	for _, list := range charges {
		slices.SortFunc(list, func(x, y charge) int { return x.at.Compare(y.at) })
		for i := 1; i < len(list); i++ {
			list[i].amount += list[i-1].amount
		}
	}
	for i := range events {
		e := &events[i]
		if !e.reported() || b.name != [...]string{e.Advertiser, e.Campaign, e.Line}[b.of] {
			continue
		}
		list := charges[b.day(e)]
		n := sort.Search(len(list), func(k int) bool { return !list[k].at.Before(e.BidTime.Add(-settling)) })
		before := int64(0)
		if n > 0 {
			before = list[n-1].amount
		}
		needs := e.Offer
		if b.impressions {
			needs = 1
		}
		if before+needs > b.allowed(e.BidTime) {
			return e, before
		}
	}
	return nil, 0
}
