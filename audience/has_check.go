package audience

import (
	"strings"

	"bidwell/internal/conf"
	"bidwell/profile"
)

// has compiles the tests of one attribute.
func (b *Builder) has(entry *conf.Entry[Compare]) []predicate {
	if err := profile.CheckName(entry.Key); err != nil {
		b.ps.Errorf(entry.KeyPos, "", "attribute: %v", err)
		return nil
	}
	c, h := &entry.Value, has{b.attribute(entry.Key)}
	var out []predicate
	if c.In != nil {
		b.warnTwice(c.In)
		out = append(out, newHasIn(h, c.In, false))
	}
	if c.Not != nil {
		b.warnTwice(c.Not)
		out = append(out, newHasIn(h, c.Not, true))
	}
	if p := b.hasRange(h, c); p != nil {
		out = append(out, p)
	}
	if c.Over != nil && c.Under != nil && *c.Over >= *c.Under {
		b.ps.Errorf(c.At("under"), "", "nothing is both more than %s and less than %s old", c.Over, c.Under)
	}
	if c.Over != nil {
		out = append(out, &hasAge{h, *c.Over, true})
	}
	if c.Under != nil {
		out = append(out, &hasAge{h, *c.Under, false})
	}
	if c.Known != nil {
		out = b.known(h, c, out)
	}
	if len(out) == 0 && c.Between == nil && c.AtLeast == nil && c.AtMost == nil && c.Before == nil && c.After == nil {
		b.ps.Errorf(entry.Pos, "such as {at_least: 3}", "the test of %s is empty", entry.Key)
	}
	return out
}

func (b *Builder) known(h has, c *Compare, others []predicate) []predicate {
	switch {
	case len(others) == 0:
		return []predicate{&hasKnown{h, *c.Known}}
	case *c.Known:
		b.ps.Warnf(c.At("known"), "", "this is always so where the other test holds")
	default:
		b.ps.Errorf(c.At("known"), "", "what is not known cannot pass the other test")
	}
	return others
}

func (b *Builder) warnTwice(list []Literal) {
	seen := make(map[string]bool, len(list))
	for i := range list {
		if seen[list[i].Text] {
			b.ps.Warnf(list[i].Pos, "", "%s is in the list twice", list[i].String())
		}
		seen[list[i].Text] = true
	}
}

// bounds gathers what limits an attribute from below and above.
type bounds struct {
	typ    profile.ValueType
	lo, hi float64
	words  []string
	bad    bool
}

// hasRange compiles the bounds of one attribute into one test.
func (b *Builder) hasRange(h has, c *Compare) predicate {
	r := &bounds{lo: -noBound, hi: noBound}
	if c.Between != nil {
		if len(c.Between) != 2 {
			b.ps.Errorf(c.At("between"), "write [lower, upper]", "between takes two values, found %d", len(c.Between))
			return nil
		}
		r.between(b, &c.Between[0], &c.Between[1])
	}
	if c.AtLeast != nil {
		r.lower(b, c.AtLeast, c.AtLeast.num, "at least ")
	}
	if c.AtMost != nil {
		r.upper(b, c.AtMost, c.AtMost.last(), "at most ")
	}
	if c.After != nil && r.isDate(b, c.After) {
		r.lower(b, c.After, c.After.end, "after ")
	}
	if c.Before != nil && r.isDate(b, c.Before) {
		r.upper(b, c.Before, c.Before.num, "before ")
	}
	if r.bad || r.typ == profile.NoValue {
		return nil
	}
	if r.lo > r.hi || r.typ == profile.Date && r.lo == r.hi {
		b.ps.Errorf(c.Pos(), "", "no value is %s", strings.Join(r.words, " and "))
		return nil
	}
	return &hasRange{has: h, typ: r.typ, lo: r.lo, hi: r.hi, text: strings.Join(r.words, " and ")}
}

// last is the bound of what is at most the literal.
func (l *Literal) last() float64 {
	if l.kind == dateLiteral {
		return l.end
	}
	return l.num
}

func (r *bounds) between(b *Builder, lo, hi *Literal) {
	if lo.ordered() && lo.kind == hi.kind && lo.num > hi.num {
		b.ps.Errorf(lo.Pos, "write ["+hi.Text+", "+lo.Text+"]", "the lower bound %s is more than the upper bound %s", lo.Text, hi.Text)
		r.bad = true
		return
	}
	r.lower(b, lo, lo.num, "from ")
	r.upper(b, hi, hi.last(), "to ")
	if !r.bad {
		r.words = []string{r.words[0] + " " + r.words[1]}
	}
}

func (r *bounds) lower(b *Builder, l *Literal, v float64, word string) {
	if r.takes(b, l) {
		r.lo = max(r.lo, v)
		r.words = append(r.words, word+l.Text)
	}
}

func (r *bounds) upper(b *Builder, l *Literal, v float64, word string) {
	if r.takes(b, l) {
		r.hi = min(r.hi, v)
		r.words = append(r.words, word+l.Text)
	}
}

func (r *bounds) isDate(b *Builder, l *Literal) bool {
	if l.kind == dateLiteral {
		return true
	}
	b.ps.Errorf(l.Pos, "", "expected a date such as 2026-11-01, found %s", l)
	r.bad = true
	return false
}

// takes checks that a bound is of the same type as those before it.
func (r *bounds) takes(b *Builder, l *Literal) bool {
	typ := profile.Number
	if l.kind == dateLiteral {
		typ = profile.Date
	}
	switch {
	case !l.ordered():
		hint := ""
		if d, err := conf.ParseDuration(l.Text); err == nil {
			hint = "for an age write {over: " + d.String() + "} or {under: " + d.String() + "}"
		}
		b.ps.Errorf(l.Pos, hint, "expected a number or a date, found %s", l)
		r.bad = true
		return false
	case r.typ != profile.NoValue && r.typ != typ:
		b.ps.Errorf(l.Pos, "", "a number and a date cannot bound the same attribute")
		r.bad = true
		return false
	}
	r.typ = typ
	return true
}
