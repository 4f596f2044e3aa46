package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/internal/conf"
	"bidwell/openrtb"
	"bidwell/profile"
)

func newAudienceMembers(o *audienceOptions) *cobra.Command {
	return &cobra.Command{
		Use:     "members NAME",
		Short:   "List the people in an audience, a line of identifiers each",
		Example: "  bidwell audience members luxury-car-intenders > intenders.txt",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.bidder != "" {
				q := url.Values{"name": args, "text": {strconv.FormatBool(!o.asJSON)}}
				return o.call(cmd.Context(), "GET", "/api/audience/members?"+q.Encode(), nil, cmd.OutOrStdout())
			}
			defer func() { err = errors.Join(err, o.close()) }()
			set, err := o.load(cmd)
			if err != nil {
				return err
			}
			ref, err := namedAudience(set, args[0])
			if err != nil {
				return err
			}
			return listMembers(cmd.OutOrStdout(), set, ref, o.profiles, time.Now(), o.asJSON, cmd.Context().Err)
		},
	}
}

// listMembers writes everybody in an audience, by all identifiers that are known.
func listMembers(w io.Writer, set *audience.Set, ref audience.Ref, people *profile.Profiles, now time.Time, asJSON bool, stop func() error) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	var e audience.Eval
	var nowhere openrtb.Request
	err := people.People(func(key ad.PersonID, r profile.Record) error {
		if e.Reset(set, r, &nowhere, now); len(r) == 0 || e.Is(ref) != audience.True {
			return nil
		}
		if err := stop(); err != nil {
			return err
		}
		person, err := people.Get(key, now) // with identifiers that only links know
		if errors.Is(err, profile.ErrNotFound) {
			return nil // erased meanwhile
		}
		if err != nil {
			return err
		}
		if asJSON {
			return enc.Encode(member{person.Key, person.IDs})
		}
		ids := make([]string, len(person.IDs))
		for i, id := range person.IDs {
			ids[i] = id.Type + ":" + id.Value
		}
		_, err = fmt.Fprintln(out, strings.Join(ids, " "))
		return err
	})
	return errors.Join(err, out.Flush())
}

// member is somebody in an audience, as JSON.
type member struct {
	Key string       `json:"key"`
	IDs []profile.ID `json:"ids"`
}

func newAudienceExplain(o *audienceOptions) *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:   "explain NAME --user ID",
		Short: "Say why a person is, or is not, in an audience",
		Long: `Shows every part of the rule with what the person has to show for it and what is
missing. What it asks of the request is unknown; bidwell explain takes a request.`,
		Example: "  bidwell audience explain luxury-car-intenders --user buyeruid:example:anna",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			id, err := parseID(user)
			if err != nil {
				return err
			}
			if o.bidder != "" {
				q := url.Values{"name": args, "user": {user}, "text": {strconv.FormatBool(!o.asJSON)}}
				return o.call(cmd.Context(), "GET", "/api/audience/explain?"+q.Encode(), nil, cmd.OutOrStdout())
			}
			defer func() { err = errors.Join(err, o.close()) }()
			set, err := o.load(cmd)
			if err != nil {
				return err
			}
			x, err := explainMember(set, args[0], o.profiles, id, time.Now())
			if err != nil {
				return err
			}
			if !o.asJSON {
				return x.Write(cmd.OutOrStdout(), "")
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetIndent("", "  ")
			return enc.Encode(x)
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "the person, as TYPE:VALUE, such as buyeruid:example:anna")
	cmd.MarkFlagRequired("user")
	return cmd
}

// explainMember says why a person is, or is not, in an audience.
func explainMember(set *audience.Set, name string, people *profile.Profiles, id profile.ID, now time.Time) (*audience.Explanation, error) {
	ref, err := namedAudience(set, name)
	if err != nil {
		return nil, err
	}
	<-people.Ready()
	var s profile.Scratch
	r, outcome := people.Load(id.Key(), time.Now().Add(longestExplain), &s)
	if outcome == profile.Failed || outcome == profile.TimedOut {
		return nil, fmt.Errorf("the profile could not be read: %s", outcome)
	}
	var e audience.Eval
	e.Reset(set, r, new(openrtb.Request), now)
	return set.Explain(&e, ref), nil
}

// unknownName is an error about a name, with the likely one.
func unknownName(what error, name string, known []string) error {
	if hint := conf.DidYouMean(name, known); hint != "" {
		return fmt.Errorf("%w %q (%s)", what, name, hint)
	}
	return fmt.Errorf("%w %q; there are: %s", what, name, strings.Join(known, ", "))
}

// apiAudience answers GET /api/audience?name=NAME with how many people are in
// audiences, sample=N of a sample, both=true with how many are in each two.
func (m *Main) apiAudience(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	sample, err := strconv.ParseInt(firstSet(q.Get("sample"), strconv.Itoa(sampleSize)), 10, 64)
	if err != nil || sample < 0 {
		http.Error(w, "sample is no number of people", http.StatusBadRequest)
		return
	}
	// One worker: bidding comes first.
	c := audience.Count{Now: time.Now(), Workers: 1, Sample: sample, Both: q.Get("both") == "true", Stop: r.Context().Err}
	result, err := takeCensus(m.engine.Snapshot().Audiences, m.profiles.People, q["name"], c)
	switch {
	case err != nil:
		audienceError(w, err)
	case q.Get("text") == "true":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		writeCensus(w, result) // the client's connection is all that can fail
	default:
		writeJSON(w, result)
	}
}

// apiMembers answers GET /api/audience/members?name=NAME.
func (m *Main) apiMembers(w http.ResponseWriter, r *http.Request) {
	set := m.engine.Snapshot().Audiences
	ref, err := namedAudience(set, r.URL.Query().Get("name"))
	if err != nil {
		audienceError(w, err)
		return
	}
	asJSON := r.URL.Query().Get("text") != "true"
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if asJSON {
		w.Header().Set("Content-Type", "application/x-ndjson")
	}
	if err := listMembers(w, set, ref, m.profiles, time.Now(), asJSON, r.Context().Err); err != nil {
		panic(http.ErrAbortHandler) // the list is not whole: let the client see it
	}
}

// apiAudienceExplain answers GET /api/audience/explain?name=NAME&user=ID.
func (m *Main) apiAudienceExplain(w http.ResponseWriter, r *http.Request) {
	id, err := parseID(r.URL.Query().Get("user"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	x, err := explainMember(m.engine.Snapshot().Audiences, r.URL.Query().Get("name"), m.profiles, id, time.Now())
	switch {
	case err != nil:
		audienceError(w, err)
	case r.URL.Query().Get("text") == "true":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		x.Write(w, "") // the client's connection is all that can fail
	default:
		writeJSON(w, x)
	}
}

func audienceError(w http.ResponseWriter, err error) {
	status := http.StatusServiceUnavailable
	if errors.Is(err, errNoAudience) {
		status = http.StatusNotFound
	}
	http.Error(w, err.Error(), status)
}
