package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"bidwell/audience"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/internal/conf"
	"bidwell/internal/prose"
	"bidwell/inventory"
)

// inventoryFile is the sample of requests in a data directory.
const inventoryFile = "inventory.ndjson"

func newAudienceReach(o *audienceOptions) *cobra.Command {
	var estimate bool
	var file, exchange string
	cmd := &cobra.Command{
		Use:   "reach CAMPAIGN/LINE_ITEM",
		Short: "How many people a line item can reach: its audience × the inventory that it could buy",
		Long: `Counts the people in the line item's audience, and tries the line item on a sample
of the bid requests that were seen: which of them it could bid on, and what stops it
on the others. A bidder keeps such a sample, without the people in it; --requests
takes one from a file, a bid request as JSON on each line, and spreads it over a
week. The product of the two is
the reach, if the audience is met on the inventory as everybody is. Flight, budgets
and frequency caps are left aside.`,
		Example: `  bidwell audience reach roadster/intenders --bidder http://127.0.0.1:8081
  bidwell audience reach roadster/intenders --requests requests.jsonl.gz --exchange example`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			switch {
			case o.bidder != "" && file != "":
				return fmt.Errorf("%w--requests: a bidder that runs goes by what it has seen itself", silentUsage{})
			case o.bidder != "":
				q := url.Values{"name": args, "text": {strconv.FormatBool(!o.asJSON)}}
				return o.call(cmd.Context(), "GET", "/api/audience/reach?"+q.Encode(), nil, cmd.OutOrStdout())
			}
			defer func() { err = errors.Join(err, o.close()) }()
			snap, err := o.snapshot(cmd)
			if err != nil {
				return err
			}
			seen, err := o.sample(snap, file, exchange)
			if err != nil {
				return err
			}
			c := audience.Count{Now: time.Now(), Workers: runtime.GOMAXPROCS(0), Stop: cmd.Context().Err}
			if estimate {
				c.Sample = sampleSize
			}
			r, err := reachOf(snap, args[0], o.profiles.People, c, seen)
			if err != nil {
				return err
			}
			return printOutcome(cmd.OutOrStdout(), o.asJSON, r, true, func(w io.Writer) { r.write(w) })
		},
	}
	f := cmd.Flags()
	f.BoolVar(&estimate, "estimate", false, "look at a sample of the people only")
	f.StringVar(&file, "requests", "", "file of bid requests, .gz too (default: what the bidder of the data directory has seen)")
	f.StringVar(&exchange, "exchange", "", "exchange from which they are (default: the first of the configuration)")
	return cmd
}

// sample returns requests from a file, or those in the data directory.
func (o *audienceOptions) sample(snap *campaign.Snapshot, file, exchange string) (*inventory.Sample, error) {
	if file == "" {
		return inventory.Load(filepath.Join(o.dir, inventoryFile), time.Now())
	}
	if exchange = firstSet(exchange, snap.Exchanges[0].Name); snap.Exchange([]byte(exchange)) == nil {
		return nil, fmt.Errorf("%w--exchange: %w", silentUsage{}, unknownName(errors.New("there is no exchange"), exchange, exchangeNames(snap)))
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("read requests: %s: %w", file, err)
		}
	}
	s, err := inventory.Read(r, exchange, time.Now())
	if err != nil {
		return nil, fmt.Errorf("read requests: %s: %w", file, err)
	}
	return s, nil
}

func exchangeNames(s *campaign.Snapshot) (names []string) {
	for _, e := range s.Exchanges {
		names = append(names, e.Name)
	}
	return names
}

// lineReach is how many people a line item can reach.
type lineReach struct {
	Line     string `json:"line_item"`
	Audience string `json:"audience,omitempty"`
	audience.Size
	Everybody int64 `json:"everybody"` // people of whom something is known

	*bidder.Buyable
	Seen  int64     `json:"seen"` // requests of which those looked at are a sample
	Since time.Time `json:"since"`
	Share float64   `json:"share"`       // of the requests that it could bid on
	Off   float64   `json:"share_error"` // Share lies no further off, nineteen times in twenty
	Reach int64     `json:"reach"`       // people
}

var (
	errNoLine = errors.New("there is no line item")
	errUnseen = errors.New("no bid request has been seen yet; name a file of some with --requests")
)

// reachOf works out the reach of a line item, named by campaign and name.
func reachOf(snap *campaign.Snapshot, name string, people audience.People, c audience.Count, seen *inventory.Sample) (*lineReach, error) {
	line, names := -1, []string{}
	for i := range snap.Lines {
		l := &snap.Lines[i]
		if names = append(names, l.Campaign.Name+"/"+l.Name); names[i] == name {
			line = i
		}
	}
	if line < 0 {
		if hint := conf.DidYouMean(name, names); hint != "" {
			return nil, fmt.Errorf("%w %q (%s)", errNoLine, name, hint)
		}
		return nil, fmt.Errorf("%w %q: write it as campaign/line item", errNoLine, name)
	}
	r := &lineReach{Line: name, Audience: snap.Lines[line].Spec.Audience}
	var audiences []string
	if r.Audience != "" {
		audiences = append(audiences, r.Audience)
	}
	census, err := snap.Audiences.Census(audiences, people, c)
	if err != nil {
		return nil, err
	}
	r.Everybody, r.Size = census.People, audience.Size{In: census.People}
	if r.Audience != "" {
		r.Size = census.Audiences[0]
	}
	r.Seen, r.Since = seen.Seen()
	if r.Buyable = bidder.BuyableBy(snap, line, seen.Requests()); r.Requests == 0 {
		return nil, errUnseen
	}
	n := float64(r.Requests)
	r.Share = float64(r.Buyable.Buyable) / n
	r.Off = 1.96 * math.Sqrt(r.Share*(1-r.Share)/n)
	r.Reach = int64(math.Round(float64(r.In) * r.Share))
	return r, nil
}

func (r *lineReach) write(w io.Writer) error {
	p := &tablePrinter{w: w}
	who := prose.Noun(r.In, "person") + " of whom something is known"
	if r.Audience != "" {
		who = prose.Noun(r.In, "person") + " in " + r.Audience + ", of " + prose.Number(r.Everybody)
	}
	p.printf("%12s  %s", prose.Number(r.In), who)
	if r.Error > 0 {
		p.printf(" (± %s)", prose.Number(r.Error))
	}
	if r.Maybe > 0 {
		p.printf(", and perhaps %s more", prose.Number(r.Maybe))
	}
	p.printf("\n%11.1f%%  of the inventory can be bought (± %.1f%%): %s of %s", 100*r.Share, 100*r.Off,
		prose.Number(int64(r.Buyable.Buyable)), prose.Count(r.Requests, "request"))
	if r.Seen > int64(r.Requests) {
		p.printf(", a sample of %s since %s", prose.Number(r.Seen), r.Since.Format("2006-01-02 15:04 MST"))
	}
	p.printf("\n%12s  %s can be reached by %s\n", prose.Number(r.Reach), prose.Noun(r.Reach, "person"), r.Line)
	for _, m := range r.Missed {
		p.printf("%11.1f%%  not: %s (%s)\n", 100*float64(m.Requests)/float64(r.Requests), m.Text, m.Reason)
	}
	return p.err
}

// apiReach answers GET /api/audience/reach?name=CAMPAIGN/LINE.
func (m *Main) apiReach(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	c := audience.Count{Now: time.Now(), Workers: 1, Sample: sampleSize, Stop: r.Context().Err} // bidding comes first
	reach, err := reachOf(m.engine.Snapshot(), q.Get("name"), m.profiles.People, c, m.engine.Inventory)
	switch {
	case errors.Is(err, errNoLine):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	case q.Get("text") == "true":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		reach.write(w) // the client's connection is all that can fail
	default:
		writeJSON(w, reach)
	}
}

// openInventory takes up the sample of requests of the process before.
func (m *Main) openInventory() {
	s, err := inventory.Load(filepath.Join(m.dataDir(), inventoryFile), m.started)
	if err != nil {
		m.Log.Warn("what inventory was seen is forgotten", zap.Error(err))
	}
	m.engine.Inventory = s
}

// keepInventory keeps the sample of requests until ctx is done.
func (m *Main) keepInventory(ctx context.Context) {
	saved := make(chan struct{})
	go func() {
		defer close(saved)
		t := time.NewTicker(time.Hour)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				m.saveInventory()
			case <-ctx.Done():
				m.saveInventory()
				return
			}
		}
	}()
	m.engine.Inventory.Run(ctx)
	<-saved
}

func (m *Main) saveInventory() {
	if err := m.engine.Inventory.Save(filepath.Join(m.dataDir(), inventoryFile)); err != nil {
		m.Log.Warn("what inventory was seen is not saved", zap.Error(err))
	}
}
