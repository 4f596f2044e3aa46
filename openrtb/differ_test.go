package openrtb

import (
	"math"
	"reflect"
	"testing"
)

// A differ compares what Decode read with what encoding/json read into the types
// of prebid/openrtb, field by field.
type differ struct {
	t    *testing.T
	path string
}

func (d differ) at(path string) differ { return differ{d.t, d.path + path} }

func same[T comparable](d differ, field string, got, want T) {
	d.t.Helper()
	if got != want {
		d.t.Errorf("%s%s: got %v, want %v", d.path, field, got, want)
	}
}

func (d differ) str(field string, got []byte, want string) {
	d.t.Helper()
	if string(got) != want {
		d.t.Errorf("%s%s: got %q, want %q", d.path, field, got, want)
	}
}

// strs leaves out the empty strings of want, as Decode does.
func (d differ) strs(field string, got [][]byte, want []string) {
	d.t.Helper()
	w := []string{}
	for _, s := range want {
		if s != "" {
			w = append(w, s)
		}
	}
	g := []string{}
	for _, s := range got {
		g = append(g, string(s))
	}
	if !reflect.DeepEqual(g, w) {
		d.t.Errorf("%s%s: got %q, want %q", d.path, field, g, w)
	}
}

// number is every kind of integer that prebid/openrtb uses.
type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~int
}

func clampInt[N number](n N) int32 {
	return int32(min(max(int64(n), math.MinInt32), math.MaxInt32))
}

func num[N number](d differ, field string, got int32, want N) {
	d.t.Helper()
	same(d, field, got, clampInt(want))
}

func numPtr[N number](d differ, field string, got int32, want *N) {
	d.t.Helper()
	if want == nil {
		same(d, field, got, 0)
		return
	}
	num(d, field, got, *want)
}

// ints leaves out zeros on both sides: encoding/json reads a null as 0 and
// Decode leaves it out.
func ints[N number](d differ, field string, got []int32, want []N) {
	d.t.Helper()
	g, w := []int32{}, []int32{}
	for _, n := range got {
		if n != 0 {
			g = append(g, n)
		}
	}
	for _, n := range want {
		if n != 0 {
			w = append(w, clampInt(n))
		}
	}
	if !reflect.DeepEqual(g, w) {
		d.t.Errorf("%s%s: got %v, want %v", d.path, field, g, w)
	}
}

func set(p *int8) bool { return p != nil && *p != 0 }

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
