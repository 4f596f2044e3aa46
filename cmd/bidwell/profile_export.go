package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"bidwell/ad"
	"bidwell/exposure"
	"bidwell/ledger"
	"bidwell/profile"
)

func newProfileExport(p *people) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "export ID",
		Short: "Write everything that is held of a person, for them to see",
		Long: `Writes, as one JSON object, what profiles hold of a person by all their
identifiers, what came by each of them, links, bids that are undecided, and the
events of the ledger. For this it goes through the whole ledger.`,
		Example: `  bidwell profile export login:shop.example:7f83b165 --out person.json
  bidwell profile export login:shop.example:7f83b165 --bidder http://127.0.0.1:8081`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			var text bytes.Buffer
			if p.bidder != "" {
				err = p.call(cmd.Context(), "GET", "/api/person/export?id="+url.QueryEscape(args[0]), nil, &text)
			} else {
				err = p.export(cmd, id, &text)
			}
			if err != nil {
				return err
			}
			if out == "-" {
				_, err = text.WriteTo(cmd.OutOrStdout())
				return err
			}
			return os.WriteFile(out, text.Bytes(), 0o600)
		},
	}
	cmd.Flags().StringVar(&out, "out", "-", "file to write, or - for standard output")
	return cmd
}

// export writes what a data directory holds of a person.
func (p *people) export(cmd *cobra.Command, id profile.ID, w io.Writer) (err error) {
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.open(cmd, openStoreIfAny); err != nil {
		return err
	}
	var l *ledger.Ledger
	if dir := ledgerDir(p.dir); isDir(dir) {
		if l, err = ledger.Open(ledger.Config{Dir: dir}); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, l.Close()) }()
	}
	h, err := heldOf(cmd.Context(), p.profiles, l, id, time.Now())
	if err != nil {
		return err
	}
	return h.write(w)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// held is everything that is held of a person.
type held struct {
	ID profile.ID `json:"id"` // by which they were asked for
	*profile.Held
	InFlight []inFlight        `json:"in_flight"`
	Events   []json.RawMessage `json:"events"` // as ledger export writes them
	Hashed   int               `json:"hashed"` // of them, those that also hold keyed hashes of what models saw
}

// inFlight is a bid on the person that is undecided, or was shown a moment ago.
type inFlight struct {
	Campaign string     `json:"campaign"`
	Line     string     `json:"line"`
	Creative string     `json:"creative"`
	Shown    *time.Time `json:"shown,omitempty"`
	Until    time.Time  `json:"until"`
}

func (h *held) write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(h)
}

// heldOf gathers what profiles and the ledger, which may be nil, hold of a person.
// It fails with profile.ErrNotFound if that is nothing.
func heldOf(ctx context.Context, people *profile.Profiles, l *ledger.Ledger, id profile.ID, now time.Time) (*held, error) {
	<-people.Ready()
	h := &held{ID: id, InFlight: []inFlight{}, Events: []json.RawMessage{}}
	var err error
	if h.Held, err = people.Held(id.Key(), now); err != nil {
		return nil, err
	}
	if l != nil {
		var lines bytes.Buffer
		_, err = l.Export(ctx, &lines, ledger.Export{Each: func(_ uint64, e *ad.Event) bool {
			theirs := !e.Person.IsZero() && slices.Contains(h.Keys, e.Person)
			if theirs && e.Context != "" {
				h.Hashed++
			}
			return theirs
		}})
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(lines.Bytes()) {
			h.Events = append(h.Events, bytes.TrimSpace(line))
		}
	}
	if len(h.ByID)+len(h.Erased)+len(h.Events) == 0 {
		return nil, fmt.Errorf("person %s: %w", id.Key(), profile.ErrNotFound)
	}
	return h, nil
}

// apiPersonExport answers GET /api/person/export?id=ID.
func (m *Main) apiPersonExport(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("id")
	id, err := parseID(name)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h, err := heldOf(r.Context(), m.profiles, m.ledger, id, time.Now())
	switch {
	case errors.Is(err, profile.ErrNotFound):
		http.Error(w, "nothing is held of "+name, http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		for _, x := range m.engine.Exposures.Held(m.profiles.PersonOf(id.Key())) {
			h.InFlight = append(h.InFlight, inFlightOf(x))
		}
		w.Header().Set("Content-Type", "application/json")
		h.write(w) // the client's connection is all that can fail
	}
}

func inFlightOf(x exposure.Held) inFlight {
	f := inFlight{
		Campaign: x.Ad.Campaign.String(), Line: x.Ad.Line.String(), Creative: x.Ad.Creative.String(), Until: time.Unix(x.Until, 0).UTC(),
	}
	if x.Shown > 0 {
		at := time.Unix(x.Shown, 0).UTC()
		f.Shown = &at
	}
	return f
}

// hideErased returns what leaves people who were erased out of exported events, by
// the marks in a data directory.
func hideErased(dir string) (hide func(seq uint64, e *ad.Event) bool, err error) {
	if !isDir(profilesDir(dir)) {
		return nil, nil
	}
	store, err := openStore(dir, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	marks, err := profile.Marks(store)
	if err != nil {
		return nil, err
	}
	return func(seq uint64, e *ad.Event) bool {
		if marks[e.Person].Covers(seq, e.BidTime) {
			e.Person = ad.PersonID{}
		}
		return true
	}, nil
}
