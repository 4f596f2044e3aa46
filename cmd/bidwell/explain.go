package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"bidwell/campaign"
	"bidwell/identity"
	"bidwell/notice"
	"bidwell/profile"
)

type explainOptions struct {
	config, data, request, user, exchange, at string
	bidder, key                               string
	asJSON                                    bool
}

func newExplain() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain --request FILE",
		Short: "Say why the bidder bids, or does not, on a request",
		Long: `Decides on a bid request as the bidder would at this moment, with the people in
the data directory, and says for every line item what became of it and which line
of YAML decided. Nothing is spent. With --bidder, the bidder that runs is asked:
it knows its people and what is left of its budgets.`,
		Example: `  bidwell explain --request configs/requests/premium-news-front-page.json
  bidwell explain --request - --user ifa:6f9619ff-8b86-d011-b42d-00cf4fc964ff < request.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fromEnv(cmd)
			return explain(cmd, &o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.config, "config", defaultConfig, "path of bidwell.yaml")
	f.StringVar(&o.data, "data", "", "directory for profiles (default: the file's, else ./data)")
	f.StringVar(&o.request, "request", "", "file with a bid request, or - for standard input")
	f.StringVar(&o.user, "user", "", "take the request to come from this person, as TYPE:VALUE, such as ifa:6f96…")
	f.StringVar(&o.exchange, "exchange", "", "exchange that the request comes from (default: the first one)")
	f.StringVar(&o.at, "at", "", "moment to decide at, such as 2026-11-01T08:30:00+01:00 (default: now)")
	f.StringVar(&o.bidder, "bidder", "", "ask the bidder that runs: its admin port, such as http://127.0.0.1:8081")
	f.StringVar(&o.key, "admin-key", os.Getenv("BIDWELL_ADMIN_KEY"), "key for it (default: BIDWELL_ADMIN_KEY)")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	cmd.MarkFlagRequired("request")
	return cmd
}

func explain(cmd *cobra.Command, o *explainOptions) error {
	now := time.Now()
	if o.at != "" {
		t, err := time.Parse(time.RFC3339, o.at)
		if err != nil {
			return fmt.Errorf("%w--at %q: write a moment such as 2026-11-01T08:30:00+01:00", silentUsage{}, o.at)
		}
		now = t
	}
	body, err := readRequest(cmd.InOrStdin(), o.request)
	if err != nil {
		return err
	}
	person, err := namedPerson(o.user)
	if err != nil {
		return err
	}
	if o.bidder != "" {
		return askExplain(cmd, o, body)
	}
	m := &Main{Config: o.config, Data: o.data, Log: zap.NewNop()}
	err = m.openToExplain(now)
	defer m.Close()
	if err != nil {
		return err
	}
	ex, err := m.exchangeNamed(m.engine.Snapshot(), o.exchange)
	if err != nil {
		return err
	}
	x, err := m.engine.Explain(m.engine.Snapshot(), ex, body, person, now, time.Now().Add(longestExplain))
	if err != nil {
		return fmt.Errorf("%s: %w", o.request, err)
	}
	if o.asJSON {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		return enc.Encode(x)
	}
	return x.Write(cmd.OutOrStdout())
}

// askExplain asks the bidder that runs.
func askExplain(cmd *cobra.Command, o *explainOptions, body []byte) error {
	q := url.Values{"exchange": {o.exchange}, "user": {o.user}, "text": {strconv.FormatBool(!o.asJSON)}}
	return callAdmin(cmd.Context(), o.bidder, o.key, "POST", "/api/explain?"+q.Encode(), bytes.NewReader(body), cmd.OutOrStdout())
}

// longestRequest is the largest request that explain reads.
const longestRequest = 64 << 20

func readRequest(stdin io.Reader, name string) ([]byte, error) {
	r := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read the request: %w", err)
		}
		defer f.Close()
		r = f
	}
	body, err := io.ReadAll(io.LimitReader(r, longestRequest))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	return body, nil
}

// openToExplain loads the configuration and the people, and listens nowhere. A
// data directory that does not exist is not made.
func (m *Main) openToExplain(now time.Time) error {
	snap, problems, err := campaign.Load(m.Config, now)
	if err != nil {
		return err
	}
	if snap == nil {
		problems.Write(os.Stderr, isTerminal(os.Stderr))
		return fmt.Errorf("%s: the configuration has errors, see above", m.Config)
	}
	m.process, m.rates, m.asking = snap.Process, snap.Rates, true
	err = m.openPeople(openStoreIfAny)
	if errors.Is(err, profile.ErrLocked) {
		return fmt.Errorf("%w; if that is a bidder, ask it with --bidder http://127.0.0.1:8081", err)
	}
	if err != nil {
		return err
	}
	<-m.profiles.Ready()
	secret := make([]byte, notice.LeastSecret)
	rand.Read(secret)                   // never fails
	keys, err := notice.NewKeys(secret) // for nothing: no bid leaves
	if err != nil {
		return err
	}
	features, err := loadFeatureKey(featureKeyFile(m.dataDir()), false)
	if err != nil {
		return err
	}
	m.openEngine(snap, keys, features)
	snap.Bind(m.engine.Books)
	if _, err := os.Stat(ledgerDir(m.dataDir())); err == nil { // else nothing was spent yet
		if err := m.openLedger(tokenLifetime(snap)); err != nil {
			return err
		}
		if err := m.restore(now); err != nil {
			return err
		}
		if err := m.openLearnedToExplain(); err != nil {
			return err
		}
	}
	m.engine.Publish(snap)
	return nil
}

// exchangeNamed returns an exchange of a snapshot, the first for no name.
func (m *Main) exchangeNamed(s *campaign.Snapshot, name string) (*campaign.Exchange, error) {
	if name == "" {
		return s.Exchanges[0], nil
	}
	if ex := s.Exchange([]byte(name)); ex != nil {
		return ex, nil
	}
	known := make([]string, len(s.Exchanges))
	for i, e := range s.Exchanges {
		known[i] = e.Name
	}
	return nil, fmt.Errorf("there is no exchange %q in %s; there are %s", name, m.Config, strings.Join(known, ", "))
}

// parseID reads an identifier written as TYPE:VALUE. The types that are per
// exchange or per source have two parts: user:EXCHANGE:VALUE.
func parseID(s string) (profile.ID, error) {
	kind, rest, ok := strings.Cut(s, ":")
	if ok && kind != "ifa" && kind != "cookie" {
		var of string
		of, rest, ok = strings.Cut(rest, ":")
		kind += ":" + of
	}
	id := profile.ID{Type: kind, Value: rest}
	if !ok || rest == "" {
		return id, fmt.Errorf("%w%q is no identifier: write ifa:VALUE, eid:SOURCE:VALUE, buyeruid:EXCHANGE:VALUE, user:EXCHANGE:VALUE, login:SITE:VALUE or cookie:VALUE", silentUsage{}, s)
	}
	if err := identity.CheckType(kind); err != nil {
		return id, fmt.Errorf("%w%w", silentUsage{}, err)
	}
	return id, id.Check()
}
