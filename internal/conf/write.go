package conf

import (
	"fmt"
	"io"
	"strings"
)

const (
	styleReset = "\x1b[0m"
	styleBold  = "\x1b[1m"
	styleRed   = "\x1b[31m"
	styleAmber = "\x1b[33m"
	styleDim   = "\x1b[2m"
)

// Write writes the problems in order, for people: each with its place, its
// message, its hint and the line at fault. It returns w's first error.
func (ps *Problems) Write(w io.Writer, colour bool) error {
	paint := func(style, s string) string {
		if !colour {
			return s
		}
		return style + s + styleReset
	}
	for _, p := range ps.Sorted() {
		message := p.Message
		if p.Severity == Warning {
			message = paint(styleAmber, "warning: ") + message
		} else {
			message = paint(styleRed, message)
		}
		if p.Hint != "" {
			message += " (" + p.Hint + ")"
		}
		if _, err := fmt.Fprintf(w, "%s %s\n", paint(styleBold, p.Pos.String()+":"), message); err != nil {
			return err
		}
		if p.Snippet == "" {
			continue
		}
		line, carets, _ := strings.Cut(p.Snippet, "\n")
		if _, err := fmt.Fprintf(w, "%s\n%s\n", paint(styleDim, line), paint(styleRed, carets)); err != nil {
			return err
		}
	}
	return nil
}
