package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/ledger"
)

// midnight is when the first hour of the tests begins: UTC, a Monday.
var midnight = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

var roadster, coffee = ad.IDOf("campaign", "roadster"), ad.IDOf("campaign", "coffee")

// filled returns a ledger with two campaigns: the roadster at 23:30 before midnight
// and at 00:30, through a deal and without, coffee at 00:45, and a visit.
func filled(t *testing.T) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(ledger.Config{Dir: "data", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	l.Name(ledger.CampaignName, roadster, "roadster")
	l.Name(ledger.CampaignName, coffee, "coffee, black")
	l.Name(ledger.LineName, ad.IDOf("line", "roadster", "all"), "all")
	l.Name(ledger.ExchangeName, 9, "example")
	n := byte(0)
	add := func(after time.Duration, campaign, deal ad.ID, kind ad.EventKind, change func(*ad.Event)) {
		t.Helper()
		n++
		at := midnight.Add(after)
		e := ad.Event{Kind: kind, Bid: ad.BidID{n}, Time: at.UnixMilli(), BidTime: at.Unix(), Exchange: 9, Campaign: campaign, Line: ad.IDOf("line", "roadster", "all"), Creative: 7, Deal: deal}
		if change != nil {
			change(&e)
		}
		if r, err := l.Append(&e); err != nil || r != ad.OK {
			t.Fatalf("append %v: %v, %v", e, r, err)
		}
	}
	price := func(m ad.Money) func(*ad.Event) { return func(e *ad.Event) { e.Price = m } }
	tally := func(requests, bids uint32) func(*ad.Event) {
		return func(e *ad.Event) { e.Requests, e.Bids = requests, bids }
	}
	const before, after, later = -30 * time.Minute, 30 * time.Minute, 45 * time.Minute
	add(before, roadster, 0, ad.EventTally, tally(100, 40))
	add(before, roadster, 0, ad.EventWin, nil)
	add(before, roadster, 0, ad.EventBilling, price(2_500_000))
	add(before, roadster, 0, ad.EventImpression, nil)
	add(after, roadster, 5, ad.EventTally, tally(10, 4))
	for range 3 {
		add(after, roadster, 5, ad.EventWin, nil)
		add(after, roadster, 5, ad.EventBilling, price(10_000_001))
		add(after, roadster, 5, ad.EventImpression, nil)
	}
	add(after, roadster, 5, ad.EventView, func(e *ad.Event) { e.Detail = 1 })
	add(after, roadster, 5, ad.EventView, func(e *ad.Event) { e.Detail = 6 })
	add(after, roadster, 5, ad.EventClick, nil)
	add(after, roadster, 0, ad.EventConversion, nil)
	add(later, coffee, 0, ad.EventLoss, nil)
	add(later, 0, 0, ad.EventVisit, func(e *ad.Event) { e.Line, e.Exchange, e.Creative = 0, 0, 0 })
	return l
}

func reported(t *testing.T, l *ledger.Ledger, q Query) *Report {
	t.Helper()
	r, err := Make(context.Background(), l, q)
	if err != nil {
		t.Fatal(err)
	}
	r.Currency = "EUR"
	return r
}

func wantText(t *testing.T, what string, write func(*bytes.Buffer) error, want string) {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil || b.String() != want {
		t.Errorf("%s is\n%s(%v), want\n%s", what, b.String(), err, want)
	}
}

func text(r *Report) func(*bytes.Buffer) error {
	return func(b *bytes.Buffer) error { return r.WriteText(b) }
}

func TestTable(t *testing.T) {
	l := filled(t)
	wantText(t, "the table by campaign", text(reported(t, l, Query{By: []Dimension{Campaign}})), `campaign       requests  bids  wins  win rate  impressions  views  clicks      CTR  conversions  spend   CPM
coffee, black         0     0     0         –            0      0       0        –            0   0.00     –
roadster            110    44     4     9.1 %            4      1       1  25.00 %            1   0.03  8.13
total               110    44     4     9.1 %            4      1       1  25.00 %            1   0.03  8.13
spend in EUR; CPM: spend for a thousand impressions
`)
	wantText(t, "the sum of all", text(reported(t, l, Query{})), `requests  bids  wins  win rate  impressions  views  clicks      CTR  conversions  spend   CPM
     110    44     4     9.1 %            4      1       1  25.00 %            1   0.03  8.13
spend in EUR; CPM: spend for a thousand impressions
`)
	wantText(t, "the roadster by deal and hour", text(reported(t, l, Query{By: []Dimension{Deal}, Per: Hour, Campaigns: []string{"roadster"}, From: midnight})), `hour              deal              requests  bids  wins  win rate  impressions  views  clicks      CTR  conversions  spend    CPM
2026-11-02 00:00  –                        0     0     0         –            0      0       0        –            1   0.00      –
2026-11-02 00:00  0000000000000005        10     4     3    75.0 %            3      1       1  33.33 %            0   0.03  10.00
total                                     10     4     3    75.0 %            3      1       1  33.33 %            1   0.03  10.00
spend in EUR; CPM: spend for a thousand impressions; times in UTC; from 2026-11-02 00:00
`)
	wantText(t, "a report of nothing", text(reported(t, l, Query{To: midnight.Add(-24 * time.Hour)})), "nothing happened\n")
}

// TestDaysBeginInTheirZone checks that an hour counts on the day that it is in the zone.
func TestDaysBeginInTheirZone(t *testing.T) {
	l := filled(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	days := func(zone *time.Location) (list []string) {
		r := reported(t, l, Query{By: []Dimension{Campaign}, Per: Day, Zone: zone, Campaigns: []string{"roadster"}})
		for i := range r.Rows {
			list = append(list, r.startText(r.Rows[i].Start)+" "+r.Rows[i].Counts.Spend.String())
		}
		return list
	}
	if got := strings.Join(days(time.UTC), ", "); got != "2026-11-01 0.0025, 2026-11-02 0.030000003" {
		t.Errorf("days in UTC: %s", got)
	}
	if got := strings.Join(days(berlin), ", "); got != "2026-11-02 0.032500003" {
		t.Errorf("days in Berlin: %s", got)
	}
}

func TestCSV(t *testing.T) {
	r := reported(t, filled(t), Query{By: []Dimension{Campaign, LineItem, Exchange}, Per: Day})
	var b bytes.Buffer
	if err := r.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d lines (%v) of %v, want 5", len(rows), err, rows)
	}
	if got := strings.Join(rows[0], ","); got != "day,campaign,line_item,exchange,requests,bids,wins,billings,losses,impressions,views,starts,first_quartiles,midpoints,third_quartiles,completes,clicks,conversions,visits,spend" {
		t.Errorf("the columns are %s", got)
	}
	if got := strings.Join(rows[1], ","); got != "2026-11-01,roadster,all,example,100,40,1,1,0,1,0,0,0,0,0,0,0,0,0,0.0025" {
		t.Errorf("the first day is %s", got)
	}
	if rows[2][1] != "" || rows[2][18] != "1" {
		t.Errorf("the visit is in %v, of no campaign", rows[2])
	}
}

func TestJSON(t *testing.T) {
	r := reported(t, filled(t), Query{By: []Dimension{Campaign, Deal}, From: midnight.Add(-time.Hour), Campaigns: []string{"roadster"}})
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Currency, Per, From string
		By                  []string
		Rows                []struct {
			Campaign, Deal                                          string
			Requests, Bids, Billings, Views, Completes, Conversions int
			Spend                                                   json.Number
		}
		Total struct{ Spend json.Number }
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if got.Currency != "EUR" || got.Per != "total" || got.From != "2026-11-01T23:00:00Z" || strings.Join(got.By, " ") != "campaign deal" || got.Total.Spend != "0.032500003" {
		t.Errorf("read %+v", got)
	}
	if len(got.Rows) != 2 || got.Rows[0].Deal != "" || got.Rows[0].Conversions != 1 || got.Rows[1].Deal != "0000000000000005" || got.Rows[1].Completes != 1 || got.Rows[1].Spend != "0.030000003" {
		t.Errorf("rows %+v", got.Rows)
	}
}

// TestUnanswerable asks for what there is not.
func TestUnanswerable(t *testing.T) {
	l := filled(t)
	_, err := Make(t.Context(), l, Query{Campaigns: []string{"roadstr"}})
	if !errors.Is(err, ErrQuery) || !strings.Contains(err.Error(), `did you mean "roadster"?`) {
		t.Errorf("a campaign that is misspelt: %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Make(stopped, l, Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("when nobody waits any more: %v", err)
	}
	for what, err := range map[string]error{
		"a dimension": second(ParseDimensions([]string{"campain"})),
		"a period":    second(ParsePeriod("week")),
		"a moment":    second(ParseMoment("yesterday", time.UTC)),
	} {
		if !errors.Is(err, ErrQuery) {
			t.Errorf("%s that there is not: %v", what, err)
		}
	}
	by, err := ParseDimensions([]string{"deal", "line-item"})
	if err != nil || len(by) != 3 || by[0] != Campaign || by[1] != LineItem || by[2] != Deal {
		t.Errorf("by deal and line item: %v, %v; want the campaign first", by, err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestCSVIsNoFormula names campaigns so that a spreadsheet would compute them.
func TestCSVIsNoFormula(t *testing.T) {
	for _, sign := range []string{"=", "+", "-", "@"} {
		name := sign + `HYPERLINK("https://evil.example")`
		r := &Report{Query: Query{By: []Dimension{Campaign}}, Rows: []Row{{}, {}}}
		r.Rows[0].Names[Campaign], r.Rows[1].Names[Campaign] = name, "a"+name
		var b bytes.Buffer
		if err := r.WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil || len(rows) != 3 || rows[1][0] != "'"+name || rows[2][0] != "a"+name {
			t.Errorf("%s is written as %v (%v)", name, rows, err)
		}
	}
}
