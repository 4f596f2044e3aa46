package bidder

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bidwell/ad"
	"bidwell/profile"
	"bidwell/profile/sightings"
)

// Metrics are the engine's counters. They are added to without locks or look-ups
// by name and read when Prometheus collects them.
type Metrics struct {
	unknown    exchangeState                // requests to no exchange that is configured
	nobids     [ad.NumReasons]atomic.Uint64 // requests without a bid, by what the farthest line item failed on
	candidates [ad.NumReasons]atomic.Uint64 // line items looked at, by what became of them
	notices    [ad.Click + 1][ad.NumReasons]atomic.Uint64
	syncs      [numSyncOutcomes]atomic.Uint64
	reports    [2][numReportOutcomes]atomic.Uint64 // visits and conversions
	uncredited [numMissed]atomic.Uint64            // conversions
	identity   [2]atomic.Uint64                    // requests whose profile may not, may be read
	broken     atomic.Uint64                       // connections that ended in an error
	spend      atomic.Int64                        // nano-units of house currency, at clearing prices
	priced     priced
	decide     histogram
	reloads    [2]atomic.Uint64 // failed, done
	loaded     atomic.Int64     // unix seconds of the last good reload
	lastFailed atomic.Bool
}

// reportIndex is the place of a kind of report among the counters.
func reportIndex(k ad.EventKind) int {
	if k == ad.EventConversion {
		return 1
	}
	return 0
}

// histogram counts durations in buckets that double from 16 µs on.
type histogram struct {
	buckets [14]atomic.Uint64
	sum     atomic.Int64 // nanoseconds
}

const firstBucket = 16 * time.Microsecond

func (h *histogram) observe(d time.Duration) {
	i, bound := 0, firstBucket
	for i < len(h.buckets)-1 && d > bound {
		i, bound = i+1, bound*2
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

// decided adds what one decision counted.
func (m *Metrics) decided(sc *Scratch, r ad.Reason) {
	for i := range sc.counts {
		if n := sc.counts[i]; n > 0 {
			m.candidates[i].Add(uint64(n))
		}
	}
	if sc.Person.May.Read {
		m.identity[1].Add(1)
	} else {
		m.identity[0].Add(1)
	}
	if r != ad.OK {
		m.nobids[r].Add(1)
	}
}

// Reloaded notes the outcome of a reload.
func (m *Metrics) Reloaded(ok bool, now time.Time) {
	m.lastFailed.Store(!ok)
	if ok {
		m.reloads[1].Add(1)
		m.loaded.Store(now.Unix())
		return
	}
	m.reloads[0].Add(1)
}

// desc makes the description of one metric.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("bidwell_"+name, help, labels, nil)
}

var (
	requestsDesc   = desc("requests_total", "Requests on the exchange port by exchange and status.", "exchange", "status")
	bidsDesc       = desc("bid_responses_total", "Responses with a bid.", "exchange")
	offersDesc     = desc("bids_total", "Bids in responses.", "exchange")
	nobidsDesc     = desc("no_bids_total", "Requests without a bid by what the line item that came farthest failed on.", "reason")
	candidatesDesc = desc("candidates_total", "Line items looked at that did not bid, by reason.", "reason")
	noticesDesc    = desc("notices_total", "Notices by kind and outcome.", "notice", "outcome")
	syncsDesc      = desc("cookie_matches_total", "Cookie matches by outcome.", "outcome")
	reportsDesc    = desc("reports_total", "Visits and conversions that advertisers reported, by outcome.", "event", "outcome")
	uncreditedDesc = desc("conversions_uncredited_total", "Conversions that count for no ad because the person's profile, or the click that they name, could not be read, or that name a bid that has no click of theirs.", "outcome")
	sightingsDesc  = desc("sightings_total", "Topics on which bid requests met people, not counting repetitions within half an hour, by outcome.", "outcome")
	profilesDesc   = desc("profile_reads_total", "Profile reads by outcome.", "outcome")
	cacheDesc      = desc("profile_cache_bytes", "Memory that cached profiles take, about.")
	peopleDesc     = desc("people", "People of whom something is known, about.")
	consentDesc    = desc("profile_permission_total", "Requests by whether the person's profile may be read.", "permitted")
	brokenDesc     = desc("connection_errors_total", "Connections that ended in an error: not HTTP, cut off, or too slow.")
	spendDesc      = desc("spend_total", "Spend at clearing prices, in units of the house currency.")
	decideDesc     = desc("decide_seconds", "Time from the arrival of a bid request to its answer.")
	reloadsDesc    = desc("reloads_total", "Configuration reloads by outcome.", "outcome")
	reloadOKDesc   = desc("reload_last_failed", "1 if the last reload failed and an older configuration serves.")
	loadedDesc     = desc("config_loaded_timestamp_seconds", "When the configuration that serves was loaded.")
	lateDesc       = desc("late_spend_total", "Spend on notices that came after their reservation had ended: what budgets may be exceeded by.")
	openDesc       = desc("open_reservations", "Bids whose notices are awaited.")
	heldDesc       = desc("exposures_held", "Undecided bids that count towards frequency caps, and impressions that profiles may not show yet.")
	shedDesc       = desc("shedding_ratio", "Share of requests that are answered unread because of overload.")
	durableDesc    = desc("ledger_writable", "1 if events can be made durable; at 0 nothing is bid.")
	linesDesc      = desc("line_items", "Line items in the configuration that serves.")
)

// Describe implements prometheus.Collector.
func (e *Engine) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(e, ch) }

// Collect implements prometheus.Collector.
func (e *Engine) Collect(ch chan<- prometheus.Metric) {
	m := e.Metrics
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	e.collectExchanges(counter)
	for r := range ad.Reason(ad.NumReasons) {
		if n := m.nobids[r].Load(); n > 0 {
			counter(nobidsDesc, float64(n), r.String())
		}
		if n := m.candidates[r].Load(); n > 0 {
			counter(candidatesDesc, float64(n), r.String())
		}
		for k := ad.Win; k <= ad.Click; k++ {
			if n := m.notices[k][r].Load(); n > 0 {
				counter(noticesDesc, float64(n), k.String(), r.String())
			}
		}
	}
	for o := range m.syncs {
		if n := m.syncs[o].Load(); n > 0 {
			counter(syncsDesc, float64(n), syncOutcomeNames[o])
		}
	}
	for _, k := range [...]ad.EventKind{ad.EventVisit, ad.EventConversion} {
		for o := range reportOutcome(numReportOutcomes) {
			if n := m.reports[reportIndex(k)][o].Load(); n > 0 {
				counter(reportsDesc, float64(n), k.String(), o.String())
			}
		}
	}
	for o := range numMissed {
		counter(uncreditedDesc, float64(m.uncredited[o].Load()), o.String())
	}
	if e.Sightings != nil {
		for o, n := range e.Sightings.Counts() {
			counter(sightingsDesc, float64(n), sightings.Outcome(o).String())
		}
	}
	people := e.Profiles.Stats()
	for o, n := range people.Loads {
		counter(profilesDesc, float64(n), profile.Outcome(o).String())
	}
	gauge(cacheDesc, float64(people.CacheBytes))
	gauge(peopleDesc, float64(people.People))
	counter(consentDesc, float64(m.identity[0].Load()), "no")
	counter(consentDesc, float64(m.identity[1].Load()), "yes")
	counter(brokenDesc, float64(m.broken.Load()))
	counter(spendDesc, ad.Money(m.spend.Load()).Units())
	counter(reloadsDesc, float64(m.reloads[0].Load()), "failed")
	counter(reloadsDesc, float64(m.reloads[1].Load()), "ok")
	gauge(loadedDesc, float64(m.loaded.Load()))
	gauge(reloadOKDesc, oneIf(m.lastFailed.Load()))
	book := e.Money.Stats()
	counter(lateDesc, book.LateSpend.Units())
	gauge(openDesc, float64(book.Open))
	gauge(heldDesc, float64(e.Exposures.Len()))
	gauge(shedDesc, e.shed.share())
	gauge(durableDesc, oneIf(!e.unsafe.Load()))
	if s := e.Snapshot(); s != nil {
		gauge(linesDesc, float64(len(s.Lines)))
		e.collectPacing(s, ch)
		e.collectPrices(s, ch)
	}
	ch <- m.decide.metric(decideDesc)
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (e *Engine) collectExchanges(counter func(*prometheus.Desc, float64, ...string)) {
	list := []*exchangeState{&e.Metrics.unknown}
	if l := e.live.Load(); l != nil {
		list = append(list, l.exchanges...)
	}
	for _, x := range list {
		for s := range x.status {
			if n := x.status[s].Load(); n > 0 {
				counter(requestsDesc, float64(n), x.name, status(s).String())
			}
		}
		counter(bidsDesc, float64(x.bids.Load()), x.name)
		counter(offersDesc, float64(x.offers.Load()), x.name)
	}
}

func (h *histogram) metric(d *prometheus.Desc) prometheus.Metric {
	buckets := make(map[float64]uint64, len(h.buckets))
	var n uint64
	bound := firstBucket
	for i := range h.buckets {
		n += h.buckets[i].Load()
		if i < len(h.buckets)-1 {
			buckets[bound.Seconds()] = n
		}
		bound *= 2
	}
	return prometheus.MustNewConstHistogram(d, n, time.Duration(h.sum.Load()).Seconds(), buckets)
}
