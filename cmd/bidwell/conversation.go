package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/conversation"
	"bidwell/internal/prose"
	"bidwell/profile"
)

func newConversation() *cobra.Command {
	o := new(audienceOptions)
	cmd := &cobra.Command{
		Use:   "conversation [CAMPAIGN/LINE-ITEM...]",
		Short: "Say how many people stand at each step of conversations",
		Long: `Looks at everybody whose profile is in the data directory, or, with --bidder, in
that of a bidder that runs, and counts those who have been in contact with a
conversation by where they stand now. bidwell explain says it of one person.`,
		Example: `  bidwell conversation
  bidwell conversation roadster/intenders --bidder http://127.0.0.1:8081`,
		RunE: func(cmd *cobra.Command, names []string) error { return o.standings(cmd, names) },
	}
	o.flags(cmd.Flags())
	return cmd
}

// standings prints where people stand, as told here or by the bidder that runs.
func (o *audienceOptions) standings(cmd *cobra.Command, names []string) (err error) {
	if o.bidder != "" {
		q := url.Values{"name": names, "text": {strconv.FormatBool(!o.asJSON)}}
		return o.call(cmd.Context(), "GET", "/api/conversation?"+q.Encode(), nil, cmd.OutOrStdout())
	}
	defer func() { err = errors.Join(err, o.close()) }()
	snap, err := o.snapshot(cmd)
	if err != nil {
		return err
	}
	lines, err := conversationsOf(snap, names)
	if err != nil {
		return err
	}
	list, err := countStandings(lines, o.profiles, time.Now(), cmd.Context().Err)
	if err != nil {
		return err
	}
	if !o.asJSON {
		return writeStandings(cmd.OutOrStdout(), list)
	}
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetIndent("", "  ")
	return enc.Encode(list)
}

// standing is where people stand in the conversation of a line item.
type standing struct {
	LineItem  string      `json:"line_item"`
	Untouched int64       `json:"untouched"` // have a profile, and have seen nothing of it yet
	Steps     []stepCount `json:"steps"`
	Ended     int64       `json:"ended"`
	Converted int64       `json:"converted"`
}

type stepCount struct {
	Step   string `json:"step"`
	People int64  `json:"people"`
}

// errNoConversation is wrapped by the errors of names of no line item that has one.
var errNoConversation = errors.New("there is no line item with a conversation that is called")

// conversationsOf returns the line items of some names, all that have a conversation
// for none.
func conversationsOf(s *campaign.Snapshot, names []string) (lines []*campaign.Line, err error) {
	byName, known := map[string]*campaign.Line{}, []string{}
	for i := range s.Lines {
		if l := &s.Lines[i]; l.Talk != nil {
			name := l.Campaign.Name + "/" + l.Name
			byName[name], known = l, append(known, name)
		}
	}
	if len(names) == 0 {
		names = known
	}
	for _, name := range names {
		l := byName[name]
		if l == nil {
			return nil, unknownName(errNoConversation, name, known)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// countStandings goes through everybody once.
func countStandings(lines []*campaign.Line, people *profile.Profiles, now time.Time, stop func() error) ([]standing, error) {
	censuses := make([]conversation.Census, len(lines))
	seen := 0
	err := people.People(func(_ ad.PersonID, r profile.Record) error {
		if len(r) == 0 {
			return nil
		}
		for i, l := range lines {
			censuses[i].Add(&l.Talk.Conversation, r, now.Unix())
		}
		if seen++; seen%1024 == 0 {
			return stop()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list := []standing{}
	for i, l := range lines {
		n := &censuses[i]
		st := standing{LineItem: l.Campaign.Name + "/" + l.Name, Untouched: n.Untouched, Ended: n.Ended, Converted: n.Converted}
		for k := range l.Talk.Steps {
			count := stepCount{Step: l.Talk.Steps[k].Name}
			if n.At != nil {
				count.People = n.At[k]
			}
			st.Steps = append(st.Steps, count)
		}
		list = append(list, st)
	}
	return list, nil
}

func writeStandings(w io.Writer, list []standing) error {
	p := &tablePrinter{w: w}
	if len(list) == 0 {
		p.printf("no line item has a conversation\n")
	}
	for _, s := range list {
		p.printf("%s\n", s.LineItem)
		p.printf("%12s  have seen nothing of it\n", prose.Number(s.Untouched))
		for _, step := range s.Steps {
			p.printf("%12s  at step %s\n", prose.Number(step.People), step.Step)
		}
		p.printf("%12s  at the end\n", prose.Number(s.Ended))
		p.printf("%12s  have converted\n", prose.Number(s.Converted))
	}
	return p.err
}

// apiConversation answers GET /api/conversation?name=CAMPAIGN/LINE-ITEM.
func (m *Main) apiConversation(w http.ResponseWriter, r *http.Request) {
	lines, err := conversationsOf(m.engine.Snapshot(), r.URL.Query()["name"])
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	list, err := countStandings(lines, m.profiles, time.Now(), r.Context().Err)
	switch {
	case err != nil:
		http.Error(w, fmt.Sprintf("people could not be counted: %v", err), http.StatusServiceUnavailable)
	case r.URL.Query().Get("text") == "true":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		writeStandings(w, list) // the client's connection is all that can fail
	default:
		writeJSON(w, list)
	}
}
