package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bidwell/campaign"
)

// setting is one value in effect and where it comes from.
type setting struct{ key, value, from string }

func newConfigPrint() *cobra.Command {
	m := new(Main)
	cmd := &cobra.Command{
		Use:     "print",
		Short:   "Print the settings in effect, and where each comes from",
		Example: "  BIDWELL_LISTEN=:9090 bidwell config print",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := map[string]string{}
			for _, name := range []string{"config", "listen", "admin", "data"} {
				given[name] = origin(cmd, name)
			}
			fromEnv(cmd)
			return printConfig(cmd.OutOrStdout(), m, given)
		},
	}
	f := cmd.Flags()
	f.StringVar(&m.Config, "config", defaultConfig, "path of bidwell.yaml")
	f.StringVar(&m.Listen, "listen", "", "address of the exchange port")
	f.StringVar(&m.Admin, "admin", "", "address of the admin port")
	f.StringVar(&m.Data, "data", "", "directory for profiles and keys")
	return cmd
}

// origin says whether a flag or a variable sets a value; "" if neither does.
func origin(cmd *cobra.Command, name string) string {
	if cmd.Flags().Changed(name) {
		return "flag"
	}
	if _, ok := os.LookupEnv("BIDWELL_" + strings.ToUpper(name)); ok {
		return "environment"
	}
	return ""
}

func printConfig(w io.Writer, m *Main, given map[string]string) error {
	snap, problems, err := campaign.Load(m.Config, time.Now())
	if err != nil {
		return err
	}
	if snap == nil {
		problems.Write(os.Stderr, isTerminal(os.Stderr))
		return errSaid
	}
	p := snap.Process
	pick := func(key, flag, file, def string) setting {
		switch {
		case flag != "" && given[key] != "":
			return setting{key, flag, given[key]}
		case file != "":
			return setting{key, file, p.At(key).String()}
		}
		return setting{key, def, "default"}
	}
	list := []setting{
		{"config", m.Config, firstSet(given["config"], "default")},
		pick("listen", m.Listen, p.Listen, ":8080"),
		pick("admin", m.Admin, p.Admin, "127.0.0.1:8081"),
		pick("data", m.Data, p.Data, "data"),
		pick("seat", "", p.Seat, "bidwell"),
		{"currency", snap.Rates.Base().String(), originOf(p, "currency")},
	}
	l := bidderLimits(p)
	list = append(list,
		setting{"limits.body_kb", fmt.Sprint(l.Body >> 10), originOf(p, "limits")},
		setting{"limits.connections", fmt.Sprint(l.Connections), originOf(p, "limits")},
		setting{"limits.shed_above", l.ShedAbove.String(), originOf(p, "limits")},
		setting{"limits.slow_client", l.SlowClient.String(), originOf(p, "limits")},
		setting{"limits.drain", drainTime(p).String(), originOf(p, "limits")},
		setting{"store.cache_mb", fmt.Sprint(orDefault(p.Store.CacheMB, 256)), originOf(p, "store")},
		setting{"store.block_mb", fmt.Sprint(orDefault(p.Store.BlockMB, 64)), originOf(p, "store")},
	)
	for _, e := range snap.Exchanges {
		list = append(list, setting{"exchanges." + e.Name, fmt.Sprintf("seat %s, window %v less %v, settles on %s, loopback only %v",
			e.Seat, e.Window, e.Network, e.SettleOn, e.Credential == nil), originOf(p, "exchanges")})
	}
	for _, s := range list {
		if _, err := fmt.Fprintf(w, "%-22s %-50s # %s\n", s.key, s.value, s.from); err != nil {
			return err
		}
	}
	return nil
}

// originOf returns where a key stands in the file.
func originOf(p *campaign.ProcessFile, key string) string {
	if at := p.At(key); at != p.Pos() {
		return at.String()
	}
	return "default"
}
