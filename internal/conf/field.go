package conf

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

// field is one key of a struct.
type field struct {
	key      string
	index    []int
	required bool
	scalarOK bool
	notEmpty bool
	oneOf    []string
}

// fields returns the keys of a struct type, those of structs that it embeds
// included.
func (d *Decoder) fields(t reflect.Type) []field {
	if f, ok := d.ps.structs[t]; ok {
		return f
	}
	f := fieldsOf(t)
	d.ps.structs[t] = f
	return f
}

func fieldsOf(t reflect.Type) []field {
	var out []field
	for _, sf := range reflect.VisibleFields(t) {
		key, _, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		if key == "" || key == "-" || !sf.IsExported() {
			continue
		}
		f := field{key: key, index: sf.Index, oneOf: strings.Fields(sf.Tag.Get("oneof"))}
		for o := range strings.SplitSeq(sf.Tag.Get("conf"), ",") {
			switch o {
			case "required":
				f.required = true
			case "scalar-ok":
				f.scalarOK = true
			case "not-empty":
				f.notEmpty = true
			}
		}
		out = append(out, f)
	}
	return out
}

// Located is embedded in a struct that must say later where its values stood.
type Located struct {
	pos  Pos
	keys []place
}

type place struct {
	key             string
	keyLine, keyCol int
	line, col       int
	entries         []spot // of a list of scalars
}

type spot struct{ line, col int32 }

// placeOf returns where a key, its value and, in a list, the value's entries
// stand.
func placeOf(key, val *yaml.Node) place {
	p := place{key: key.Value, keyLine: key.Line, keyCol: key.Column, line: val.Line, col: val.Column}
	if val.Kind != yaml.SequenceNode || len(val.Content) == 0 || val.Content[0].Kind != yaml.ScalarNode {
		return p
	}
	p.entries = make([]spot, len(val.Content))
	for i, c := range val.Content {
		p.entries[i] = spot{int32(c.Line), int32(c.Column)}
	}
	return p
}

// Pos returns where the struct begins.
func (l Located) Pos() Pos { return l.pos }

// At returns where the value of a key stands, or where the struct begins if
// the key is absent.
func (l Located) At(key string) Pos {
	for i := range l.keys {
		if l.keys[i].key == key {
			return Pos{l.pos.File, max(1, l.keys[i].line), max(1, l.keys[i].col)}
		}
	}
	return l.pos
}

// KeyAt returns where a key itself stands, or where the struct begins if the
// key is absent.
func (l Located) KeyAt(key string) Pos {
	for i := range l.keys {
		if l.keys[i].key == key {
			return Pos{l.pos.File, max(1, l.keys[i].keyLine), max(1, l.keys[i].keyCol)}
		}
	}
	return l.pos
}

// EntryAt returns where an entry of a key's list of scalars stands, or where
// the value of the key does if it has no such entry.
func (l Located) EntryAt(key string, entry int) Pos {
	for i := range l.keys {
		if p := &l.keys[i]; p.key == key && entry >= 0 && entry < len(p.entries) {
			return Pos{l.pos.File, max(1, int(p.entries[entry].line)), max(1, int(p.entries[entry].col))}
		}
	}
	return l.At(key)
}

// Has reports whether a key was given.
func (l Located) Has(key string) bool {
	for i := range l.keys {
		if l.keys[i].key == key {
			return true
		}
	}
	return false
}
