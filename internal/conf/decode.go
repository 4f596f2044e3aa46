package conf

import (
	"reflect"
	"runtime"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Decode reads the YAML in src into dst, a pointer to a struct. It reports
// whether dst is whole; if not, why is in ps, and dst holds what could be read.
// The name of the file stands in positions as given.
func (ps *Problems) Decode(file string, src []byte, dst any) bool {
	before := ps.errors
	root := ps.parse(file, src)
	if root == nil || !ps.checkShape(file, root) {
		return false
	}
	if ps.structs == nil {
		ps.structs = make(map[reflect.Type][]field)
	}
	d := &Decoder{ps: ps, file: file}
	d.Decode(root, dst)
	return ps.errors == before
}

// Decoder decodes the nodes of one file. Types that read themselves get it.
type Decoder struct {
	ps   *Problems
	file string
}

// Reader is a type that reads itself from a node. Aliases are already put in
// place, and n is never nil. It reports what is wrong to d.
type Reader interface {
	DecodeYAML(n *yaml.Node, d *Decoder)
}

// Pos returns the place of a node.
func (d *Decoder) Pos(n *yaml.Node) Pos { return d.ps.nodePos(d.file, n) }

// Errorf reports an error at a node.
func (d *Decoder) Errorf(n *yaml.Node, hint string, format string, args ...any) {
	d.ps.Errorf(d.Pos(n), hint, format, args...)
}

// ErrorAt reports an error at a place.
func (d *Decoder) ErrorAt(at Pos, hint string, format string, args ...any) {
	d.ps.Errorf(at, hint, format, args...)
}

// Warnf reports a warning at a node.
func (d *Decoder) Warnf(n *yaml.Node, hint string, format string, args ...any) {
	d.ps.Warnf(d.Pos(n), hint, format, args...)
}

// Expected reports that a node is of the wrong kind: what it should have been,
// such as "a list such as [a, b]", and what it is.
func (d *Decoder) Expected(n *yaml.Node, want string) {
	hint := ""
	if isNull(n) {
		hint = "give it a value, or remove the key"
	}
	d.Errorf(n, hint, "expected %s, found %s", want, describe(n))
}

// Decode decodes a node into dst, a pointer, and reports whether all of it
// could be read. A type that has DecodeYAML and calls Decode on itself would
// recurse without end: it passes a pointer to a type without the method.
func (d *Decoder) Decode(n *yaml.Node, dst any) bool {
	return d.value(n, reflect.ValueOf(dst).Elem(), nil)
}

var readerType = reflect.TypeFor[Reader]()

// value decodes n into v. It reports whether that went without an error. The
// options of the struct field that holds v are in f, which may be nil.
func (d *Decoder) value(n *yaml.Node, v reflect.Value, f *field) bool {
	before := d.ps.errors
	t := v.Type()
	switch {
	case t == reflect.TypeFor[yaml.Node]():
		v.Set(reflect.ValueOf(*n))
	case reflect.PointerTo(t).Implements(readerType):
		v.Addr().Interface().(Reader).DecodeYAML(n, d)
		if _, ok := v.Addr().Interface().(interface{ transparent() }); ok && n.Kind == yaml.ScalarNode {
			d.permitted(n, f)
		}
	case t.Kind() == reflect.Pointer:
		p := reflect.New(t.Elem())
		if d.value(n, p.Elem(), f) {
			v.Set(p)
		}
	case t.Kind() == reflect.Struct:
		d.structure(n, v)
	case t.Kind() == reflect.Slice:
		d.slice(n, v, f)
	case t.Kind() == reflect.Map:
		d.mapping(n, v)
	default:
		d.scalar(n, v, f)
	}
	return d.ps.errors == before
}

func (d *Decoder) slice(n *yaml.Node, v reflect.Value, f *field) {
	items := n.Content
	if n.Kind != yaml.SequenceNode {
		if f == nil || !f.scalarOK || isNull(n) {
			d.Expected(n, wanted(v.Type()))
			return
		}
		items = []*yaml.Node{n}
	}
	if len(items) == 0 && f != nil && f.notEmpty {
		d.Errorf(n, "", "the list is empty")
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, c := range items {
		d.value(c, out.Index(i), f)
		runtime.Gosched() // see yielding
	}
	v.Set(out)
}

func (d *Decoder) mapping(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.Expected(n, wanted(v.Type()))
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		item := reflect.New(v.Type().Elem()).Elem()
		if d.value(n.Content[i+1], item, nil) {
			out.SetMapIndex(reflect.ValueOf(n.Content[i].Value).Convert(v.Type().Key()), item)
		}
	}
	v.Set(out)
}

func (d *Decoder) structure(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.Expected(n, wanted(v.Type()))
		return
	}
	fields := d.fields(v.Type())
	located := Located{pos: d.Pos(n)}
	seen := make(map[string]bool, len(fields))
	meant := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == mergeTag || seen[key.Value] {
			continue // reported by shape
		}
		seen[key.Value] = true
		at := slices.IndexFunc(fields, func(f field) bool { return f.key == key.Value })
		if at < 0 {
			likely := d.unknownKey(key, fields)
			d.readAnyway(val, v, fields, likely)
			meant[likely] = true
			continue
		}
		located.keys = append(located.keys, placeOf(key, val))
		d.value(val, v.FieldByIndex(fields[at].index), &fields[at])
	}
	for _, f := range fields {
		if f.required && !seen[f.key] && !meant[f.key] {
			d.Errorf(n, "", "the key %q is missing", f.key)
		}
	}
	if l := v.FieldByName("Located"); l.IsValid() && l.Type() == reflect.TypeFor[Located]() {
		l.Set(reflect.ValueOf(located))
	}
}

// readAnyway reads the value of a misspelt key as that of the key which was
// likely meant, for the sake of the problems within it.
func (d *Decoder) readAnyway(n *yaml.Node, v reflect.Value, fields []field, likely string) {
	for i := range fields {
		if fields[i].key == likely {
			d.value(n, reflect.New(v.FieldByIndex(fields[i].index).Type()).Elem(), &fields[i])
		}
	}
}

// unknownKey reports a key that the struct does not have, and returns the one
// that was likely meant.
func (d *Decoder) unknownKey(key *yaml.Node, fields []field) (meant string) {
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.key
	}
	meant = Suggest(key.Value, known)
	hint := DidYouMean(key.Value, known)
	if hint == "" && len(known) > 0 && len(known) <= 20 {
		hint = "the keys here are " + strings.Join(known, ", ")
	}
	d.Errorf(key, hint, "unknown key %q", key.Value)
	return meant
}
