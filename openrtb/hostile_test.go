package openrtb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// decodeExactly decodes a copy of body that ends where its memory ends, so that
// a read beyond the body would be one beyond the slice.
func decodeExactly(r *Request, body []byte) error {
	return r.Decode(slices.Clip(bytes.Clone(body)))
}

// shortest returns the n shortest requests of testdata.
func shortest(t *testing.T, n int) []sample {
	list := samples(t)
	slices.SortStableFunc(list, func(a, b sample) int { return len(a.body) - len(b.body) })
	return list[:n]
}

func TestRefused(t *testing.T) {
	const good = `{"id":"r","imp":[{"id":"1"}]}`
	cases := []struct {
		name, body string
		want       error
		offset     int
	}{
		{"nothing", ``, ErrNotJSON, 0},
		{"white space", " \n", ErrNotJSON, 2},
		{"text", `hello`, ErrNotJSON, 0},
		{"word cut off", `nul`, ErrNotJSON, 0},
		{"null", `null`, ErrNoID, 4},
		{"list", `[` + good + `]`, ErrNoID, 31},
		{"number", `1`, ErrNoID, 1},
		{"empty object", `{}`, ErrNoID, 2},
		{"id empty", `{"id":"","imp":[{"id":"1"}]}`, ErrNoID, 28},
		{"id an object", `{"id":{"a":1},"imp":[{"id":"1"}]}`, ErrNoID, 33},
		{"no imp", `{"id":"r"}`, ErrNoImp, 10},
		{"imp null", `{"id":"r","imp":null}`, ErrNoImp, 21},
		{"imp without id", `{"id":"r","imp":[{"banner":{}}]}`, ErrNoImp, 32},
		{"trailing brace", good + `}`, ErrNotJSON, 29},
		{"trailing NUL", good + "\x00", ErrNotJSON, 29},
		{"second document", good + ` {}`, ErrNotJSON, 30},
		{"byte order mark", "\ufeff" + good, ErrNotJSON, 0},
		{"comma at the end of an object", `{"id":"r",}`, ErrNotJSON, 10},
		{"comma at the end of a list", `{"cur":["a",]}`, ErrNotJSON, 12},
		{"comma at the start of a list", `{"cur":[,"a"]}`, ErrNotJSON, 8},
		{"no comma", `{"id":"r" "at":1}`, ErrNotJSON, 10},
		{"no colon", `{"id" "r"}`, ErrNotJSON, 6},
		{"no value", `{"id":}`, ErrNotJSON, 6},
		{"key without quotes", `{id:"r"}`, ErrNotJSON, 1},
		{"wrong bracket", `{"cur":["a"}}`, ErrNotJSON, 11},
		{"wrong bracket in what is skipped", `{"x":[{"a":1]}`, ErrNotJSON, 12},
		{"control character", "{\"id\":\"a\nb\"}", ErrNotJSON, 8},
		{"control character in what is skipped", "{\"x\":\"a\tb\"}", ErrNotJSON, 7},
		{"control character in a key", "{\"x\x01\":1}", ErrNotJSON, 3},
		{"unknown escape", `{"id":"a\x"}`, ErrNotJSON, 8},
		{"unknown escape in what is skipped", `{"x":"a\'"}`, ErrNotJSON, 7},
		{"short escape", `{"x":"\u12"}`, ErrNotJSON, 6},
		{"leading zero", `{"at":01}`, ErrNotJSON, 6},
		{"leading zero in what is skipped", `{"x":-01}`, ErrNotJSON, 6},
		{"plus", `{"at":+1}`, ErrNotJSON, 6},
		{"point without digits", `{"at":1.}`, ErrNotJSON, 8},
		{"exponent without digits", `{"x":1e+}`, ErrNotJSON, 8},
		{"lone minus", `{"at":-}`, ErrNotJSON, 7},
		{"NaN", `{"at":NaN}`, ErrNotJSON, 6},
		{"misspelt true", `{"test":trve}`, ErrNotJSON, 8},
		{"comment", `{"at":1/**/}`, ErrNotJSON, 7},
		{"single quotes", `{'id':'r'}`, ErrNotJSON, 1},
		{"too deep", `{"x":` + strings.Repeat(`[`, 64) + strings.Repeat(`]`, 64) + `}`, ErrTooDeep, 5 + 63},
		{"too deep in what is kept", strings.Repeat(`{"user":{"ext":`, 1) + strings.Repeat(`{"a":`, 70), ErrTooDeep, 15 + 62*5},
	}
	var r Request
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := decodeExactly(&r, []byte(c.body))
			var de *DecodeError
			if !errors.Is(err, c.want) || !errors.As(err, &de) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if de.Offset != c.offset {
				t.Errorf("got offset %d, want %d (%v)", de.Offset, c.offset, err)
			}
			if isJSON := json.Valid([]byte(c.body)); isJSON && c.want == ErrNotJSON {
				t.Errorf("encoding/json says it is valid")
			}
			if err := r.Decode([]byte(good)); err != nil {
				t.Errorf("the next good request: %v", err)
			}
		})
	}
}

func TestDeepestAccepted(t *testing.T) {
	body := `{"id":"r","imp":[{"id":"1"}],"x":` + strings.Repeat(`[`, 63) + strings.Repeat(`]`, 63) + `}`
	var r Request
	if err := decodeExactly(&r, []byte(body)); err != nil {
		t.Error(err)
	}
}

// TestCutOff decodes every beginning of a request.
func TestCutOff(t *testing.T) {
	var r Request
	for _, s := range shortest(t, 10) {
		for n := range s.body {
			if err := r.Decode(s.body[:n:n]); !errors.Is(err, ErrNotJSON) {
				t.Fatalf("%s: the first %d bytes: got %v, want %v", s.name, n, err, ErrNotJSON)
			}
		}
	}
}

// TestOneByteWrong changes single bytes of requests: what remains JSON must be
// accepted, and nothing else.
func TestOneByteWrong(t *testing.T) {
	var r Request
	for _, s := range shortest(t, 2) {
		body := bytes.Clone(s.body)
		for i, was := range s.body {
			for _, ch := range []byte{0, ' ', '"', '\\', '{', ']', ',', '0', 'e', 0xff} {
				body[i] = ch
				err := r.Decode(body)
				if valid := json.Valid(body); valid == errors.Is(err, ErrNotJSON) {
					t.Fatalf("%s with %q at %d: got %v, encoding/json says valid: %v", s.name, ch, i, err, valid)
				}
			}
			body[i] = was
		}
	}
}

func TestHugeBodies(t *testing.T) {
	const size = 20 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	good := func(top string) string { return `{"id":"r","imp":[{"id":"1"}],` + top + `}` }
	cases := []struct {
		name, body string
		want       error
	}{
		{"brackets", fill(`[`), ErrTooDeep},
		{"braces", fill(`{"a":`), ErrTooDeep},
		{"brackets in what is kept", `{"imp":` + fill(`[`), ErrTooDeep},
		{"quotes", fill(`"`), ErrNotJSON},
		{"backslashes", `{"id":"` + fill(`\`), ErrNotJSON},
		{"digits", good(`"tmax":` + fill(`9`)), nil},
		{"digits in a string", good(`"tmax":"` + fill(`9`) + `"`), nil},
		{"fraction", good(`"tmax":0.` + fill(`3`)), nil},
		{"white space", good(fill(` `) + `"tmax":1`), nil},
		{"escapes", good(`"site":{"page":"` + fill(`\u00e9`) + `"}`), nil},
		{"escaped keys", good(fill(`"\u0041":1,`) + `"tmax":1`), nil},
		{"invalid UTF-8", good(`"site":{"page":"` + fill("\xff") + `"}`), nil},
		{"empty imps", `{"id":"r","imp":[` + fill(`{},`) + `{"id":"1"}]}`, ErrNoImp},
		{"lists of lists", good(`"bcat":[` + fill(`[],`) + `"IAB1"]`), nil},
		{"keywords", good(`"user":{"keywords":[` + fill(`"a",`) + `"b"]}`), nil},
		{"the same list", good(fill(`"bcat":["IAB1","IAB2"],`) + `"at":1`), nil},
		{"the same protocol", good(`"x":0,"imp":[{"id":"1",` + fill(`"video":{"protocol":2},`) + `"video":{"protocols":[3]}}]`), nil},
		{"native texts", good(`"imp":[{"id":"1",` + fill(`"native":{"request":"{\"assets\":[{}]}"},`) + `"at":1}]`), nil},
		{"eids", good(`"user":{"eids":[` + fill(`{"source":"a","uids":[{"id":"b"}]},`) + `{}]}`), nil},
		{"segments", good(`"user":{"data":[{"segment":[` + fill(`{"id":"b"},`) + `{}]}]}`), nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r Request
			if err := r.Decode([]byte(c.body)); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			// What a request keeps is at most a few times its length, and the
			// next one gives it back.
			if err := r.Decode([]byte(good(`"at":1`))); err != nil {
				t.Fatal(err)
			}
			if n := cap(r.mem.text) + cap(r.mem.strs)*24; n > 1<<20 {
				t.Errorf("%d bytes kept", n)
			}
		})
	}
}

func TestTooMany(t *testing.T) {
	list := func(n int, entry string) string { return strings.TrimSuffix(strings.Repeat(entry+",", n), ",") }
	var r Request
	decode := func(t *testing.T, imp, top string) {
		t.Helper()
		if err := r.Decode([]byte(`{"id":"r","imp":[` + imp + `]` + top + `}`)); err != nil {
			t.Fatal(err)
		}
		if !r.Truncated {
			t.Errorf("Truncated is false")
		}
	}
	t.Run("imps", func(t *testing.T) {
		imps := make([]string, 10000)
		for i := range imps {
			imps[i] = fmt.Sprintf(`{"id":"%d","banner":{"w":300,"h":250}}`, i)
		}
		decode(t, strings.Join(imps, ","), "")
		if len(r.Imps) != maxImps || string(r.Imps[maxImps-1].ID) != "255" {
			t.Errorf("%d imps, the last one %s", len(r.Imps), r.Imps[len(r.Imps)-1].ID)
		}
	})
	t.Run("strings", func(t *testing.T) {
		decode(t, `{"id":"1"}`, `,"badv":[`+list(100000, `"a.example"`)+`],"bcat":["IAB1"]`)
		if len(r.BAdv) != maxStrings || len(r.BCat) != 0 {
			t.Errorf("%d strings, then %d", len(r.BAdv), len(r.BCat))
		}
	})
	t.Run("integers", func(t *testing.T) {
		decode(t, `{"id":"1","video":{"protocols":[`+list(100000, `2`)+`],"protocol":7}}`, "")
		if v := &r.Imps[0].Video; len(v.Protocols) != maxInts {
			t.Errorf("%d protocols", len(v.Protocols))
		}
	})
	t.Run("sizes, deals, assets, trackers", func(t *testing.T) {
		decode(t, `{"id":"1","banner":{"format":[`+list(9000, `{"w":1,"h":1}`)+`]},"pmp":{"deals":[`+list(9000, `{"id":"d"}`)+
			`]},"native":{"request":{"assets":[`+list(9000, `{}`)+`],"eventtrackers":[`+list(9000, `{"event":1}`)+`]}}}`, "")
		imp := &r.Imps[0]
		got := []int{len(imp.Banner.Sizes), len(imp.Deals), len(imp.Native.Assets), len(imp.Native.EventTrackers)}
		if want := []int{maxSizes, maxDeals, maxAssets, maxTrackers}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("eids, segments, nodes", func(t *testing.T) {
		decode(t, `{"id":"1"}`, `,"user":{"eids":[`+list(9000, `{"source":"s","uids":[{"id":"1"}]}`)+`],"data":[{"segment":[`+
			list(9000, `{"id":"s"}`)+`]}]},"source":{"schain":{"nodes":[`+list(9000, `{"asi":"a"}`)+`]}}`)
		got := []int{len(r.User.EIDs), len(r.User.Data), len(r.Source.Chain)}
		if want := []int{maxEIDs, maxSegments, maxNodes}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("not truncated", func(t *testing.T) {
		if err := r.Decode([]byte(`{"id":"r","imp":[{"id":"1"}]}`)); err != nil || r.Truncated {
			t.Errorf("got %v, Truncated %v", err, r.Truncated)
		}
	})
}

// TestLinear measures memory, not time: what Decode allocates for a body grows
// with the body only.
func TestLinear(t *testing.T) {
	body := []byte(`{"id":"r","imp":[{"id":"1","native":{"request":"` + strings.Repeat(`\u00e9`, 1<<18) + `"}}],"user":{"keywords":[` +
		strings.Repeat(`"\u0061",`, 1<<16) + `1]}}`)
	var before, after runtime.MemStats
	var r Request
	runtime.ReadMemStats(&before)
	if err := r.Decode(body); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(12*len(body)); got > most {
		t.Errorf("%d bytes allocated for a body of %d, want at most %d", got, len(body), most)
	}
}

func TestErrorText(t *testing.T) {
	var r Request
	for body, want := range map[string]string{
		`{"id":x}`:  "bid request: not valid JSON at byte 6",
		`{"id":"x"`: "bid request: not valid JSON at byte 9",
		`{}`:        "bid request: no request id",
	} {
		if err := r.Decode([]byte(body)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}
