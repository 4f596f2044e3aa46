package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/parquet-go/parquet-go"

	"bidwell/ad"
)

func TestStatesAndNamesAreKept(t *testing.T) {
	fs := vfs.NewMem()
	l := open(t, Config{FS: fs})
	l.Name(CampaignName, 9, "Roadster")
	l.Name(CampaignName, 9, "Roadster 2")
	for _, s := range []string{"a", "b", "b2"} {
		if err := l.SetState(s[:1], []byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.SetState("a", nil); err != nil {
		t.Fatal(err)
	}
	closeIt(t, l)

	l = open(t, Config{FS: fs})
	if got, err := l.State("b"); err != nil || string(got) != "b2" {
		t.Errorf("state b is %q, %v; want b2", got, err)
	}
	if got, err := l.State("a"); err != nil || got != nil {
		t.Errorf("state a is %q, %v; want none", got, err)
	}
	if got := l.TextOf(CampaignName, 9); got != "Roadster 2" {
		t.Errorf("the campaign is named %q, want the last name", got)
	}
	n := l.Stats().Groups
	l.Name(CampaignName, 9, "Roadster 2")
	if err := l.SetState("c", nil); err != nil {
		t.Fatal(err)
	}
	if got := l.Stats().Groups - n; got != 1 {
		t.Errorf("a known name was written again")
	}
	closeIt(t, l)
}

func TestRollups(t *testing.T) {
	l := open(t, Config{FS: vfs.NewMem()})
	tally := event(ad.EventTally, 1, 0)
	tally.Requests, tally.Bids = 100, 7
	if !l.AppendAsync(tally) {
		t.Error("a tally is dropped")
	}
	sample := event(ad.EventBid, 1, 0)
	if !l.AppendAsync(sample) || l.AppendAsync(&ad.Event{Kind: 77}) {
		t.Error("a sample is dropped, or an event of no kind is not")
	}
	for _, kind := range []ad.EventKind{ad.EventWin, ad.EventBilling, ad.EventLoss, ad.EventImpression, ad.EventClick, ad.EventConversion, ad.EventVisit} {
		e := event(kind, 1, 0)
		if kind == ad.EventBilling {
			e.Price = 9
		}
		mustAppend(t, l, e, ad.OK)
	}
	for detail := range uint8(10) {
		e := event(ad.EventView, 1, 0)
		e.Detail = detail
		want := ad.OK
		if detail >= numViews {
			want = ad.NoticeReplayed // of one that is not known
		}
		mustAppend(t, l, e, want)
	}
	later := event(ad.EventImpression, 2, 0)
	later.Time += 2 * hourMS
	later.Deal = 8
	mustAppend(t, l, later, ad.OK)

	all := rollups(t, l)
	e := event(ad.EventWin, 1, 0)
	first := Rollup{
		Hour: noon / 3600 * 3600, Campaign: e.Campaign, Line: e.Line, Creative: e.Creative, Exchange: e.Exchange,
		Counts: Counts{Requests: 100, Bids: 7, Wins: 1, Billings: 1, Losses: 1, Impressions: 1, Clicks: 1, Conversions: 1, Visits: 1,
			Views: [numViews]uint64{1, 1, 1, 1, 1, 1, 1, 1}, Spend: 9},
	}
	second := Rollup{Hour: first.Hour + 7200, Campaign: e.Campaign, Line: e.Line, Creative: e.Creative, Exchange: e.Exchange, Deal: 8, Counts: Counts{Impressions: 1}}
	if !slices.Equal(all, []Rollup{first, second}) {
		t.Errorf("roll-ups\n%+v\nwant\n%+v\n%+v", all, first, second)
	}
	var some []int64
	err := l.Rollups(first.Hour+1, second.Hour+1, func(r *Rollup) error { some = append(some, r.Hour); return nil })
	if err != nil || !slices.Equal(some, []int64{second.Hour}) {
		t.Errorf("between the hours: %v, %v; want the second", some, err)
	}
	sum := first.Counts
	sum.Add(&second.Counts)
	if sum.Impressions != 2 || sum.Spend != 9 || sum.Views[7] != 1 {
		t.Errorf("the sum of both is %+v", sum)
	}
	wantSound(t, l)
	closeIt(t, l)
}

func TestAppendRefuses(t *testing.T) {
	l := open(t, Config{FS: vfs.NewMem()})
	for _, price := range []ad.Money{-1, maxAmount + 1, ad.MaxMoney} {
		mustAppend(t, l, event(ad.EventBilling, 1, price), ad.PriceInvalid)
	}
	if _, err := l.Append(&ad.Event{Kind: 99}); err == nil {
		t.Error("an event of no kind is accepted")
	}
	e := event(ad.EventVisit, 1, 0)
	e.Bid = ad.BidID{}
	mustAppend(t, l, e, ad.OK)
	mustAppend(t, l, e, ad.OK) // no bid: not a repetition
	wild := event(ad.EventWin, 1, 0)
	wild.Time, wild.BidTime = 1<<62, -1<<62
	mustAppend(t, l, wild, ad.OK)
	if s := l.Stats(); s.Clamped != 1 || s.Events != 3 {
		t.Errorf("stats %+v, want 3 events of which 1 had an absurd time", s)
	}
	wantSound(t, l)
	closeIt(t, l)
}

// exported returns a ledger with some events, of which one is exported below.
func exported(t *testing.T) *Ledger {
	l := open(t, Config{FS: vfs.NewMem()})
	e := event(ad.EventBilling, 1, 2_500_000)
	e.Deal, e.Person = 8, ad.PersonID{1}
	l.Name(LineName, e.Line, `Prospecting "cars" ü`)
	l.Name(ExchangeName, e.Exchange, "x")
	mustAppend(t, l, e, ad.OK)
	for n := range uint64(5000) {
		l.AppendAsync(event(ad.EventVisit, n+2, 0))
	}
	view := event(ad.EventView, 1, 0)
	view.Detail, view.Time = 1, view.Time+hourMS
	mustAppend(t, l, view, ad.OK)
	return l
}

func TestExportNDJSON(t *testing.T) {
	l := exported(t)
	defer closeIt(t, l)
	var out bytes.Buffer
	progress := uint64(0)
	n, err := l.Export(context.Background(), &out, Export{Progress: func(done, total uint64) { progress = done * 100 / total }})
	if err != nil || n != 5002 || progress != 100 {
		t.Fatalf("%d events exported, %d %%, %v; want 5002", n, progress, err)
	}
	first, _, _ := strings.Cut(out.String(), "\n")
	e := event(ad.EventBilling, 1, 0)
	want := fmt.Sprintf(`{"seq":0,"kind":"billing","bid":"%s","time":"2026-09-21T14:13:20.001Z","bid_time":"2026-09-21T14:13:19.000Z","day":"2026-09-21",`+
		`"advertiser":"%016x","campaign":"%016x","line_item":"Prospecting \"cars\" ü","creative":"%016x","exchange":"x","deal":"0000000000000008",`+
		`"media":"banner","person":"01000000000000000000000000000000","price":0.0025,"offer":0.005}`,
		e.Bid, uint64(e.Advertiser), uint64(e.Campaign), uint64(e.Creative))
	if first != want {
		t.Errorf("got  %s\nwant %s", first, want)
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Fatalf("no JSON: %s", line)
		}
	}
}

func TestExportOfATime(t *testing.T) {
	l := exported(t)
	defer closeIt(t, l)
	var out bytes.Buffer
	n, err := l.Export(context.Background(), &out, Export{From: time.Unix(noon+3600, 0), To: time.Unix(noon+2*3600, 0)})
	if err != nil || n != 1 || !strings.Contains(out.String(), `"kind":"view","detail":"viewable"`) {
		t.Errorf("%d events, %v: %s", n, err, out.String())
	}
}

func TestExportParquet(t *testing.T) {
	l := exported(t)
	defer closeIt(t, l)
	var out bytes.Buffer
	n, err := l.Export(context.Background(), &out, Export{Format: Parquet})
	if err != nil || n != 5002 {
		t.Fatalf("%d events, %v", n, err)
	}
	rows, err := parquet.Read[Row](bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil || len(rows) != 5002 {
		t.Fatalf("%d rows are read back, %v", len(rows), err)
	}
	for i, r := range rows {
		if r.Seq != int64(i) {
			t.Fatalf("row %d has number %d", i, r.Seq)
		}
	}
	e := event(ad.EventBilling, 1, 0)
	if r := rows[0]; r.Kind != "billing" || r.Bid != e.Bid.String() || r.Time != e.Time || r.Price != 2_500_000 || r.LineItem != `Prospecting "cars" ü` || r.Day != e.Day {
		t.Errorf("the first row is %+v", r)
	}
	schema := parquet.SchemaOf(Row{}).String()
	for _, want := range []string{"time (TIMESTAMP(isAdjustedToUTC=true,unit=MILLIS))", "price (DECIMAL(18,9))", "day (DATE)"} {
		if !strings.Contains(schema, want) {
			t.Errorf("the schema has no %s:\n%s", want, schema)
		}
	}
}

// TestEvents: who projects events reads those that are durable, from where they
// left off.
func TestEvents(t *testing.T) {
	l := open(t, Config{FS: vfs.NewMem()})
	defer closeIt(t, l)
	for n := range uint64(10) {
		mustAppend(t, l, event(ad.EventImpression, n, 0), ad.OK)
	}
	next := uint64(4)
	err := l.Events(context.Background(), next, func(seq uint64, e *ad.Event) error {
		if seq != next || e.Bid != bidOf(seq) {
			t.Errorf("event %d is of bid %s, want event %d", seq, e.Bid, next)
		}
		next++
		return nil
	})
	if err != nil || next != 10 {
		t.Errorf("events end at %d, %v; want 10", next, err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for what, err := range map[string]error{
		"Events": l.Events(cancelled, 0, func(uint64, *ad.Event) error { return nil }),
		"Verify": second(l.Verify(cancelled, nil)),
		"Replay": second(l.Replay(cancelled, nil)),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s after it was cancelled: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestNamesAreTidy keeps names that somebody made up to harm whoever reads them.
func TestNamesAreTidy(t *testing.T) {
	fs := vfs.NewMem()
	l := open(t, Config{FS: fs})
	long := strings.Repeat("x", MaxName-1)
	names := []struct{ given, want string }{
		{"Frühling – 春 🌷", "Frühling – 春 🌷"},
		{"family \U0001F468\u200d\U0001F467", "family \U0001F468\u200d\U0001F467"},
		{"a\x1b[2Jb\nc\u202ed", "a\ufffd[2Jb\ufffdc\ufffdd"},
		{"a\xffb", "a\ufffdb"},
		{long + "é", long},
		{long + "yz", long + "y"},
		{strings.Repeat("\x80", 2*MaxName), strings.Repeat("\ufffd", MaxName/3)},
	}
	for i, n := range names {
		l.Name(DealName, ad.ID(i+1), n.given)
	}
	for range 2 {
		for i, n := range names {
			if got := l.NameOf(DealName, ad.ID(i+1)); got != n.want {
				t.Errorf("%q is kept as %q, want %q", n.given, got, n.want)
			}
		}
		if n := l.Named(DealName); n != len(names) || l.Named(LineName) != 0 {
			t.Errorf("%d deals are named, want %d", n, len(names))
		}
		closeIt(t, l)
		l = open(t, Config{FS: fs})
	}
	closeIt(t, l)
}
