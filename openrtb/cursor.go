package openrtb

import (
	"math/bits"
	"unicode/utf8"
)

// cursor moves over a JSON text once, from value to value. Objects and lists
// are walked like this, with the cursor on the member's value each time:
//
//	for key := c.object(); key != nil; key = c.next() {
//	for ok := c.list(); ok; ok = c.more() {
//
// and the body of the loop must consume that value: read it or skip it.
// A value that is no object (or list) is skipped and has no members.
//
// The first fault is kept and puts the cursor at the end of the text, where
// every loop ends by itself; so only the outermost caller looks at it.
type cursor struct {
	b     []byte
	i     int
	depth int // objects and lists that are open
	at    int // where the fault is
	fault fault
	mem   *memory
}

func (c *cursor) fail(at int, f fault) {
	if c.fault == noFault {
		c.fault, c.at = f, at
	}
	c.i = len(c.b)
}

// peek returns the byte at the cursor, 0 at the end of the text.
func (c *cursor) peek() byte {
	if c.i < len(c.b) {
		return c.b[c.i]
	}
	return 0
}

// space moves over white space and returns the byte then at the cursor, 0 at
// the end of the text.
func (c *cursor) space() byte {
	if ch := c.peek(); ch > ' ' {
		return ch
	}
	c.i = space(c.b, c.i)
	return c.peek()
}

// skip validates and passes the value at the cursor.
func (c *cursor) skip() {
	end, f := skipValue(c.b, c.i, maxDepth-c.depth)
	if f != noFault {
		c.fail(end, f)
		return
	}
	c.i = end
}

// enter passes the opening bracket at the cursor, and the white space behind
// it. A value that begins otherwise is skipped.
func (c *cursor) enter(bracket byte) bool {
	if c.peek() != bracket {
		c.skip()
		return false
	}
	if c.depth == maxDepth {
		c.fail(c.i, tooDeep)
		return false
	}
	c.depth++
	c.i++
	return true
}

// object enters the object at the cursor and returns its first key in lower
// case, with the cursor on that key's value; nil if there is none.
func (c *cursor) object() []byte {
	if !c.enter('{') {
		return nil
	}
	if c.space() == '}' {
		c.i++
		c.depth--
		return nil
	}
	return c.key()
}

// next returns the next key of the object, nil at the object's end.
func (c *cursor) next() []byte {
	if c.peek() <= ' ' {
		c.space()
	}
	switch c.peek() {
	case ',':
		c.i++
		return c.key()
	case '}':
		c.i++
		c.depth--
	default:
		c.fail(c.i, notJSON)
	}
	return nil
}

// list enters the list at the cursor and reports whether it has an element,
// on which the cursor then is.
func (c *cursor) list() bool {
	if !c.enter('[') {
		return false
	}
	if c.space() == ']' {
		c.i++
		c.depth--
		return false
	}
	return true
}

// more moves to the list's next element, if there is one.
func (c *cursor) more() bool {
	if c.peek() <= ' ' {
		c.space()
	}
	switch c.peek() {
	case ',':
		c.i++
		if c.peek() <= ' ' {
			c.space()
		}
		return true
	case ']':
		c.i++
		c.depth--
	default:
		c.fail(c.i, notJSON)
	}
	return false
}

// key reads a key and its colon. Nearly all keys are made of lower-case letters
// and digits, and are returned as they stand.
func (c *cursor) key() []byte {
	if c.peek() != '"' && c.space() != '"' {
		c.fail(c.i, notJSON)
		return nil
	}
	b, start := c.b, c.i+1
	for i := start; i <= len(b)-8; i += 8 {
		w := word(b, i)
		// Bit 5 is clear in upper-case letters, the underscore, the backslash
		// and controls; bit 7 is set in what is not ASCII.
		odd := ^w&(ones*0x20) | w&highs
		if q := quotes(w); q != 0 {
			if odd&(q&-q-1) != 0 {
				break
			}
			end := i + bits.TrailingZeros64(q)>>3
			if end+2 < len(b) && b[end+1] == ':' && b[end+2] > ' ' {
				c.i = end + 2
			} else {
				c.i = end + 1
				c.colon()
			}
			return b[start:end]
		}
		if odd != 0 {
			break
		}
	}
	return c.oddKey()
}

func (c *cursor) colon() {
	if c.space() != ':' {
		c.fail(c.i, notJSON)
		return
	}
	c.i++
	c.space()
}

// oddKey reads a key that may hold anything, and folds its case as
// encoding/json does: the long s and the Kelvin sign are letters, too.
func (c *cursor) oddKey() []byte {
	key, ok := c.text()
	if !ok {
		return nil
	}
	c.colon()
	start := len(c.mem.text)
	for len(key) > 0 {
		r, n := utf8.DecodeRune(key)
		switch {
		case r >= 'A' && r <= 'Z':
			r |= 0x20
		case r == 'ſ':
			r = 's'
		case r == '\u212a':
			r = 'k'
		}
		c.mem.text = utf8.AppendRune(c.mem.text, r)
		key = key[n:]
	}
	folded := since(c.mem.text, start)
	if folded == nil {
		return []byte{}
	}
	return folded
}
