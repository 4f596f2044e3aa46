package audience

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"bidwell/ad"
	"bidwell/profile"
)

// crowd is people of whom every third is in segment a, every fifth in b; their keys
// are spread evenly.
func crowd(t testing.TB, n int) People {
	record := func(segments ...string) profile.Record {
		return record(t, func(b *profile.Builder) {
			must(t, b.SetAttr("known", profile.BoolValue(true)))
			for _, s := range segments {
				must(t, b.AddSegment(s, now.Unix()+1))
			}
		})
	}
	kinds := map[[2]bool]profile.Record{{}: record(), {true, false}: record("a"), {false, true}: record("b"), {true, true}: record("a", "b")}
	return func(fn func(ad.PersonID, profile.Record) error) error {
		for i := range n {
			key := ad.PersonID{}
			at := uint32(float64(i) / float64(n) * (1 << 32))
			key[0], key[1], key[2], key[3] = byte(at>>24), byte(at>>16), byte(at>>8), byte(at)
			if err := fn(key, kinds[[2]bool{i%3 == 0, i%5 == 0}]); err != nil {
				return err
			}
		}
		return nil
	}
}

const crowdRules = `audiences:
  a: {segment: a}
  b: {segment: b}
  here: {segment: a, context: {language: de}}
  nobody: {segment: c}
`

func TestCensus(t *testing.T) {
	s, _ := mustCompile(t, crowdRules)
	const n = 15 * 1000
	for _, workers := range []int{1, 3} {
		c, err := s.Census([]string{"a", "b", "here", "nobody"}, crowd(t, n), Count{Now: now, Workers: workers, Both: true})
		must(t, err)
		want := fmt.Sprint([]Size{{"a", n / 3, 0, 0}, {"b", n / 5, 0, 0}, {"here", 0, n / 3, 0}, {"nobody", 0, 0, 0}})
		if got := fmt.Sprint(c.Audiences); got != want || c.People != n || c.Seen != n {
			t.Errorf("%d workers: %s of %d people, want %s of %d", workers, got, c.People, want, n)
		}
		if c.Both[0][1] != n/15 || c.Both[1][0] != n/15 || c.Both[0][0] != n/3 || c.Both[2][0] != 0 {
			t.Errorf("%d workers: in both %v", workers, c.Both)
		}
	}
}

func TestCensusOfASample(t *testing.T) {
	s, _ := mustCompile(t, crowdRules)
	const n = 150_000
	c, err := s.Census([]string{"a", "nobody"}, crowd(t, n), Count{Now: now, Workers: 2, Sample: n / 10})
	must(t, err)
	if c.Seen != n/10 || math.Abs(float64(c.People)-n) > n/100 {
		t.Errorf("about %d people by %d, want about %d by %d", c.People, c.Seen, n, n/10)
	}
	if a := c.Audiences[0]; a.Error < 1 || math.Abs(float64(a.In-n/3)) > float64(a.Error) {
		t.Errorf("%d ± %d in a, want %d", a.In, a.Error, n/3)
	}
	if none := c.Audiences[1]; none.In != 0 || none.Error < 29 || none.Error > 31 {
		t.Errorf("%d ± %d in nobody, want none, and at most 30 by the rule of three", none.In, none.Error)
	}
	if c, err = s.Census([]string{"a"}, crowd(t, 100), Count{Now: now, Workers: 2, Sample: 1000}); err != nil || c.Audiences[0].Error != 0 || c.People != 100 {
		t.Errorf("a sample of all: %+v, %v", c, err)
	}
}

// TestCensusCoversTheTruth takes many samples of people with random keys: nearly
// all errors that are stated cover the truth.
func TestCensusCoversTheTruth(t *testing.T) {
	covered, runs := 0, 400
	for run := range runs {
		n, share := 0, 0.05
		for i := range 2000 {
			key := ad.PersonIDOf("test", fmt.Sprint(run, " ", i))
			if shareUpTo(key) < share {
				n++
			}
		}
		if math.Abs(float64(n)/share-2000) <= float64(errorOf(int64(n), share)) {
			covered++
		}
	}
	if covered < runs*92/100 || covered > runs*98/100 {
		t.Errorf("%d of %d errors cover the truth, want about 95 %%", covered, runs)
	}
}

func TestCensusStops(t *testing.T) {
	s, _ := mustCompile(t, crowdRules)
	stop := errors.New("stop")
	if _, err := s.Census([]string{"a"}, crowd(t, 10_000), Count{Now: now, Workers: 2, Stop: func() error { return stop }}); !errors.Is(err, stop) {
		t.Errorf("got %v, want %v", err, stop)
	}
}
