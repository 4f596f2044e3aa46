package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
)

// chunk is a run of lines that is parsed and written together.
type chunk struct {
	firstLine int64 // from 1
	lines     []line
	end       int64 // offset behind the last line
	buf       []byte
	parsed    chan struct{} // closed when every line is
}

// line is one line: its text, then the fact that it states or what is wrong
// with it. A blank line has neither.
type line struct {
	from, to int // of the text in the chunk's buffer
	fact     *fact
	err      error
	erased   bool // it is about somebody who was erased
}

const (
	chunkLines = 512
	chunkBytes = 1 << 20
)

// parser turns a line's text into a fact. It is safe for concurrent use.
type parser func(text []byte) (*fact, error)

// pipeline reads and parses ahead of the one who writes.
type pipeline struct {
	ordered chan *chunk // closed at the end
	err     error       // why it ended; nil at the end of the file; valid then
}

// start begins to read and parse.
func (im *run) start(ctx context.Context, r io.Reader) *pipeline {
	pl := &pipeline{ordered: make(chan *chunk, 2*im.Workers)}
	parse := make(chan *chunk, im.Workers)
	var p parser // set by the reader before it hands out the first chunk
	for range im.Workers {
		go func() {
			for c := range parse {
				c.parse(p)
			}
		}()
	}
	go func() {
		defer close(pl.ordered)
		defer close(parse)
		lr, err := im.begin(r)
		if err != nil {
			pl.err = err
			return
		}
		p = lr.parser
		pl.err = lr.chunks(func(c *chunk) bool {
			for _, to := range []chan *chunk{parse, pl.ordered} {
				select {
				case to <- c:
				case <-ctx.Done():
					return false
				}
			}
			return true
		})
	}()
	return pl
}

func (c *chunk) parse(p parser) {
	defer close(c.parsed)
	for i := range c.lines {
		l := &c.lines[i]
		if text := bytes.TrimSpace(c.buf[l.from:l.to]); len(text) > 0 && l.err == nil {
			l.fact, l.err = p(text)
		}
	}
}

// lineReader reads lines of bounded length and knows where it is.
type lineReader struct {
	r      *bufio.Reader
	parser parser
	line   int64 // read so far
	offset int64
}

// begin opens the file, reads the header where there is one, and goes to where
// an earlier run has stopped.
func (im *run) begin(r io.Reader) (*lineReader, error) {
	if im.Gzip {
		zr, err := gzip.NewReader(bufio.NewReaderSize(r, 256<<10))
		if err != nil {
			return nil, fmt.Errorf("not a gzip file: %w", err)
		}
		r = zr
	}
	lr := &lineReader{r: bufio.NewReaderSize(r, 256<<10)}
	if mark, err := lr.r.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		lr.skip(3)
	}
	o := factOptions{now: im.Now.Unix(), ttl: im.SegmentTTL}
	lr.parser = o.json
	if im.Format == CSV {
		h, err := lr.header()
		if err != nil {
			return nil, err
		}
		lr.parser = func(text []byte) (*fact, error) { return h.fact(text, &o) }
	}
	if im.progress.Lines > 0 {
		if err := lr.skip(im.progress.Bytes - lr.offset); err != nil {
			return nil, fmt.Errorf("the file is shorter than when %d of its lines were imported; is it another one? (%w)", im.progress.Lines, err)
		}
		lr.line = im.progress.Lines
	}
	return lr, nil
}

func (lr *lineReader) skip(n int64) error {
	if n < 0 {
		return io.ErrUnexpectedEOF
	}
	m, err := io.CopyN(io.Discard, lr.r, n)
	lr.offset += m
	return err
}

// header reads the first line of a CSV file.
func (lr *lineReader) header() (*header, error) {
	var c chunk
	err := lr.next(&c)
	if errors.Is(err, io.EOF) && len(c.lines) == 0 {
		return nil, errors.New("the file is empty: its first row should name the columns")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the header row: %w", err)
	}
	if err := c.lines[0].err; err != nil {
		return nil, fmt.Errorf("header row: %w", err)
	}
	h, err := parseHeader(string(bytes.TrimSpace(c.buf)))
	if err != nil {
		return nil, fmt.Errorf("header row: %w", err)
	}
	return h, nil
}

// chunks hands out the rest of the file, until yield refuses.
func (lr *lineReader) chunks(yield func(*chunk) bool) error {
	for {
		c := &chunk{firstLine: lr.line + 1, parsed: make(chan struct{})}
		var err error
		for err == nil && len(c.lines) < chunkLines && len(c.buf) < chunkBytes {
			err = lr.next(c)
		}
		c.end = lr.offset
		if len(c.lines) > 0 && !yield(c) {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// next reads a line into a chunk. A line beyond MaxLine is read over and marked
// as bad. The last line needs no line break; one that is cut off by an error is
// not used.
func (lr *lineReader) next(c *chunk) error {
	l := line{from: len(c.buf)}
	size := 0
	for {
		part, err := lr.r.ReadSlice('\n')
		size += len(part)
		if size <= MaxLine {
			c.buf = append(c.buf, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || size == 0) {
			c.buf = c.buf[:l.from]
			return err
		}
		if size > MaxLine {
			c.buf = c.buf[:l.from]
			l.err = fmt.Errorf("the line has %d bytes, the longest may have %d", size, MaxLine)
		}
		l.to = len(c.buf)
		c.lines = append(c.lines, l)
		lr.line++
		lr.offset += int64(size)
		return err
	}
}
