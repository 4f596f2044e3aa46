package campaign

// choice is one attribute of a query of which a request may have several values,
// or line items name values that few others do: a line item is a candidate if it
// does not restrict the attribute or names one of the values.
type choice struct {
	base row          // line items that do not restrict the attribute; nil if none does
	rows [maxRows]row // of values that many name
	n    int
	own  bits // of values that few name, and of what is more than maxRows
}

// The most rows that a choice holds. Of what is more it makes one of its own.
const maxRows = 16

func (c *choice) reset(base row, words int) {
	c.base, c.n = base, 0
	if base != nil {
		c.own.reset(words)
	}
}

func (c *choice) add(p posting) {
	switch {
	case c.base == nil:
	case p.row == nil:
		c.own.add(p.list)
	case c.n < maxRows:
		c.rows[c.n] = p.row
		c.n++
	default:
		c.own.addRow(p.row)
	}
}

func (c *choice) word(w int) uint64 {
	if c.base == nil {
		return ^uint64(0)
	}
	x := c.base[w] | c.own.row[w]
	for _, r := range c.rows[:c.n] {
		x |= r[w]
	}
	return x
}

// bits is a row of a query's own, of which few words are set. A clean one is all
// zero.
type bits struct {
	row   row
	dirty []uint32 // words that are not zero
	full  bool     // any word may be set
}

func (b *bits) reset(words int) {
	if b.full {
		clear(b.row)
		b.full = false
	}
	for _, w := range b.dirty {
		b.row[w] = 0
	}
	b.dirty = b.dirty[:0]
	if len(b.row) < words {
		b.row = make(row, words)
	}
}

func (b *bits) add(list []uint32) {
	for _, i := range list {
		w := i >> 6
		if b.row[w] == 0 {
			b.dirty = append(b.dirty, w)
		}
		b.row[w] |= 1 << (i & 63)
	}
}

func (b *bits) addRow(r row) {
	b.full = true
	for w, v := range r {
		b.row[w] |= v
	}
}
