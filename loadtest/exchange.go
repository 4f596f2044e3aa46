package loadtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"bidwell/ad"
)

// Config says how an Exchange behaves. Fields left at zero have the default
// that their comment names.
type Config struct {
	Target      string    // the bidder's exchange port, as in http://127.0.0.1:8080
	Public      string    // base of the URLs in markup, as in https://bid.example; they are called at Target
	Exchange    string    // the name under which the bidder knows this exchange
	Credential  string    // sent as a bearer token; none
	Traffic     Source    // what to post; the Exchange has it for itself
	Rate        float64   // requests per second on average; they come at random moments
	Requests    int       // how many to post; no limit
	Auction     int       // 1 first price, 2 second price; what each request says. Deals have their own
	Seed        uint64    // of arrivals, rivals and what people do
	Connections int       // the most requests in flight; 64
	Rivals      Rivals    // up to 4 around a CPM of 1.20
	Rates       *ad.Rates // for comparing currencies; USD, EUR 1.08, GBP 1.27
	Delays      Delays    // 5 ms, 400 ms, 3 s, 5 s
	Truth       *Truth    // how people respond; the usual one of Seed
	Unshown     float64   // share of won ads that are never shown; none
	Values      Values    // what impressions are worth to the bidder, for the figures; unknown
	Samples     int       // won auctions to keep for the report; 5
	AllowRemote bool      // permits a Target, and trackers, beyond this machine

	NoticeLoss       float64 // share of notices and pixels that never come
	NoticeDuplicates float64 // share of them that come twice

	// ConversionURL is called for conversions, after {id_type}, {id}, {campaign},
	// {creative}, {bid}, {order}, {after} (click or view) and {time_ms} are filled
	// in. Without one conversions are counted only.
	ConversionURL string
}

// Delays are averages of what passes before the calls that follow an auction.
type Delays struct {
	Notice     time.Duration // from the auction to the win or loss notice
	Show       time.Duration // from the auction to billing notice and pixels
	Click      time.Duration // from showing to a click
	Conversion time.Duration // from a click, or when it could have been, to a conversion
}

// Exchange posts bid requests to a bidder at a fixed average rate, whether the
// bidder keeps up or not, clears the auctions and sends what follows.
type Exchange struct {
	cfg      Config
	out      *outlet
	auctions auctioneer
	truth    *Truth
	client   *fasthttp.Client
	uri      string
	due      *schedule
	tally    tally
	jobs     sync.Pool
}

// NewExchange checks cfg and returns an exchange that has not begun.
func NewExchange(cfg Config) (*Exchange, error) {
	out, err := newOutlet(cfg.Target, cfg.Public, cfg.AllowRemote)
	switch {
	case err != nil:
		return nil, err
	case cfg.Traffic == nil:
		return nil, errors.New("an exchange needs traffic")
	case cfg.Exchange == "" || strings.ContainsAny(cfg.Exchange, "/?# "):
		return nil, fmt.Errorf("%q cannot name an exchange", cfg.Exchange)
	case !(cfg.Rate > 0) || cfg.Rate > 1e6:
		return nil, fmt.Errorf("rate %v is not between 0 and a million requests per second", cfg.Rate)
	case cfg.Auction < 0 || cfg.Auction > 2:
		return nil, fmt.Errorf("auction %d is neither 1, first price, nor 2, second price", cfg.Auction)
	case !isShare(cfg.Unshown) || !isShare(cfg.NoticeLoss) || !isShare(cfg.NoticeDuplicates):
		return nil, errors.New("the shares of ads that are not shown and of notices that are lost or doubled must be between 0 and 1")
	}
	if cfg.ConversionURL != "" {
		if _, _, ok := out.resolve(conversionProbe.Replace(cfg.ConversionURL)); !ok {
			return nil, fmt.Errorf("conversion URL %q may not be called: load goes to this machine unless others are explicitly allowed", cfg.ConversionURL)
		}
	}
	cfg.complete()
	if err := cfg.Rivals.check(); err != nil {
		return nil, err
	}
	x := &Exchange{
		cfg: cfg, out: out, due: newSchedule(),
		auctions: auctioneer{rates: cfg.Rates, rivals: cfg.Rivals, seed: cfg.Seed},
		truth:    cfg.Truth,
		uri:      out.target + "/openrtb2/bid/" + cfg.Exchange,
	}
	x.tally.init(&x.cfg)
	x.client = &fasthttp.Client{
		Name:                          "bidwell-loadtest",
		MaxConnsPerHost:               cfg.Connections + noticeWorkers,
		MaxIdleConnDuration:           5 * time.Second,
		MaxResponseBodySize:           1 << 20,
		DisablePathNormalizing:        true,
		DisableHeaderNamesNormalizing: true,
	}
	return x, nil
}

// UsualDelays are those of a Config that says nothing of delays.
func UsualDelays() Delays {
	return Delays{Notice: 5 * time.Millisecond, Show: 400 * time.Millisecond, Click: 3 * time.Second, Conversion: 5 * time.Second}
}

func isShare(f float64) bool { return f >= 0 && f <= 1 }

// conversionProbe makes a template of conversions a URL that can be read.
var conversionProbe = strings.NewReplacer("{", "", "}", "")

func (c *Config) complete() {
	if c.Connections <= 0 {
		c.Connections = 64
	}
	if c.Rivals == (Rivals{}) {
		c.Rivals = usualRivals
	}
	if c.Rates == nil {
		c.Rates = ad.NewRates(ad.USD, map[ad.Currency]float64{ad.EUR: 1.08, {'G', 'B', 'P'}: 1.27})
	}
	if c.Delays == (Delays{}) {
		c.Delays = UsualDelays()
	}
	if c.Truth == nil {
		c.Truth = NewTruth(c.Seed, UsualMedians())
	}
	if c.Samples == 0 {
		c.Samples = 5
	}
}

const noticeWorkers = 32

// maxQueued is how many requests may wait for a free connection. More are
// counted as unsent: the bidder is beyond help then.
const maxQueued = 4096

// job is one request on its way.
type job struct {
	due  time.Time
	body []byte
	Posting
}

// Run posts requests until ctx ends or Config.Requests are posted, then waits
// for the answers, sends the notices that are left without further delay, and
// returns. It is called once. It returns an error if nothing was ever answered.
func (x *Exchange) Run(ctx context.Context) error {
	jobs := make(chan *job, maxQueued)
	errands := make(chan errand)
	stop := make(chan struct{})
	var asking, telling sync.WaitGroup
	for range x.cfg.Connections {
		asking.Go(func() {
			for j := range jobs {
				x.ask(j)
				x.jobs.Put(j)
			}
		})
	}
	for range noticeWorkers {
		telling.Go(func() {
			for e := range errands {
				x.deliver(e)
			}
		})
	}
	telling.Go(func() { x.due.run(errands, stop, lastWait, x.tally.dropped) })
	x.tally.begin(time.Now())
	x.dispatch(ctx, jobs)
	close(jobs)
	asking.Wait()
	close(stop)
	telling.Wait()
	x.tally.end(time.Now())
	x.client.CloseIdleConnections()
	return x.tally.unanswered()
}

// Report returns the figures so far. It may be called at any time.
func (x *Exchange) Report() *Report { return x.tally.report(time.Now()) }

// dispatch hands out requests when they are due. Being late with one does not
// shift those after it.
func (x *Exchange) dispatch(ctx context.Context, jobs chan<- *job) {
	rnd := rand.New(rand.NewPCG(x.cfg.Seed, 0x2545F4914F6CDD1D))
	due := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := uint64(0); x.cfg.Requests == 0 || n < uint64(x.cfg.Requests); n++ {
		due = due.Add(time.Duration(rnd.ExpFloat64() / x.cfg.Rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return
		}
		j, _ := x.jobs.Get().(*job)
		if j == nil {
			j = new(job)
		}
		j.due = due
		j.body, j.Posting = x.cfg.Traffic.Next(j.body[:0])
		if x.cfg.Auction > 0 {
			setAuction(j.body, x.cfg.Auction)
		}
		select {
		case jobs <- j:
		default:
			x.tally.unsent()
		}
	}
}
