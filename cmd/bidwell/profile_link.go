package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bidwell/internal/prose"
	"bidwell/profile"
)

func newProfileLink(p *people) *cobra.Command {
	return &cobra.Command{
		Use:   "link ID ID",
		Short: "Say that two identifiers are of one person",
		Long: `Links two identifiers. What is known of the person is then found by both, and
frequency caps count both, with all others that hang together by links.

Not everything that hangs together is one person: an identifier with more than
32 links stands alone, and so does one that two logins of the same site use, as
a family's tablet.`,
		Example: "  bidwell profile link login:shop.example:7f83b165 ifa:6f9619ff-8b86-d011-b42d-00cf4fc964ff",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.relink(cmd, "POST", args, linkPeople)
		},
	}
}

func newProfileUnlink(p *people) *cobra.Command {
	return &cobra.Command{
		Use:   "unlink ID [ID]",
		Short: "Take out the link between two identifiers, or all links of one",
		Example: `  bidwell profile unlink ifa:6f9619ff-8b86-d011-b42d-00cf4fc964ff
  bidwell profile unlink login:shop.example:7f83b165 ifa:6f9619ff-8b86-d011-b42d-00cf4fc964ff`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.relink(cmd, "DELETE", args, unlinkPeople)
		},
	}
}

// relinker changes links and says what came of it.
type relinker func(p *profile.Profiles, ids []profile.ID, now time.Time) (string, error)

// relink changes links in the data directory, or in a bidder that runs.
func (p *people) relink(cmd *cobra.Command, method string, args []string, change relinker) (err error) {
	ids, err := parseIDs(args)
	if err != nil {
		return err
	}
	if p.bidder != "" {
		return p.call(cmd.Context(), method, "/api/link?"+url.Values{"id": args}.Encode(), nil, cmd.OutOrStdout())
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.open(cmd, openStore); err != nil {
		return err
	}
	text, err := change(p.profiles, ids, time.Now())
	if err == nil {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
	}
	return err
}

// errLink is for identifiers that cannot be linked.
var errLink = errors.New("these identifiers cannot be linked")

// linkPeople links two identifiers.
func linkPeople(p *profile.Profiles, ids []profile.ID, now time.Time) (string, error) {
	if len(ids) != 2 {
		return "", fmt.Errorf("%w: there must be two, not %d", errLink, len(ids))
	}
	l := profile.Link{A: ids[0], B: ids[1]}
	if err := l.Check(); err != nil {
		return "", fmt.Errorf("%w: %w", errLink, err)
	}
	if err := p.Link(now, l); err != nil {
		return "", err
	}
	all, err := p.KnownBy(l.A.Key())
	if err != nil {
		return "", err
	}
	for _, id := range all {
		if id == l.B {
			return "one person: " + listIDs(all), nil
		}
	}
	return "linked, but not one person: an identifier with more than 32 links, or with two logins of one site, stands alone", nil
}

// unlinkPeople takes out the link between two identifiers, or all links of one.
func unlinkPeople(p *profile.Profiles, ids []profile.ID, now time.Time) (string, error) {
	if len(ids) < 1 || len(ids) > 2 {
		return "", fmt.Errorf("%w: there must be one or two, not %d", errLink, len(ids))
	}
	n, err := p.Unlink(now, ids[0], append(ids, profile.ID{})[1])
	if err != nil {
		return "", err
	}
	return prose.Count(n, "link") + " taken out", nil
}

func parseIDs(args []string) (ids []profile.ID, err error) {
	for _, a := range args {
		id, err := parseID(a)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func listIDs(ids []profile.ID) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	return strings.Join(names, ", ")
}
