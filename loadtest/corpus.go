package loadtest

import "math/rand/v2"

// Corpus is a set of prepared requests for load that must cost the sender next
// to nothing. Before a request is sent again it gets a fresh id and another
// person, in place; the rest of it, the person's home included, stays as it
// was. It is not safe for concurrent use: give each sender its own.
type Corpus struct {
	t      *Traffic
	rnd    *rand.Rand
	bodies []prepared
}

type prepared struct {
	bytes []byte
	marks marks
}

// NewCorpus prepares n requests of t. If wrap is given, it appends a body with
// whatever goes before it, such as the head of an HTTP request, to dst; the
// body must come last.
func NewCorpus(t *Traffic, n int, seed uint64, wrap func(dst, body []byte) []byte) *Corpus {
	c := &Corpus{t: t, rnd: rand.New(rand.NewPCG(seed, 0xB5297A4D3F84D5B5)), bodies: make([]prepared, n)}
	for i := range c.bodies {
		body, m := t.append(nil)
		if wrap != nil {
			whole := wrap(nil, body)
			m.shift(len(whole) - len(body))
			body = whole
		}
		c.bodies[i] = prepared{body, m}
	}
	return c
}

func (m *marks) shift(by int) {
	m.id += by
	if m.tid >= 0 {
		m.tid += by
	}
	if m.person >= 0 {
		m.person += by
	}
}

// Next returns one of the requests, chosen at random. It is valid until the
// next call and must not be changed.
func (c *Corpus) Next() []byte {
	p := &c.bodies[c.rnd.IntN(len(c.bodies))]
	b, m := p.bytes, p.marks
	a := c.rnd.Uint64()
	putUUID(b[m.id:], a, c.rnd.Uint64())
	if m.tid >= 0 {
		putUUID(b[m.tid:], ^a, a)
	}
	if m.person >= 0 {
		c.t.opts.People.putID(b[m.person:], c.t.person(m.screen))
	}
	return b
}
