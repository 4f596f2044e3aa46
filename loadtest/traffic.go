package loadtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// MaxRequest is the most bytes that a generated request has. Most have between
// one and four thousand.
const MaxRequest = 8 << 10

// Options say what a Traffic is like. Fields left at zero have the default that
// their comment names.
type Options struct {
	People   People    // who is met; People.Exchange also names the exchange
	Start    time.Time // when the traffic begins: consent was given some weeks before
	Sites    int       // number of web sites; 1000
	Uniform  bool      // everybody is met equally often, instead of a few very often
	Alike    float64   // part of the people who are met about as often as the busiest; about eighty of them if 0
	Unknown  float64   // share of requests from people outside of People; none
	TMaxMS   int       // time to answer; 120
	Deals    []string  // ids of deals on offer; "deal-premium", "deal-tv"
	BidFloor float64   // an average floor, CPM in the request's currency; 0.4
}

// Traffic generates bid requests: on the web, in apps and on televisions, for
// banners, video, audio and native ads, with the odd things that exchanges send
// left out. It is deterministic in its seed and not safe for concurrent use.
type Traffic struct {
	opts     Options
	rnd      *rand.Rand
	sites    []place
	people   [3]*rand.Zipf // per screen, over rows of eight people
	places   *rand.Zipf
	consents map[string][3]string // TCF strings by language, by consent
	rows     int
}

// NewTraffic returns traffic that follows from seed and opts.
func NewTraffic(seed uint64, opts Options) (*Traffic, error) {
	if err := opts.complete(); err != nil {
		return nil, err
	}
	t := &Traffic{opts: opts, rnd: rand.New(rand.NewPCG(seed, 0x5851F42D4C957F2D))}
	t.sites = sitesOf(opts.Sites)
	t.places = rand.NewZipf(t.rnd, 1.2, 2, uint64(len(t.sites)-1))
	t.rows = (opts.People.N + 7) / 8
	busy := max(10, opts.Alike*float64(t.rows))
	for s := range t.people {
		t.people[s] = rand.NewZipf(t.rnd, 1.08, busy, uint64(max(t.rows, 1)-1))
	}
	t.consents = consentStrings(opts.Start)
	return t, nil
}

func (o *Options) complete() error {
	if o.People.N < 8 {
		return fmt.Errorf("traffic needs at least 8 people, not %d", o.People.N)
	}
	if o.Start.IsZero() {
		return errors.New("traffic needs the time at which it starts")
	}
	if o.Unknown < 0 || o.Unknown > 1 {
		return fmt.Errorf("share of unknown people %v is not between 0 and 1", o.Unknown)
	}
	if o.Sites <= 0 {
		o.Sites = 1000
	}
	if o.TMaxMS <= 0 {
		o.TMaxMS = 120
	}
	if o.BidFloor <= 0 {
		o.BidFloor = 0.4
	}
	if o.Deals == nil {
		o.Deals = []string{"deal-premium", "deal-tv"}
	}
	return nil
}

// Append appends the next bid request, a JSON object.
func (t *Traffic) Append(dst []byte) []byte {
	dst, _ = t.append(dst)
	return dst
}

// marks are the places in a body of what differs in the next use of it.
type marks struct {
	id     int // 36 bytes
	tid    int // 36 bytes, -1 if the body has none
	person int // as long as the screen's ids, -1 if the body has none
	screen Screen
	who    int // the person's number
}

func (t *Traffic) append(dst []byte) ([]byte, marks) {
	who := t.person(screens[t.rnd.IntN(8)])
	c := composer{t: t, r: t.rnd, dst: dst, who: who, traits: t.opts.People.traitsOf(who)}
	c.screen = t.opts.People.ScreenOf(who)
	c.request()
	c.marks.who = who
	return c.dst, c.marks
}

// person draws somebody who is met on the given screen.
func (t *Traffic) person(s Screen) int {
	column := pick(t.rnd, onScreen[s])
	if t.opts.Unknown > 0 && t.rnd.Float64() < t.opts.Unknown {
		return (t.rows+t.rnd.IntN(1<<30))*8 + column
	}
	row := 0
	if t.opts.Uniform {
		row = t.rnd.IntN(t.rows)
	} else {
		row = scatter(t.people[s].Uint64(), t.rows)
	}
	if i := row*8 + column; i < t.opts.People.N {
		return i
	}
	return column
}

// scatter spreads ranks over rows, so that the people whom one meets most often
// are not those with the lowest numbers. Two ranks may share a row.
func scatter(rank uint64, rows int) int { return int(mix(0x1B873593, rank) % uint64(rows)) }

func consentStrings(start time.Time) map[string][3]string {
	purposes := [3][]int{allowed: {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, partly: {1, 2, 7}, refused: nil}
	all := make(map[string][3]string)
	for _, language := range []string{"de", "fr", "en"} {
		var s [3]string
		for i, p := range purposes {
			t := tcf{
				created: start.AddDate(0, 0, -20-7*i), language: language, vendorList: 100,
				vendors: 1200, purposes: p,
				consented: func(int) bool { return consent(i) != refused },
			}
			s[i] = t.encode()
		}
		all[language] = s
	}
	return all
}
