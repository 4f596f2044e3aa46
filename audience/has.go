package audience

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"bidwell/internal/conf"
	"bidwell/profile"
)

// attribute is an attribute that rules name. Its slot is where an Eval keeps the
// value once it has been read.
type attribute struct {
	attr string
	name profile.Name
	slot int32
}

// attribute returns the attribute of a name.
func (b *Builder) attribute(name string) attribute {
	hash := profile.NameOf(name)
	slot, ok := b.slots[hash]
	if !ok {
		slot = int32(len(b.slots))
		b.slots[hash] = slot
	}
	return attribute{name, hash, slot}
}

// has is what the tests of an attribute share.
type has struct{ attribute }

func (h has) cost() int          { return costAttr }
func (h has) needsProfile() bool { return true }

func (h has) found(e *Eval) string {
	v, ok := e.attr(&h.attribute)
	if !ok {
		return h.attr + " is not known"
	}
	if v.Type == profile.Date {
		return h.attr + " is " + v.String() + ", " + since(int64(v.Num), e.now)
	}
	return h.attr + " is " + v.String()
}

// hasIn tests for one of several values; with not, for none of them.
type hasIn struct {
	has
	not      bool
	literals []Literal
	texts    map[string]struct{} // in the place of literals where these are many
}

// fewValues is how many values are compared one by one.
const fewValues = 8

func newHasIn(h has, literals []Literal, not bool) *hasIn {
	p := &hasIn{has: h, not: not, literals: literals}
	if len(literals) > fewValues {
		p.texts = make(map[string]struct{}, len(literals))
		for i := range literals {
			p.texts[literals[i].Text] = struct{}{}
		}
	}
	return p
}

func (p *hasIn) eval(e *Eval) Truth {
	v, ok := e.attr(&p.attribute)
	if !ok {
		return Unknown
	}
	return truth(p.contains(v) != p.not)
}

func (p *hasIn) contains(v *profile.Value) bool {
	if v.Type == profile.String && p.texts != nil {
		_, ok := p.texts[string(v.Str)]
		return ok
	}
	for i := range p.literals {
		if p.literals[i].equals(v) {
			return true
		}
	}
	return false
}

// equals reports whether a value is what the literal says.
func (l *Literal) equals(v *profile.Value) bool {
	switch v.Type {
	case profile.String:
		return string(v.Str) == l.Text
	case profile.Number:
		return l.kind == numberLiteral && v.Num == l.num
	case profile.Bool:
		return l.kind == boolLiteral && v.Num == l.num
	case profile.Date:
		return l.kind == dateLiteral && v.Num >= l.num && v.Num < l.end
	}
	return false
}

func (p *hasIn) key() string {
	return "in " + strconv.FormatBool(p.not) + " " + strconv.Quote(p.attr) + literalKeys(p.literals)
}

func literalKeys(list []Literal) string {
	var b strings.Builder
	for i := range list {
		b.WriteByte(' ')
		b.WriteByte('0' + byte(list[i].kind))
		b.WriteString(strconv.Quote(list[i].Text))
	}
	return b.String()
}

func literalWords(list []Literal) []string {
	words := make([]string, len(list))
	for i := range list {
		words[i] = list[i].String()
	}
	return words
}

func (p *hasIn) words() string {
	if p.not {
		return p.attr + " is known and not " + orList(literalWords(p.literals))
	}
	return p.attr + " is " + orList(literalWords(p.literals))
}

// hasRange tests a number or a date against bounds: lo ≤ value < hi for dates,
// lo ≤ value ≤ hi for numbers.
type hasRange struct {
	has
	typ    profile.ValueType
	lo, hi float64
	text   string
}

func (p *hasRange) eval(e *Eval) Truth {
	v, ok := e.attr(&p.attribute)
	if !ok || v.Type != p.typ {
		return Unknown
	}
	if p.typ == profile.Date {
		return truth(v.Num >= p.lo && v.Num < p.hi)
	}
	return truth(v.Num >= p.lo && v.Num <= p.hi)
}

func (p *hasRange) key() string {
	return fmt.Sprintf("range %q %d %v %v", p.attr, p.typ, p.lo, p.hi)
}

func (p *hasRange) words() string { return p.attr + " is " + p.text }

func (p *hasRange) found(e *Eval) string {
	v, ok := e.attr(&p.attribute)
	if ok && v.Type != p.typ {
		return fmt.Sprintf("%s is %s, which is no %s", p.attr, v, p.typ)
	}
	return p.has.found(e)
}

// hasAge tests how old something is: since a date, or as a number of years.
type hasAge struct {
	has
	age  conf.Duration
	over bool // else under
}

func (p *hasAge) eval(e *Eval) Truth {
	v, ok := e.attr(&p.attribute)
	if !ok {
		return Unknown
	}
	switch v.Type {
	case profile.Date:
		return p.compare(float64(e.now)-v.Num, p.age.Std().Seconds())
	case profile.Number:
		return p.compare(v.Num, float64(p.age)/float64(conf.Year))
	}
	return Unknown
}

// compare tests an age. What is yet to come has no age that is under anything.
func (p *hasAge) compare(age, limit float64) Truth {
	if p.over {
		return truth(age > limit)
	}
	return truth(age >= 0 && age < limit)
}

func (p *hasAge) key() string { return fmt.Sprintf("age %q %d %v", p.attr, p.age, p.over) }

func (p *hasAge) words() string {
	if p.over {
		return "the age of " + p.attr + " is more than " + p.age.Text()
	}
	return "the age of " + p.attr + " is less than " + p.age.Text()
}

func (p *hasAge) found(e *Eval) string {
	v, ok := e.attr(&p.attribute)
	switch {
	case ok && v.Type == profile.Number:
		return p.attr + " is " + v.String() + " years"
	case ok && v.Type != profile.Date:
		return fmt.Sprintf("%s is %s, which is no date and no number of years", p.attr, v)
	}
	return p.has.found(e)
}

// hasKnown tests whether an attribute is known at all.
type hasKnown struct {
	has
	want bool
}

func (p *hasKnown) eval(e *Eval) Truth {
	_, ok := e.attr(&p.attribute)
	return truth(ok == p.want)
}

func (p *hasKnown) key() string { return fmt.Sprintf("known %q %v", p.attr, p.want) }

func (p *hasKnown) words() string {
	if p.want {
		return p.attr + " is known"
	}
	return p.attr + " is not known"
}

// noBound stands for a bound that is not given.
var noBound = math.Inf(1)
