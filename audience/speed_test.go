package audience

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"bidwell/internal/conf"
	"bidwell/profile"
)

// catalogue returns n audiences, of which the first ten are those that requests
// touch: five of one test, five of the size that campaigns have.
func catalogue(tb testing.TB, n int) (*Set, []Ref) {
	tb.Helper()
	var src strings.Builder
	src.WriteString("audiences:\n")
	for i, rule := range []string{
		"{segment: s1}", "{segment: s2}", "{has: {owns.car.class: compact}}", "{has: {yob: {at_least: 1990}}}",
		"{context: {device.type: phone}}", "{context: {language: fr}}", "{context: {site.domain: evening-ledger.example}}",
	} {
		fmt.Fprintf(&src, "  simple-%d: %s\n", i, rule)
	}
	touched := []string{
		"{has: {owns.car.class: luxury}}",
		"{segment: frequent-flyer}",
		"{context: {site.cat: [IAB2]}}",
		"{lookup: {table: zip_income, key: home.zip, column: band, in: [affluent]}}",
		"{has: {yob: {between: [1960, 1985]}}}",
		"{segment: frequent-flyer, context: {language: de}}",
		"{all: [has: {owns.car.class: luxury}, has: {owns.car.bought: {over: 3y}}]}",
		"{any: [segment: other, context: {site.domain: morning-herald.example}]}",
		"{has: {home.zip: {known: true}}, none: [segment: other]}",
		"{context: {device.type: phone, geo.country: [DEU, AUT]}}",
	}
	for i := range n {
		if i < len(touched) {
			fmt.Fprintf(&src, "  a%d: %s\n", i, touched[i])
			continue
		}
		fmt.Fprintf(&src, "  a%d: {all: [did: {visit: topic-%d, within: %dd}, has: {x%d: y}], none: [segment: s%d]}\n", i, i%300, 1+i%90, i%100, i)
	}
	var ps conf.Problems
	s, _ := compile(tables(tb), src.String(), &ps)
	if ps.Failed() {
		tb.Fatal(ps.Sorted()[0])
	}
	var refs []Ref
	for i := range len(touched) {
		ref, ok := s.Ref(fmt.Sprintf("a%d", i))
		if !ok {
			tb.Fatalf("a%d is not defined", i)
		}
		refs = append(refs, ref)
	}
	return s, refs
}

func TestEvaluationDoesNotAllocate(t *testing.T) {
	s, ref := mustCompile(t, everyTest)
	people := []profile.Record{anna(t), nil}
	page, app := frontPage(), game()
	var e Eval
	e.Reset(s, people[0], page, now)
	e.node(s.roots[ref])
	allocs := testing.AllocsPerRun(100, func() {
		for _, rec := range people {
			for id := range s.nodes {
				e.Reset(s, rec, page, now)
				e.node(int32(id))
				e.Reset(s, rec, app, now)
				e.node(int32(id))
			}
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
}

// counting counts how often a predicate is evaluated.
type counting struct {
	predicate
	evals *int
}

func (c counting) eval(e *Eval) Truth { *c.evals++; return c.predicate.eval(e) }

func TestEachPredicateIsEvaluatedAtMostOncePerRequest(t *testing.T) {
	s, refs := catalogue(t, 200)
	evals := make([]int, len(s.nodes))
	for id := range s.nodes {
		if p := s.nodes[id].pred; p != nil {
			s.nodes[id].pred = counting{p, &evals[id]}
		}
	}
	var e Eval
	for request := 1; request <= 3; request++ {
		e.Reset(s, anna(t), frontPage(), now)
		for range 5 {
			for _, ref := range refs {
				e.Is(ref)
			}
		}
		count := 0
		for id, n := range evals {
			if n > request {
				t.Fatalf("predicate %s: evaluated %d times by request %d", s.nodes[id].pred.key(), n, request)
			}
			if n > 0 {
				count++
			}
		}
		if count == 0 || count > 20 {
			t.Errorf("%d predicates were evaluated, want those of ten audiences", count)
		}
	}
}

func TestResetForgets(t *testing.T) {
	s, ref := mustCompile(t, "if: {segment: frequent-flyer}")
	large, refs := catalogue(t, 50)
	var e Eval
	e.Reset(s, anna(t), frontPage(), now)
	first := e.Is(ref)
	e.Reset(s, nil, frontPage(), now)
	second := e.Is(ref)
	e.Reset(large, anna(t), frontPage(), now)
	third := e.Is(refs[1])
	e.gen = 1<<30 - 1
	e.Reset(s, nil, frontPage(), now)
	fourth := e.Is(ref)
	if first != True || second != Unknown || third != True || fourth != Unknown {
		t.Errorf("got %v, %v, %v, %v; want true, unknown, true, unknown", first, second, third, fourth)
	}
}

func BenchmarkTenAudiences(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		s, refs := catalogue(b, n)
		var simple []Ref
		for i := range 7 {
			ref, _ := s.Ref(fmt.Sprintf("simple-%d", i))
			simple = append(simple, ref)
		}
		b.Run(fmt.Sprintf("of=%d", n), func(b *testing.B) { benchmarkRefs(b, s, refs) })
		b.Run(fmt.Sprintf("simple/of=%d", n), func(b *testing.B) { benchmarkRefs(b, s, append(simple, refs[:3]...)) })
	}
}

func benchmarkRefs(b *testing.B, s *Set, refs []Ref) {
	rec, req := anna(b), frontPage()
	var e Eval
	b.ReportAllocs()
	for b.Loop() {
		e.Reset(s, rec, req, now)
		for _, ref := range refs {
			e.Is(ref)
		}
	}
}

func BenchmarkLuxuryCarIntenders(b *testing.B) {
	s, ref := mustCompile(b, intenders)
	rec, req := anna(b), frontPage()
	var e Eval
	b.ReportAllocs()
	for b.Loop() {
		e.Reset(s, rec, req, now)
		if e.Is(ref) != True {
			b.Fatal("not in the audience")
		}
	}
}

func BenchmarkPredicates(b *testing.B) {
	for _, rule := range []string{
		"{has: {owns.car.class: luxury}}",
		"{segment: frequent-flyer}",
		"{did: {visit: automotive, at_least: 3, within: 10d}}",
		"{lookup: {table: zip_income, key: home.zip, column: band, in: [affluent]}}",
		"{context: {site.domain: morning-herald.example}}",
		"{context: {site.cat: [IAB2]}}",
	} {
		b.Run(rule, func(b *testing.B) {
			s, ref := mustCompile(b, "if: "+rule)
			rec, req := anna(b), frontPage()
			var e Eval
			for b.Loop() {
				e.Reset(s, rec, req, now)
				e.Is(ref)
			}
		})
	}
}

func TestSetIsSharedByGoroutines(t *testing.T) {
	s, refs := catalogue(t, 100)
	rec, req := anna(t), frontPage()
	var want [10]Truth
	var first Eval
	first.Reset(s, rec, req, now)
	for i, ref := range refs {
		want[i] = first.Is(ref)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var e Eval
			for range 200 {
				e.Reset(s, rec, req, now)
				for i, ref := range refs {
					if got := e.Is(ref); got != want[i] {
						t.Errorf("a%d: got %v, want %v", i, got, want[i])
						return
					}
				}
			}
		})
	}
	wg.Wait()
}
