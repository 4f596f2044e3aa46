package conf

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// MaxBytes is the size of the largest file that Decode reads.
const MaxBytes = 4 << 20

var (
	utf8BOM    = []byte("\xef\xbb\xbf")
	utf16LEBOM = []byte("\xff\xfe")
	utf16BEBOM = []byte("\xfe\xff")
)

// parse returns the value of the file's only document, or nil after reporting
// why there is none.
func (ps *Problems) parse(file string, src []byte) *yaml.Node {
	if len(src) > MaxBytes {
		ps.Errorf(Pos{File: file}, "split it into several files", "the file has %d bytes, more than the %d that are read", len(src), MaxBytes)
		return nil
	}
	ps.Source(file, src)
	if !ps.checkText(file, ps.sources[file]) {
		return nil
	}
	loader, err := yaml.NewLoader(&yielding{src})
	if err != nil {
		ps.Errorf(Pos{File: file}, "", "cannot read the file: %v", err)
		return nil
	}
	doc, err := load(loader)
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		ps.Errorf(Pos{File: file, Line: 1, Col: 1}, "", "the file is empty")
		return nil
	}
	if err != nil {
		ps.syntaxError(file, err)
		return nil
	}
	second, err := load(loader)
	switch {
	case errors.Is(err, io.EOF):
		return doc.Content[0]
	case err != nil:
		ps.syntaxError(file, err)
		return nil
	}
	ps.Errorf(ps.nodePos(file, second), `remove the "---" and what follows, or make it a file of its own`, "a second document begins here; a file holds one")
	return nil
}

// yielding is a reader that lets other goroutines run between pieces. To read a
// large configuration takes a while, and who reads it may have to answer requests
// at the same time: they come first.
type yielding struct{ rest []byte }

// Read implements io.Reader.
func (y *yielding) Read(p []byte) (int, error) {
	runtime.Gosched()
	if len(y.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 1<<10)], y.rest)
	y.rest = y.rest[n:]
	return n, nil
}

// errParser stands for a panic within the YAML library, which is not ours to
// mend but must not take down a server that reloads its configuration.
var errParser = errors.New("the YAML parser failed on this file")

func load(l *yaml.Loader) (doc *yaml.Node, err error) {
	defer func() {
		if recover() != nil {
			doc, err = nil, errParser
		}
	}()
	doc = new(yaml.Node)
	err = l.Load(doc)
	return doc, err
}

// checkText reports what a YAML parser would refuse without saying where.
func (ps *Problems) checkText(file string, s *source) bool {
	if bytes.HasPrefix(s.text, utf16LEBOM) || bytes.HasPrefix(s.text, utf16BEBOM) {
		ps.Errorf(Pos{File: file, Line: 1, Col: 1}, "save it as UTF-8", "the file is encoded in UTF-16")
		return false
	}
	for i := 0; i < len(s.text); {
		r, size := utf8.DecodeRune(s.text[i:])
		if r == utf8.RuneError && size == 1 {
			ps.Errorf(s.posOf(file, i), "save the file as UTF-8", "the byte 0x%02x is not UTF-8 text", s.text[i])
			return false
		}
		if r == '\r' && !bytes.HasPrefix(s.text[i+1:], []byte{'\n'}) || r == 0x85 || r == 0x2028 || r == 0x2029 {
			// Editors and YAML count lines differently where one of these stands.
			ps.Errorf(s.posOf(file, i), "end lines as Unix or Windows does", "the line separator U+%04X is not allowed", r)
			return false
		}
		if !printable(r) {
			ps.Errorf(s.posOf(file, i), "remove it", "the control character U+%04X is not allowed", r)
			return false
		}
		i += size
	}
	return true
}

// printable reports whether YAML allows r in a file.
func printable(r rune) bool {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return true
	case r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff || r == 0xfeff:
		return false
	}
	return true
}

// syntaxError reports an error of the YAML parser in plain words.
func (ps *Problems) syntaxError(file string, err error) {
	var le *yaml.LoadError
	if !errors.As(err, &le) {
		ps.Errorf(Pos{File: file, Line: 1, Col: 1}, "", "not readable as YAML: %v", err)
		return
	}
	at := ps.markPos(file, le.Mark)
	from := at
	if le.ContextMark.Line > 0 {
		from = ps.markPos(file, le.ContextMark)
	}
	msg := le.Message
	has := func(s string) bool { return strings.Contains(msg, s) }
	switch {
	case ps.tabIndents(at):
		ps.Errorf(at, "replace the tab by spaces", "a tab cannot indent a line")
	case has("end of stream") && strings.Contains(le.ContextMsg, "quoted"):
		ps.Errorf(from, "add the closing quote", "the quoted text that begins here does not end")
	case has("',' or ']'"):
		ps.Errorf(from, "a comma or the closing ] is missing", "the list that begins here does not end before line %d", at.Line)
	case has("',' or '}'"):
		ps.Errorf(from, "a comma or the closing } is missing", "the mapping that begins here does not end before line %d", at.Line)
	case has("mapping values are not allowed"):
		ps.Errorf(at, `check the indentation; text that holds ": " needs quotes`, `a ":" is not expected here`)
	case has("cannot start any token"):
		ps.Errorf(at, "put quotes around the text", "text cannot begin with this character")
	case has("did not find expected key"):
		ps.Errorf(at, "check the indentation: keys that belong together begin in the same column", "a key is expected here")
	case has("did not find expected '-'"):
		ps.Errorf(at, "check the indentation: entries of a list begin in the same column", `a list entry, which begins with "- ", is expected here`)
	case has("could not find expected ':'"):
		ps.Errorf(from, `write "key: value"`, `a key without ":"`)
	case has("expected node content"):
		ps.Errorf(at, "", "a value is expected here")
	case has("unknown anchor"):
		ps.Errorf(at, `text that begins with "*" needs quotes`, "%s", msg)
	case has("exceeded max depth"):
		ps.Errorf(at, "", "nested too deeply")
	default:
		ps.Errorf(at, "", "not readable as YAML: %s", msg)
	}
}

// tabIndents reports whether the line at pos is indented with a tab, and the
// parser stumbled no further than there.
func (ps *Problems) tabIndents(pos Pos) bool {
	line := ps.sources[pos.File].line(pos.Line)
	indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
	return bytes.Contains(indent, []byte{'\t'}) && pos.Col <= len(indent)+1
}

func (ps *Problems) markPos(file string, m yaml.Mark) Pos {
	return ps.within(Pos{File: file, Line: m.Line, Col: m.Column})
}

func (ps *Problems) nodePos(file string, n *yaml.Node) Pos {
	return ps.within(Pos{File: file, Line: n.Line, Col: n.Column})
}

// within holds a place that the parser gives within the file: the end of the
// last line stands for the end of the file, which the parser puts beyond it.
func (ps *Problems) within(p Pos) Pos {
	s := ps.sources[p.File]
	if p.Line > s.last {
		return Pos{File: p.File, Line: s.last, Col: utf8.RuneCount(s.line(s.last)) + 1}
	}
	return Pos{File: p.File, Line: max(1, p.Line), Col: max(1, p.Col)}
}
