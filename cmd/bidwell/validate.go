package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"bidwell/campaign"
	"bidwell/internal/conf"
	"bidwell/internal/prose"
)

func newValidate() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Find every problem of a configuration",
		Long: `Reads the configuration in DIR (configs if left out) as serve would, and prints
every problem with its place. Exits with 1 if any of them is an error.`,
		Example: "  bidwell validate configs",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "configs"
			if len(args) > 0 {
				dir = args[0]
			}
			return validate(cmd, configIn(dir), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the problems as JSON")
	return cmd
}

// configIn returns the process file of a directory; a path to the file itself
// is taken as it is.
func configIn(path string) string {
	if filepath.Base(path) == campaign.ProcessFileName {
		return path
	}
	return filepath.Join(path, campaign.ProcessFileName)
}

func validate(cmd *cobra.Command, path string, asJSON bool) error {
	snap, problems, err := campaign.Load(path, time.Now())
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if asJSON {
		list := problems.Sorted()
		if list == nil {
			list = []conf.Problem{}
		}
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		err = enc.Encode(list)
	} else {
		problems.Write(out, out == os.Stdout && isTerminal(os.Stdout))
	}
	if err != nil {
		return err
	}
	if snap == nil {
		return errSaid
	}
	if !asJSON {
		_, err = fmt.Fprintf(out, "%s: %s, %s, %s, %s, %s: good\n", filepath.Dir(path),
			prose.Count(len(snap.Campaigns), "campaign"), prose.Count(len(snap.Lines), "line item"), prose.Count(len(snap.Creatives), "creative"),
			prose.Count(len(snap.Audiences.Names()), "audience"), prose.Count(len(snap.Exchanges), "exchange"))
	}
	return err
}
