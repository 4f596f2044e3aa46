package conf

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The tags that YAML resolves scalars to.
const (
	strTag   = "!!str"
	intTag   = "!!int"
	floatTag = "!!float"
	boolTag  = "!!bool"
	nullTag  = "!!null"
	timeTag  = "!!timestamp"
	mergeTag = "!!merge"
)

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == nullTag }

// Text returns what a scalar says, as it is written. Numbers, dates and true
// and false count as text, so that a postcode or a model's name needs no
// quotes. It reports false, and the problem, for anything else.
func (d *Decoder) Text(n *yaml.Node) (string, bool) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		d.Expected(n, "text")
		return "", false
	}
	return n.Value, true
}

func (d *Decoder) scalar(n *yaml.Node, v reflect.Value, f *field) {
	switch v.Kind() {
	case reflect.String:
		if s, ok := d.Text(n); ok {
			d.permitted(n, f)
			v.SetString(s)
		}
	case reflect.Bool:
		b, ok := BoolOf(n)
		if !ok {
			d.Expected(n, wanted(v.Type()))
			return
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		i, ok := d.whole(n, v.Type())
		if ok && v.OverflowInt(i) {
			d.Errorf(n, "", "%s is too large a number here", n.Value)
			return
		}
		v.SetInt(i)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		i, ok := d.whole(n, v.Type())
		if ok && (i < 0 || v.OverflowUint(uint64(i))) {
			d.Errorf(n, "", "%s is out of range here", n.Value)
			return
		}
		v.SetUint(uint64(i))
	case reflect.Float32, reflect.Float64:
		x, ok := NumberOf(n)
		if !ok {
			d.Expected(n, wanted(v.Type()))
			return
		}
		v.SetFloat(x)
	default:
		panic("conf: cannot decode into " + v.Type().String())
	}
}

func (d *Decoder) whole(n *yaml.Node, t reflect.Type) (int64, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag != intTag {
		d.Expected(n, wanted(t))
		return 0, false
	}
	s := strings.ReplaceAll(n.Value, "_", "")
	if digits := strings.TrimLeft(s, "+-"); len(digits) > 1 && digits[0] == '0' {
		d.Errorf(n, "write it in decimal, without a zero in front", "expected %s, found %s", wanted(t), n.Value)
		return 0, false
	}
	i, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		d.Errorf(n, "", "%s is too large a number here", n.Value)
		return 0, false
	}
	return i, true
}

// permitted reports a value that is not among those the field permits.
func (d *Decoder) permitted(n *yaml.Node, f *field) {
	if f == nil {
		return
	}
	if f.notEmpty && strings.TrimSpace(n.Value) == "" {
		d.Errorf(n, "", "the text is empty")
		return
	}
	if len(f.oneOf) == 0 || slices.Contains(f.oneOf, n.Value) {
		return
	}
	hint := DidYouMean(n.Value, f.oneOf)
	if hint == "" {
		hint = "it is one of " + strings.Join(f.oneOf, ", ")
	}
	d.Errorf(n, hint, "unknown value %q", n.Value)
}

// BoolOf returns the value of a node that says true or false.
func BoolOf(n *yaml.Node) (value, ok bool) {
	if n.Kind != yaml.ScalarNode || n.Tag != boolTag {
		return false, false
	}
	return strings.EqualFold(n.Value, "true"), true
}

// NumberOf returns the value of a node that is a finite decimal number.
func NumberOf(n *yaml.Node) (float64, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag != intTag && n.Tag != floatTag {
		return 0, false
	}
	s := strings.ReplaceAll(n.Value, "_", "")
	if strings.ContainsAny(s, "xXpPoObB") {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0, false
	}
	return x, true
}

// describe says what a node is, for people.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "keys and values"
	}
	value := n.Value
	if r := []rune(value); len(r) > 40 {
		value = string(r[:40]) + "…"
	}
	switch n.Tag {
	case nullTag:
		return "nothing"
	case intTag, floatTag:
		return "the number " + value
	case boolTag:
		return value
	case timeTag:
		return "the date " + value
	}
	return "the text " + strconv.Quote(value)
}

// wanted says what a type reads, for people.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return wanted(t.Elem())
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice:
		if e := t.Elem(); e.Kind() == reflect.Struct && !reflect.PointerTo(e).Implements(readerType) {
			return `a list, each entry of which begins with "- "`
		}
		return "a list such as [a, b]"
	case reflect.Struct, reflect.Map:
		return exampleOf(t)
	}
	return "a whole number"
}

func exampleOf(t reflect.Type) string {
	if t.Kind() == reflect.Struct {
		if f := fieldsOf(t); len(f) > 0 {
			return "keys and values such as {" + f[0].key + ": …}"
		}
	}
	return "keys and values such as {key: value}"
}
