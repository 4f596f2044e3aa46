package attack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Replay sends recorded bid requests again. Each time a request is sent it has
// fresh ids (id, source.tid, ext.tid), its timestamps are those of now, and the
// people are others of the recording: device.ifa, user.buyeruid and user.id of
// another line whose ids are as long. A few people are met very often, most
// seldom. The recording's people stay those that the bidder may know. It is not
// safe for concurrent use.
type Replay struct {
	rnd    *rand.Rand
	lines  []recorded
	groups map[string]*group
	now    func() time.Time
	next   int
}

// recorded is a prepared request. Offsets are into bytes.
type recorded struct {
	bytes  []byte
	fresh  []int   // UUIDs to make anew
	stamps []stamp // moments to set to now
	people []mark  // values to replace, in the order of personFields
	group  *group
}

// group holds the people whose ids are of the same kinds and lengths.
type group struct {
	people [][][]byte
	zipf   *rand.Zipf
}

// ReplayOptions say how a recording is replayed.
type ReplayOptions struct {
	Name   string // of the file, for errors
	Seed   uint64
	TMaxMS int // becomes the tmax of requests that have one
	Wrap   func(dst, body []byte) []byte
	Now    func() time.Time // for the timestamps; time.Now
}

// maxLine is the most bytes that a recorded request may have.
const maxLine = 1 << 20

// NewReplay reads a recording: one JSON object a line, packed with gzip or not.
// Errors have file and line.
func NewReplay(r io.Reader, o ReplayOptions) (*Replay, error) {
	in := bufio.NewReader(r)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Name, err)
		}
		in = bufio.NewReader(z)
	}
	p := &Replay{rnd: rand.New(rand.NewPCG(o.Seed, 0xA0761D6478BD642F)), groups: map[string]*group{}, now: o.Now}
	if p.now == nil {
		p.now = time.Now
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := p.add(line, &o); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", o.Name, n, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("%s:%d: the request has more than a megabyte", o.Name, n+1)
	} else if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", o.Name, n+1, err)
	}
	if len(p.lines) == 0 {
		return nil, fmt.Errorf("%s: there is no request in it", o.Name)
	}
	for _, g := range p.groups {
		g.zipf = rand.NewZipf(p.rnd, 1.08, 10, uint64(len(g.people)-1))
	}
	p.rnd.Shuffle(len(p.lines), func(i, k int) { p.lines[i], p.lines[k] = p.lines[k], p.lines[i] })
	return p, nil
}

// Len returns how many requests were recorded.
func (p *Replay) Len() int { return len(p.lines) }

func (p *Replay) add(line []byte, o *ReplayOptions) error {
	f, err := findFields(line)
	if err != nil {
		return err
	}
	body, rec := f.rewrite(line, o.TMaxMS)
	rec.bytes = body
	if o.Wrap != nil {
		rec.bytes = o.Wrap(nil, body)
		rec.shift(len(rec.bytes) - len(body))
	}
	kind, values := "", [][]byte{}
	for _, m := range rec.people {
		kind += strconv.Itoa(m.field) + ":" + strconv.Itoa(m.end-m.at) + " "
		values = append(values, bytes.Clone(rec.bytes[m.at:m.end]))
	}
	g := p.groups[kind]
	if g == nil {
		g = new(group)
		p.groups[kind] = g
	}
	g.people = append(g.people, values)
	rec.group = g
	p.lines = append(p.lines, rec)
	return nil
}

func (r *recorded) shift(by int) {
	for i := range r.fresh {
		r.fresh[i] += by
	}
	for i := range r.stamps {
		r.stamps[i].at += by
		r.stamps[i].end += by
	}
	for i := range r.people {
		r.people[i].at += by
		r.people[i].end += by
	}
}

// Next returns the next request, in an order that is shuffled once.
func (p *Replay) Next() []byte {
	rec := &p.lines[p.next]
	if p.next++; p.next == len(p.lines) {
		p.next = 0
	}
	for _, at := range rec.fresh {
		putUUID(rec.bytes[at:at+36], p.rnd.Uint64(), p.rnd.Uint64())
	}
	if len(rec.people) > 0 {
		who := rec.group.people[rec.group.zipf.Uint64()]
		for i, m := range rec.people {
			copy(rec.bytes[m.at:m.end], who[i])
		}
	}
	if len(rec.stamps) > 0 {
		now := p.now()
		for _, s := range rec.stamps {
			s.put(rec.bytes, now)
		}
	}
	return rec.bytes
}

const hexDigits = "0123456789abcdef"

// putUUID writes a version 4 UUID made of two random numbers into 36 bytes.
func putUUID(dst []byte, a, b uint64) {
	a, b = a&^0xF000|0x4000, b&^(3<<62)|2<<62
	for i, shift := 0, 60; i < 36; i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			dst[i] = '-'
			continue
		}
		dst[i] = hexDigits[a>>shift&15]
		if shift -= 4; shift < 0 {
			a, shift = b, 60
		}
	}
}

// wellFormed checks that a line is one JSON object.
func wellFormed(line []byte) error {
	if line[0] != '{' {
		return errors.New("the line is no JSON object")
	}
	if !json.Valid(line) {
		var any json.RawMessage
		return fmt.Errorf("the line is no JSON: %w", json.Unmarshal(line, &any))
	}
	return nil
}
