package bidder_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/internal/conf"
	"bidwell/ledger"
	"bidwell/notice"
	"bidwell/pacing"
	"bidwell/profile"
	"bidwell/profile/importer"
	"bidwell/profile/pebblestore"
)

// monday is when the tests take place, unless they say otherwise: a Monday
// morning in winter, 09:00 UTC.
var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// lifetime is how long notices are accepted after their bid.
const lifetime = 2 * time.Hour

// rig is an engine with everything that a process gives it, in memory.
type rig struct {
	*bidder.Engine
	store  *store
	events *ledger.Ledger
}

// store is a store of profiles in memory that can be broken.
type store struct {
	profile.Store
	broken atomic.Bool
	stalls atomic.Pointer[chan struct{}] // until it is closed, no record is read
}

func (s *store) Get(key ad.PersonID, dst []byte) ([]byte, error) {
	if s.broken.Load() {
		return dst, profile.ErrDamaged
	}
	if until := s.stalls.Load(); until != nil {
		<-*until
	}
	return s.Store.Get(key, dst)
}

// newRig returns an engine that serves the configuration in fsys to the people
// that NDJSON tells of, as of monday.
func newRig(tb testing.TB, fsys fs.FS, people string) *rig {
	tb.Helper()
	r := bareRig(tb, people)
	r.Publish(compile(tb, fsys))
	return r
}

// bareRig returns an engine that serves nothing yet.
func bareRig(tb testing.TB, people string) *rig {
	tb.Helper()
	db, err := pebblestore.Open(pebblestore.Config{Dir: "people", FS: vfs.NewMem(), CacheBytes: 1 << 20, MemTableSize: 1 << 20})
	if err != nil {
		tb.Fatal(err)
	}
	s := &store{Store: db}
	importPeople(tb, s, people)
	profiles := openProfiles(tb, s)
	tb.Cleanup(func() {
		closed(tb, profiles)
		closed(tb, s)
	})
	<-profiles.Ready()
	keys, err := notice.NewKeys([]byte("a secret of the tests, 32 bytes."))
	if err != nil {
		tb.Fatal(err)
	}
	books := &campaign.Books{Money: new(pacing.Accounts), Counts: new(pacing.Accounts), Pacer: new(pacing.Pacer)}
	events, err := ledger.Open(ledger.Config{Dir: "ledger", FS: vfs.NewMem(), Lifetime: lifetime, CacheBytes: 1 << 20, MemTableSize: 1 << 20})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closed(tb, events) })
	r := &rig{store: s, events: events, Engine: &bidder.Engine{
		Profiles: profiles,
		Books:    books,
		Money:    pacing.NewBook(books.Money, lifetime),
		Counts:   pacing.NewBook(books.Counts, lifetime),
		Ledger:   events,
		Signer:   notice.NewSigner(keys),
		Verifier: notice.NewVerifier(keys, lifetime),
		Metrics:  new(bidder.Metrics),
	}}
	return r
}

// Publish binds a snapshot and makes it decide, as a process does.
func (r *rig) Publish(s *campaign.Snapshot) {
	s.Bind(r.Books)
	r.Engine.Publish(s)
}

func openProfiles(tb testing.TB, s profile.Store) *profile.Profiles {
	tb.Helper()
	p, err := profile.Open(s, profile.Config{CacheBytes: 64 << 20, Readers: 2})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func closed(tb testing.TB, c io.Closer) {
	tb.Helper()
	if err := c.Close(); err != nil {
		tb.Error(err)
	}
}

// importPeople imports NDJSON as of monday, past the cache: the first to ask for
// somebody reads the store.
func importPeople(tb testing.TB, s profile.Store, ndjson string) {
	tb.Helper()
	p := openProfiles(tb, s)
	defer closed(tb, p)
	if _, err := importer.Run(context.Background(), p, strings.NewReader(ndjson), importer.Options{Now: monday, Workers: 1}); err != nil {
		tb.Fatal(err)
	}
}

// compile compiles the configuration in fsys. Any problem fails the test.
func compile(tb testing.TB, fsys fs.FS) *campaign.Snapshot {
	tb.Helper()
	ps := new(conf.Problems)
	s := campaign.Compile(fsys, monday, ps)
	if s == nil {
		var text strings.Builder
		ps.Write(&text, false)
		tb.Fatalf("the configuration has problems:\n%s", text.String())
	}
	if s.Process.URLs.Public == "" {
		s.Process.URLs.Public = "https://ads.bidder.example"
	}
	if s.Process.URLs.Notices == "" {
		s.Process.URLs.Notices = "http://notices.bidder.example"
	}
	return s
}

// exchange returns an exchange of the snapshot that serves, the first one if no
// name is given.
func (r *rig) exchange(tb testing.TB, name string) *campaign.Exchange {
	tb.Helper()
	s := r.Snapshot()
	if name == "" {
		return s.Exchanges[0]
	}
	ex := s.Exchange([]byte(name))
	if ex == nil {
		tb.Fatalf("there is no exchange %q", name)
	}
	return ex
}

// files makes a file system of names and texts, in turns.
func files(namesAndTexts ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(namesAndTexts); i += 2 {
		fsys[namesAndTexts[i]] = &fstest.MapFile{Data: []byte(namesAndTexts[i+1])}
	}
	return fsys
}

// plainProcess is a process file with one exchange, in US dollars. As everywhere
// in these tests, the exchange gives more time than a busy machine takes.
const plainProcess = `currency: USD
rates: {EUR: 1.25, GBP: 1.5}
exchanges:
  example: {window: 10s}
`

// bannerCampaign is a campaign that buys 300x250 banners at a price.
func bannerCampaign(name string, price float64) string {
	return fmt.Sprintf(`campaign: %[1]s
advertiser: {name: %[1]s, domains: [%[1]s.example]}
budget: {total: 1000 USD}
line_items:
  - {name: all, bid: {price: %[2]v USD}, creatives: [mpu]}
creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.%[1]s.example/a.jpg"}, click: "https://%[1]s.example/"}
`, name, price)
}

// bannerRequest is a request for one 300x250 banner with the given members
// besides, such as `,"test":1`.
func bannerRequest(id, more string) string {
	return fmt.Sprintf(`{"id":%q,"imp":[{"id":"1","banner":{"w":300,"h":250}}],"site":{"domain":"news.example"}%s}`, id, more)
}

// soon returns a deadline that no test reaches.
func soon() time.Time { return time.Now().Add(time.Minute) }

// decide decodes a request and decides on it.
func (r *rig) decide(tb testing.TB, sc *bidder.Scratch, body []byte, ex *campaign.Exchange, now time.Time) ad.Reason {
	tb.Helper()
	if err := sc.Req.Decode(body); err != nil {
		tb.Fatalf("decode: %v\n%s", err, body)
	}
	return r.Decide(sc, r.Snapshot(), ex, now, soon(), nil)
}

// explain explains the decision on a request.
func (r *rig) explain(tb testing.TB, body []byte, ex *campaign.Exchange, now time.Time) *bidder.Explanation {
	tb.Helper()
	x, err := r.Explain(r.Snapshot(), ex, body, nil, now, soon())
	if err != nil {
		tb.Fatalf("explain: %v\n%s", err, body)
	}
	return x
}

// fewer returns how many of n random cases to try: fewer under the race detector,
// which is slow and finds nothing in what one goroutine does.
func fewer(n int) int {
	if raceEnabled {
		return n / 10
	}
	return n
}

// read returns the contents of a file.
func read(tb testing.TB, fsys fs.FS, name string) []byte {
	tb.Helper()
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// sub returns a folder of a file system.
func sub(tb testing.TB, fsys fs.FS, dir string) fs.FS {
	tb.Helper()
	s, err := fs.Sub(fsys, dir)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// write writes a file of the test data.
func write(tb testing.TB, name, text string) {
	tb.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}
