package conf

import (
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"
)

// Schema returns the JSON Schema of what Decode reads into v, a struct or a
// pointer to one, as indented JSON. The id is the schema's own address and may
// be empty. Types that read themselves describe themselves, by a method
// JSONSchema() *jsonschema.Schema or JSONSchemaAlias() any, either on the value.
func Schema(v any, id, title string) ([]byte, error) {
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("schema of %s: not a struct", t)
	}
	r := &jsonschema.Reflector{
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		Anonymous:                  true,
		Namer:                      schemaName,
		Mapper:                     schemaOf,
		LookupComment:              docOf,
	}
	s := r.ReflectFromType(t)
	s.ID, s.Title = jsonschema.ID(id), title
	refine(s, t)
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", t, err)
	}
	return append(out, '\n'), nil
}

// schemaName keeps apart types of the same name in different packages. Types
// without a name are described where they are used.
func schemaName(t reflect.Type) string {
	if t.Name() == "" || t.PkgPath() == "" {
		return ""
	}
	return path.Base(t.PkgPath()) + "." + t.Name()
}

// schemaOf describes types which are read otherwise than as JSON.
func schemaOf(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[yaml.Node]():
		return jsonschema.TrueSchema
	case reflect.TypeFor[[]uint8](): // a list of small numbers, and no text
		return &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Type: "integer", Minimum: "0", Maximum: "255"}}
	}
	return nil
}

func docOf(t reflect.Type, name string) string {
	if t.Kind() != reflect.Struct || name == "" {
		return ""
	}
	f, _ := t.FieldByName(name)
	return f.Tag.Get("doc")
}

// refine carries the conf and oneof tags of every struct reached from root over
// into its definition.
func refine(s *jsonschema.Schema, root reflect.Type) {
	seen := make(map[reflect.Type]bool)
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		if a, ok := reflect.Zero(t).Interface().(interface{ JSONSchemaAlias() any }); ok {
			visit(reflect.TypeOf(a.JSONSchemaAlias()))
			return
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
			visit(t.Elem())
			return
		case reflect.Struct:
		default:
			return
		}
		def := longForm(s.Definitions[schemaName(t)])
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				visit(t.Field(i).Type)
			}
		}
		if def != nil {
			refineStruct(def, t)
		}
	}
	visit(root)
}

// longForm returns the schema of a struct's keys, which JSONSchemaExtend may
// have made one of several forms; nil if there is none.
func longForm(def *jsonschema.Schema) *jsonschema.Schema {
	if def == nil || def.Properties != nil {
		return def
	}
	for _, form := range def.AnyOf {
		if form.Properties != nil {
			return form
		}
	}
	return nil
}

func refineStruct(def *jsonschema.Schema, t reflect.Type) {
	known := make(map[string]bool)
	for _, f := range fieldsOf(t) {
		known[f.key] = true
		if f.required {
			def.Required = append(def.Required, f.key)
		}
		p, ok := def.Properties.Get(f.key)
		if !ok {
			continue
		}
		target := p
		if p.Items != nil {
			target = p.Items
		}
		for _, v := range f.oneOf {
			target.Enum = append(target.Enum, v)
		}
		if f.notEmpty && p.Items != nil {
			one := uint64(1)
			p.MinItems = &one
		}
		if f.scalarOK && p.Items != nil {
			list := *p
			list.Description = ""
			def.Properties.Set(f.key, &jsonschema.Schema{
				Description: p.Description,
				AnyOf:       []*jsonschema.Schema{p.Items, &list},
			})
		}
	}
	for pair := def.Properties.Oldest(); pair != nil; {
		next := pair.Next()
		if !known[pair.Key] && !strings.HasPrefix(pair.Key, "$") {
			def.Properties.Delete(pair.Key)
		}
		pair = next
	}
}
