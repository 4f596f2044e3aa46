// Package conf reads configuration that people write: YAML into Go structs,
// strictly, reporting every problem at once and each with file, line, column,
// the line itself and, where a word is misspelt, the word that was meant.
//
// It promises that no input makes it panic or use memory out of proportion to
// the input: size, nesting, the expansion of aliases and the number of problems
// kept are bounded. Names of keys, required keys and permitted values come from
// struct tags, and the JSON Schema that editors use is generated from the same
// tags, so the two cannot disagree.
//
// Any package that has a configuration format may import it; it knows nothing
// of what is being configured.
//
// # Tags
//
//	yaml:"key"            the key; a field without this tag is not read
//	conf:"required"       the key must be present
//	conf:"scalar-ok"      on a slice: one value may stand for a list of one
//	conf:"not-empty"      on a slice or string: it must not be empty
//	oneof:"a b c"         on a string, or strings: the permitted values
//	doc:"…"               the description in the schema
package conf

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// Pos is a place in a file. Lines and columns count from 1, columns in
// characters; a Line of 0 means the file as a whole.
type Pos struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Col  int    `json:"col"`
}

// String returns the place as file:line:col, which terminals and editors make
// into a link.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col)
}

// Severity tells what stops a configuration from taking effect from what only
// deserves a look.
type Severity uint8

// The severities.
const (
	Error Severity = iota
	Warning
)

// String returns the severity as people read it.
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// MarshalText writes the severity as people read it.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Problem is one thing wrong with a configuration.
type Problem struct {
	Pos      Pos      `json:"pos"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`    // what to do about it, such as: did you mean "frequency"?
	Snippet  string   `json:"snippet,omitempty"` // the line at fault with carets beneath, or empty
}

// Error returns the problem on one line, without the snippet.
func (p Problem) Error() string {
	s := p.Pos.String() + ": "
	if p.Severity == Warning {
		s += "warning: "
	}
	s += p.Message
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

// maxPerFile bounds the problems kept of one file; what is beyond is counted.
const maxPerFile = 200

// Problems collects what is wrong over any number of files. The zero value is
// ready to use. It is not safe for concurrent use.
type Problems struct {
	List []Problem

	sources map[string]*source
	perFile map[string]int
	structs map[reflect.Type][]field // the keys of the types that were decoded into
	errors  int
}

// Errorf records an error at pos. The hint says what to do and may be empty.
func (ps *Problems) Errorf(pos Pos, hint string, format string, args ...any) {
	ps.errors++
	ps.add(Problem{Pos: pos, Severity: Error, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

// Warnf records a warning at pos: something that takes effect all the same.
func (ps *Problems) Warnf(pos Pos, hint string, format string, args ...any) {
	ps.add(Problem{Pos: pos, Severity: Warning, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

func (ps *Problems) add(p Problem) {
	if ps.perFile == nil {
		ps.perFile = make(map[string]int)
	}
	ps.perFile[p.Pos.File]++
	switch n := ps.perFile[p.Pos.File]; {
	case n > maxPerFile+1:
		return
	case n == maxPerFile+1:
		p = Problem{Pos: Pos{File: p.Pos.File}, Severity: p.Severity, Message: "too many problems; the rest of this file's are not shown"}
	default:
		p.Snippet = ps.sources[p.Pos.File].snippet(p.Pos)
	}
	ps.List = append(ps.List, p)
}

// Failed reports whether any problem is an error.
func (ps *Problems) Failed() bool { return ps.errors > 0 }

// Sorted returns the problems by file, line and column, each once.
func (ps *Problems) Sorted() []Problem {
	list := slices.Clone(ps.List)
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(wholeFileLast(a.Pos.Line), wholeFileLast(b.Pos.Line)),
			cmp.Compare(a.Pos.Col, b.Pos.Col),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(list, func(a, b Problem) bool { return a == b })
}

func wholeFileLast(line int) int {
	if line == 0 {
		return int(^uint(0) >> 1)
	}
	return line
}
