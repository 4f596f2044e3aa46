package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/ledger"
	"bidwell/notice"
	"bidwell/pacing"
	"bidwell/pricing"
	"bidwell/pricing/learn"
	"bidwell/profile"
	"bidwell/profile/pebblestore"
	"bidwell/profile/sightings"
	"bidwell/profile/touches"
)

// Main is the bidder as a process. Set its options, then Open, then Run; tests
// start it on port 0 like the command line does on 8080.
type Main struct {
	Config string // path of bidwell.yaml
	Listen string // overrides the file
	Admin  string // overrides the file
	Data   string // overrides the file
	Log    *zap.Logger
	Drain  time.Duration // overrides the file
	Shed   time.Duration // overrides limits.shed_above of the file

	watcher  *campaign.Watcher
	engine   *bidder.Engine
	server   *bidder.Server
	store    *pebblestore.Store
	ledger   *ledger.Ledger
	leases   *leases // none where nothing is bid
	touches  *touches.Follower
	learned  *learn.Follower
	profiles *profile.Profiles
	exchange net.Listener
	admin    net.Listener
	process  *campaign.ProcessFile // as it was at the start
	rates    *ad.Rates             // as they were at the start
	asking   bool                  // opened for a question: nothing is written
	started  time.Time
	lifetime time.Duration // for which notices are accepted
	status   atomic.Pointer[reloadStatus]
}

// leastLifetime is how long notices are accepted after their bid, at least.
const leastLifetime = 2 * time.Hour

// Open loads the configuration, opens the data directory and listens. What it
// opened is closed by Close, also after an error.
func (m *Main) Open() error {
	m.started = time.Now()
	watcher, err := campaign.NewWatcher(filepath.Dir(m.Config)) // before it is read: no change is missed
	if err != nil {
		return err
	}
	m.watcher = watcher
	snap, problems, err := campaign.Load(m.Config, m.started)
	if err != nil {
		return err
	}
	if snap == nil {
		problems.Write(os.Stderr, isTerminal(os.Stderr))
		return fmt.Errorf("%s: the configuration has errors, see above; nothing was started", m.Config)
	}
	m.process, m.rates = snap.Process, snap.Rates
	if err := m.openData(); err != nil {
		return err
	}
	lost := m.lostKeys()
	keys, err := loadKeys(tokenKeysFile(m.dataDir()))
	if err != nil {
		return err
	}
	features, err := loadFeatureKey(featureKeyFile(m.dataDir()), true)
	if err != nil {
		return err
	}
	if err := m.listen(); err != nil {
		return err
	}
	m.defaultURLs(snap)
	m.openEngine(snap, keys, features)
	m.openInventory()
	if err := m.openLedger(tokenLifetime(snap)); err != nil {
		return err
	}
	m.warnOfNewKeys(lost)
	m.openLearned()
	snap.Bind(m.engine.Books)
	if err := m.restore(m.started); err != nil {
		return err
	}
	m.publish(snap)
	if err := m.openTouches(); err != nil {
		return err
	}
	m.engine.Metrics.Reloaded(true, m.started)
	m.status.Store(&reloadStatus{At: m.started, OK: true})
	return nil
}

// dataDir returns the data directory.
func (m *Main) dataDir() string { return firstSet(m.Data, m.process.Data, "data") }

func firstSet(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func (m *Main) openData() error {
	dir := m.dataDir()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make the data directory: %w; name another one with --data", err)
	}
	return m.openPeople(openStore)
}

// openPeople opens the profiles in the data directory.
func (m *Main) openPeople(open storeOpener) (err error) {
	spec := m.process.Store
	m.store, err = open(m.dataDir(), spec.BlockMB)
	if err != nil {
		return err
	}
	m.profiles, err = profile.Open(m.store, profile.Config{Retention: m.process.Privacy.Retention.Keep(), CacheBytes: int64(spec.CacheMB) << 20})
	return err
}

// storeOpener opens the profiles of a data directory.
type storeOpener func(dir string, blockMB int) (*pebblestore.Store, error)

// profilesDir is where the profiles are in a data directory.
func profilesDir(dir string) string { return filepath.Join(dir, "profiles") }

// openStore opens the profiles of a data directory, which it makes if need be.
func openStore(dir string, blockMB int) (*pebblestore.Store, error) {
	return pebblestore.Open(pebblestore.Config{Dir: profilesDir(dir), CacheBytes: int64(blockMB) << 20})
}

// openStoreIfAny opens the profiles of a data directory for those who only ask.
// A directory that does not exist is not made: nobody is known.
func openStoreIfAny(dir string, blockMB int) (*pebblestore.Store, error) {
	path := profilesDir(dir)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return pebblestore.Open(pebblestore.Config{Dir: path, FS: vfs.NewMem()})
	}
	return openStore(dir, blockMB)
}

func (m *Main) listen() error {
	var err error
	m.exchange, err = net.Listen("tcp", firstSet(m.Listen, m.process.Listen, ":8080"))
	if err != nil {
		return fmt.Errorf("listen for exchanges: %w; choose another address with --listen", err)
	}
	m.admin, err = net.Listen("tcp", firstSet(m.Admin, m.process.Admin, "127.0.0.1:8081"))
	if err != nil {
		return fmt.Errorf("listen for administrators: %w; choose another address with --admin", err)
	}
	if m.process.AdminKey == "" && !isLoopback(m.admin.Addr()) {
		return fmt.Errorf("the admin port %s can be reached from outside: set admin_key in %s, or listen on 127.0.0.1", m.admin.Addr(), m.Config)
	}
	return nil
}

func isLoopback(a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	return ok && t.IP.IsLoopback()
}

// defaultURLs fills in how to reach this process where the file does not say.
func (m *Main) defaultURLs(s *campaign.Snapshot) {
	host := m.exchange.Addr().String()
	if t, ok := m.exchange.Addr().(*net.TCPAddr); ok && t.IP.IsUnspecified() {
		host = fmt.Sprintf("127.0.0.1:%d", t.Port)
	}
	u := &s.Process.URLs
	u.Public = firstSet(u.Public, "https://"+host)
	u.Notices = firstSet(u.Notices, "http://"+host)
}

// tokenLifetime is how long notices are accepted after their bid.
func tokenLifetime(s *campaign.Snapshot) time.Duration {
	lifetime := time.Duration(leastLifetime)
	for _, e := range s.Exchanges {
		lifetime = max(lifetime, 2*e.NoticeWindow)
	}
	return lifetime
}

// openEngine makes the engine, which signs notices with keys and shows models what is
// hashed with another.
func (m *Main) openEngine(s *campaign.Snapshot, keys notice.Keys, features pricing.Key) {
	m.lifetime = tokenLifetime(s)
	lifetime := m.lifetime
	books := &campaign.Books{Money: new(pacing.Accounts), Counts: new(pacing.Accounts), Pacer: new(pacing.Pacer)}
	m.engine = &bidder.Engine{
		Profiles: m.profiles,
		Books:    books,
		Money:    pacing.NewBook(books.Money, lifetime),
		Counts:   pacing.NewBook(books.Counts, lifetime),
		Signer:   notice.NewSigner(keys),
		Verifier: notice.NewVerifier(keys, lifetime),
		Metrics:  new(bidder.Metrics),
		Features: features,

		Sightings: sightings.New(m.profiles),
	}
	limits := bidderLimits(s.Process)
	limits.ShedAbove = orDefaultTime(m.Shed, limits.ShedAbove)
	m.server = bidder.NewServer(m.engine, limits)
}

// bidderLimits returns the limits of the exchange port, with their defaults.
func bidderLimits(p *campaign.ProcessFile) bidder.Limits {
	l := p.Limits
	return bidder.Limits{
		Body:        orDefault(l.BodyKB, 512) << 10,
		Connections: orDefault(l.Connections, 16384),
		SlowClient:  orDefaultTime(l.SlowClient.Std(), time.Second),
		ShedAbove:   orDefaultTime(l.ShedAbove.Std(), 5*time.Millisecond),
	}
}

func drainTime(p *campaign.ProcessFile) time.Duration {
	return orDefaultTime(p.Limits.Drain.Std(), 5*time.Second)
}

func orDefault(v, def int) int {
	if v > 0 {
		return v
	}
	return def
}

func orDefaultTime(v, def time.Duration) time.Duration {
	if v > 0 {
		return v
	}
	return def
}

// Addr returns the address of the exchange port.
func (m *Main) Addr() string { return m.exchange.Addr().String() }

// AdminAddr returns the address of the admin port.
func (m *Main) AdminAddr() string { return m.admin.Addr().String() }

// Run serves until ctx is done, then drains: /readyz says no and answers close
// their connections for a while, then the requests under way are finished.
func (m *Main) Run(ctx context.Context) error {
	defer m.followLedger()() // ends last: it waits for what follows from the last notices
	g, background := errgroup.WithContext(context.Background())
	background, stop := context.WithCancel(background)
	defer stop()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP) // before anything says that it runs: unheeded, it kills
	defer signal.Stop(hup)
	adminServer := &http.Server{
		Handler: m.adminHandler(), ReadHeaderTimeout: 5 * time.Second,
		BaseContext: func(net.Listener) context.Context { return background }, // an import ends when we do
	}
	g.Go(func() error { return ignoreClosed(m.server.Serve(m.exchange)) })
	g.Go(func() error { return ignoreClosed(adminServer.Serve(m.admin)) })
	g.Go(func() error { return m.server.Watch(background) })
	g.Go(func() error { m.keepBooks(background); return nil })
	g.Go(func() error { m.keepLeases(background); return nil })
	g.Go(func() error { m.expirePeople(background); return nil })
	g.Go(func() error { m.keepInventory(background); return nil })
	g.Go(func() error { m.engine.Sightings.Run(background); return nil })
	g.Go(func() error { m.watchConfig(background, hup); return nil })
	m.Log.Info("serving", zap.String("exchanges", m.Addr()), zap.String("admin", m.AdminAddr()),
		zap.Int("line_items", len(m.engine.Snapshot().Lines)))

	select {
	case <-ctx.Done():
		m.drain(background)
	case <-background.Done(): // a server failed
	}
	stop()
	closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := errors.Join(m.server.Shutdown(closing), adminServer.Shutdown(closing))
	return errors.Join(g.Wait(), err)
}

// drain keeps answering while load balancers notice that /readyz says no. It
// ends early when a server fails.
func (m *Main) drain(background context.Context) {
	wait := orDefaultTime(m.Drain, drainTime(m.process))
	m.engine.Drain()
	m.Log.Info("draining", zap.Duration("for", wait))
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-background.Done():
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Close closes what Open opened.
func (m *Main) Close() error {
	var errs []error
	for _, ln := range []net.Listener{m.exchange, m.admin} {
		if ln != nil {
			if err := ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	if m.watcher != nil {
		errs = append(errs, m.watcher.Close())
	}
	if m.ledger != nil {
		m.closeBooks(time.Now())
		errs = append(errs, m.ledger.Close())
	}
	if m.profiles != nil {
		errs = append(errs, m.profiles.Close())
	}
	if m.store != nil {
		errs = append(errs, m.store.Close())
	}
	return errors.Join(errs...)
}

// spent returns what the accounts of a snapshot hold, for reports.
func (m *Main) spent(now time.Time) map[ad.ID]pacing.Figures {
	figures := map[ad.ID]pacing.Figures{}
	for _, f := range m.engine.Books.Money.Figures(now) {
		figures[f.ID] = f
	}
	return figures
}
