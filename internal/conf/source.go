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
}

func newSource(text []byte) *source {
	text = bytes.TrimPrefix(text, utf8BOM)
	s := &source{text: text, lines: []int{0}}
	for i, b := range text {
		if b == '\n' {
			s.lines = append(s.lines, i+1)
		}
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

func (s *source) line(n int) string {
	if s == nil || n < 1 || n > len(s.lines) {
		return ""
	}
	end := len(s.text)
	if n < len(s.lines) {
		end = s.lines[n] - 1
	}
	return strings.TrimSuffix(string(s.text[s.lines[n-1]:end]), "\r")
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
	text := []rune(strings.ToValidUTF8(s.line(pos.Line), "\uFFFD"))
	col := pos.Col - 1
	if len(text) == 0 || col < 0 || col > len(text) {
		return ""
	}
	width := wordWidth(text[col:])
	from := 0
	if col+width > snippetWidth && len(text) > snippetWidth {
		from = max(0, col-snippetWidth/3)
	}
	to := min(len(text), from+snippetWidth)
	width = max(1, min(width, to-col))
	// A tab stays a tab in the padding, so that the caret stands where it should.
	pad := make([]rune, 0, snippetWidth)
	for i := from; i < to; i++ {
		if text[i] < ' ' && text[i] != '\t' {
			text[i] = '\uFFFD'
		}
		if i >= col {
			continue
		}
		if text[i] == '\t' {
			pad = append(pad, '\t')
			continue
		}
		pad = append(pad, ' ')
	}
	return fmt.Sprintf("%5d | %s\n      | %s%s", pos.Line, string(text[from:to]), string(pad), strings.Repeat("^", width))
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
