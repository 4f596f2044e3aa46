package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"bidwell/campaign"
	"bidwell/profile"
	"bidwell/profile/pebblestore"
)

// people are the profiles of a data directory, opened by a command, or those of
// a bidder that runs.
type people struct {
	bidder   string // base URL of its admin port; "" for a data directory
	key      string // its admin key
	config   string
	data     string
	dir      string // the data directory, once it is open
	store    *pebblestore.Store
	profiles *profile.Profiles
}

func newProfile() *cobra.Command {
	p := new(people)
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "Import, show, link, hand out and erase what is known of people",
		Long: `Works on the profiles in the data directory, or, with --bidder, on those of a
bidder that runs. People are named by an identifier: ifa:VALUE,
eid:SOURCE:VALUE, buyeruid:EXCHANGE:VALUE, user:EXCHANGE:VALUE or
login:SITE:VALUE.`,
		Example: `  bidwell profile import people.ndjson.gz
  bidwell profile get buyeruid:example:anna
  bidwell profile forget ifa:6f9619ff-8b86-d011-b42d-00cf4fc964ff --bidder http://127.0.0.1:8081`,
	}
	f := cmd.PersistentFlags()
	f.StringVar(&p.config, "config", defaultConfig, "path of bidwell.yaml, for the data directory's name")
	f.StringVar(&p.data, "data", "", "directory for profiles (default: the file's, else ./data)")
	f.StringVar(&p.bidder, "bidder", "", "admin port of a bidder that runs, such as http://127.0.0.1:8081")
	f.StringVar(&p.key, "admin-key", os.Getenv("BIDWELL_ADMIN_KEY"), "key for it (default: BIDWELL_ADMIN_KEY)")
	cmd.AddCommand(newProfileImport(p), newProfileGet(p), newProfileLink(p), newProfileUnlink(p), newProfileForget(p), newProfileExport(p))
	return cmd
}

// open opens the profiles of the data directory.
func (p *people) open(cmd *cobra.Command, store storeOpener) error {
	fromEnv(cmd)
	dir := p.data
	var spec campaign.StoreSpec
	if snap, _, err := campaign.Load(p.config, time.Now()); err == nil && snap != nil {
		dir, spec = firstSet(dir, snap.Process.Data), snap.Process.Store
	}
	var err error
	p.dir = firstSet(dir, "data")
	p.store, err = store(p.dir, spec.BlockMB)
	if errors.Is(err, profile.ErrLocked) {
		return fmt.Errorf("%w; if that is a bidder, name its admin port with --bidder http://127.0.0.1:8081", err)
	}
	if err != nil {
		return err
	}
	p.profiles, err = profile.Open(p.store, profile.Config{CacheBytes: 64 << 20})
	return err
}

func (p *people) close() error {
	var errs []error
	if p.profiles != nil {
		errs = append(errs, p.profiles.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	return errors.Join(errs...)
}

func newProfileGet(p *people) *cobra.Command {
	return &cobra.Command{
		Use:     "get ID",
		Short:   "Show what is known of a person, as JSON",
		Example: "  bidwell profile get buyeruid:example:anna",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			if p.bidder != "" {
				return p.call(cmd.Context(), "GET", "/api/person?id="+url.QueryEscape(args[0]), nil, cmd.OutOrStdout())
			}
			defer func() { err = errors.Join(err, p.close()) }()
			if err := p.open(cmd, openStoreIfAny); err != nil {
				return err
			}
			person, err := p.profiles.Get(id.Key(), time.Now())
			if errors.Is(err, profile.ErrNotFound) {
				return fmt.Errorf("nothing is known of %s", args[0])
			}
			if err != nil {
				return err
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetIndent("", "  ")
			return enc.Encode(person)
		},
	}
}

func newProfileForget(p *people) *cobra.Command {
	return &cobra.Command{
		Use:     "forget ID",
		Short:   "Erase everything known of a person",
		Example: "  bidwell profile forget buyeruid:example:anna",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			if p.bidder != "" {
				return p.call(cmd.Context(), "DELETE", "/api/person?id="+url.QueryEscape(args[0]), nil, cmd.OutOrStdout())
			}
			defer func() { err = errors.Join(err, p.close()) }()
			if err := p.open(cmd, openStoreToForget); err != nil {
				return err
			}
			found, err := p.profiles.Forget(time.Now(), id.Key(), profile.AllEvents)
			if err != nil {
				return err
			}
			if _, err := p.profiles.Purge(cmd.Context()); err != nil {
				return err
			}
			return sayForgotten(cmd.OutOrStdout(), args[0], found)
		},
	}
}

func sayForgotten(w io.Writer, id string, found bool) error {
	text := "erased " + id
	if !found {
		text = "nothing was known of " + id
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// call asks a bidder that runs and copies its answer to w.
func (p *people) call(ctx context.Context, method, path string, body io.Reader, w io.Writer) error {
	return callAdmin(ctx, p.bidder, p.key, method, path, body, w)
}
