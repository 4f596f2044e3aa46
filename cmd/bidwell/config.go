package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"bidwell/campaign"
	"bidwell/internal/conf"
)

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the settings in effect, or the schemas of the files",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newConfigSchema(), newConfigPrint())
	return cmd
}

func newConfigSchema() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "schema [NAME]",
		Short: "Print the JSON Schema of a kind of file, for editors",
		Long: `Prints the JSON Schema of one kind of file, or, with --dir, writes all of them.
The schemas are made from the structures that the files are read into.`,
		Example: `  bidwell config schema campaign
  bidwell config schema --dir configs/schema`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			schemas, err := campaign.Schemas()
			if err != nil {
				return err
			}
			if dir != "" {
				return writeSchemas(dir, schemas)
			}
			names := make([]string, 0, len(schemas))
			for name := range schemas {
				names = append(names, name)
			}
			slices.Sort(names)
			if len(args) == 0 {
				return fmt.Errorf("%wname one of %v, or write them all with --dir", silentUsage{}, names)
			}
			text, ok := schemas[args[0]]
			if likely := conf.Suggest(args[0], names); !ok && likely != "" {
				return fmt.Errorf("%wthere is no schema %q (did you mean %s?)", silentUsage{}, args[0], likely)
			}
			if !ok {
				return fmt.Errorf("%wthere is no schema %q; there are %v", silentUsage{}, args[0], names)
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "directory to write all schemas to")
	return cmd
}

func writeSchemas(dir string, schemas map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write the schemas: %w", err)
	}
	for name, text := range schemas {
		if err := os.WriteFile(filepath.Join(dir, name+".schema.json"), text, 0o644); err != nil {
			return fmt.Errorf("write the schemas: %w", err)
		}
	}
	return nil
}
