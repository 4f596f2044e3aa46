package loadtest

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"

	"bidwell/ad"
	"bidwell/internal/prose"
)

// Report is what an exchange has seen. It can be written to a file, read again
// and merged with others; all that is summed is whole numbers, so that the order
// does not matter.
type Report struct {
	Format     string        `json:"format"` // reportFormat
	Generators []Generator   `json:"generators,omitempty"`
	Started    time.Time     `json:"started"`
	Elapsed    time.Duration `json:"elapsed_ns"`
	Rate       float64       `json:"rate"`     // requests per second that were asked for
	Requests   uint64        `json:"requests"` // posted and done with, whatever came of it
	Unsent     uint64        `json:"unsent"`   // due, but too many were waiting already

	Answers  uint64 `json:"answers"`  // in time, with bids
	NoBids   uint64 `json:"no_bids"`  // in time, without
	Timeouts uint64 `json:"timeouts"` // later than tmax, or never
	Errors   uint64 `json:"errors"`   // refused, unreadable, or no connection

	Bids    uint64 `json:"bids"`
	Invalid uint64 `json:"invalid"` // bids that an exchange would refuse
	Losses  uint64 `json:"losses"`  // valid bids that were not enough
	Wins    uint64 `json:"wins"`

	Impressions uint64                     `json:"impressions"` // shown, and a pixel was answered
	Untracked   uint64                     `json:"untracked"`   // shown, without a pixel that may be called
	Clicks      uint64                     `json:"clicks"`      // that the bidder answered
	Currency    string                     `json:"currency"`    // of all money that names no other
	Spend       map[string]ad.Money        `json:"spend_nano"`  // by currency; charged when shown
	Total       Figures                    `json:"total"`       // of all campaigns
	Notices     map[string]*NoticeFigures  `json:"notices"`     // by the last part of their path, and conv
	Campaigns   map[string]*Figures        `json:"campaigns"`   // by bid.cid
	Creatives   map[string]*Figures        `json:"creatives"`   // by bid.crid
	Segments    map[string]*SegmentFigures `json:"segments"`    // by format and category of the place
	Problems    map[string]uint64          `json:"problems"`    // what went wrong, and how often
	Latency     Quantiles                  `json:"latency"`     // from when a request was due to its answer
	Lag         Quantiles                  `json:"lag"`         // from when a request was due to its sending
	Samples     []Sample                   `json:"samples,omitempty"`
	Histograms  Histograms                 `json:"histograms"`
}

// Histograms are what the quantiles of a report are made of. Those of money count
// nano-units of the house currency, as if they were nanoseconds.
type Histograms struct {
	Latency  Histogram `json:"latency_ns"`
	Lag      Histogram `json:"lag_ns"`
	Notices  Histogram `json:"notices_ns"` // from a call to its answer
	Bids     Histogram `json:"bids_nano"`
	MinToWin Histogram `json:"min_to_win_nano"`
}

// NoticeFigures counts the calls of one kind.
type NoticeFigures struct {
	Sent    uint64 `json:"sent"`    // called, repetitions included
	Failed  uint64 `json:"failed"`  // of these, refused for good or not answered
	PutOff  uint64 `json:"put_off"` // of these, answered 429 or 503, and called again later
	Dropped uint64 `json:"dropped"` // not called, because too many were waiting or the bidder put them off to the end
	Lost    uint64 `json:"lost"`    // not called, as the exchange was told
	Doubled uint64 `json:"doubled"` // called twice, as the exchange was told
}

// Figures are those of one campaign or creative. Money is in the house currency
// but for Spend.
type Figures struct {
	Bids        uint64              `json:"bids"`
	Wins        uint64              `json:"wins"`
	Impressions uint64              `json:"impressions"`
	Clicks      uint64              `json:"clicks"`
	Spend       map[string]ad.Money `json:"spend_nano"`

	Billed       ad.Money  `json:"billed_nano"`       // of all that was shown
	Acknowledged ad.Money  `json:"acknowledged_nano"` // of this, the bidder answered a billing notice with success
	Unclear      ad.Money  `json:"unclear_nano"`      // of this, a billing notice was called and not answered
	Responses    Responses `json:"people"`
	Surplus      Surplus   `json:"surplus"`
}

// SegmentFigures are the prices of one segment. Money is in the house currency.
type SegmentFigures struct {
	Bids     uint64   `json:"bids"`
	Wins     uint64   `json:"wins"`
	Bid      ad.Money `json:"bid_nano"`        // sum
	MinToWin ad.Money `json:"min_to_win_nano"` // sum
	Paid     ad.Money `json:"paid_nano"`       // sum of clearing prices
}

// Quantiles sum up a Histogram.
type Quantiles struct {
	P50  time.Duration `json:"p50_ns"`
	P90  time.Duration `json:"p90_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p999_ns"`
	Max  time.Duration `json:"max_ns"`
}

func quantilesOf(h *Histogram) Quantiles {
	return Quantiles{h.Quantile(0.5), h.Quantile(0.9), h.Quantile(0.99), h.Quantile(0.999), h.Max()}
}

// Sample is one won auction. Prices are CPMs.
type Sample struct {
	Place    string  `json:"place"` // domain or bundle, with the path of the page
	Media    string  `json:"media"`
	Campaign string  `json:"campaign"`
	Creative string  `json:"creative"`
	Deal     string  `json:"deal,omitempty"`
	Bid      float64 `json:"bid"`
	Rival    float64 `json:"rival"` // the best other bid, 0 if none
	Clearing float64 `json:"clearing"`
	Currency string  `json:"currency"`
}

func sampleOf(a *answer, v *verdict) Sample {
	return Sample{
		Place: placeOf(a.req), Media: v.media, Campaign: v.bid.CID, Creative: v.bid.CrID, Deal: v.bid.DealID,
		Bid: v.bid.Price, Rival: v.rival, Clearing: v.clearing, Currency: a.cur,
	}
}

func placeOf(req *openrtb2.BidRequest) string {
	switch {
	case req.Site != nil:
		if u, err := url.Parse(req.Site.Page); err == nil && u.Host != "" {
			return u.Host + u.Path
		}
		return req.Site.Domain
	case req.App != nil:
		return cmp.Or(req.App.Name, req.App.Bundle)
	}
	return "elsewhere"
}

// Line returns the figures on one line, for a terminal.
func (r *Report) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%3.0fs  %s (%.0f/s), %s with bids, %s, %s shown, %s, spent %s, p50 %s, p99 %s",
		r.Elapsed.Seconds(), prose.Count(r.Requests, "request"), r.perSecond(), percent(r.Answers, r.Requests), prose.Count(r.Wins, "win"),
		prose.Number(r.Total.Responses.Shown), prose.Count(r.Clicks, "click"), money(r.Spend), short(r.Latency.P50), short(r.Latency.P99))
	for _, bad := range [...]struct {
		n           uint64
		noun, after string
	}{{r.Timeouts, "answer", " too late"}, {r.Errors, "error", ""}, {r.Invalid, "invalid bid", ""}, {r.Unsent, "request", " not sent"}} {
		if bad.n > 0 {
			b.WriteString(", " + prose.Count(bad.n, bad.noun) + bad.after)
		}
	}
	return b.String()
}

// WriteText writes the figures for people.
func (r *Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	row("requests", "%s in %.1f s, %.0f per second", prose.Number(r.Requests), r.Elapsed.Seconds(), r.perSecond())
	row("answered", "%s with bids (%s), %s without, %s too late (after tmax), %s", prose.Number(r.Answers), percent(r.Answers, r.Requests),
		prose.Number(r.NoBids), prose.Number(r.Timeouts), prose.Count(r.Errors, "error"))
	if r.Unsent > 0 {
		row("unsent", "%s: more were waiting than %d", prose.Number(r.Unsent), maxQueued)
	}
	row("auctions", "%s, %s won (%s), %s outbid, %s invalid", prose.Count(r.Bids, "bid"), prose.Number(r.Wins), percent(r.Wins, r.Bids), prose.Number(r.Losses), prose.Number(r.Invalid))
	row("ads", "%s shown (%s answered), %s, spent %s", prose.Number(r.Total.Responses.Shown), prose.Count(r.Impressions, "pixel"), prose.Count(r.Clicks, "click"), money(r.Spend))
	if r.Untracked > 0 {
		row("untracked", "%s shown without a pixel that leads to the bidder", prose.Count(r.Untracked, "ad"))
	}
	r.people(row)
	r.books(row)
	row("notices", "%s", r.noticeText())
	row("latency", "p50 %s, p90 %s, p99 %s, p99.9 %s, max %s (from when each request was due)",
		short(r.Latency.P50), short(r.Latency.P90), short(r.Latency.P99), short(r.Latency.P999), short(r.Latency.Max))
	row("lag", "p50 %s, p99 %s: how late the requests were sent", short(r.Lag.P50), short(r.Lag.P99))
	if r.Lag.P99 > untrustworthyLag {
		row("warning", "this generator was late itself; timeouts may be its own: give it a lower rate or a machine of its own")
	}
	r.tables(t)
	return t.Flush()
}

// untrustworthyLag is the lag of one request in a hundred above which the figures
// of latency and timeouts say more of the generator than of the bidder.
const untrustworthyLag = 20 * time.Millisecond

// people says what people did, and what was to be expected of them.
func (r *Report) people(row func(name, format string, args ...any)) {
	p := &r.Total.Responses
	if p.Shown == 0 {
		return
	}
	row("people", "%s seen (%.0f expected), %s (%.1f), %s played to the end (%.0f), conversions: %s after clicks (%.2f), %s after views (%.2f)",
		prose.Number(p.Views), p.TrueViews.Float(), prose.Count(p.Clicks, "click"), p.TrueClicks.Float(), prose.Number(p.Completes), p.TrueCompletes.Float(),
		prose.Number(p.ClickConversions), p.TrueClickConversions.Float(), prose.Number(p.ViewConversions), p.TrueViewConversions.Float())
}

// books says what the bidder knows that it owes, and what it has gained.
func (r *Report) books(row func(name, format string, args ...any)) {
	f := &r.Total
	if f.Billed > 0 {
		text := fmt.Sprintf("%.6f %s for what was shown, of which the bidder acknowledged %.6f", f.Billed.Units(), r.Currency, f.Acknowledged.Units())
		if f.Unclear > 0 {
			text += fmt.Sprintf(" and %.6f is unclear", f.Unclear.Units())
		}
		row("billed", "%s", text)
	}
	if s := &f.Surplus; s.Oracle > 0 {
		row("surplus", "%.4f %s of the %.4f that bids of just the least price that wins would have gained (%.0f%%)",
			s.Gained.Units(), r.Currency, s.Oracle.Units(), 100*s.Gained.Units()/s.Oracle.Units())
	}
}

func (r *Report) tables(t io.Writer) {
	if len(r.Campaigns) > 0 {
		fmt.Fprintf(t, "\ncampaign\tbids\twins\tshown\tclicks\texpected\tspent\n")
		for _, name := range bySize(r.Campaigns) {
			f := r.Campaigns[name]
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.1f\t%s\n", cmp.Or(name, "(no cid)"), prose.Number(f.Bids), prose.Number(f.Wins),
				prose.Number(f.Responses.Shown), prose.Number(f.Clicks), f.Responses.TrueClicks.Float(), money(f.Spend))
		}
	}
	if len(r.Samples) > 0 {
		fmt.Fprintf(t, "\nsome wins\tmedia\tbid\tbest rival\tpaid\tcampaign\tcreative\n")
		for _, s := range r.Samples {
			rival := "none"
			if s.Rival > 0 {
				rival = fmt.Sprintf("%.2f", s.Rival)
			}
			fmt.Fprintf(t, "%s\t%s\t%.2f\t%s\t%.2f %s\t%s\t%s\n", s.Place, s.Media, s.Bid, rival, s.Clearing, s.Currency, s.Campaign, s.Creative)
		}
	}
	if len(r.Problems) > 0 {
		fmt.Fprintf(t, "\nproblems\ttimes\n")
		for _, text := range slices.SortedFunc(maps.Keys(r.Problems), func(a, b string) int {
			return cmp.Or(cmp.Compare(r.Problems[b], r.Problems[a]), cmp.Compare(a, b))
		}) {
			fmt.Fprintf(t, "%s\t%s\n", text, prose.Number(r.Problems[text]))
		}
	}
}

// bySize returns the names of campaigns, the 20 with the most wins first and
// only.
func bySize(of map[string]*Figures) []string {
	names := slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		return cmp.Or(cmp.Compare(of[b].Wins, of[a].Wins), cmp.Compare(of[b].Bids, of[a].Bids), cmp.Compare(a, b))
	})
	return names[:min(len(names), 20)]
}

func (r *Report) noticeText() string {
	var parts []string
	for _, kind := range messages {
		n := r.Notices[string(kind)]
		if n == nil || n.Sent+n.Dropped+n.Lost == 0 {
			continue
		}
		s := string(kind) + " " + prose.Number(n.Sent)
		for _, of := range []struct {
			what string
			n    uint64
		}{{"failed", n.Failed}, {"put off", n.PutOff}, {"doubled", n.Doubled}, {"lost", n.Lost}, {"dropped", n.Dropped}} {
			if of.n > 0 {
				s += " (" + prose.Number(of.n) + " " + of.what + ")"
			}
		}
		parts = append(parts, s)
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}

func (r *Report) perSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Requests) / r.Elapsed.Seconds()
}

func percent(part, whole uint64) string {
	if whole == 0 {
		return "0%"
	}
	return fmt.Sprintf("%.0f%%", 100*float64(part)/float64(whole))
}

func money(of map[string]ad.Money) string {
	var parts []string
	for _, cur := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, fmt.Sprintf("%.2f %s", of[cur].Units(), cur))
	}
	return cmp.Or(strings.Join(parts, " + "), "nothing")
}

// short writes a duration with three digits at most.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	case d >= 100*time.Microsecond:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%d µs", d.Microseconds())
}
