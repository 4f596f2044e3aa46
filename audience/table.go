package audience

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"bidwell/internal/conf"
	"bidwell/internal/prose"
)

// Bounds of a table.
const (
	MaxTableBytes   = 512 << 20
	MaxTableRows    = 5_000_000
	MaxTableColumns = 64
)

// maxTableProblems is how many bad rows of a table are reported.
const maxTableProblems = 20

// Tables are the tables that rules may look things up in, by name. A nil Table
// stands for one that could not be read: it may be referred to.
type Tables map[string]*Table

func (ts Tables) names() []string {
	names := make([]string, 0, len(ts))
	for n := range ts {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Table is a table of texts with named columns. A cell takes four bytes and the
// text itself, once for each column that holds it. A Table is used by one
// Builder at a time; the Sets that are built may go on being used.
type Table struct {
	file    string
	header  []string
	columns []column
	lines   []uint32 // of each row, in the file
	keys    map[keyUse]*keyIndex
}

type column struct {
	values *interner
	cells  []uint32 // by row, a number in values
}

// keyUse is a way to find rows: by a column, in lower case or as written.
type keyUse struct {
	column int
	fold   bool
}

// keyIndex finds rows by key.
type keyIndex struct {
	values *interner
	rows   []uint32 // by number in values
}

// row returns the row of a key. It does not allocate.
func (k *keyIndex) row(key []byte) (uint32, bool) {
	n, ok := k.values.find(key)
	if !ok {
		return 0, false
	}
	return k.rows[n], true
}

// LoadTable reads a table from comma-separated values with a header row. It
// reports what is wrong to ps, under the given file name, and returns nil if the
// table cannot be used.
func LoadTable(file string, r io.Reader, ps *conf.Problems) *Table {
	l := &loader{file: file, ps: ps, left: MaxTableBytes, Table: &Table{file: file, keys: make(map[keyUse]*keyIndex)}}
	l.src = r
	l.csv = csv.NewReader(l)
	l.csv.ReuseRecord = true
	if !l.readHeader() || !l.readRows() || l.bad > 0 {
		return nil
	}
	if len(l.lines) == 0 {
		ps.Warnf(conf.Pos{File: file, Line: 1, Col: 1}, "", "the table has no rows")
	}
	return l.Table
}

// loader reads one table.
type loader struct {
	*Table
	file  string
	ps    *conf.Problems
	src   io.Reader
	csv   *csv.Reader
	left  int64 // bytes that may still be read
	begun bool
	bad   int
}

var errTableSize = fmt.Errorf("the table has more than %d bytes", MaxTableBytes)

// Read implements io.Reader over the file: it ends with an error where the file
// is too large, and leaves out a byte order mark.
func (l *loader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTableSize
	}
	n, err := l.src.Read(p)
	l.left -= int64(n)
	if !l.begun && n > 0 {
		l.begun = true
		if rest, ok := bytes.CutPrefix(p[:n], []byte("\xef\xbb\xbf")); ok {
			n = copy(p, rest)
		}
	}
	return n, err
}

func (l *loader) problem(line, col int, hint, format string, args ...any) {
	l.bad++
	switch {
	case l.bad <= maxTableProblems:
		l.ps.Errorf(conf.Pos{File: l.file, Line: line, Col: col}, hint, format, args...)
	case l.bad == maxTableProblems+1:
		l.ps.Errorf(conf.Pos{File: l.file}, "", "there are more bad rows, which are not shown")
	}
}

func (l *loader) readHeader() bool {
	row, err := l.csv.Read()
	if errors.Is(err, io.EOF) {
		l.problem(1, 1, "the first row names the columns", "the table is empty")
		return false
	}
	if err != nil {
		l.readError(err)
		return false
	}
	if len(row) > MaxTableColumns {
		l.problem(1, 1, "", "the table has %d columns, more than %d", len(row), MaxTableColumns)
		return false
	}
	if len(row) == 1 && strings.ContainsAny(row[0], ";\t") {
		l.problem(1, 1, "save it as comma-separated values", "the columns are not separated by commas")
		return false
	}
	for i, name := range row {
		name = strings.TrimSpace(name)
		_, col := l.csv.FieldPos(i)
		switch {
		case name == "" || !utf8.ValidString(name):
			l.problem(1, col, "", "column %d has no name in UTF-8", i+1)
		case slices.Contains(l.header, name):
			l.problem(1, col, "", "there are two columns %q", name)
		}
		l.header = append(l.header, strings.Clone(name))
		l.columns = append(l.columns, column{values: newInterner()})
	}
	return l.bad == 0
}

func (l *loader) readRows() bool {
	for {
		row, err := l.csv.Read()
		if errors.Is(err, io.EOF) {
			return true
		}
		if errors.Is(err, csv.ErrFieldCount) {
			line, _ := l.csv.FieldPos(0)
			l.problem(line, 1, "", "the row has %s, the header %d", prose.Count(len(row), "field"), len(l.header))
			continue
		}
		if err != nil {
			l.readError(err)
			return false
		}
		line, _ := l.csv.FieldPos(0)
		if len(l.lines) >= MaxTableRows {
			l.problem(line, 1, "", "the table has more than %d rows", MaxTableRows)
			return false
		}
		l.addRow(line, row)
	}
}

func (l *loader) addRow(line int, row []string) {
	l.lines = append(l.lines, uint32(line))
	for i, cell := range row {
		if !utf8.ValidString(cell) {
			_, col := l.csv.FieldPos(i)
			l.problem(line, col, "save the file as UTF-8", "the cell is not UTF-8 text")
		}
		c := &l.columns[i]
		n, _ := c.values.add([]byte(strings.TrimSpace(cell)))
		c.cells = append(c.cells, n)
	}
}

func (l *loader) readError(err error) {
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		l.problem(pe.Line, pe.Column, `a cell that holds " or a comma is quoted, and a " within it is doubled`, "not readable as comma-separated values: %v", pe.Err)
		return
	}
	l.ps.Errorf(conf.Pos{File: l.file}, "", "cannot read the table: %v", err)
	l.bad++
}

// column returns the number of a column, or -1.
func (t *Table) column(name string) int { return slices.Index(t.header, name) }

// keyed returns the index by a column. Keys that are empty or stand in several
// rows are reported to ps, once for each use.
func (t *Table) keyed(use keyUse, ps *conf.Problems) *keyIndex {
	if k, ok := t.keys[use]; ok {
		return k
	}
	c := &t.columns[use.column]
	k := &keyIndex{values: c.values}
	if use.fold {
		k.values = newInterner()
	}
	bad := 0
	for row, cell := range c.cells {
		key, n := c.values.at(cell), cell
		if use.fold {
			n, _ = k.values.add(appendLower(nil, key))
		}
		for len(k.rows) <= int(n) {
			k.rows = append(k.rows, noRow)
		}
		first := k.rows[n]
		if first == noRow && len(key) > 0 {
			k.rows[n] = uint32(row)
			continue
		}
		if bad++; bad > maxTableProblems {
			continue
		}
		at := conf.Pos{File: t.file, Line: int(t.lines[row]), Col: 1}
		if len(key) == 0 {
			ps.Errorf(at, "", "the row has no %s, by which it is found", t.header[use.column])
			k.rows[n] = uint32(row)
			continue
		}
		ps.Errorf(at, "keep one of them", "%s %s stands twice, first on line %d", t.header[use.column], printable(key), t.lines[first])
	}
	t.keys[use] = k
	return k
}

const noRow = ^uint32(0)
