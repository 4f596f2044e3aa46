package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"bidwell/audience"
	"bidwell/campaign"
	"bidwell/internal/prose"
)

// audienceOptions are the flags of the commands that count people.
type audienceOptions struct {
	people
	asJSON bool
}

// sampleSize is how many people an estimate looks at: about 50 ms.
const sampleSize = 50_000

func newAudience() *cobra.Command {
	o := new(audienceOptions)
	cmd := &cobra.Command{
		Use:   "audience",
		Short: "Count the people in audiences, list them, say why somebody is in one, and what can be reached",
		Long: `Works on the profiles in the data directory, or, with --bidder, on those of a
bidder that runs, with the audiences that it serves. Nobody is on a page while
they are counted: what a rule asks of the request is unknown, and so may be who is
in the audience. They are counted apart, as perhaps.`,
		Example: `  bidwell audience size
  bidwell audience size luxury-car-intenders --estimate --bidder http://127.0.0.1:8081
  bidwell audience overlap luxury-car-intenders travellers
  bidwell audience reach roadster/intenders --bidder http://127.0.0.1:8081
  bidwell audience explain luxury-car-intenders --user buyeruid:example:anna`,
	}
	o.flags(cmd.PersistentFlags())
	cmd.AddCommand(newAudienceSize(o), newAudienceOverlap(o), newAudienceMembers(o), newAudienceExplain(o), newAudienceReach(o))
	return cmd
}

func (o *audienceOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.config, "config", defaultConfig, "path of bidwell.yaml")
	f.StringVar(&o.data, "data", "", "directory for profiles (default: the file's, else ./data)")
	f.StringVar(&o.bidder, "bidder", "", "admin port of a bidder that runs, such as http://127.0.0.1:8081")
	f.StringVar(&o.key, "admin-key", os.Getenv("BIDWELL_ADMIN_KEY"), "key for it (default: BIDWELL_ADMIN_KEY)")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
}

func newAudienceSize(o *audienceOptions) *cobra.Command {
	var estimate bool
	var sample int64
	cmd := &cobra.Command{
		Use:   "size [NAME...]",
		Short: "How many people are in audiences",
		Long: `Counts by looking at everybody. With --estimate it looks at a sample, those whose
keys are lowest, and says how far off it may be.`,
		Example: "  bidwell audience size luxury-car-intenders --estimate",
		RunE: func(cmd *cobra.Command, names []string) error {
			if !estimate {
				sample = 0
			}
			return o.census(cmd, names, sample, false)
		},
	}
	cmd.Flags().BoolVar(&estimate, "estimate", false, "look at a sample only")
	cmd.Flags().Int64Var(&sample, "sample", sampleSize, "people in the sample")
	return cmd
}

func newAudienceOverlap(o *audienceOptions) *cobra.Command {
	return &cobra.Command{
		Use:     "overlap NAME NAME...",
		Short:   "How many people are in each two of several audiences",
		Example: "  bidwell audience overlap luxury-car-intenders travellers",
		Args:    cobra.MinimumNArgs(2),
		RunE:    func(cmd *cobra.Command, names []string) error { return o.census(cmd, names, 0, true) },
	}
}

// census prints the result of a census, made here or by the bidder that runs.
func (o *audienceOptions) census(cmd *cobra.Command, names []string, sample int64, both bool) (err error) {
	if o.bidder != "" {
		q := url.Values{"name": names, "sample": {strconv.FormatInt(sample, 10)}, "both": {strconv.FormatBool(both)}, "text": {strconv.FormatBool(!o.asJSON)}}
		return o.call(cmd.Context(), "GET", "/api/audience?"+q.Encode(), nil, cmd.OutOrStdout())
	}
	defer func() { err = errors.Join(err, o.close()) }()
	set, err := o.load(cmd)
	if err != nil {
		return err
	}
	c := audience.Count{Now: time.Now(), Workers: runtime.GOMAXPROCS(0), Sample: sample, Both: both, Stop: cmd.Context().Err}
	if isTerminal(os.Stderr) && sample == 0 {
		<-o.profiles.Ready()
		bar := progressbar.NewOptions64(o.profiles.Stats().People, progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionSetDescription("people"), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		c.Progress = func(seen int64) { bar.Set64(seen) }
		defer bar.Finish()
	}
	result, err := takeCensus(set, o.profiles.People, names, c)
	if err != nil {
		return err
	}
	if o.asJSON {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		return enc.Encode(result)
	}
	return writeCensus(cmd.OutOrStdout(), result)
}

// load opens the profiles and compiles the audiences of the configuration.
func (o *audienceOptions) load(cmd *cobra.Command) (*audience.Set, error) {
	snap, err := o.snapshot(cmd)
	if err != nil {
		return nil, err
	}
	return snap.Audiences, nil
}

// snapshot opens the profiles and compiles the configuration.
func (o *audienceOptions) snapshot(cmd *cobra.Command) (*campaign.Snapshot, error) {
	snap, problems, err := campaign.Load(o.config, time.Now())
	if err != nil {
		return nil, err
	}
	if snap == nil {
		problems.Write(os.Stderr, isTerminal(os.Stderr))
		return nil, fmt.Errorf("%s: the configuration has errors, see above", o.config)
	}
	return snap, o.open(cmd, openStoreIfAny)
}

// takeCensus counts people in audiences, in all of them for no names.
func takeCensus(set *audience.Set, people audience.People, names []string, c audience.Count) (*audience.Census, error) {
	if len(names) == 0 {
		names = set.Names()
	}
	for _, name := range names {
		if _, err := namedAudience(set, name); err != nil {
			return nil, err
		}
	}
	return set.Census(names, people, c)
}

// errNoAudience is wrapped by the errors of names that no audience has.
var errNoAudience = errors.New("there is no audience")

func namedAudience(set *audience.Set, name string) (audience.Ref, error) {
	ref, ok := set.Ref(name)
	if !ok {
		return ref, unknownName(errNoAudience, name, set.Names())
	}
	return ref, nil
}

func writeCensus(w io.Writer, c *audience.Census) error {
	p := &tablePrinter{w: w}
	about := ""
	if c.Seen < c.People {
		about = "about "
	}
	p.printf("%s%s with a profile", about, prose.Count(c.People, "person"))
	if about != "" {
		p.printf("; looked at: %s", prose.Number(c.Seen))
	}
	p.printf("\n")
	for _, a := range c.Audiences {
		p.printf("%12s  ", prose.Number(a.In))
		if about != "" {
			p.printf("± %-9s ", prose.Number(a.Error))
		}
		p.printf("%s", a.Name)
		if a.Maybe > 0 {
			p.printf(", and perhaps %s more", prose.Number(a.Maybe))
		}
		p.printf("\n")
	}
	for i := range c.Both {
		for j := range i {
			both, share := c.Both[i][j], 0.0
			if few := min(c.Audiences[i].In, c.Audiences[j].In); few > 0 {
				share = 100 * float64(both) / float64(few)
			}
			p.printf("%12s  in both %s and %s, %.1f%% of the smaller\n", prose.Number(both), c.Audiences[j].Name, c.Audiences[i].Name, share)
		}
	}
	return p.err
}

// tablePrinter keeps the first error of a series of writes.
type tablePrinter struct {
	w   io.Writer
	err error
}

func (p *tablePrinter) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}
