package ad

import (
	"strings"
	"testing"
)

func TestPersonIDOf(t *testing.T) {
	const uuid = "38400000-8cf0-11bd-b23e-10b96e40000d"
	same := [][4]string{ // type and value, twice
		{"ifa", uuid, "IFA", strings.ToUpper(uuid)},
		{"ifa", "", "uid2", ""},
		{"ifa", nilUUID, "x", ""},
		{"id", strings.Repeat("x", 1000), "id", strings.Repeat("x", 1000)},
	}
	for _, c := range same {
		if a, b := PersonIDOf(c[0], c[1]), PersonIDOf(c[2], []byte(c[3])); a != b {
			t.Errorf("%.60q: %s and %s, want the same", c, a, b)
		}
	}
	seen := map[PersonID]string{}
	for _, c := range [][2]string{
		{"ifa", ""}, {"ifa", "x"}, {"ifa", "X"}, {"if", "ax"}, {"", "ifax"}, {"ifax", ""}, {"ifa", uuid}, {"uid2", uuid}, {"ifa", uuid[1:]},
		{"a", strings.Repeat("x", 150)}, {"a", strings.Repeat("x", 151)}, {"a", strings.Repeat("x", 152)}, {"a", strings.Repeat("x", 1000) + "y"}, {"a", strings.Repeat("x", 1001)},
	} {
		key := PersonIDOf(c[0], c[1])
		if key.IsZero() {
			if c[1] != "" {
				t.Errorf("%.60q leads to nobody", c)
			}
			continue
		}
		if was, ok := seen[key]; ok {
			t.Errorf("%.60q and %.60q lead to the same person", c, was)
		}
		seen[key] = c[0] + " " + c[1]
	}
}

func BenchmarkPersonIDOf(b *testing.B) {
	value := []byte("38400000-8cf0-11bd-b23e-10b96e40000d")
	b.ReportAllocs()
	for b.Loop() {
		PersonIDOf("ifa", value)
	}
}
