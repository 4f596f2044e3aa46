package audience

import (
	"fmt"
	"io"
	"strings"

	"bidwell/internal/conf"
)

// Explanation says what a rule demands, what the person and the request have to
// show for it, and where it is written. Unlike an evaluation it goes into every
// part, those too that no longer matter.
type Explanation struct {
	Pos   conf.Pos       `json:"pos"`
	Rule  string         `json:"rule"`
	Truth Truth          `json:"truth"`
	Found string         `json:"found,omitempty"`
	Rules []*Explanation `json:"rules,omitempty"`
}

// Explain explains the answer to a rule for the request that e was last reset
// to, which must have been with s.
func (s *Set) Explain(e *Eval, ref Ref) *Explanation {
	if !s.valid(ref) {
		return &Explanation{Rule: "no such rule", Truth: Unknown}
	}
	left := maxExplained
	return e.explain(s.terms[ref], &left)
}

// maxExplained bounds an explanation: audiences that refer to each other over
// and over unfold to far more than they are.
const maxExplained = 10_000

func (e *Eval) explain(t *term, left *int) *Explanation {
	x := &Explanation{Pos: t.pos, Truth: e.node(t.node)}
	switch t.op {
	case opPredicate:
		x.Rule, x.Found = t.pred.words(), t.pred.found(e)
		return x
	case opTrue:
		x.Rule = "everybody"
	case opAll:
		x.Rule = "all of"
	case opAny:
		x.Rule = "any of"
	case opNone:
		x.Rule = "none of"
	case opAudience:
		x.Rule = "in audience " + t.name
	case opBroken:
		x.Rule = "a rule that could not be read"
	}
	for _, kid := range t.kids {
		if *left--; *left < 0 {
			x.Found = "and more, which is not shown"
			break
		}
		x.Rules = append(x.Rules, e.explain(kid, left))
	}
	return x
}

// Write writes the explanation for people, indented by two more blanks at each
// level, each line after the given indent. It returns w's first error.
func (x *Explanation) Write(w io.Writer, indent string) error {
	answer := map[Truth]string{True: "yes", False: "no", Unknown: "unknown"}[x.Truth]
	line := fmt.Sprintf("%s%-8s%s", indent, answer, x.Rule)
	if x.Found != "" {
		line += ": " + x.Found
	}
	if x.Pos.File != "" {
		line += "  [" + x.Pos.String() + "]"
	}
	if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
		return err
	}
	for _, r := range x.Rules {
		if err := r.Write(w, indent+"  "); err != nil {
			return err
		}
	}
	return nil
}
