package profile_test

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	. "bidwell/profile"
)

// TestVersion1IsRead writes the same person in both versions: they answer alike,
// but for what lies below a topic, and a builder that knows the names makes the
// record of today of the old one.
func TestVersion1IsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t, 120)
		names := NewNames()
		b := NewBuilder(now)
		b.UseNames(names)
		add(t, b, events)
		for i := range rapid.IntRange(0, 3).Draw(t, "things") {
			must2(t, b.SetAttr(fmt.Sprint("a", i), StringValue(fmt.Sprint("value ", i))), b.AddSegment(fmt.Sprint("s", i), now+int64(i)),
				b.AddTouch(Touch{Kind: View, Time: now - int64(i)}), b.AddID(ID{"ifa", fmt.Sprint(i)}))
		}
		was, is := b.AppendOld(nil), encode(t, b)
		if err := was.Valid(); err != nil {
			t.Fatalf("version 1: %v", err)
		}
		compareVersions(t, was, is, events)
		if err := b.Load(was); err != nil {
			t.Fatal(err)
		}
		if again := encode(t, b); !bytes.Equal(again, is) {
			t.Fatalf("a record of version 1, written again, is\n% x\nwant\n% x", again, is)
		}
		if len(is) > len(was) && len(events) == 0 {
			t.Fatalf("the new record has %d bytes, the old one %d", len(is), len(was))
		}
	})
}

func must2(t *rapid.T, errs ...error) {
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func compareVersions(t *rapid.T, was, is Record, events []event) {
	for i := range 4 {
		a, s := NameOf(fmt.Sprint("a", i)), NameOf(fmt.Sprint("s", i))
		x, xok := was.Attr(a)
		y, yok := is.Attr(a)
		if xok != yok || x.String() != y.String() || was.Segment(s, now) != is.Segment(s, now) || was.Touch(i) != is.Touch(i) {
			t.Fatalf("attribute, segment or touch %d differs", i)
		}
	}
	for k := Visit; k <= Click; k++ {
		for _, topic := range topics {
			since := now - rapid.Int64Range(0, 95*daySeconds).Draw(t, "since")
			want := modelCount(events, k, topic, since, now+1) - modelBelow(events, k, topic, since, now+1)
			if got := was.Count(k, NameOf(topic), since, now+1); got != want {
				t.Fatalf("version 1: Count(%s, %s) = %d, want %d", k, topic, got, want)
			}
		}
	}
}

// TestVersion1AsItWasWritten holds the bytes of a record that a program of that
// time wrote: a visit, a segment and an identifier.
func TestVersion1AsItWasWritten(t *testing.T) {
	r := Record(oldRecord)
	must(t, r.Valid())
	if !r.Segment(NameOf("s1"), now) || r.Count(Visit, NameOf("automotive"), 0, now) != 3 {
		t.Error("a record of version 1 is not understood")
	}
	b := NewBuilder(now)
	must(t, b.Load(r))
	if !b.HasID(ID{"ifa", "a-b"}) {
		t.Error("the identifier is lost")
	}
	again := b.Append(nil)
	must(t, again.Valid())
	if again[0] != Version || again.Count(Visit, NameOf("automotive"), now-4*daySeconds, now) != 1 {
		t.Errorf("written again it is % x", []byte(again))
	}
}

var oldRecord = []byte{
	1, 1, 0, 0, 1, 1, 0, 0, 0x10, 0, 0xa, 0, 0x68, 0xcf, 0x87, 0x5e, 0xa, 0xd2, 0x49, 0x6b,
	0x2e, 0x7, 0x3, 0xe8, 1, 9, 0, 3, 0xf0, 0xc3, 0x49, 0x6b, 0xf0, 0x92, 0x1a, 0,
	0x61, 0x51, 3, 0x69, 0x66, 0x61, 3, 0x61, 0x2d, 0x62,
}
