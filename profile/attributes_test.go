package profile_test

import (
	"testing"

	"pgregory.net/rapid"

	. "bidwell/profile"
)

// In whatever order they are asked for, Attributes finds what Record.Attr finds. Of
// damaged bytes it may make anything, but not fail.
func TestAttributesAreThoseOfTheRecord(t *testing.T) {
	names := []string{"home.zip", "yob", "newsletter", "owns.car.class", "owns.car.bought", "owns.car.age", "income", "gone"}
	var all Attributes // one for all, as readers have it
	rapid.Check(t, func(t *rapid.T) {
		b := NewBuilder(now)
		for _, n := range rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, "known") {
			v := rapid.SampledFrom([]Value{
				StringValue("luxury"), StringValue(""), NumberValue(7), NumberValue(.5), DateValue(now), BoolValue(true), BoolValue(false),
			}).Draw(t, n)
			if err := b.SetAttr(n, v); err != nil {
				t.Fatal(err)
			}
		}
		r := Record(b.Append(nil))
		damaged := len(r) > 0 && rapid.Bool().Draw(t, "damaged")
		if damaged {
			r[rapid.IntRange(0, len(r)-1).Draw(t, "where")] ^= rapid.Byte().Draw(t, "flip")
		}
		all.Reset(r)
		for _, n := range rapid.SliceOf(rapid.SampledFrom(names)).Draw(t, "asked") {
			got, known := all.Get(NameOf(n))
			want, has := r.Attr(NameOf(n))
			if !damaged && (known != has || got.Type != want.Type || got.String() != want.String()) {
				t.Fatalf("%s: got %v %v, want %v %v", n, got, known, want, has)
			}
		}
	})
}
