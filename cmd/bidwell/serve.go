package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/term"
)

const defaultConfig = "configs/bidwell.yaml"

func newServe() *cobra.Command {
	m := new(Main)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the bidder",
		Long: `Runs the bidder: bid requests and notices on the exchange port, metrics and
status on the admin port. Campaigns are reloaded when their files change, and on
SIGHUP. SIGTERM drains.

Flags win over environment variables (BIDWELL_CONFIG, BIDWELL_LISTEN,
BIDWELL_ADMIN, BIDWELL_DATA), and those over the configuration file.`,
		Example: `  bidwell serve
  bidwell serve --config configs/wide/bidwell.yaml --listen 127.0.0.1:9090
  curl -s 127.0.0.1:8081/status`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fromEnv(cmd)
			return serve(cmd.Context(), m)
		},
	}
	f := cmd.Flags()
	f.StringVar(&m.Config, "config", defaultConfig, "path of bidwell.yaml")
	f.StringVar(&m.Listen, "listen", "", "address of the exchange port (default: the file's, else :8080)")
	f.StringVar(&m.Admin, "admin", "", "address of the admin port (default: the file's, else 127.0.0.1:8081)")
	f.StringVar(&m.Data, "data", "", "directory for profiles and keys (default: the file's, else ./data)")
	return cmd
}

// fromEnv sets the flags that were not given from BIDWELL_ variables.
func fromEnv(cmd *cobra.Command) {
	for _, name := range []string{"config", "listen", "admin", "data"} {
		f := cmd.Flags().Lookup(name)
		if f == nil || f.Changed {
			continue
		}
		if v, ok := os.LookupEnv("BIDWELL_" + strings.ToUpper(name)); ok {
			f.Value.Set(v) // a string flag takes any value
		}
	}
}

func serve(ctx context.Context, m *Main) error {
	log, err := newLogger()
	if err != nil {
		return err
	}
	defer log.Sync()
	m.Log = log
	if err := m.Open(); err != nil {
		return errors.Join(err, m.Close())
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	limitMemory(following, m.process.Store)
	err = m.Run(ctx)
	return errors.Join(err, m.Close())
}

// newLogger writes JSON lines to standard error, the first hundred of a kind in
// a second and then every hundredth; on a terminal, lines for people.
func newLogger() (*zap.Logger, error) {
	c := zap.NewProductionConfig()
	if isTerminal(os.Stderr) {
		c.Encoding, c.EncoderConfig = "console", zap.NewDevelopmentEncoderConfig()
	}
	c.DisableStacktrace = true
	log, err := c.Build()
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return log, nil
}

// isTerminal reports whether colour and progress bars belong on f.
func isTerminal(f *os.File) bool {
	return os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(f.Fd()))
}
