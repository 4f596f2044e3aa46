package pricing

import "fmt"

// Waiting is what of a campaign is too young to be learned from, so that its successes
// are not learned before its failures. It changes no chance: it is told to people.
type Waiting struct {
	Goal      Goal
	Trials    [NumTasks]float64 // impressions, or clicks for what follows a click
	Responses [NumTasks]float64 // of them, with a response so far
}

// text goes on from why a model is used or not.
func (w *Waiting) text(t Task) string {
	n, y := w.Trials[t], w.Responses[t]
	if n == 0 {
		return ""
	}
	what, verb := "impression", "waits for its"
	if t == ClickConverting {
		what = "click"
	}
	if n != 1 {
		what, verb = what+"s", "wait for their"
	}
	if y == 0 {
		return fmt.Sprintf("; %.0f %s %s ten minutes", n, what, verb)
	}
	return fmt.Sprintf("; %.0f %s %s ten minutes, %.0f with a response", n, what, verb, y)
}
