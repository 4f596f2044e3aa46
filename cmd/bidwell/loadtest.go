package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newLoadtest is the parent of the commands that play the exchange's side.
func newLoadtest() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "loadtest",
		Short: "Put a bidder under load, as an exchange would",
		Long: `Plays the other side of the auction against any OpenRTB bidder. Load goes to this
machine only, unless --allow-remote is given.`,
	}
	cmd.AddCommand(newLoadtestAttack(), newLoadtestMarket(), newLoadtestPeople(), newLoadtestReport())
	return cmd
}

// addTarget adds the other way to say where the bidder is.
func addTarget(f *pflag.FlagSet) { f.String("target", "", "the same as the argument URL") }

// targetOf returns the URL of the bidder, from the argument or from --target, or
// "" if neither is given.
func targetOf(cmd *cobra.Command, args []string) (string, error) {
	target, err := cmd.Flags().GetString("target")
	switch {
	case err != nil:
		return "", err
	case len(args) > 1:
		return "", fmt.Errorf("%wthere is more than one URL: %s", silentUsage{}, strings.Join(args, ", "))
	case len(args) == 0:
		return target, nil
	case cmd.Flags().Changed("target") && target != args[0]:
		return "", fmt.Errorf("%wthe argument is %s and --target %s: give one of them", silentUsage{}, args[0], target)
	}
	return args[0], nil
}
