package attack

import (
	"fmt"
	"time"

	"bidwell/internal/prose"
)

// What makes the figures of an attack doubtful.
const (
	mostOwnLag  = 500 * time.Microsecond // p99, or a tenth of the latency's p99
	mostBusy    = 0.9                    // of the sender's time
	mostMachine = 0.95                   // of all cores' time
	mostGC      = 0.05                   // of the generator's processor time
	mostPaused  = 0.005                  // of the time
)

// judge says what speaks against the figures, and what else is odd.
func (r *Report) judge(use usage) {
	warn := func(format string, args ...any) { r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...)) }
	note := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	lagged := r.OwnLag.P99 > max(mostOwnLag, r.Latency.P99/10)
	if lagged {
		warn("the generator itself was late: 1 %% of the requests were sent %s or more after they were due although a connection was free", short(r.OwnLag.P99))
	}
	if r.Self.Busy > mostBusy {
		warn("the sender had something to do %.0f %% of the time: this is about the most that one generator sends", 100*r.Self.Busy)
	}
	if r.Self.Machine > mostMachine {
		warn("the cores of this machine were %.0f %% busy: the generator and whatever else runs here took time from each other", 100*r.Self.Machine)
	}
	if r.Self.GC > mostGC || float64(r.Self.Pauses) > mostPaused*float64(r.Elapsed) {
		warn("collecting the generator's own garbage took %.1f %% of its processor time and stopped it for %s", 100*r.Self.GC, short(r.Self.Pauses))
	}
	if n := r.Reasons[Invalid.String()]; n > 0 && r.Checked > 0 && r.Checked < r.Bids+n {
		warn("invalid: %s of %s; of the %s with bids that were not checked about as large a part is counted as bids and is none",
			prose.Number(n), prose.Count(r.Checked, "checked answer"), prose.Number(r.Bids+n-r.Checked))
	}
	if missing := r.Due - r.Sent; missing > 0 {
		why := "all connections were waiting for answers: the bidder is too slow for this rate, or needs more --connections"
		if lagged {
			why = "the generator could not keep up"
		}
		note("%s of %s could not be sent within tmax: %s", prose.Number(missing), prose.Count(r.Due, "request"), why)
	}
	if n := r.Due - r.Reasons[Refused.String()] - r.Reasons[Closed.String()] - r.Reasons[Malformed.String()]; n > 0 && n < 1000 {
		note("with %s p99 and above rest on fewer than ten", prose.Count(n, "answer"))
	}
	if use.stray > 0 {
		note("closed %s on which something came that was not asked for", prose.Count(use.stray, "connection"))
	}
	if many := use.opened - r.Connections; many > r.Connections && many > int(r.Due/10) {
		note("%s connections were opened: the bidder does not keep them", prose.Number(use.opened))
	}
}
