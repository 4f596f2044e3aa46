package loadtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"bidwell/ad"
)

// reportFormat is the first thing in the file of a Report.
const reportFormat = "bidwell-market/1"

// Generator says which exchange made a report.
type Generator struct {
	Name    string    `json:"name"` // of the machine, or of the file
	Number  uint64    `json:"number"`
	Seed    uint64    `json:"seed"`
	Target  string    `json:"target"`
	Started time.Time `json:"started"`
}

// mostSamples is how many samples a merged report keeps.
const mostSamples = 20

func newReport() *Report {
	return &Report{
		Format: reportFormat, Spend: map[string]ad.Money{}, Notices: map[string]*NoticeFigures{},
		Campaigns: map[string]*Figures{}, Creatives: map[string]*Figures{}, Segments: map[string]*SegmentFigures{},
		Problems: map[string]uint64{}, Total: Figures{Spend: map[string]ad.Money{}},
	}
}

// merge adds what o has counted. Times, rates and generators are not its concern.
func (r *Report) merge(o *Report) {
	for _, p := range [...]struct{ to, from *uint64 }{
		{&r.Requests, &o.Requests}, {&r.Unsent, &o.Unsent}, {&r.Answers, &o.Answers}, {&r.NoBids, &o.NoBids},
		{&r.Timeouts, &o.Timeouts}, {&r.Errors, &o.Errors}, {&r.Bids, &o.Bids}, {&r.Invalid, &o.Invalid},
		{&r.Losses, &o.Losses}, {&r.Wins, &o.Wins}, {&r.Impressions, &o.Impressions}, {&r.Untracked, &o.Untracked},
		{&r.Clicks, &o.Clicks},
	} {
		*p.to += *p.from
	}
	addAll(r.Spend, o.Spend)
	addAll(r.Problems, o.Problems)
	for kind, n := range o.Notices {
		r.notice(kind).merge(n)
	}
	mergeFigures(r.Campaigns, o.Campaigns)
	mergeFigures(r.Creatives, o.Creatives)
	for name, s := range o.Segments {
		to := r.Segments[name]
		if to == nil {
			to = new(SegmentFigures)
			r.Segments[name] = to
		}
		to.merge(s)
	}
	r.Samples = append(r.Samples, o.Samples...)
	r.Samples = r.Samples[:min(len(r.Samples), mostSamples)]
	r.Histograms.merge(&o.Histograms)
}

// sumUp makes what follows from the rest.
func (r *Report) sumUp() {
	r.Total = Figures{Spend: map[string]ad.Money{}}
	for _, f := range r.Campaigns {
		r.Total.merge(f)
	}
	r.Latency, r.Lag = quantilesOf(&r.Histograms.Latency), quantilesOf(&r.Histograms.Lag)
}

func (r *Report) notice(kind string) *NoticeFigures {
	n := r.Notices[kind]
	if n == nil {
		n = new(NoticeFigures)
		r.Notices[kind] = n
	}
	return n
}

func (n *NoticeFigures) merge(o *NoticeFigures) {
	n.Sent += o.Sent
	n.Failed += o.Failed
	n.PutOff += o.PutOff
	n.Dropped += o.Dropped
	n.Lost += o.Lost
	n.Doubled += o.Doubled
}

func (s *SegmentFigures) merge(o *SegmentFigures) {
	s.Bids += o.Bids
	s.Wins += o.Wins
	s.Bid += o.Bid
	s.MinToWin += o.MinToWin
	s.Paid += o.Paid
}

func (f *Figures) merge(o *Figures) {
	f.Bids += o.Bids
	f.Wins += o.Wins
	f.Impressions += o.Impressions
	f.Clicks += o.Clicks
	addAll(f.Spend, o.Spend)
	f.Billed += o.Billed
	f.Acknowledged += o.Acknowledged
	f.Unclear += o.Unclear
	f.Responses.merge(&o.Responses)
	f.Surplus.merge(&o.Surplus)
}

func (h *Histograms) merge(o *Histograms) {
	h.Latency.Merge(&o.Latency)
	h.Lag.Merge(&o.Lag)
	h.Notices.Merge(&o.Notices)
	h.Bids.Merge(&o.Bids)
	h.MinToWin.Merge(&o.MinToWin)
}

func mergeFigures(to, from map[string]*Figures) {
	for name, f := range from {
		figures(to, name).merge(f)
	}
}

func addAll[N ad.Money | uint64](to, from map[string]N) {
	for name, n := range from {
		to[name] += n
	}
}

// MergeReports makes one report of those of several generators. It refuses
// reports in different house currencies, and one that is there twice.
func MergeReports(all []*Report) (*Report, error) {
	if len(all) == 0 {
		return nil, errors.New("there is no report to merge")
	}
	m := newReport()
	m.Currency = all[0].Currency
	var end time.Time
	seen := map[Generator]bool{}
	for _, r := range all {
		if r.Currency != m.Currency {
			return nil, fmt.Errorf("reports in %s and %s cannot be added: run all generators with the same --currency", m.Currency, r.Currency)
		}
		for _, g := range r.Generators {
			if seen[g] {
				return nil, fmt.Errorf("the report of generator %d of %s, begun at %s, is given twice", g.Number, g.Name, g.Started.Format(time.RFC3339))
			}
			seen[g] = true
		}
		m.Generators = append(m.Generators, r.Generators...)
		if m.Started.IsZero() || r.Started.Before(m.Started) {
			m.Started = r.Started
		}
		if e := r.Started.Add(r.Elapsed); e.After(end) {
			end = e
		}
		m.Rate += r.Rate
		m.merge(r)
	}
	m.Elapsed = end.Sub(m.Started)
	m.sumUp()
	return m, nil
}

// WriteFile writes a report as JSON, in place of a file that is there already.
func (r *Report) WriteFile(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	defer os.Remove(f.Name()) // fails once it is renamed
	if err := errors.Join(r.WriteJSON(f), f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// WriteJSON writes a report as its file holds it.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// ReadReport reads the file of a report.
func ReadReport(path string) (*Report, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a report: %w", err)
	}
	r := newReport()
	r.Format = ""
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("read a report: %s is none: %w", path, err)
	}
	if r.Format != reportFormat {
		return nil, fmt.Errorf("read a report: %s has the format %q, not %q, which `bidwell loadtest market --out` writes", path, r.Format, reportFormat)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("read a report: %s: %w", path, err)
	}
	return r, nil
}

// check refuses what no exchange writes.
func (r *Report) check() error {
	if r.Currency == "" || r.Elapsed < 0 || r.Started.IsZero() {
		return errors.New("its currency or its time is missing")
	}
	if hasNil(r.Campaigns) || hasNil(r.Creatives) || hasNil(r.Segments) || hasNil(r.Notices) {
		return errors.New("some figures are missing")
	}
	return nil
}

func hasNil[T any](of map[string]*T) bool {
	for _, v := range of {
		if v == nil {
			return true
		}
	}
	return false
}
