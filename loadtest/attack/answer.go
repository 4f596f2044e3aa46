package attack

import (
	"bytes"
	"errors"
)

// maxAnswer is the most bytes that an answer may have.
const maxAnswer = 1 << 20

// answer is a complete answer, or what is known of one so far.
type answer struct {
	status int
	body   []byte // within the buffer that was parsed; not valid if chunked and incomplete
	close  bool   // the connection ends after it
	toEnd  bool   // the answer has no length: it ends with the connection
}

var (
	errNotHTTP = errors.New("the answer does not begin like HTTP/1")
	errHead    = errors.New("the head of the answer is too long")
	errLength  = errors.New("the length of the answer is no number, or above a megabyte")
	errChunk   = errors.New("the chunks of the answer are malformed")
	errMore    = errors.New("there is more than one answer to one request")
)

var (
	headEnd  = []byte("\r\n\r\n")
	lineEnd  = []byte("\r\n")
	protocol = []byte("HTTP/1.")
)

// maxHead is the most bytes that the head of an answer may have.
const maxHead = 64 << 10

// parseAnswer reads what has arrived of an answer: ok is true once b holds all
// of it. ended says that the other side closed the connection, which completes
// an answer without a length. Chunks are joined in place, so b is changed once
// the answer is complete.
func parseAnswer(b []byte, ended bool) (a answer, ok bool, err error) {
	for {
		if n := min(len(b), len(protocol)); !bytes.Equal(b[:n], protocol[:n]) {
			return a, false, errNotHTTP
		}
		end := bytes.Index(b, headEnd)
		if end < 0 {
			if len(b) > maxHead {
				return a, false, errHead
			}
			return a, false, nil
		}
		a, length, chunked, err := parseHead(b[:end])
		if err != nil {
			return a, false, err
		}
		rest := b[end+len(headEnd):]
		switch {
		case a.status >= 100 && a.status < 200: // such as 100 Continue: the answer follows
			b = rest
			continue
		case a.status == 204 || a.status == 304:
			length = 0
		case chunked:
			return joinChunks(a, rest)
		case length < 0:
			a.toEnd, a.close, a.body = true, true, rest
			return a, ended, nil
		}
		if len(rest) > length {
			return a, false, errMore
		}
		a.body = rest
		return a, len(rest) == length, nil
	}
}

// parseHead reads the head without its last line end. length is -1 if it does
// not say.
func parseHead(b []byte) (a answer, length int, chunked bool, err error) {
	if len(b) < 12 || b[8] != ' ' || b[9] < '1' || b[9] > '5' || !digit(b[10]) || !digit(b[11]) {
		return a, 0, false, errNotHTTP
	}
	a.status = int(b[9]-'0')*100 + int(b[10]-'0')*10 + int(b[11]-'0')
	a.close = b[7] == '0'
	length = -1
	for at := bytes.Index(b, lineEnd); at >= 0; {
		b = b[at+2:]
		at = bytes.Index(b, lineEnd)
		line := b
		if at >= 0 {
			line = b[:at]
		}
		switch {
		case is(line, "content-length:"):
			if length, err = number(line[len("content-length:"):], 10); err != nil {
				return a, 0, false, errLength
			}
		case is(line, "transfer-encoding:"):
			chunked = contains(line, "chunked")
		case is(line, "connection:"):
			switch {
			case contains(line, "close"):
				a.close = true
			case contains(line, "keep-alive"):
				a.close = false
			}
		}
	}
	return a, length, chunked, nil
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// is reports whether a line begins with a header's name, given in lower case.
func is(line []byte, name string) bool {
	if len(line) < len(name) {
		return false
	}
	for i := range len(name) {
		if c := line[i]; c != name[i] && (c < 'A' || c > 'Z' || c+32 != name[i]) {
			return false
		}
	}
	return true
}

func contains(line []byte, word string) bool {
	for ; len(line) >= len(word); line = line[1:] {
		if is(line, word) {
			return true
		}
	}
	return false
}

// number reads a length. Blanks around it are permitted.
func number(b []byte, base int) (int, error) {
	b = bytes.TrimSpace(b)
	n := 0
	if len(b) == 0 || len(b) > 8 {
		return 0, errLength
	}
	for _, c := range b {
		switch {
		case digit(c):
			c -= '0'
		case base == 16 && c|32 >= 'a' && c|32 <= 'f':
			c = c | 32 - 'a' + 10
		default:
			return 0, errLength
		}
		n = n*base + int(c)
	}
	if n > maxAnswer {
		return 0, errLength
	}
	return n, nil
}

// joinChunks reads a body in chunks. It moves them together once the last one
// is there.
func joinChunks(a answer, b []byte) (answer, bool, error) {
	rest, total := b, 0
	for {
		at := bytes.Index(rest, lineEnd)
		if at < 0 {
			if len(rest) > 128 {
				return a, false, errChunk
			}
			return a, false, nil
		}
		size, _, _ := bytes.Cut(rest[:at], []byte(";"))
		n, err := number(size, 16)
		if err != nil {
			return a, false, errChunk
		}
		rest = rest[at+2:]
		if n == 0 {
			break
		}
		if len(rest) < n+2 {
			return a, false, nil
		}
		if rest[n] != '\r' || rest[n+1] != '\n' {
			return a, false, errChunk
		}
		rest = rest[n+2:]
		total += n
	}
	switch { // trailers end with an empty line
	case bytes.HasPrefix(rest, lineEnd):
		rest = rest[2:]
	default:
		at := bytes.Index(rest, headEnd)
		if at < 0 {
			if len(rest) > maxHead {
				return a, false, errHead
			}
			return a, false, nil
		}
		rest = rest[at+len(headEnd):]
	}
	if len(rest) > 0 {
		return a, false, errMore
	}
	a.body = move(b, total)
	return a, true, nil
}

// move moves the chunks of b, which are known to be whole, to its beginning.
func move(b []byte, total int) []byte {
	for from, to := 0, 0; to < total; {
		at := from + bytes.Index(b[from:], lineEnd)
		size, _, _ := bytes.Cut(b[from:at], []byte(";"))
		n, _ := number(size, 16)
		copy(b[to:], b[at+2:at+2+n])
		to += n
		from = at + 2 + n + 2
	}
	return b[:total]
}

var (
	seatbid = []byte(`"seatbid"`)
	bidKey  = []byte(`"bid"`)
)

// judge returns what an answer means that came in time.
func judge(a *answer) Outcome {
	switch a.status {
	case 204:
		return NoBid
	case 200:
	default:
		return Status
	}
	b := bytes.TrimSpace(a.body)
	if len(b) == 0 {
		return NoBid // a few bidders say no so
	}
	if b[0] != '{' || b[len(b)-1] != '}' {
		return Garbage
	}
	at := bytes.Index(b, seatbid)
	if at < 0 {
		return NoBid
	}
	for rest := b[at+len(seatbid):]; ; {
		at := bytes.Index(rest, bidKey)
		if at < 0 {
			return NoBid
		}
		rest = rest[at+len(bidKey):]
		if beginsArray(rest) {
			return Bid
		}
	}
}

// beginsArray reports whether what follows a key is an array that is not empty.
func beginsArray(b []byte) bool {
	b, ok := bytes.CutPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte(":"))
	if !ok {
		return false
	}
	b, ok = bytes.CutPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("["))
	b = bytes.TrimLeft(b, " \t\r\n")
	return ok && len(b) > 0 && b[0] == '{'
}
