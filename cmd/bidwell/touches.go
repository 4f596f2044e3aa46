package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"bidwell/internal/prose"
	"bidwell/ledger"
	"bidwell/profile"
	"bidwell/profile/pebblestore"
	"bidwell/profile/touches"
)

// openTouches prepares to bring contacts from the ledger into profiles.
func (m *Main) openTouches() (err error) {
	m.touches, err = touches.Open(m.ledger, m.profiles, touches.Options{Changed: m.sayTouches})
	if errors.Is(err, touches.ErrAhead) {
		m.Log.Warn("contacts are followed from the end of the ledger", zap.Error(err))
		return nil
	}
	return err
}

func (m *Main) sayTouches(trouble error) {
	if trouble != nil {
		m.Log.Error("contacts wait for the profiles; bidding goes on", zap.Error(trouble))
		return
	}
	m.Log.Info("contacts reach the profiles again")
}

// followLedger brings contacts into profiles, and teaches prices, until stop is
// called, which waits for what is durable by then. It goes on beside bidding: a profile
// that lacks the last contacts is no reason not to bid, nor is a model that does.
func (m *Main) followLedger() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() { m.touches.Run(ctx) })
	following.Go(func() { m.learned.Run(ctx) })
	return func() {
		cancel()
		following.Wait()
	}
}

// touchStatus is where the profiles stand.
type touchStatus struct {
	Behind  uint64 `json:"events_behind"`     // durable events that they have not seen
	Trouble string `json:"trouble,omitempty"` // why not
}

func (m *Main) touchStatus() touchStatus {
	s := m.touches.Stats()
	out := touchStatus{Behind: s.Behind}
	if s.Trouble != nil {
		out.Trouble = s.Trouble.Error()
	}
	return out
}

// touchMetrics shows what the follower counts.
type touchMetrics struct{ *touches.Follower }

var (
	touchesDesc = prometheus.NewDesc("bidwell_profile_touches_total", "Contacts brought into profiles.", nil, nil)
	failedDesc  = prometheus.NewDesc("bidwell_profile_write_errors_total", "Contacts that the person's profile could not take.", nil, nil)
	lostDesc    = prometheus.NewDesc("bidwell_profile_events_lost_total", "Stretches of events in the ledger that cannot be read: their contacts are in no profile.", nil, nil)
	behindDesc  = prometheus.NewDesc("bidwell_profile_events_behind", "Durable events that the profiles have not seen.", nil, nil)
	unwellDesc  = prometheus.NewDesc("bidwell_profile_writable", "1 if contacts reach the profiles; at 0 they wait in the ledger.", nil, nil)
)

// Describe implements prometheus.Collector.
func (t touchMetrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(t, ch) }

// Collect implements prometheus.Collector.
func (t touchMetrics) Collect(ch chan<- prometheus.Metric) {
	s := t.Stats()
	writable := 1.0
	if s.Trouble != nil {
		writable = 0
	}
	ch <- prometheus.MustNewConstMetric(touchesDesc, prometheus.CounterValue, float64(s.Applied))
	ch <- prometheus.MustNewConstMetric(failedDesc, prometheus.CounterValue, float64(s.Failed))
	ch <- prometheus.MustNewConstMetric(lostDesc, prometheus.CounterValue, float64(s.Lost))
	ch <- prometheus.MustNewConstMetric(behindDesc, prometheus.GaugeValue, float64(s.Behind))
	ch <- prometheus.MustNewConstMetric(unwellDesc, prometheus.GaugeValue, writable)
}

// openStoreToForget opens the profiles of a data directory to erase somebody. If
// there are none but there is a ledger, they are made: the mark that keeps the
// person's contacts from being made again must stand somewhere.
func openStoreToForget(dir string, blockMB int) (*pebblestore.Store, error) {
	if _, err := os.Stat(ledgerDir(dir)); err == nil {
		return openStore(dir, blockMB)
	}
	return openStoreIfAny(dir, blockMB)
}

// replayTouches makes the contacts in the profiles of a data directory again from
// the ledger, and compares them. It returns nil if there are no profiles.
func replayTouches(cmd *cobra.Command, l *ledger.Ledger, dir string, mend bool) (found *touches.Replayed, err error) {
	if _, err := os.Stat(filepath.Join(dir, "profiles")); errors.Is(err, fs.ErrNotExist) && !mend {
		return nil, nil
	}
	store, err := openStore(dir, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	profiles, err := profile.Open(store, profile.Config{CacheBytes: 64 << 20})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, profiles.Close()) }()
	scratch, err := os.MkdirTemp(dir, "replay-")
	if err != nil {
		return nil, fmt.Errorf("replay contacts: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	empty, err := pebblestore.Open(pebblestore.Config{Dir: filepath.Join(scratch, "profiles")})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, empty.Close()) }()
	bar := newStepBar("replay contacts")
	defer bar.end()
	return touches.Replay(cmd.Context(), l, profiles, empty, touches.ReplayOptions{Now: time.Now(), Mend: mend, Progress: bar.step})
}

// writeTouches says what a replay of contacts has found.
func writeTouches(w io.Writer, r *touches.Replayed) {
	if r == nil {
		return
	}
	fmt.Fprintf(w, "contacts of %s compared: %s missing, %s different\n", prose.Count(r.People, "person"), prose.Number(int64(r.Missing)), prose.Number(int64(r.Differing)))
	if r.Behind > 0 {
		fmt.Fprintf(w, "  %s not in the profiles yet; a bidder that runs catches up\n", prose.Count(r.Behind, "event"))
	}
	for _, d := range r.Differences {
		fmt.Fprintf(w, "  person %s: %s\n", d.Person, d.What)
	}
	switch {
	case r.Mended > 0:
		fmt.Fprintf(w, "  %s mended\n", prose.Count(r.Mended, "person"))
	case r.Missing+r.Differing > 0:
		fmt.Fprintln(w, "  mend them with bidwell ledger replay --write")
	}
}
