package conf

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// source is the text of one file with the offset of each line's start.
type source struct {
	text  []byte
	lines []int
	last  int // the last line that is not empty, from 1
}

func newSource(text []byte) *source {
	text = bytes.TrimPrefix(text, utf8BOM)
	s := &source{text: text, lines: []int{0}}
	for i, b := range text {
		if b == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	s.last = len(s.lines)
	if s.last > 1 && len(s.line(s.last)) == 0 {
		s.last--
	}
	return s
}

// Source makes the text of a file known, so that problems found in it show the
// line at fault. Decode does so itself. The text is kept, and must not change.
func (ps *Problems) Source(file string, text []byte) {
	if ps.sources == nil {
		ps.sources = make(map[string]*source)
	}
	ps.sources[file] = newSource(text)
}

// line returns a line without its end, as a view, or nil if there is none.
func (s *source) line(n int) []byte {
	if s == nil || n < 1 || n > len(s.lines) {
		return nil
	}
	end := len(s.text)
	if n < len(s.lines) {
		end = s.lines[n] - 1
	}
	return bytes.TrimSuffix(s.text[s.lines[n-1]:end], []byte{'\r'})
}

// posOf returns the line and column, in characters, of a byte offset.
func (s *source) posOf(file string, offset int) Pos {
	line := 0
	for line < len(s.lines) && s.lines[line] <= offset {
		line++
	}
	start := s.lines[line-1]
	return Pos{File: file, Line: line, Col: utf8.RuneCount(s.text[start:offset]) + 1}
}

// snippetWidth is how much of a long line a snippet shows, in characters.
const snippetWidth = 100

// snippet returns the line at pos with carets under the word that begins there.
func (s *source) snippet(pos Pos) string {
	line := s.line(pos.Line)
	if len(line) == 0 || pos.Col < 1 {
		return ""
	}
	// A line may be megabytes long, so only what may be shown is looked at.
	from := 0
	if pos.Col > snippetWidth {
		from = pos.Col - snippetWidth/3
	}
	text := []rune(strings.ToValidUTF8(string(window(line, from, 2*snippetWidth)), "\uFFFD"))
	col := pos.Col - 1 - from
	if col > len(text) {
		return ""
	}
	width := wordWidth(text[col:])
	if col+width > snippetWidth && from == 0 && len(text) > snippetWidth {
		from = max(0, col-snippetWidth/3)
		text, col = text[from:], col-from
	}
	text = text[:min(len(text), snippetWidth)]
	width = max(1, min(width, len(text)-col))
	// A tab stays a tab in the padding, so that the caret stands where it should.
	pad := []rune(strings.Repeat(" ", col))
	for i, r := range text {
		switch {
		case r == '\t' && i < col:
			pad[i] = '\t'
		case r < ' ' && r != '\t':
			text[i] = '\uFFFD'
		}
	}
	return fmt.Sprintf("%5d | %s\n      | %s%s", pos.Line, string(text), string(pad), strings.Repeat("^", width))
}

// window returns up to n characters of line from the character at from on.
func window(line []byte, from, n int) []byte {
	skip := func(b []byte, n int) []byte {
		for ; n > 0 && len(b) > 0; n-- {
			_, size := utf8.DecodeRune(b)
			b = b[size:]
		}
		return b
	}
	line = skip(line, from)
	return line[:len(line)-len(skip(line, n))]
}

// wordWidth returns how many characters the key or value takes that text
// begins with, at least 1.
func wordWidth(text []rune) int {
	if len(text) == 0 {
		return 1
	}
	if q := text[0]; q == '"' || q == '\'' {
		for i := 1; i < len(text); i++ {
			if text[i] == q {
				return i + 1
			}
		}
		return len(text)
	}
	end := len(text)
	for i, r := range text {
		last := i+1 == len(text)
		if strings.ContainsRune(",[]{}", r) || r == ':' && (last || text[i+1] == ' ') || r == ' ' && !last && text[i+1] == '#' {
			end = i
			break
		}
	}
	return max(1, len([]rune(strings.TrimRight(string(text[:end]), " \t"))))
}
