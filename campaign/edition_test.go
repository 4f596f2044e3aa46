package campaign

import (
	"testing"
	"testing/fstest"
	"time"
)

// TestEdition edits a configuration in every way: each is another edition.
func TestEdition(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	made := func() fstest.MapFS {
		return fstest.MapFS{
			"bidwell.yaml":     {Data: []byte("currency: EUR\n"), ModTime: at},
			"campaigns/a.yaml": {Data: []byte("campaign: a\n"), ModTime: at},
		}
	}
	before := edition(made())
	if edition(made()) != before {
		t.Fatal("the same configuration is of two editions")
	}
	for name, edit := range map[string]func(fstest.MapFS){
		"a process file as long as before": func(m fstest.MapFS) {
			m["bidwell.yaml"] = &fstest.MapFile{Data: []byte("currency: USD\n"), ModTime: at.Add(time.Millisecond)}
		},
		"a longer campaign": func(m fstest.MapFS) { m["campaigns/a.yaml"].Data = []byte("campaign: a # \n") },
		"one more":          func(m fstest.MapFS) { m["campaigns/b.yaml"] = &fstest.MapFile{} },
		"one less":          func(m fstest.MapFS) { delete(m, "campaigns/a.yaml") },
		"another folder":    func(m fstest.MapFS) { m["films/a.xml"] = &fstest.MapFile{} },
	} {
		m := made()
		if edit(m); edition(m) == before {
			t.Errorf("%s: it is the same edition", name)
		}
	}
}
