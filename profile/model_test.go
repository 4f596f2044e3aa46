package profile_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	. "bidwell/profile"
)

// event is a behaviour as the model keeps it: for ever and in full.
type event struct {
	kind  Kind
	topic string
	at    int64
	count int
}

const daySeconds = 86400

// topics are those of the model's behaviours: two families, of which some lie
// beside each other, and one that only looks like a part of the other.
var topics = []string{"cars", "cars/luxury", "cars/luxury/suv", "cars/small", "travel", "travel/sea", "carsharing"}

// under reports whether a topic is another one, or lies below it.
func under(topic, above string) bool {
	return topic == above || strings.HasPrefix(topic, above+"/")
}

// drawEvents draws behaviours of a few kinds and topics within the retention.
func drawEvents(t *rapid.T, most int) []event {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) event {
		return event{
			kind:  Kind(rapid.IntRange(1, 3).Draw(t, "kind")),
			topic: rapid.SampledFrom(topics).Draw(t, "topic"),
			at:    now - rapid.Int64Range(0, 90*daySeconds).Draw(t, "ago"),
			count: rapid.IntRange(1, 3).Draw(t, "count"),
		}
	}), 0, most).Draw(t, "events")
}

func add(t *rapid.T, b *Builder, events []event) {
	for _, e := range events {
		if err := b.AddBehaviour(e.kind, e.topic, e.at, e.count); err != nil {
			t.Fatal(err)
		}
	}
}

func encode(t *rapid.T, b *Builder) Record {
	r := b.Append(nil)
	if err := r.Valid(); err != nil {
		t.Fatal(err)
	}
	if len(r) > MaxRecord {
		t.Fatalf("the record has %d bytes, more than %d", len(r), MaxRecord)
	}
	return r
}

// modelMoments returns when something of a kind was done on exactly one topic,
// newest first.
func modelMoments(events []event, k Kind, topic string) (all []int64) {
	for _, e := range events {
		for range e.count {
			if e.kind == k && e.topic == topic {
				all = append(all, e.at)
			}
		}
	}
	slices.Sort(all)
	slices.Reverse(all)
	return all
}

// modelCount counts as Record.Count promises: of each topic at or below this one
// the newest MaxRecent moments to the second, what is older by its day's noon or
// by the oldest of those.
func modelCount(events []event, k Kind, topic string, since, until int64) (n int) {
	for _, sub := range topics {
		if !under(sub, topic) {
			continue
		}
		all := modelMoments(events, k, sub)
		for i, at := range all {
			if i >= MaxRecent {
				at = min(at/daySeconds*daySeconds+daySeconds/2, all[MaxRecent-1])
			}
			if at >= since && at < until {
				n++
			}
		}
	}
	return n
}

// modelAll returns the moments that Record.AppendMoments promises, oldest first.
func modelAll(events []event, k Kind, list []string, since, until int64) (all []int64) {
	for _, sub := range topics {
		if !slices.ContainsFunc(list, func(above string) bool { return under(sub, above) }) {
			continue
		}
		days := map[int64]bool{}
		moments := modelMoments(events, k, sub)
		for i, at := range moments {
			if i >= MaxRecent {
				day := at / daySeconds
				if days[day] {
					continue
				}
				days[day] = true
				at = min(day*daySeconds+daySeconds/2, moments[MaxRecent-1])
			}
			all = append(all, at)
		}
	}
	all = slices.DeleteFunc(all, func(at int64) bool { return at < since || at >= until })
	slices.Sort(all)
	return all
}

func checkCounts(t *rapid.T, r Record, events []event) {
	for k := Visit; k <= Click; k++ {
		for _, topic := range topics {
			since := now - rapid.Int64Range(0, 95*daySeconds).Draw(t, "since")
			until := since + rapid.Int64Range(0, 95*daySeconds).Draw(t, "length")
			if got, want := r.Count(k, NameOf(topic), since, until), modelCount(events, k, topic, since, until); got != want {
				t.Fatalf("Count(%s, %s, now-%d, now-%d) = %d, want %d", k, topic, now-since, now-until, got, want)
			}
			checkEnds(t, r, events, k, topic)
			list := []string{topic, "cars/luxury", "travel/sea"}
			names := []Name{NameOf(list[0]), NameOf(list[1]), NameOf(list[2])}
			both := 0
			for _, sub := range topics {
				if under(sub, list[0]) || under(sub, list[1]) || under(sub, list[2]) {
					both += modelCount(events, k, sub, since, until) - modelBelow(events, k, sub, since, until)
				}
			}
			if got := r.CountAny(k, names, since, until); got != both {
				t.Fatalf("CountAny(%s, %v) = %d, want %d", k, list, got, both)
			}
			got := r.AppendMoments(nil, k, names, since, until)
			slices.Sort(got)
			if want := modelAll(events, k, list, since, until); !slices.Equal(got, want) {
				t.Fatalf("AppendMoments(%s, %v, now-%d, now-%d) = %v, want %v", k, list, now-since, now-until, got, want)
			}
		}
	}
}

// modelBelow is how much of modelCount is of the topics below.
func modelBelow(events []event, k Kind, topic string, since, until int64) int {
	var others []event
	for _, e := range events {
		if e.topic != topic {
			others = append(others, e)
		}
	}
	return modelCount(others, k, topic, since, until)
}

func checkEnds(t *rapid.T, r Record, events []event, k Kind, topic string) {
	var first, last int64
	for _, e := range events {
		if e.kind != k || !under(e.topic, topic) {
			continue
		}
		last = max(last, e.at)
		if first == 0 || e.at < first {
			first = e.at
		}
	}
	got, ok := r.First(k, NameOf(topic))
	if got != first || ok != (first != 0) {
		t.Fatalf("First(%s, %s) = %d, %v; want %d", k, topic, got, ok, first)
	}
	if got, ok := r.Last(k, NameOf(topic)); got != last || ok != (last != 0) {
		t.Fatalf("Last(%s, %s) = %d, %v; want %d", k, topic, got, ok, last)
	}
}

// TestCountsLikeTheModel adds behaviours in any order, with the record written
// and read back now and then.
func TestCountsLikeTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t, 150)
		b := NewBuilder(now)
		var r Record
		for part := range slices.Chunk(events, 40) {
			add(t, b, part)
			r = encode(t, b)
			if err := b.Load(r); err != nil {
				t.Fatal(err)
			}
			if again := encode(t, b); !bytes.Equal(again, r) {
				t.Fatal("a record that was read and written again is another one")
			}
		}
		checkCounts(t, r, events)
	})
}

// TestMergeAddsUp merges two people; as days stand for what is old in each, only
// totals over whole lives can be compared.
func TestMergeAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one, two := drawEvents(t, 100), drawEvents(t, 100)
		b := NewBuilder(now)
		add(t, b, two)
		other := encode(t, b)
		b.Reset(now)
		add(t, b, one)
		if err := b.Merge(other); err != nil {
			t.Fatal(err)
		}
		r := encode(t, b)
		both := append(one, two...)
		for k := Visit; k <= Click; k++ {
			for _, topic := range topics {
				if got, want := r.Count(k, NameOf(topic), 0, now+daySeconds), modelCount(both, k, topic, 0, now+daySeconds); got != want {
					t.Fatalf("Count(%s, %s) = %d after the merge, want %d", k, topic, got, want)
				}
				checkEnds(t, r, both, k, topic)
			}
		}
	})
}

// TestBounds fills a record with more than it holds of everything, at its most
// wasteful.
func TestBounds(t *testing.T) {
	b := NewBuilder(now)
	long := string(bytes.Repeat([]byte{'x'}, MaxString))
	for i := range MaxAttributes {
		must(t, b.SetAttr(fmt.Sprint("a", i), StringValue(long)))
	}
	if err := b.SetAttr("one.more", NumberValue(1)); err == nil {
		t.Error("an attribute too many was taken")
	}
	for i := range 2 * MaxSegments {
		must(t, b.AddSegment(fmt.Sprint("s", i), now+int64(i)+1))
	}
	for i := range 2 * MaxTouches {
		must(t, b.AddTouch(Touch{Kind: View, Time: now - int64(i)}))
	}
	for i := range 2 * MaxIDs {
		must(t, b.AddID(ID{Type: long[:MaxIDType], Value: fmt.Sprint(long[:MaxString-3], i)}))
	}
	for g := range 2 * MaxGroups {
		for i := range int64(99) {
			must(t, b.AddBehaviour(Visit, deep(g), now-i*daySeconds-int64(g), MaxCount))
		}
	}
	r := b.Append(nil)
	must(t, r.Valid())
	if len(r) > MaxRecord {
		t.Errorf("the fullest record has %d bytes, more than %d", len(r), MaxRecord)
	}
	if r.Touches() != MaxTouches || r.Touch(0).Time != now || r.Touch(MaxTouches-1).Time != now-MaxTouches+1 {
		t.Errorf("%d touches from %d to %d, want the newest %d", r.Touches(), r.Touch(0).Time, r.Touch(MaxTouches-1).Time, MaxTouches)
	}
	if r.Segment(NameOf("s0"), now) || !r.Segment(NameOf(fmt.Sprint("s", 2*MaxSegments-1)), now) {
		t.Error("of too many segments those that end last should be kept")
	}
	if r.Count(Visit, NameOf(deep(0)), 0, now+1) == 0 || r.Count(Visit, NameOf(deep(2*MaxGroups-1)), 0, now+1) != 0 {
		t.Error("of too many groups the newest should be kept")
	}
	if r.Count(Visit, NameOf("t0"), 0, now+1) == 0 {
		t.Error("of many levels the outermost should count")
	}
}

// deep is a topic below more topics than count, each of its own.
func deep(i int) string { return fmt.Sprintf("t%d/b/c/d/e/f/g/h/i/j", i) }

func TestEverythingExpires(t *testing.T) {
	b := NewBuilder(now)
	must(t, b.SetAttr("a", NumberValue(1)))
	must(t, b.AddSegment("s", now+10_000*daySeconds))
	must(t, b.AddTouch(Touch{Kind: Click, Time: now}))
	must(t, b.AddBehaviour(Visit, "t", now, 50))
	must(t, b.AddID(ID{"ifa", "x"}))
	r := b.Append(nil)
	for days := int64(0); len(r) > 0; days += 10 {
		b = NewBuilder(now + days*daySeconds)
		must(t, b.Load(r))
		r = b.Append(nil)
		must(t, r.Valid())
		if len(r) > 0 && days > 731 {
			t.Fatalf("after %d days % x is left", days, r)
		}
		if v := r.Count(Visit, NameOf("t"), 0, now+1); (v == 50) != (days <= 100) {
			t.Errorf("after %d days %d visits are left", days, v)
		}
	}
}

func TestRefused(t *testing.T) {
	b := NewBuilder(now)
	for name, err := range map[string]error{
		"no name":        b.SetAttr("", NumberValue(1)),
		"a long name":    b.SetAttr(string(make([]byte, MaxName+1)), NumberValue(1)),
		"a space":        b.AddSegment("a b", now+1),
		"no UTF-8":       b.AddSegment("\xff", now+1),
		"no value":       b.SetAttr("a", Value{}),
		"a long string":  b.SetAttr("a", Value{Type: String, Str: make([]byte, MaxString+1)}),
		"no number":      b.SetAttr("a", NumberValue(nan())),
		"the far future": b.AddBehaviour(Visit, "t", now+2*daySeconds, 1),
		"before 1970":    b.AddBehaviour(Visit, "t", -1, 1),
		"no kind":        b.AddBehaviour(NoKind, "t", now, 1),
		"a huge count":   b.AddBehaviour(Visit, "t", now, MaxCount+1),
		"a touch":        b.AddTouch(Touch{Time: now}),
		"nobody":         b.AddID(ID{"ifa", ""}),
		"no id type":     b.AddID(ID{"", "x"}),
	} {
		if err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	if r := b.Append(nil); r != nil {
		t.Errorf("what was refused is in the record: % x", r)
	}
}

func nan() float64 { zero := 0.0; return zero / zero }

// FuzzRecord reads any bytes in every way. What is valid can also be edited and
// stays valid.
func FuzzRecord(f *testing.F) {
	b := NewBuilder(now)
	for i := range int64(40) {
		must(f, b.AddBehaviour(Visit, "cars", now-i*daySeconds, 1))
	}
	must(f, b.SetAttr("zip", StringValue("10115")))
	must(f, b.SetAttr("income", NumberValue(1.5)))
	must(f, b.AddSegment("s", now+1))
	must(f, b.AddTouch(Touch{Kind: Click, Time: now, Cost: 5}))
	must(f, b.AddID(ID{"ifa", "x"}))
	must(f, b.AddBehaviour(Visit, "cars/luxury/suv", now, 1))
	must(f, b.AddBehaviour(Visit, "cars/luxury/van", now, 1))
	f.Add([]byte(b.Append(nil)))
	f.Add([]byte(b.AppendOld(nil)))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{Version}, 100))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := Record(data)
		names := []Name{0, 1, NameOf("cars"), NameOf("zip"), 1<<32 - 1}
		for at := 0; at+4 <= len(data); at += 3 {
			names = append(names, Name(binary.LittleEndian.Uint32(data[at:])))
		}
		var room []int64
		for _, n := range names {
			r.Attr(n)
			r.Segment(n, now)
			for k := NoKind; k < 12; k++ {
				r.Count(k, n, 0, now)
				r.First(k, n)
				r.Last(k, n)
				room = r.AppendMoments(room[:0], k, names[:2], 0, now)
			}
		}
		for i := range r.Touches() + 2 {
			r.Touch(i - 1)
		}
		readAll(r)
		b := NewBuilder(now)
		if err := b.Load(r); err != nil {
			return
		}
		must(t, b.AddBehaviour(Visit, "cars", now, 2))
		must(t, b.Merge(r))
		must(t, b.Append(nil).Valid())
	})
}

// readAll reads a record from end to end.
func readAll(r Record) {
	var (
		n    Name
		v    Value
		k    Kind
		last int64
	)
	for c := r.EachSegment(now); c.Next(&n); {
	}
	for c := r.EachAttribute(); c.Next(&n, &v); {
	}
	for c := r.EachBehaviour(); c.Next(&n, &k, &last); {
		c.Count(0, now)
	}
}
