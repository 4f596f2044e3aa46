package identity

import (
	"testing"

	"pgregory.net/rapid"
)

func TestBitsReadWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type number struct {
			v uint32
			n int
		}
		var numbers []number
		w := new(bitWriter)
		for range rapid.IntRange(0, 40).Draw(t, "numbers") {
			n := rapid.IntRange(1, 32).Draw(t, "bits")
			v := rapid.Uint32().Draw(t, "value") & uint32(1<<n-1)
			numbers = append(numbers, number{v, n})
			w.uint(v, n)
		}
		b, ok := bitsOf([]byte(w.text()))
		if !ok {
			t.Fatalf("%q is not base64url", w.text())
		}
		for i, want := range numbers {
			if i%7 == 6 {
				b.skip(want.n)
				continue
			}
			if got := b.uint(want.n); got != want.v {
				t.Fatalf("number %d of %d bits: got %d, want %d", i, want.n, got, want.v)
			}
		}
		if b.past {
			t.Fatal("the reader says that it is past the end")
		}
		if got := b.uint(12); got != 0 || !b.past || b.uint(1) != 0 {
			t.Fatalf("past the end: got %d, want 0 and to be told", got)
		}
	})
}

func TestBitsTakeBase64URLOnly(t *testing.T) {
	for c := range 256 {
		_, got := bitsOf([]byte{'A', byte(c), 'A'})
		want := c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if got != want {
			t.Errorf("%q: got %v, want %v", rune(c), got, want)
		}
	}
}
