package openrtb

// Readers of the values that a Request keeps. Each consumes the value at the
// cursor. A null or a value of a wrong shape leaves dst as it is.

// str reads a string, or a number as it is spelt.
func (c *cursor) str(dst *[]byte) {
	switch ch := c.peek(); {
	case ch == '"':
		if s, ok := c.text(); ok {
			*dst = s
		}
	case ch == '-' || isDigit(ch):
		end, ok := skipNumber(c.b, c.i)
		if !ok {
			c.fail(end, notJSON)
			return
		}
		*dst = c.b[c.i:end]
		c.i = end
	default:
		c.skip()
	}
}

// strs reads a list of strings, or one that stands alone. It leaves out empty
// strings and what is none.
func (c *cursor) strs(dst *[][]byte) {
	m := c.mem
	from := len(m.strs)
	if c.peek() != '[' {
		var s []byte
		c.str(&s)
		if s == nil {
			return
		}
		if len(s) > 0 {
			m.strs = put(m, m.strs, s, maxStrings)
		}
	} else {
		for ok := c.list(); ok; ok = c.more() {
			var s []byte
			c.str(&s)
			if len(s) > 0 {
				m.strs = put(m, m.strs, s, maxStrings)
			}
		}
	}
	*dst = since(m.strs, from)
}

// ints reads a list of whole numbers, or one that stands alone. It leaves out
// what is none.
func (c *cursor) ints(dst *[]int32) {
	m := c.mem
	from := len(m.ints)
	var n int32
	if c.peek() != '[' {
		if !c.int(&n) {
			return
		}
		m.ints = put(m, m.ints, n, maxInts)
	} else {
		for ok := c.list(); ok; ok = c.more() {
			if c.int(&n) {
				m.ints = put(m, m.ints, n, maxInts)
			}
		}
	}
	*dst = since(m.ints, from)
}

// words reads keywords separated by commas; a list of them is joined. None at
// all leave dst as it is, which kwarray may have filled.
func (c *cursor) words(dst *[]byte) {
	if c.peek() != '[' {
		var s []byte
		if c.str(&s); len(s) > 0 {
			*dst = s
		}
		return
	}
	m := c.mem
	from := len(m.strs)
	var list [][]byte
	c.strs(&list)
	m.strs = m.strs[:from]
	start := len(m.text)
	for i, s := range list {
		if i > 0 {
			m.text = append(m.text, ',')
		}
		m.text = append(m.text, s...)
	}
	if len(list) > 0 {
		*dst = since(m.text, start)
	}
}

// wordList reads keywords unless there are some already: for kwarray, which
// may stand in the place of keywords.
func (c *cursor) wordList(dst *[]byte) {
	if len(*dst) > 0 {
		c.skip()
		return
	}
	c.words(dst)
}
