package audience

import (
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"bidwell/ad"
	"bidwell/openrtb"
	"bidwell/profile"
)

// Census is how many people are in audiences, as far as profiles say it: nobody is
// on a page while they are counted, so what a rule asks of the request is Unknown.
type Census struct {
	Audiences []Size    `json:"audiences"`
	Both      [][]int64 `json:"both,omitempty"` // people in the i-th and in the j-th audience
	People    int64     `json:"people"`         // who have a profile
	Seen      int64     `json:"seen"`           // of these, who were looked at
}

// Size is how many people are in an audience.
type Size struct {
	Name  string `json:"audience"`
	In    int64  `json:"in"`
	Maybe int64  `json:"maybe"` // it depends on the request, or on what is not known
	Error int64  `json:"error"` // In lies no further off, nineteen times in twenty; 0 where all were looked at
}

// People goes through everybody in the order of their keys, which are hashes. The
// record is valid until fn returns; an error of fn ends it and is returned.
type People func(fn func(key ad.PersonID, r profile.Record) error) error

// Count is how to take a census.
type Count struct {
	Now      time.Time
	Workers  int
	Sample   int64            // people to look at, 0 for all; the others are estimated
	Both     bool             // count who is in two audiences
	Progress func(seen int64) // called now and then, unless nil
	Stop     func() error     // asked now and then; its error ends the census
}

// errEnough ends a scan that has seen the sample.
var errEnough = errors.New("enough people")

// chunk is some people on their way to a worker, copied.
type chunk struct {
	bytes []byte
	ends  []int
}

const chunkSize = 512 // people

// Census counts the people in named audiences.
//
// With a sample it looks at those whose keys are lowest. Keys are halves of
// SHA-256, so these are a random sample whose share of everybody is the share of
// the keys up to the last one; of n found in a share s of the keys there are about
// n/s in all, with the error of a binomial distribution.
func (s *Set) Census(names []string, people People, c Count) (*Census, error) {
	refs := make([]Ref, len(names))
	for i, name := range names {
		refs[i], _ = s.Ref(name)
	}
	chunks, free := make(chan *chunk, 2*c.Workers), make(chan *chunk, 2*c.Workers+2)
	tallies := make([]*tally, max(c.Workers, 1))
	var wg sync.WaitGroup
	for i := range tallies {
		tallies[i] = newTally(s, refs, c)
		wg.Go(func() {
			for ch := range chunks {
				tallies[i].count(ch)
				select {
				case free <- ch:
				default:
				}
			}
		})
	}
	seen, last, err := c.deal(people, chunks, free)
	close(chunks)
	wg.Wait()
	all := tallies[0]
	for _, t := range tallies[1:] {
		all.add(t)
	}
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return all.census(names, seen, last, err != nil), nil
}

// deal hands everybody to the workers, and returns how many they were and the last
// one's key.
func (c *Count) deal(people People, chunks chan<- *chunk, free <-chan *chunk) (seen int64, last ad.PersonID, err error) {
	ch := new(chunk)
	err = people(func(key ad.PersonID, r profile.Record) error {
		if len(r) == 0 {
			return nil
		}
		if c.Sample > 0 && seen >= c.Sample {
			return errEnough
		}
		ch.bytes = append(ch.bytes, r...)
		ch.ends = append(ch.ends, len(ch.bytes))
		seen++
		last = key
		if len(ch.ends) < chunkSize {
			return nil
		}
		chunks <- ch
		if c.Progress != nil {
			c.Progress(seen)
		}
		select {
		case ch = <-free:
			ch.bytes, ch.ends = ch.bytes[:0], ch.ends[:0]
		default:
			ch = new(chunk)
		}
		if c.Stop != nil {
			return c.Stop()
		}
		return nil
	})
	chunks <- ch
	return seen, last, err
}

// tally is what one worker has counted.
type tally struct {
	set       *Set
	refs      []Ref
	now       time.Time
	eval      Eval
	nobody    openrtb.Request
	in, maybe []int64
	both      [][]int64
	hits      []int
}

func newTally(s *Set, refs []Ref, c Count) *tally {
	t := &tally{set: s, refs: refs, now: c.Now, in: make([]int64, len(refs)), maybe: make([]int64, len(refs))}
	if c.Both {
		t.both = make([][]int64, len(refs))
		for i := range t.both {
			t.both[i] = make([]int64, len(refs))
		}
	}
	return t
}

func (t *tally) count(ch *chunk) {
	from := 0
	for _, end := range ch.ends {
		t.person(profile.Record(ch.bytes[from:end:end]))
		from = end
	}
}

func (t *tally) person(r profile.Record) {
	t.eval.Reset(t.set, r, &t.nobody, t.now)
	t.hits = t.hits[:0]
	for i, ref := range t.refs {
		switch t.eval.Is(ref) {
		case True:
			t.in[i]++
			t.hits = append(t.hits, i)
		case Unknown:
			t.maybe[i]++
		}
	}
	if t.both == nil {
		return
	}
	for _, i := range t.hits {
		for _, j := range t.hits {
			t.both[i][j]++
		}
	}
}

func (t *tally) add(o *tally) {
	for i := range t.in {
		t.in[i] += o.in[i]
		t.maybe[i] += o.maybe[i]
	}
	for i := range t.both {
		for j := range t.both[i] {
			t.both[i][j] += o.both[i][j]
		}
	}
}

// census makes the result. Of a sample that ends with the key last it estimates
// the whole.
func (t *tally) census(names []string, seen int64, last ad.PersonID, sampled bool) *Census {
	share := 1.0
	if sampled {
		share = shareUpTo(last)
	}
	whole := func(n int64) int64 { return int64(math.Round(float64(n) / share)) }
	c := &Census{People: whole(seen), Seen: seen, Both: t.both}
	for i, name := range names {
		size := Size{Name: name, In: whole(t.in[i]), Maybe: whole(t.maybe[i])}
		if sampled {
			size.Error = errorOf(t.in[i], share)
		}
		c.Audiences = append(c.Audiences, size)
	}
	for i := range c.Both {
		for j := range c.Both[i] {
			c.Both[i][j] = whole(c.Both[i][j])
		}
	}
	return c
}

// shareUpTo returns which share of all keys is not above one.
func shareUpTo(key ad.PersonID) float64 {
	share := 0.0
	for _, c := range slices.Backward(key[:7]) {
		share = (share + float64(c)) / 256
	}
	return max(share, 1e-12)
}

// errorOf is how far n found in a share of the keys, divided by that share, lies
// from the truth at most, with a probability of 95 %. Of none found, by the rule of
// three, there are at most three in the share.
func errorOf(n int64, share float64) int64 {
	if n == 0 {
		return int64(math.Ceil(3 / share))
	}
	return int64(math.Ceil(1.96 * math.Sqrt(float64(n)*(1-share)) / share))
}
