//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// timeZone is where the campaigns run.
const timeZone = "Europe/Berlin"

// scope is what a budget is of.
type scope uint8

const (
	ofAdvertiser scope = iota
	ofCampaign
	ofLine
)

// budget is one limit of the configuration. Money is in nano-units.
type budget struct {
	of          scope
	name        string // of the advertiser or campaign; of a line item, campaign/line
	impressions bool   // counted in impressions, else money
	daily       bool
	now         int64 // as it is in the files
	most        int64 // the highest it ever was
	spans       []span
}

// span is when a limit may have been in force.
type span struct {
	limit       int64
	from, until time.Time // until is zero as long as it is not over
}

func (b *budget) String() string {
	what := [...]string{"advertiser", "campaign", "line item"}[b.of] + " " + b.name
	if b.daily {
		what += ", daily"
	}
	return what
}

// set changes the limit that the next write puts into the files.
func (b *budget) set(v int64, at time.Time) {
	b.now = max(1, v)
	b.most = max(b.most, b.now)
	b.spans = append(b.spans, span{limit: b.now, from: at})
}

// loaded says that the bidder goes by the limit that was set last.
func (b *budget) loaded(at time.Time) {
	for i := range b.spans[:len(b.spans)-1] {
		if b.spans[i].until.IsZero() {
			b.spans[i].until = at
		}
	}
}

// allowed returns the highest limit that may have been in force in a second that
// begins at t.
func (b *budget) allowed(t time.Time) (most int64) {
	for _, s := range b.spans {
		if s.from.Before(t.Add(time.Second)) && (s.until.IsZero() || s.until.After(t)) {
			most = max(most, s.limit)
		}
	}
	return most
}

// text returns the limit as YAML.
func (b *budget) text() string {
	if b.impressions {
		return fmt.Sprint(b.now)
	}
	return fmt.Sprintf("%d.%09d EUR", b.now/1e9, b.now%1e9)
}

// budgets are the limits, in the order in which the files use them.
type budgets struct {
	alpha, total, daily, cheap, dear, shown, shownDaily, paced budget
}

func newBudgets() *budgets {
	const unit = 1_000_000_000
	b := &budgets{
		alpha:      budget{of: ofAdvertiser, name: "Alpha", now: 2.7 * unit},
		total:      budget{of: ofCampaign, name: "total", now: 0.9 * unit},
		daily:      budget{of: ofCampaign, name: "daily", daily: true, now: 1.2 * unit},
		cheap:      budget{of: ofLine, name: "lines/cheap", now: 0.3 * unit},
		dear:       budget{of: ofLine, name: "lines/dear", daily: true, now: 0.9 * unit},
		shown:      budget{of: ofCampaign, name: "counted", impressions: true, now: 180},
		shownDaily: budget{of: ofLine, name: "counted/banner", impressions: true, daily: true, now: 150},
		paced:      budget{of: ofCampaign, name: "paced", now: 2 * unit},
	}
	for _, one := range b.all() {
		one.set(one.now, time.Time{})
	}
	return b
}

func (b *budgets) all() []*budget {
	return []*budget{&b.alpha, &b.total, &b.daily, &b.cheap, &b.dear, &b.shown, &b.shownDaily, &b.paced}
}

// move changes every limit: a third falls to what is spent or below, the others
// leave some room above it.
func (b *budgets) move(rnd *rand.Rand, spent func(*budget) int64) {
	now := time.Now()
	for _, one := range b.all() {
		is := spent(one)
		room := int64(1_000_000_000)
		if one.impressions {
			room = 200
		}
		if rnd.IntN(3) == 0 {
			one.set(is-is*rnd.Int64N(20)/100, now)
			continue
		}
		one.set(is+1+rnd.Int64N(room), now)
	}
}

// campaignText is a file of campaigns/. Every campaign has a site of its own, and all
// compete on one more.
const campaignText = `campaign: %[1]s
advertiser: {name: %[2]s, domains: [%[1]s.example], categories: [IAB3]%[3]s}
flight: {timezone: ` + timeZone + `%[4]s}
budget: {%[5]s}
%[6]sline_items:
%[7]screatives:
  - name: mpu
    banner: {size: 300x250, image: "https://cdn.example/mpu.jpg"}
    click: https://%[1]s.example/landing
  - name: film
    video: {duration: 15s, media: [{url: "https://cdn.example/film.mp4", mime: video/mp4, width: 640, height: 360}]}
    click: https://%[1]s.example/landing
`

const lineText = `  - name: %s
    where: {domains: [%s.example, all.example]}
    bid: {price: %s EUR}
%s    creatives: [mpu, film]
`

// write writes the campaigns below dir. A process that reads them meanwhile may
// see half of it, as of any editor's.
func (b *budgets) write(dir string, end time.Time) error {
	line := func(campaign, name, price, budget string) string {
		if budget != "" {
			budget = "    budget: {" + budget + "}\n"
		}
		return fmt.Sprintf(lineText, name, campaign, price, budget)
	}
	file := func(name, advertiser, own, flight, budget, pacing string, lines ...string) string {
		return fmt.Sprintf(campaignText, name, advertiser, own, flight, budget, pacing, strings.Join(lines, ""))
	}
	const plenty = "total: 100000 EUR"
	files := map[string]string{
		"total": file("total", "Alpha", ", budget: {total: "+b.alpha.text()+"}", "", "total: "+b.total.text(), "", line("total", "banner", "4.20", "")),
		"daily": file("daily", "Alpha", "", "", "daily: "+b.daily.text(), "", line("daily", "banner", "5.70", "")),
		"lines": file("lines", "Beta", "", "", plenty, "",
			line("lines", "cheap", "1.90", "total: "+b.cheap.text()),
			line("lines", "dear", "7.30", "daily: "+b.dear.text())),
		"counted": file("counted", "Gamma", "", "", plenty+", impressions: "+b.shown.text(), "",
			line("counted", "banner", "3.10", "daily_impressions: "+b.shownDaily.text())),
		"paced": file("paced", "Delta", "", ", end: "+end.UTC().Format("2006-01-02T15:04:05Z"), "total: "+b.paced.text(), "pacing: {curve: even}\n",
			line("paced", "banner", "6.40", "")),
	}
	for name, text := range files {
		if err := writeFile(filepath.Join(dir, "campaigns", name+".yaml"), text); err != nil {
			return err
		}
	}
	return nil
}

// everywhere is the site on which all campaigns compete.
const everywhere = "all"

// sites are where impressions are sold: one of each campaign, and of all.
var sites = [...]string{"total", "daily", "lines", "counted", "paced", everywhere}

func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}
