package conf

import (
	"reflect"
	"strings"
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
	if f, ok := d.structs[t]; ok {
		return f
	}
	f := fieldsOf(t)
	d.structs[t] = f
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

// Has reports whether a key was given.
func (l Located) Has(key string) bool {
	for i := range l.keys {
		if l.keys[i].key == key {
			return true
		}
	}
	return false
}
