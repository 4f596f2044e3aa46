package campaign

import (
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"bidwell/internal/conf"
)

// DealsSpec is which deals a line item buys: a list of ids, or any.
type DealsSpec struct {
	Any bool
	IDs []string
	Pos conf.Pos
}

// DecodeYAML implements conf.Reader.
func (s *DealsSpec) DecodeYAML(n *yaml.Node, d *conf.Decoder) {
	s.Pos = d.Pos(n)
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "any":
		s.Any = true
		return
	case n.Kind == yaml.ScalarNode:
		d.Errorf(n, "write a list, such as [deal-1], or any", "%q is no list of deals", n.Value)
		return
	case !d.Decode(n, &s.IDs):
		return
	case len(s.IDs) == 0:
		d.Errorf(n, "list deal ids, write any, or leave the key out for the open auction", "the list of deals is empty")
	}
	seen := make(map[string]bool, len(s.IDs))
	for i, id := range s.IDs {
		entry := n.Content[i]
		switch {
		case id == "any":
			d.Errorf(entry, "write deals: any", `"any" is not the id of a deal`)
		case id == "" || id != strings.TrimSpace(id):
			d.Errorf(entry, "write it as the exchange does", "%q is no id of a deal", id)
		case seen[id]:
			d.Warnf(entry, "", "deal %q is listed twice", id)
		}
		seen[id] = true
	}
}

// JSONSchema describes both forms for editors.
func (DealsSpec) JSONSchema() *jsonschema.Schema {
	one := uint64(1)
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Const: "any"},
		{Type: "array", Items: &jsonschema.Schema{Type: "string"}, MinItems: &one},
	}}
}
