package main

import "github.com/spf13/cobra"

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
