package campaign

import (
	"cmp"
	"slices"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"bidwell/ad"
	"bidwell/internal/conf"
)

// FactorSpec is what a bid modifier multiplies with: one factor, or a factor for
// each time since something was last done.
type FactorSpec struct {
	Factor float64
	Steps  []FactorStep // the shortest first; nil for one factor
}

// FactorStep is the factor up to an age.
type FactorStep struct {
	UpTo   conf.Duration
	Factor float64
	At     conf.Pos // of the age
	Of     conf.Pos // of the factor
}

// DecodeYAML implements conf.Reader.
func (f *FactorSpec) DecodeYAML(n *yaml.Node, d *conf.Decoder) {
	if n.Kind != yaml.MappingNode {
		d.Decode(n, &f.Factor)
		return
	}
	var list conf.Map[float64]
	if !d.Decode(n, &list) {
		return
	}
	if len(list) == 0 {
		d.Errorf(n, "such as {1d: 2.0, 3d: 1.5}", "multiply is empty")
	}
	for _, e := range list {
		age, err := conf.ParseDuration(e.Key)
		if err != nil {
			d.ErrorAt(e.KeyPos, "such as {1d: 2.0, 3d: 1.5}", "%q is no length of time", e.Key)
			continue
		}
		f.Steps = append(f.Steps, FactorStep{UpTo: age, Factor: e.Value, At: e.KeyPos, Of: e.Pos})
	}
	slices.SortStableFunc(f.Steps, func(x, y FactorStep) int { return cmp.Compare(x.UpTo, y.UpTo) })
	for i := 1; i < len(f.Steps); i++ {
		if f.Steps[i].UpTo == f.Steps[i-1].UpTo {
			d.ErrorAt(f.Steps[i].At, "keep one of them", "%s is given twice", f.Steps[i].UpTo)
		}
	}
}

// JSONSchema describes both forms.
func (FactorSpec) JSONSchema() *jsonschema.Schema {
	factor := &jsonschema.Schema{Type: "number"}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{factor, {
		Type:                 "object",
		PatternProperties:    map[string]*jsonschema.Schema{"^([0-9]+(y|w|d|h|ms|m|s))+$": factor},
		AdditionalProperties: jsonschema.FalseSchema,
	}}}
}

// adjust compiles the modifiers. It returns the product of those that raise the
// price: multiplied in the same order, no choice among all of them gives more.
func (c *compiler) adjust(l *Line) (raise float64) {
	for i := range l.Spec.Adjust {
		a := &l.Spec.Adjust[i]
		if a.Pos().Line == 0 || a.If.Pos().Line == 0 || !a.Has("multiply") {
			continue // it could not be read, which is reported
		}
		if len(a.Multiply.Steps) > 0 {
			c.recency(l, a)
			continue
		}
		c.factor(a.Multiply.Factor, a.At("multiply"))
		l.Adjust = append(l.Adjust, Adjust{If: c.rules.Condition(&a.If), Factor: a.Multiply.Factor, Spec: a, At: a.At("multiply")})
	}
	return highest(l.Adjust, -1)
}

// recency compiles a modifier with a factor for each age into modifiers of which
// at most one applies.
func (c *compiler) recency(l *Line, a *AdjustSpec) {
	var ages []conf.Duration
	var at []conf.Pos
	for _, s := range a.Multiply.Steps {
		ages, at = append(ages, s.UpTo), append(at, s.At)
		c.factor(s.Factor, s.Of)
	}
	for i, ref := range c.rules.Recency(&a.If, ages, at) {
		s := &a.Multiply.Steps[i]
		l.Adjust = append(l.Adjust, Adjust{If: ref, Factor: s.Factor, Spec: a, At: s.Of, Else: i > 0})
	}
}

// factor checks a factor.
func (c *compiler) factor(f float64, at conf.Pos) {
	switch {
	case f < 0 || f > 1000:
		c.ps.Errorf(at, "write a factor from 0 to 1000, such as 1.8", "%v is no bid modifier", f)
	case f == 0 && !c.fileUnread:
		c.ps.Warnf(at, "an audience with none: says so more plainly", "there is no bid where this condition holds")
	case f == 1:
		c.ps.Warnf(at, "", "a factor of 1 changes nothing")
	}
}

// highest returns the most that modifiers can multiply a price with, if one of
// them does not apply (none: -1). Of a modifier and those that stand in its place
// one applies.
func highest(list []Adjust, without int) float64 {
	product, most := 1.0, 1.0
	for i := range list {
		if !list[i].Else {
			product, most = product*most, 1
		}
		if i != without {
			most = max(most, list[i].Factor)
		}
	}
	return product * most
}

// raise returns the most that modifiers and steps can multiply a bid with, if a
// modifier does not apply (none: -1).
func (l *Line) raise(without int) float64 { return highest(l.Adjust, without) * l.Talk.highest() }

// raised is the most that a line item bids if a modifier does not apply, whatever
// is learned.
func (l *Line) raised(without int) ad.Money {
	if l.Goal != nil {
		return l.AtMost
	}
	return min(l.Price.Mul(l.raise(without)), l.AtMost)
}
