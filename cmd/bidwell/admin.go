package main

import (
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/http/pprof"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/pacing"
)

// adminHandler answers on the admin port.
func (m *Main) adminHandler() http.Handler {
	reg := prometheus.NewRegistry()
	gc := collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile("^/cpu/classes/(gc/)?total:cpu-seconds$")}
	reg.MustRegister(m.engine, touchMetrics{m.touches}, learnedMetrics{m.learned}, collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(gc)), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", m.readyz)
	mux.HandleFunc("GET /status", m.statusz)
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, buildVersion()) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("POST /api/explain", m.apiExplain)
	mux.HandleFunc("GET /api/audience", m.apiAudience)
	mux.HandleFunc("GET /api/audience/members", m.apiMembers)
	mux.HandleFunc("GET /api/audience/explain", m.apiAudienceExplain)
	mux.HandleFunc("GET /api/audience/reach", m.apiReach)
	mux.HandleFunc("GET /api/conversation", m.apiConversation)
	mux.HandleFunc("GET /api/report", m.apiReport)
	mux.HandleFunc("GET /api/person", m.apiPerson)
	mux.HandleFunc("GET /api/person/export", m.apiPersonExport)
	mux.HandleFunc("DELETE /api/person", m.apiPerson)
	mux.HandleFunc("POST /api/link", m.apiLink)
	mux.HandleFunc("DELETE /api/link", m.apiLink)
	mux.HandleFunc("POST /api/import", m.apiImport)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return m.guarded(mux)
}

// guarded demands the admin key where there is one, except of probes.
func (m *Main) guarded(next http.Handler) http.Handler {
	want := []byte("Bearer " + m.process.AdminKey)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		probe := r.URL.Path == "/livez" || r.URL.Path == "/readyz"
		if m.process.AdminKey != "" && !probe &&
			subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			http.Error(w, "send the admin key: Authorization: Bearer KEY", http.StatusUnauthorized)
			return
		}
		if !probe && fromElsewhere(r) {
			http.Error(w, "the admin port is not for web pages: call it by its address", http.StatusForbidden)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// fromElsewhere reports whether a web page made a browser send a request: it has
// an Origin, or the Host is a name, which may lead anywhere, and no address.
func fromElsewhere(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	named := host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil
	return r.Header.Get("Origin") != "" || named && r.Header.Get("Authorization") == ""
}

// readyz says whether to send requests here.
func (m *Main) readyz(w http.ResponseWriter, _ *http.Request) {
	if m.engine.Draining() {
		http.Error(w, "draining", http.StatusServiceUnavailable)
		return
	}
	if err := m.ledgerTrouble(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Write([]byte("ok\n"))
}

// status is what /status answers.
type status struct {
	Version   buildInfo        `json:"version"`
	Started   time.Time        `json:"started"`
	Draining  bool             `json:"draining"`
	Trouble   string           `json:"trouble,omitempty"` // why nothing is bid
	Config    string           `json:"config"`
	Loaded    time.Time        `json:"config_loaded"` // when what serves was loaded
	Reload    *reloadStatus    `json:"last_reload"`
	Warnings  []string         `json:"warnings,omitempty"`
	Currency  string           `json:"currency"`
	Profiles  touchStatus      `json:"profiles"`
	Prices    learnedStatus    `json:"prices"` // what is learned for them
	Campaigns []campaignStatus `json:"campaigns"`

	Advertisers []advertiserStatus `json:"advertisers,omitempty"` // those with a budget
}

// advertiserStatus is one advertiser's budget, which its campaigns share.
type advertiserStatus struct {
	Advertiser string `json:"advertiser"`
	Spend      spend  `json:"spend"`
	Pace       *pace  `json:"pacing,omitempty"`
}

// campaignStatus is one campaign and what it has spent since the start.
type campaignStatus struct {
	Campaign string       `json:"campaign"`
	Running  bool         `json:"running"`
	Spend    spend        `json:"spend"`
	Pace     *pace        `json:"pacing,omitempty"`
	Goal     *goalStatus  `json:"goal,omitempty"`
	Lines    []lineStatus `json:"line_items"`
}

// pace is where the pacing of a budget stands, in units of the house currency. Of a line
// item's, its campaign's and its advertiser's, the lowest κ decides.
type pace struct {
	Curve  string  `json:"curve"`  // asap where nothing spreads the budget
	Kappa  float64 `json:"kappa"`  // what bids are multiplied with
	Period string  `json:"period"` // that the budget is for: flight or day
	Budget float64 `json:"budget"` // of the period
	Spent  float64 `json:"spent"`  // of it

	// Of budgets that are spread.
	Planned  *float64 `json:"planned_spend,omitempty"`  // until now, by the curve
	Expected *float64 `json:"expected_spend,omitempty"` // spent, with what is expected of open bids
}

type lineStatus struct {
	Line  string `json:"line_item"`
	Spend spend  `json:"spend"`
	Pace  *pace  `json:"pacing,omitempty"` // of its own budget
}

// spend is an account in units of the house currency.
type spend struct {
	Total     float64 `json:"total"`
	Today     float64 `json:"today"`
	Reserved  float64 `json:"reserved"`
	Budget    float64 `json:"budget,omitempty"`
	Daily     float64 `json:"daily_budget,omitempty"`
	BudgetHit string  `json:"stopped_by,omitempty"` // budget, daily_budget, or not_durable while it cannot be recorded

	Impressions *impressions `json:"impressions,omitempty"` // if there are any, or a limit
}

// impressions are an account in impressions.
type impressions struct {
	Total    int64 `json:"total"`
	Today    int64 `json:"today"`
	Reserved int64 `json:"reserved"`
	Budget   int64 `json:"budget,omitempty"`
	Daily    int64 `json:"daily_budget,omitempty"`
}

func (m *Main) statusz(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	s := m.engine.Snapshot()
	st := status{
		Version: buildVersion(), Started: m.started, Draining: m.engine.Draining(),
		Config: m.Config, Loaded: s.Loaded, Reload: m.status.Load(),
		Currency: s.Rates.Base().String(), Profiles: m.touchStatus(), Prices: m.learnedStatus(),
	}
	if err := m.ledgerTrouble(); err != nil {
		st.Trouble = err.Error()
	}
	for _, p := range s.Warnings {
		st.Warnings = append(st.Warnings, p.Error())
	}
	gauges := map[ad.ID]*pacing.Gauge{} // of budgets that are spread, or held to an average cost
	for i := range s.Lines {
		l := &s.Lines[i]
		for level, g := range l.Gauges {
			if g != nil && (level == campaign.OfCampaign || !l.Hurried) {
				gauges[l.Accounts[level].ID()] = g
			}
		}
	}
	lines := map[ad.ID][]lineStatus{}
	for i := range s.Lines {
		l := &s.Lines[i]
		lines[l.Campaign.ID] = append(lines[l.Campaign.ID], lineStatus{l.Name, m.spendOf(l.ID, &l.Budget, now), m.paceOf(l.ID, &l.Budget, gauges[l.ID], now)})
	}
	for _, c := range s.Campaigns {
		st.Campaigns = append(st.Campaigns, campaignStatus{
			Campaign: c.Name, Running: c.Open(now.Unix()),
			Spend: m.spendOf(c.ID, &c.Budget, now), Lines: lines[c.ID], Pace: m.paceOf(c.ID, &c.Budget, gauges[c.ID], now), Goal: m.goalStatus(c),
		})
	}
	for i := range s.Advertisers {
		if a := &s.Advertisers[i]; a.Limited() {
			st.Advertisers = append(st.Advertisers, advertiserStatus{a.Name, m.spendOf(a.ID, &a.Budget, now), m.paceOf(a.ID, &a.Budget, gauges[a.ID], now)})
		}
	}
	writeJSON(w, st)
}

func (m *Main) spendOf(id ad.ID, b *campaign.Budget, now time.Time) spend {
	money, counts := m.engine.Books.Money.Get(id), m.engine.Books.Counts.Get(id)
	f, shown := money.Figures(now), counts.Figures(now)
	s := spend{
		Total: f.Confirmed.Units(), Today: f.Today.Confirmed.Units(), Reserved: f.Reserved.Units(),
		Budget: b.Total.Units(), Daily: b.Daily.Units(),
	}
	if shown.Confirmed > 0 || b.Counts() {
		s.Impressions = &impressions{
			Total: int64(shown.Confirmed), Today: int64(shown.Today.Confirmed), Reserved: int64(shown.Reserved),
			Budget: b.Impressions, Daily: b.DailyImpressions,
		}
	}
	stopped := money.Open(now)
	if stopped == ad.OK && b.Counts() { // else nothing is reserved there, nor leased
		stopped = counts.Open(now)
	}
	if stopped != ad.OK {
		s.BudgetHit = stopped.String()
	}
	return s
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.Encode(v) // the client's connection is all that can fail
}

// paceOf returns where the pacing of a budget stands, nil if there is no budget of money.
// One that nothing spreads says so, lest its reader wonder.
func (m *Main) paceOf(id ad.ID, b *campaign.Budget, g *pacing.Gauge, now time.Time) *pace {
	if b.Total == 0 && b.Daily == 0 {
		return nil
	}
	st, kappa := pacing.Status{Curve: pacing.ASAP}, 1.0
	if g != nil {
		if s, ok := m.engine.Books.Pacer.Status(id); ok {
			st = s
		}
		kappa = g.Kappa()
	}
	if st.Curve == pacing.ASAP {
		f := m.engine.Books.Money.Get(id).Figures(now)
		budget, spent := b.Total, f.Confirmed
		if b.Daily > 0 { // what is decided by first, most days
			budget, spent = b.Daily, f.Today.Confirmed
		}
		return &pace{Curve: st.Curve.String(), Kappa: kappa, Period: periodOf(b.Daily > 0), Budget: budget.Units(), Spent: spent.Units()}
	}
	p, _ := m.engine.Books.Pacer.Progress(id, now)
	planned, expected := p.Planned.Units(), p.Expected.Units()
	return &pace{
		Curve: st.Curve.String(), Kappa: kappa, Period: periodOf(p.Daily),
		Budget: p.Budget.Units(), Spent: p.Spent.Units(), Planned: &planned, Expected: &expected,
	}
}

// periodOf names what a budget is for.
func periodOf(daily bool) string {
	if daily {
		return "day"
	}
	return "flight"
}
