// Package importer loads profiles in bulk from NDJSON and CSV files.
//
// # NDJSON
//
// One JSON object on each line:
//
//	{"id":         {"type": "ifa", "value": "…"},
//	 "attributes": {"home.zip": "10115", "owns.car.bought": "2021-05-01", "yob": 1980, "newsletter": true},
//	 "segments":   ["s1", {"name": "s2", "expires": "30d"}],
//	 "behaviours": [{"kind": "visit", "topic": "automotive", "ago": "3d", "count": 2}]}
//
// A string that is an ISO date or an RFC 3339 time becomes a date, null removes
// an attribute. A segment expires at a date or time, or after so long; without
// either after Options.SegmentTTL. A behaviour happened at a time (RFC 3339, a
// date, or unix seconds) or so long ago, in s, m, h, d or w; count is 1 if
// absent. "ids" with several elements may stand for "id".
//
// # CSV
//
// A header row names the columns. No field holds a line break. Empty fields say
// nothing.
//
//	id_type, id         the type and the value of the identifier, or instead
//	id:TYPE             the value of an identifier of that type
//	attr:NAME           an attribute: a date if it reads as one, else a string
//	attr:NAME:TYPE      an attribute of type string, number, bool or date
//	segment:NAME        1, true or yes; or when it expires, as in NDJSON; 0, false or no say nothing
//	KIND:TOPIC          visit:automotive and the like: how often, now; or the
//	                    times, separated by ";", each as in NDJSON or so long ago
//
// # One person, several identifiers
//
// What a line says is kept by its first identifier, and added to what is known.
// The others are linked with that one: see [profile.Profiles.Link]. A line may say
// nothing but that.
//
// # Erased people
//
// A line about somebody who was erased is skipped as long as the mark of that
// stands, unless Options.Erased is set: a file that is older than the erasure does
// not undo it.
//
// # Once and only once
//
// How far an import has come is written together with the people, in one atomic
// write. So an import that was stopped in any way goes on where it was when it
// is run again under the same id, and loses and doubles nothing. One that has
// finished is refused unless Options.Again is set; it then adds everything once
// more, behaviours included.
package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"runtime"
	"strings"
	"time"

	"bidwell/profile"
)

// Format is a kind of file.
type Format uint8

// The formats.
const (
	NDJSON Format = iota
	CSV
)

// FormatOf returns the format that a file's name tells, and whether the file is
// compressed.
func FormatOf(name string) (f Format, gzipped bool, err error) {
	base, gzipped := strings.CutSuffix(strings.ToLower(path.Base(name)), ".gz")
	switch path.Ext(base) {
	case ".ndjson", ".jsonl", ".json":
		return NDJSON, gzipped, nil
	case ".csv":
		return CSV, gzipped, nil
	}
	return 0, gzipped, fmt.Errorf("%s: cannot tell the format by the name: it should end in .ndjson, .jsonl or .csv, or in one of these and .gz", name)
}

// IDOf returns the id of the import of a file, by its name without folders, its
// size and its first bytes. Give all files the same number of bytes, such as
// 64 KiB, or what there is.
func IDOf(name string, size int64, head []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%d\x00", path.Base(name), size)
	h.Write(head)
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Bounds of an import.
const (
	MaxLine           = 1 << 20 // bytes
	DefaultMaxErrors  = 100
	DefaultSegmentTTL = 90 * 24 * time.Hour
)

// Options say how to import. Zero fields have the default that their comment
// names.
type Options struct {
	Name       string // of the file, for messages
	Format     Format // NDJSON
	Gzip       bool
	ID         string        // under which progress is kept; none: it is not, and nothing resumes
	Erased     bool          // import people who were erased, too: they are back
	Again      bool          // import even if an import of this ID has finished
	MaxErrors  int           // bad lines to skip before giving up: none; see DefaultMaxErrors
	SegmentTTL time.Duration // DefaultSegmentTTL
	Workers    int           // goroutines that parse: one for each processor
	Now        time.Time     // of the import; required

	Progress func(Progress) // called after every write; nil
	Bad      func(BadLine)  // called for every bad line, in order; nil
}

// Progress is how far an import has come, including what was done before it
// was resumed.
type Progress struct {
	Lines   int64 `json:"lines"`  // read
	Bytes   int64 `json:"bytes"`  // of these lines, uncompressed
	People  int64 `json:"people"` // lines applied
	Bad     int64 `json:"bad"`    // lines skipped
	Erased  int64 `json:"erased"` // lines skipped as they are about people who were erased
	Resumed int64 `json:"-"`      // lines that had been read before; 0 if begun now
	Done    bool  `json:"done"`
}

// BadLine is a line that was skipped.
type BadLine struct {
	Line int64 // from 1
	Err  error
}

// Error returns the line's number and what is wrong with it.
func (b BadLine) Error() string { return fmt.Sprintf("line %d: %v", b.Line, b.Err) }

// Unwrap returns what is wrong.
func (b BadLine) Unwrap() error { return b.Err }

// The errors that end an import, beside those of the file and the store.
var (
	ErrFinished   = errors.New("this import has finished before")
	ErrTooManyBad = errors.New("too many bad lines")
)

// Run imports what r has into p. It returns how far it came, also with an
// error: everything up to there is imported and stays so. It ends early when
// ctx does. After an error a read of r may still be going on.
func Run(ctx context.Context, p *profile.Profiles, r io.Reader, o Options) (Progress, error) {
	if o.SegmentTTL == 0 {
		o.SegmentTTL = DefaultSegmentTTL
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	im := &run{Options: o, profiles: p}
	if err := im.resume(); err != nil {
		return im.progress, im.wrap(err)
	}
	err := im.all(ctx, r)
	return im.progress, im.wrap(err)
}

func (im *run) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("import %s: %w", im.Name, err)
}
