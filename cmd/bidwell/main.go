// Command bidwell is the bidder and its tools in one binary. This package is
// wiring: it reads flags, environment and files, and hands them to the packages
// below. Nothing imports it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	_ "time/tzdata" // campaigns name time zones; the image has none

	"github.com/spf13/cobra"

	"bidwell/internal/conf"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2

	exitChanges   = 2  // of plan
	exitThreshold = 99 // of loadtest: a threshold was not kept
)

// errUsage marks errors of how the command was called.
var errUsage = errors.New("usage")

// errSaid marks failures that have been reported already.
var errSaid = errors.New("reported")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes the command line and returns the exit status.
func run(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errSaid):
		return exitFailed
	case errors.Is(err, errChanges):
		return exitChanges
	case errors.Is(err, errThreshold):
		return exitThreshold
	case errors.Is(err, errUsage) || isUsage(err):
		fmt.Fprintf(os.Stderr, "bidwell: %v\nSee '%s --help'.\n", err, cmd.CommandPath())
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "bidwell: %v\n", err)
	return exitFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "bidwell",
		Short: "A real-time programmatic bidder",
		Long: `Bidwell answers OpenRTB bid requests: it looks the person up, tests them
against synthetic audiences, scores the impression against your campaigns,
prices it, and never spends more than the budget.`,
		Example: `  bidwell demo
  bidwell serve --config configs/bidwell.yaml
  bidwell validate configs
  bidwell explain --request configs/requests/premium-news-front-page.json`,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
	}
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newServe(), newDemo(), newValidate(), newExplain(), newProfile(), newAudience(), newConversation(), newLedger(), newReport(), newConfig(), newSimulate(), newPlan(), newLoadtest(), newVersion())
	return root
}

// flagNames finds the names of flags in a help text.
var flagNames = regexp.MustCompile(`(?m)^ +(?:-\w, |)--([\w-]+)`)

// flagError makes an error about flags one of usage, and answers a misspelt one
// with the likely one.
func flagError(cmd *cobra.Command, err error) error {
	var known []string
	for _, m := range flagNames.FindAllStringSubmatch(cmd.Flags().FlagUsages(), -1) {
		known = append(known, m[1])
	}
	if name, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		if likely := conf.Suggest(name, known); likely != "" {
			return fmt.Errorf("%w (did you mean --%s?)%w", err, likely, silentUsage{})
		}
	}
	return fmt.Errorf("%w%w", err, silentUsage{})
}

// silentUsage makes an error a usage error without changing its text.
type silentUsage struct{}

func (silentUsage) Error() string { return "" }

func (silentUsage) Is(target error) bool { return target == errUsage }

// isUsage recognises cobra's own errors about arguments.
func isUsage(err error) bool {
	for _, prefix := range []string{"unknown command", "accepts ", "requires ", "required flag", "invalid argument"} {
		if len(err.Error()) >= len(prefix) && err.Error()[:len(prefix)] == prefix {
			return true
		}
	}
	return false
}
