// Package inventory keeps a sample of the bid requests that were seen, without the
// people in them: what was offered where, so that a line item can be told how much
// of it it could buy.
//
// A [Sample] is offered every request, at the cost of two atomic operations, and
// takes fewer the more it has seen: each request of the last week has the same
// chance to be in it. What it takes it copies, and cuts down beside the request to
// what is about the place and the impressions (see strip.go).
//
// It imports the standard library only.
package inventory

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a sample.
const (
	Size    = 2000     // requests
	Longest = 16 << 10 // bytes of a request; what is longer is passed over

	horizon = 7 * 24 * time.Hour // older requests give way
)

// Request is a bid request without the person.
type Request struct {
	Exchange string          `json:"exchange"`
	At       time.Time       `json:"at"`
	Body     json.RawMessage `json:"request"`
}

// Sample is a sample of requests. It is safe for concurrent use; Run is for one
// goroutine.
type Sample struct {
	next  atomic.Int64 // number of the request that is to be taken
	seen  atomic.Int64
	taken chan taken  // at most one: the next is not chosen before
	zips  atomic.Bool // see KeepZips
	buf   []byte      // its memory, whoever has it: Offer, then Run

	mu    sync.Mutex
	since time.Time
	kept  []Request
}

type taken struct {
	exchange string
	at       time.Time
	body     []byte
}

// New returns an empty sample as of now.
func New(now time.Time) *Sample {
	s := &Sample{taken: make(chan taken, 1), buf: make([]byte, 0, Longest), since: now}
	s.next.Store(1)
	return s
}

// KeepZips says whether postcodes are kept of requests that are taken from now on: only
// if something asks for them. It starts with not.
func (s *Sample) KeepZips(keep bool) { s.zips.Store(keep) }

const never = math.MaxInt64

// Offer lets the sample take a request. It copies the body if it does, and neither
// waits nor allocates.
func (s *Sample) Offer(exchange string, body []byte, now time.Time) {
	n := s.seen.Add(1)
	next := s.next.Load()
	if n < next || len(body) > Longest || !s.next.CompareAndSwap(next, never) {
		return
	}
	s.taken <- taken{exchange, now, append(s.buf[:0], body...)} // there is room: nobody takes another before Run has this one
}

// Run keeps what is taken until ctx is done.
func (s *Sample) Run(ctx context.Context) {
	for {
		select {
		case t := <-s.taken:
			s.keep(t, rand.Float64)
		case <-ctx.Done():
			return
		}
	}
}

// keep puts a request into the sample, in the place of a random one if it is full,
// and chooses the next to take.
func (s *Sample) keep(t taken, random func() float64) {
	body, err := Strip(t.body, s.zips.Load())
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		r := Request{t.exchange, t.at, body}
		if len(s.kept) < Size {
			s.kept = append(s.kept, r)
		} else {
			s.kept[int(random()*Size)] = r
		}
	}
	s.next.Store(s.seen.Load() + s.skip(t.at, random()))
}

// mostPerSecond is how many requests are taken in a second at most. To strip one costs as
// much as to decide on several, and in its first minutes a sample would take thousands.
const mostPerSecond = 20

// skip returns how many requests on the next is taken. Each has the chance Size/n,
// of n seen, or seen within the horizon at the rate so far; but no more than
// mostPerSecond are taken, so the first minutes of a busy bidder count less.
func (s *Sample) skip(now time.Time, u float64) int64 {
	n, age := float64(s.seen.Load()), now.Sub(s.since)
	rest := 1 + int64(n/max(age, time.Second).Seconds()/mostPerSecond)
	if age > horizon {
		n *= float64(horizon) / float64(age)
	}
	chance := Size / n
	if len(s.kept) < Size || chance >= 1 {
		return rest
	}
	return rest + int64(min(math.Log(1-u)/math.Log(1-chance), 1e12))
}

// Seen says of how many requests, since when, the sample is one.
func (s *Sample) Seen() (requests int64, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.Load(), s.since
}

// Requests returns the sample.
func (s *Sample) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.kept)
}

// Read returns a sample of the first requests that there is room for, JSON one after
// the other, as if they had come at any time of the week before now. Postcodes stay.
func Read(r io.Reader, exchange string, now time.Time) (*Sample, error) {
	s := New(now)
	d := json.NewDecoder(bufio.NewReader(r))
	for n := 1; len(s.kept) < Size; n++ {
		var body json.RawMessage
		err := d.Decode(&body)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			body, err = Strip(body, true)
		}
		if err != nil {
			return nil, fmt.Errorf("request %d: %w", n, err)
		}
		_, part := math.Modf(float64(n) * math.Phi) // spreads over the week however many there are
		s.kept = append(s.kept, Request{exchange, now.Add(-time.Duration(part * float64(horizon))), body})
	}
	s.seen.Store(int64(len(s.kept)))
	return s, nil
}

// header stands before the requests in a file.
type header struct {
	Seen  int64     `json:"seen"`
	Since time.Time `json:"since"`
}

// Save writes the sample to a file, whole or not at all.
func (s *Sample) Save(path string) error {
	s.mu.Lock()
	h, kept := header{s.seen.Load(), s.since}, slices.Clone(s.kept)
	s.mu.Unlock()
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("save the sample of requests: %w", err)
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	err = enc.Encode(h)
	for i := range kept {
		err = errors.Join(err, enc.Encode(&kept[i]))
	}
	err = errors.Join(err, w.Flush(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("save the sample of requests: %w", err)
	}
	return nil
}

// Load returns the sample in a file, or an empty one if there is no file.
func Load(path string, now time.Time) (*Sample, error) {
	s := New(now)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read the sample of requests: %w", err)
	}
	defer f.Close()
	if err := s.read(f); err != nil {
		return New(now), fmt.Errorf("read the sample of requests in %s: %w; it begins anew", path, err)
	}
	return s, nil
}

func (s *Sample) read(r io.Reader) error {
	d := json.NewDecoder(bufio.NewReader(r))
	var h header
	if err := d.Decode(&h); err != nil {
		return err
	}
	for {
		var one Request
		err := d.Decode(&one)
		switch {
		case errors.Is(err, io.EOF):
			s.seen.Store(max(h.Seen, int64(len(s.kept))))
			s.next.Store(s.seen.Load() + 1)
			s.since = h.Since
			return nil
		case err != nil:
			return err
		case len(s.kept) >= Size:
			return errors.New("there are too many requests")
		}
		s.kept = append(s.kept, one)
	}
}
