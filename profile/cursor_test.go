package profile_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	. "bidwell/profile"
)

// TestCursors holds what cursors find against what is found by name, in records of
// both versions.
func TestCursors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := NewBuilder(now)
		events := drawEvents(t, 60)
		add(t, b, events)
		attributes := map[Name]string{}
		for i := range rapid.IntRange(0, 8).Draw(t, "attributes") {
			name, v := fmt.Sprint("a", i), NumberValue(float64(i)/2)
			if i%3 == 0 {
				v = StringValue(name)
			}
			if err := b.SetAttr(name, v); err != nil {
				t.Fatal(err)
			}
			attributes[NameOf(name)] = v.String()
		}
		segments := map[Name]bool{}
		for i := range rapid.IntRange(0, 8).Draw(t, "segments") {
			name := fmt.Sprint("s", i)
			if err := b.AddSegment(name, now+int64(i)); err != nil {
				t.Fatal(err)
			}
			if i > 3 { // the others have expired by then
				segments[NameOf(name)] = true
			}
		}
		for _, r := range []Record{encode(t, b), b.AppendOld(nil)} {
			wantCursors(t, r, attributes, segments, events)
		}
	})
}

func wantCursors(t *rapid.T, r Record, attributes map[Name]string, segments map[Name]bool, events []event) {
	var n Name
	var v Value
	found := 0
	for c := r.EachAttribute(); c.Next(&n, &v); found++ {
		if attributes[n] != v.String() {
			t.Fatalf("attribute %x is %v, want %q", n, v, attributes[n])
		}
	}
	if found != len(attributes) {
		t.Fatalf("%d attributes, want %d", found, len(attributes))
	}
	found = 0
	for c := r.EachSegment(now + 3); c.Next(&n); found++ {
		if !segments[n] {
			t.Fatalf("segment %x is nobody's", n)
		}
	}
	if found != len(segments) {
		t.Fatalf("%d segments, want %d", found, len(segments))
	}
	type pair struct {
		topic Name
		kind  Kind
	}
	want := map[pair]string{}
	for _, e := range events {
		want[pair{NameOf(e.topic), e.kind}] = e.topic
	}
	var k Kind
	var last int64
	found = 0
	for c := r.EachBehaviour(); c.Next(&n, &k, &last); found++ {
		topic, ok := want[pair{n, k}]
		if !ok {
			t.Fatalf("%v of %x was not done", k, n)
		}
		all := modelMoments(events, k, topic)
		if got := c.Count(0, now+1); last != all[0] || got != len(all) {
			t.Fatalf("%v of %s: last %d, %d times; want %d, %d times", k, topic, last, got, all[0], len(all))
		}
	}
	if found != len(want) {
		t.Fatalf("%d behaviours, want %d", found, len(want))
	}
}

func TestCursorsDoNotAllocate(t *testing.T) {
	b := NewBuilder(now)
	must(t, b.SetAttr("zip", StringValue("10115")))
	must(t, b.AddSegment("s", now+1))
	must(t, b.AddBehaviour(Visit, "cars/luxury", now-5, 2))
	r := b.Append(nil)
	found := 0
	if n := testing.AllocsPerRun(100, func() {
		var name Name
		var v Value
		var k Kind
		var last int64
		for c := r.EachAttribute(); c.Next(&name, &v); found++ {
		}
		for c := r.EachSegment(now); c.Next(&name); found++ {
		}
		for c := r.EachBehaviour(); c.Next(&name, &k, &last); found += c.Count(0, now) {
		}
	}); n > 0 || found == 0 {
		t.Errorf("%v allocations, %d found", n, found)
	}
}
