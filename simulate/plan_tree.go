package simulate

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"

	"bidwell/campaign"
)

// tree is a configuration as a list of things with names.
type tree struct {
	files  fs.FS
	things []*thing
	byID   map[string]*thing
}

// thing is what can be added, changed or removed.
type thing struct {
	kind, name, file string
	owner            string // id of the campaign that it belongs to
	line             int
	node             *yaml.Node // nil for a table
	apart            []string   // keys of node that are things of their own
	text             []byte     // of a table
}

func (t *thing) id() string { return t.kind + "\x00" + t.owner + "\x00" + t.name }

func (t *thing) where() string { return fmt.Sprintf("%s:%d", t.file, t.line) }

func readTree(fsys fs.FS) (*tree, error) {
	t := &tree{files: fsys, byID: map[string]*thing{}}
	process, err := readYAML(fsys, campaign.ProcessFileName)
	if err != nil {
		return nil, err
	}
	t.add(&thing{kind: "process", name: campaign.ProcessFileName, file: campaign.ProcessFileName, line: 1, node: process, apart: []string{"exchanges"}})
	if list := valueOf(process, "exchanges"); list != nil && list.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(list.Content); i += 2 {
			t.add(&thing{kind: "exchange", name: list.Content[i].Value, file: campaign.ProcessFileName, line: list.Content[i].Line, node: resolved(list.Content[i+1])})
		}
	}
	return t, errors.Join(
		t.folder("tables", t.table, ".csv"),
		t.folder("audiences", t.audience, ".yaml", ".yml"),
		t.folder("campaigns", t.campaign, ".yaml", ".yml"),
	)
}

func (t *tree) add(x *thing) {
	if t.byID[x.id()] == nil {
		t.byID[x.id()] = x
		t.things = append(t.things, x)
	}
}

// folder reads the files of a folder with one of the endings, as a configuration
// does.
func (t *tree) folder(dir string, read func(name string) error, endings ...string) error {
	entries, err := fs.ReadDir(t.files, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		for _, ending := range endings {
			if strings.EqualFold(path.Ext(name), ending) && !e.IsDir() && !strings.HasPrefix(name, ".") {
				if err := read(path.Join(dir, name)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (t *tree) table(name string) error {
	text, err := fs.ReadFile(t.files, name)
	if err != nil {
		return err
	}
	t.add(&thing{kind: "table", name: strings.TrimSuffix(path.Base(name), path.Ext(name)), file: name, line: 1, text: text})
	return nil
}

func (t *tree) audience(name string) error {
	n, err := readYAML(t.files, name)
	if err != nil {
		return err
	}
	t.add(&thing{kind: "audience", name: wordOf(n, "audience"), file: name, line: n.Line, node: n})
	return nil
}

// campaign adds a campaign, and its advertiser, line items and creatives by
// themselves.
func (t *tree) campaign(name string) error {
	n, err := readYAML(t.files, name)
	if err != nil {
		return err
	}
	c := &thing{kind: "campaign", name: wordOf(n, "campaign"), file: name, line: n.Line, node: n, apart: []string{"advertiser", "line_items", "creatives"}}
	t.add(c)
	if a := valueOf(n, "advertiser"); a != nil {
		t.add(&thing{kind: "advertiser", name: c.name + "/" + wordOf(a, "name"), owner: c.id(), file: name, line: a.Line, node: a})
	}
	for _, of := range [][2]string{{"line_items", "line item"}, {"creatives", "creative"}} {
		list, kind := valueOf(n, of[0]), of[1]
		if list == nil {
			continue
		}
		for _, e := range list.Content {
			e = resolved(e)
			t.add(&thing{kind: kind, name: c.name + "/" + wordOf(e, "name"), owner: c.id(), file: name, line: e.Line, node: e})
		}
	}
	return nil
}

// wordOf returns the word of a key, "" if there is none.
func wordOf(n *yaml.Node, key string) string {
	if v := valueOf(n, key); v != nil {
		return v.Value
	}
	return ""
}

// readYAML returns the mapping that a file holds.
func readYAML(fsys fs.FS, name string) (*yaml.Node, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	doc := new(yaml.Node)
	if err := yaml.Unmarshal(text, doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(doc.Content) == 0 || resolved(doc.Content[0]).Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: it holds no keys", name)
	}
	return resolved(doc.Content[0]), nil
}
