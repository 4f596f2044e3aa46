package simulate

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"bidwell/configs"
)

const roadster = "campaigns/roadster.yaml"

// changesOf compares the example configuration with another.
func changesOf(t *testing.T, after fs.FS) []Change {
	t.Helper()
	changes, err := Diff(configs.Files(), after)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func TestDiffOfTheSame(t *testing.T) {
	moved := edited(t, roadster)
	moved["campaigns/a-car.yml"] = moved[roadster]
	delete(moved, roadster)
	for name, fsys := range map[string]fs.FS{
		"identical":     configs.Files(),
		"comments":      edited(t, roadster, "campaign: roadster", "# more of this\ncampaign: roadster"),
		"layout":        edited(t, roadster, "bid: {price: 1.20 EUR}", "bid:\n      price: \"1.20 EUR\""),
		"order of keys": edited(t, roadster, "{price: 2.50 EUR, at_most: 9.00 EUR}", "{at_most: 9.00 EUR, price: 2.50 EUR}"),
		"same amount":   edited(t, roadster, "2.50 EUR", "2.5 EUR"),
		"another file":  moved,
	} {
		if changes := changesOf(t, fsys); len(changes) != 0 {
			t.Errorf("%s: got %+v, want no change", name, changes)
		}
	}
}

func TestDiff(t *testing.T) {
	without := edited(t, roadster)
	delete(without, "campaigns/coffee.yaml")
	more := edited(t, roadster)
	more["campaigns/second.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(string(more[roadster].Data), "campaign: roadster", "campaign: second", 1))}
	table := edited(t, "tables/premium_news.csv")
	table["tables/premium_news.csv"] = &fstest.MapFile{Data: append(bytes.TrimRight(table["tables/premium_news.csv"].Data, "\n"), "\nanother.example,x\n"...)}
	for _, tt := range []struct {
		name  string
		fsys  fs.FS
		want  string // kind, name and change of each
		key   string // of the first
		old   string
		new   string
		where string // without line
	}{
		{"price", edited(t, roadster, "price: 2.50 EUR", "price: 3.50 EUR"), "line item roadster/intenders changed", "bid.price", "2.50 EUR", "3.50 EUR", roadster},
		{"budget", edited(t, roadster, "daily: 2000 EUR", "daily: 100 EUR"), "campaign roadster changed", "budget.daily", "2000 EUR", "100 EUR", roadster},
		{"key added", edited(t, roadster, "daily: 2000 EUR", "daily: 2000 EUR, impressions: 9"), "campaign roadster changed", "budget.impressions", "", "9", roadster},
		{"key removed", edited(t, roadster, ", at_most: 9.00 EUR", ""), "line item roadster/intenders changed", "bid.at_most", "9.00 EUR", "", roadster},
		{"list", edited(t, roadster, "categories: [IAB2-2]", "categories: [IAB2-2, IAB2-3]"), "advertiser roadster/Example Motors changed", "categories", "[IAB2-2]", "[IAB2-2, IAB2-3]", roadster},
		{"modifier", edited(t, roadster, "multiply: 1.8", "multiply: 2.8"), "line item roadster/intenders changed", "adjust[1].multiply", "1.8", "2.8", roadster},
		{"line item renamed", edited(t, roadster, "name: car-pages", "name: pages"), "line item roadster/pages added; line item roadster/car-pages removed", "", "", "", ""},
		{"campaign removed", without, "campaign morning-coffee removed", "", "", "", ""},
		{"campaign added", more, "campaign second added", "", "", "", ""},
		{"table", table, "table premium_news changed", "rows", "", "", "tables/premium_news.csv"},
		{"audience", edited(t, "audiences/travellers.yaml", "audience: travellers", "audience: tourists"), "audience tourists added; audience travellers removed", "", "", "", ""},
		{"exchange", edited(t, "bidwell.yaml", "notice_window: 1h", "notice_window: 2h"), "exchange example changed", "notice_window", "1h", "2h", "bidwell.yaml"},
		{"process", edited(t, "bidwell.yaml", "USD: 0.92", "USD: 0.95"), "process bidwell.yaml changed", "rates.USD", "0.92", "0.95", "bidwell.yaml"},
		{"file that is named", edited(t, "creatives/roadster-teaser.html", "<", "< "), "creative roadster/teaser changed", "banner.html_file", "", "", "creatives/roadster-teaser.html"},
	} {
		changes := changesOf(t, tt.fsys)
		var got []string
		for _, c := range changes {
			got = append(got, c.Kind+" "+c.Name+" "+c.Change)
		}
		if s := strings.Join(got, "; "); s != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, s, tt.want)
			continue
		}
		if tt.key == "" {
			continue
		}
		k := changes[0].Keys
		if len(k) != 1 || k[0].Key != tt.key || tt.old+tt.new != "" && (k[0].Old != tt.old || k[0].New != tt.new) {
			t.Errorf("%s: got %+v, want %s: %s, %s", tt.name, k, tt.key, tt.old, tt.new)
		}
		if file, line, _ := strings.Cut(k[0].Where, ":"); file != tt.where || line == "" || line == "0" {
			t.Errorf("%s: it stands at %q, want a line of %s", tt.name, k[0].Where, tt.where)
		}
	}
}

// TestDiffSaysTheLine holds the place of a change against the file.
func TestDiffSaysTheLine(t *testing.T) {
	after := edited(t, roadster, "price: 2.50 EUR", "price: 3.50 EUR")
	_, line, _ := strings.Cut(changesOf(t, after)[0].Keys[0].Where, ":")
	text := strings.Split(string(after[roadster].Data), "\n")
	at := 1 + slices.IndexFunc(text, func(l string) bool { return strings.Contains(l, "3.50 EUR") })
	if line != strconv.Itoa(at) {
		t.Errorf("the change is said to be in line %s, it is in %d", line, at)
	}
}

func plannedFor(t *testing.T, after fs.FS) *PlanReport {
	t.Helper()
	p, err := Plan(compiled(t, configs.Files()), compiled(t, after), changesOf(t, after), small())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *PlanReport) effect(t *testing.T, name string) *Effect {
	t.Helper()
	for i := range p.Campaigns {
		if p.Campaigns[i].Name == name {
			return &p.Campaigns[i]
		}
	}
	t.Fatalf("there is no effect on %q", name)
	return nil
}

func TestPlanOfTheSame(t *testing.T) {
	p := plannedFor(t, configs.Files())
	var text, doc bytes.Buffer
	p.WriteText(&text)
	p.WriteJSON(&doc)
	if text.String() != "Nothing changes.\n" || p.Market != nil {
		t.Errorf("got %q and market %v", text.String(), p.Market)
	}
	var got struct{ Changes, Campaigns []any }
	if err := json.Unmarshal(doc.Bytes(), &got); err != nil || got.Changes == nil || len(got.Changes) != 0 {
		t.Errorf("got %s, %v", doc.String(), err)
	}
}

func TestPlanOfARaisedPrice(t *testing.T) {
	p := plannedFor(t, edited(t, roadster, "price: 2.50 EUR", "price: 5.00 EUR"))
	e := p.effect(t, "roadster")
	if e.Before.Wins == 0 || e.After.Wins <= e.Before.Wins || e.After.Spend <= e.Before.Spend || e.After.WinRate <= e.Before.WinRate {
		t.Errorf("before %+v, after %+v, want more wins", *e.Before, *e.After)
	}
	if p.Campaigns[0].Name != "roadster" && p.Campaigns[0].same() {
		t.Errorf("%s stands first though nothing changes for it", p.Campaigns[0].Name)
	}
	var text bytes.Buffer
	p.WriteText(&text)
	for _, want := range []string{"bid.price  2.50 EUR → 5.00 EUR  campaigns/roadster.yaml:", "1 thing would change: 1 changed", "roadster "} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, text.String())
		}
	}
}

func TestPlanOfCampaignsThatComeAndGo(t *testing.T) {
	after := edited(t, roadster, "campaign: roadster", "campaign: coupe")
	p := plannedFor(t, after)
	if e := p.effect(t, "coupe"); e.Before != nil || e.After == nil || e.After.Wins == 0 {
		t.Errorf("the new campaign: before %v, after %v", e.Before, e.After)
	}
	if e := p.effect(t, "roadster"); e.Before == nil || e.After != nil {
		t.Errorf("the old campaign: before %v, after %v", e.Before, e.After)
	}
	var text bytes.Buffer
	p.WriteText(&text)
	for _, want := range []string{"coupe (new)", "roadster (gone)", "+ campaign coupe is added", "- campaign roadster is removed", "3 line items"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, text.String())
		}
	}
}
