package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"bidwell/loadtest"
)

// population are the generated people of a load test. The same flags give the same
// people in each command.
type population struct {
	people   int
	seed     uint64
	exchange string
}

func (p *population) add(f *pflag.FlagSet) {
	f.StringVar(&p.exchange, "exchange", "example", "name under which the bidder knows the exchange")
	f.IntVar(&p.people, "people", 20_000, "people to generate")
	f.Uint64Var(&p.seed, "seed", 1, "seed of people and of everything else")
}

func (p *population) all() loadtest.People {
	return loadtest.People{Seed: p.seed, N: p.people, Exchange: p.exchange}
}

func newLoadtestPeople() *cobra.Command {
	var p population
	var out string
	cmd := &cobra.Command{
		Use:   "people",
		Short: "Write the people of generated traffic, for an import",
		Long: `Writes what is known of the generated people whom the requests of load tests speak
of, one JSON object a line, as 'bidwell profile import' reads it: postcodes, cars,
segments and visits. Use the same --people, --seed and --exchange as in the load test.`,
		Example: `  bidwell loadtest people --out people.ndjson
  bidwell profile import people.ndjson --bidder http://127.0.0.1:8081`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if p.people < 1 {
				return fmt.Errorf("%w--people %d: it must be above 0", silentUsage{}, p.people)
			}
			if out == "" {
				return loadtest.GeneratePeople(p.all(), cmd.OutOrStdout())
			}
			f, err := os.Create(out)
			if err != nil {
				return fmt.Errorf("write people: %w", err)
			}
			return errors.Join(loadtest.GeneratePeople(p.all(), f), f.Close())
		},
	}
	p.add(cmd.Flags())
	cmd.Flags().StringVar(&out, "out", "", "file to write (default: standard output)")
	return cmd
}
