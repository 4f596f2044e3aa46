package campaign

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"bidwell/audience"
	"bidwell/internal/conf"
)

// The folders of a configuration.
const (
	audienceFolder = "audiences"
	campaignFolder = "campaigns"
	tableFolder    = "tables"
	topicFolder    = "topics"
)

// files returns the files of a folder with one of the endings, in order. Hidden
// ones are left out.
func (c *compiler) files(folder string, endings ...string) []string {
	entries, err := fs.ReadDir(c.fsys, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a configuration may do without the folder
	}
	if err != nil {
		c.ps.Errorf(conf.Pos{File: folder}, "", "cannot read the folder: %v", cause(err))
	}
	var names []string
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			c.ps.Warnf(conf.Pos{File: name}, "put its files into "+folder, "folders within %s are not read", folder)
		case slices.Contains(endings, strings.ToLower(path.Ext(e.Name()))):
			names = append(names, name)
		}
	}
	return names
}

// checkFolders warns of a folder that looks like one that is missing.
func (c *compiler) checkFolders() {
	entries, err := fs.ReadDir(c.fsys, ".")
	if err != nil {
		return // what cannot be listed may still be read
	}
	missing := slices.DeleteFunc([]string{audienceFolder, campaignFolder, tableFolder, topicFolder}, func(folder string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == folder })
	})
	for _, e := range entries {
		if meant := conf.Suggest(e.Name(), missing); e.IsDir() && meant != "" {
			c.ps.Warnf(conf.Pos{File: e.Name()}, `did you mean "`+meant+`"?`, "the folder is not read")
		}
	}
	if slices.Contains(missing, campaignFolder) {
		c.ps.Warnf(conf.Pos{File: campaignFolder}, "", "there is no such folder, and so no campaign that could bid")
	}
}

// regular reports whether a file can be read at all, and is no larger than
// that many bytes. What else it may be, such as a pipe, could be waited for
// without end.
func (c *compiler) regular(name string, most int64) bool {
	info, err := fs.Stat(c.fsys, name)
	switch {
	case err != nil:
		c.unreadable(name, err)
	case !info.Mode().IsRegular():
		c.ps.Errorf(conf.Pos{File: name}, "", "it is not a file")
	case info.Size() > most:
		c.ps.Errorf(conf.Pos{File: name}, "split it into several files", "the file has %d bytes, more than the %d that are read", info.Size(), most)
	default:
		return true
	}
	return false
}

// read decodes a YAML file. If that fails, dst holds what could be read.
func (c *compiler) read(name string, dst any) bool {
	if !c.regular(name, conf.MaxBytes) {
		return false
	}
	src, err := fs.ReadFile(c.fsys, name)
	if err != nil {
		c.unreadable(name, err)
		return false
	}
	return c.ps.Decode(name, src, dst)
}

func (c *compiler) unreadable(name string, err error) {
	c.ps.Errorf(conf.Pos{File: name}, "", "cannot read it: %v", cause(err))
}

// cause returns what went wrong, without the path that the place says already.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// audiences reads the tables and the audiences that look things up in them.
func (c *compiler) audiences() {
	c.rules = audience.NewBuilder(c.tables(), c.ps)
	c.rules.Retention = c.kept
	c.rules.Mention = c.mention
	names := map[string]conf.Pos{}
	var nameless []string
	for _, name := range c.files(audienceFolder, ".yaml", ".yml") {
		f := new(AudienceFile)
		whole := c.read(name, f)
		if f.Audience == "" {
			nameless = append(nameless, name)
			continue
		}
		c.name(f.At("audience"), f.Audience, "audience")
		switch {
		case !c.claim(names, f.Audience, f.At("audience"), "audience"):
		case whole:
			c.rules.Define(f.Audience, &f.Who)
		default:
			c.rules.Define(f.Audience, nil)
		}
	}
	// An audience whose name could not be read, which is reported, is most likely
	// called as its file, so who refers to it is not told that it does not exist.
	for _, name := range nameless {
		base := strings.TrimSuffix(path.Base(name), path.Ext(name))
		if _, taken := names[base]; !taken {
			names[base] = conf.Pos{File: name}
			c.rules.Define(base, nil)
		}
	}
}

func (c *compiler) tables() audience.Tables {
	tables, first := audience.Tables{}, map[string]conf.Pos{}
	for _, name := range c.files(tableFolder, ".csv") {
		base := strings.TrimSuffix(path.Base(name), path.Ext(name))
		if c.claim(first, base, conf.Pos{File: name}, "table") {
			tables[base] = c.table(name)
		}
	}
	return tables
}

// table reads a table. It returns nil, which rules take for one that could not
// be read, after reporting why.
func (c *compiler) table(name string) *audience.Table {
	if !c.regular(name, audience.MaxTableBytes) {
		return nil
	}
	f, err := c.fsys.Open(name)
	if err != nil {
		c.unreadable(name, err)
		return nil
	}
	defer f.Close()
	return audience.LoadTable(name, f, c.ps)
}
