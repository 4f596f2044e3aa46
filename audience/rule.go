package audience

import (
	"strconv"
	"time"

	"bidwell/internal/conf"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"
)

// Rule is a rule as it is written. The package comment describes the language.
type Rule struct {
	conf.Located
	All      []Rule               `yaml:"all" conf:"not-empty" doc:"Each of these rules holds."`
	Any      []Rule               `yaml:"any" conf:"not-empty" doc:"At least one of these rules holds."`
	None     []Rule               `yaml:"none" conf:"not-empty" doc:"None of these rules is known to hold."`
	Has      conf.Map[Compare]    `yaml:"has" doc:"Attributes of the person, each with its test."`
	Segment  []conf.Value[string] `yaml:"segment" conf:"scalar-ok,not-empty" doc:"The person is in one of these segments."`
	Did      *Did                 `yaml:"did" doc:"What the person did, how often and when."`
	Lookup   *Lookup              `yaml:"lookup" doc:"A row of a table, found by an attribute or a field of the request."`
	Context  conf.Map[Values]     `yaml:"context" doc:"Fields of the request, each with the values that it may have."`
	Audience []conf.Value[string] `yaml:"audience" conf:"scalar-ok,not-empty" doc:"The person is in one of these audiences."`
}

// JSONSchemaExtend names the fields of the request, so that editors offer them.
func (Rule) JSONSchemaExtend(s *jsonschema.Schema) {
	context, ok := s.Properties.Get("context")
	if !ok {
		return
	}
	names := &jsonschema.Schema{Type: "string"}
	for _, name := range Fields() {
		names.Enum = append(names.Enum, name)
	}
	context.PropertyNames = names
}

// Compare is the test of an attribute: a value, a list of values, or a mapping
// of which every key must hold.
type Compare struct {
	conf.Located
	In      []Literal      `yaml:"in" conf:"not-empty" doc:"It is one of these."`
	Not     []Literal      `yaml:"not" conf:"scalar-ok,not-empty" doc:"It is known, and none of these."`
	Between []Literal      `yaml:"between" doc:"A lower and an upper bound, both included."`
	AtLeast *Literal       `yaml:"at_least" doc:"It is this number or date, or more."`
	AtMost  *Literal       `yaml:"at_most" doc:"It is this number or date, or less."`
	Before  *Literal       `yaml:"before" doc:"A date before this one."`
	After   *Literal       `yaml:"after" doc:"A date after this one."`
	Over    *conf.Duration `yaml:"over" doc:"The age, since a date or as a number of years, is more than this."`
	Under   *conf.Duration `yaml:"under" doc:"The age, since a date or as a number of years, is less than this."`
	Known   *bool          `yaml:"known" doc:"Whether anything is known of the attribute."`
}

// DecodeYAML implements conf.Reader.
func (c *Compare) DecodeYAML(n *yaml.Node, d *conf.Decoder) {
	type fields Compare
	switch n.Kind {
	case yaml.MappingNode:
		d.Decode(n, (*fields)(c))
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			d.Errorf(n, "", "the list is empty")
			return
		}
		d.Decode(n, &c.In)
	default:
		c.In = make([]Literal, 1)
		d.Decode(n, &c.In[0])
	}
}

// JSONSchemaExtend adds the short forms.
func (Compare) JSONSchemaExtend(s *jsonschema.Schema) {
	long := *s
	*s = jsonschema.Schema{AnyOf: []*jsonschema.Schema{literalSchema(), {Type: "array", Items: literalSchema(), MinItems: one()}, &long}}
}

// Did is a test of what the person did. One of the kinds of behaviour is given.
type Did struct {
	conf.Located
	Visit      []conf.Value[string] `yaml:"visit" conf:"scalar-ok,not-empty" doc:"Visits to pages on these topics."`
	View       []conf.Value[string] `yaml:"view" conf:"scalar-ok,not-empty" doc:"Views of these."`
	Click      []conf.Value[string] `yaml:"click" conf:"scalar-ok,not-empty" doc:"Clicks on these."`
	Search     []conf.Value[string] `yaml:"search" conf:"scalar-ok,not-empty" doc:"Searches for these."`
	Cart       []conf.Value[string] `yaml:"cart" conf:"scalar-ok,not-empty" doc:"Put these into the cart."`
	Purchase   []conf.Value[string] `yaml:"purchase" conf:"scalar-ok,not-empty" doc:"Purchases of these."`
	Conversion []conf.Value[string] `yaml:"conversion" conf:"scalar-ok,not-empty" doc:"Conversions of these kinds."`
	Impression []conf.Value[string] `yaml:"impression" conf:"scalar-ok,not-empty" doc:"Impressions of these."`
	Signup     []conf.Value[string] `yaml:"signup" conf:"scalar-ok,not-empty" doc:"Signed up for these."`
	Install    []conf.Value[string] `yaml:"install" conf:"scalar-ok,not-empty" doc:"Installed these."`
	Seen       []conf.Value[string] `yaml:"seen" conf:"scalar-ok,not-empty" doc:"Was on pages or in apps about these when an exchange asked for bids; of exchanges with seen: true."`

	AtLeast   *int           `yaml:"at_least" doc:"How often at least; 1 unless at_most alone is given."`
	AtMost    *int           `yaml:"at_most" doc:"How often at most."`
	Within    *conf.Duration `yaml:"within" doc:"Counting only this much time up to now."`
	NotWithin *conf.Duration `yaml:"not_within" doc:"Not once in this much time up to now; what was before is counted."`
	First     *Age           `yaml:"first" doc:"How long ago for the first time."`
	Last      *Age           `yaml:"last" doc:"How long ago for the last time."`
	Then      *Did           `yaml:"then" doc:"What happened after it, such as {click: dealer, within: 7d}: within is then the time since the deed before. It may have a then of its own."`
}

// Age is a test of how long ago something was.
type Age struct {
	conf.Located
	Over  *conf.Duration `yaml:"over" doc:"Longer ago than this."`
	Under *conf.Duration `yaml:"under" doc:"Less long ago than this."`
}

// Lookup is a test of a table's row.
type Lookup struct {
	conf.Located
	Table   string    `yaml:"table" conf:"required,not-empty" doc:"The table: the name of its file without .csv."`
	Key     string    `yaml:"key" conf:"not-empty" doc:"The request field or the person's attribute by whose value the row is found."`
	Request string    `yaml:"request" conf:"not-empty" doc:"The request field by whose value the row is found, in the place of key."`
	Column  string    `yaml:"column" conf:"not-empty" doc:"The column that is tested; without it, the row need only exist."`
	In      []Literal `yaml:"in" conf:"scalar-ok,not-empty" doc:"The cell is one of these."`
	Between []float64 `yaml:"between" doc:"A lower and an upper bound of the number in the cell, both included."`
	AtLeast *float64  `yaml:"at_least" doc:"The number in the cell is this or more."`
	AtMost  *float64  `yaml:"at_most" doc:"The number in the cell is this or less."`
}

// Values are the values that a request field may have: one, or a list.
type Values []Literal

// DecodeYAML implements conf.Reader.
func (v *Values) DecodeYAML(n *yaml.Node, d *conf.Decoder) {
	if n.Kind == yaml.SequenceNode {
		if len(n.Content) == 0 {
			d.Errorf(n, "", "the list is empty")
			return
		}
		d.Decode(n, (*[]Literal)(v))
		return
	}
	*v = make(Values, 1)
	d.Decode(n, &(*v)[0])
}

// JSONSchema describes both forms.
func (Values) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{literalSchema(), {Type: "array", Items: literalSchema(), MinItems: one()}}}
}

// literalKind says what a Literal can be compared with.
type literalKind uint8

const (
	textLiteral literalKind = iota
	numberLiteral
	boolLiteral
	dateLiteral
)

// Literal is a value as it is written: a text, a number, true or false, or a
// date. Every literal can also be taken as the text that it was written as.
type Literal struct {
	Text string
	Pos  conf.Pos

	kind literalKind
	num  float64 // the number; 1 for true; a date's beginning in unix seconds
	end  float64 // a date's end in unix seconds, excluded
}

// DecodeYAML implements conf.Reader.
func (l *Literal) DecodeYAML(n *yaml.Node, d *conf.Decoder) {
	text, ok := d.Text(n)
	if !ok {
		return
	}
	*l = Literal{Text: text, Pos: d.Pos(n)}
	if x, ok := conf.NumberOf(n); ok {
		l.kind, l.num = numberLiteral, x
		return
	}
	if b, ok := conf.BoolOf(n); ok {
		l.kind = boolLiteral
		if b {
			l.num = 1
		}
		return
	}
	if day, ok := conf.ParseDate(text); ok {
		from, to := day.In(time.UTC), day.In(time.UTC).Add(time.Second)
		if !day.HasTime {
			to = from.AddDate(0, 0, 1)
		}
		l.kind, l.num, l.end = dateLiteral, float64(from.Unix()), float64(to.Unix())
	}
}

// ordered reports whether the literal can be a bound.
func (l *Literal) ordered() bool { return l.kind == numberLiteral || l.kind == dateLiteral }

// String returns the literal as messages show it.
func (l *Literal) String() string {
	if l.kind == textLiteral && l.Text == "" {
		return strconv.Quote(l.Text)
	}
	return l.Text
}

// JSONSchema describes a scalar.
func (Literal) JSONSchema() *jsonschema.Schema { return literalSchema() }

func literalSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
}

func one() *uint64 { n := uint64(1); return &n }
