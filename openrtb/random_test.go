package openrtb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/prebid/openrtb/v20/native1/request"
	"github.com/prebid/openrtb/v20/openrtb2"
)

// TestRandomRequests fills prebid's types with random values, so that every
// field of the specification occurs, and reads the result both ways. Then it
// spells the same request as sloppier senders do, which must change nothing.
func TestRandomRequests(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var r, sloppy Request
	for range 1500 {
		body := randomRequest(t, rng)
		if err := r.Decode(body); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if !compare(t, &r, body) {
			t.Fatalf("encoding/json does not read %s", body)
		}
		other := respell(t, rng, body)
		if err := sloppy.Decode(other); err != nil {
			t.Fatalf("%v: %s", err, other)
		}
		if got, want := render(&sloppy), render(&r); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		if t.Failed() {
			t.Fatalf("from %s\nand %s", body, other)
		}
	}
}

// render returns all that r exports.
func render(r *Request) string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // a Request holds nothing that JSON cannot
	}
	return string(text)
}

func randomRequest(t *testing.T, rng *rand.Rand) []byte {
	var req openrtb2.BidRequest
	fill(rng, reflect.ValueOf(&req).Elem(), 0)
	req.ID = "r" + randomText(rng)
	imp := openrtb2.Imp{}
	fill(rng, reflect.ValueOf(&imp).Elem(), 1)
	imp.ID = "1"
	req.Imp = append(req.Imp, imp)
	switch rng.IntN(3) { // one kind of inventory
	case 0:
		req.Site, req.App = nil, nil
	case 1:
		req.App, req.DOOH = nil, nil
	case 2:
		req.DOOH, req.Site = nil, nil
	}
	body, err := json.Marshal(&req)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// fill puts random values into v, which is of one of prebid's types.
func fill(rng *rand.Rand, v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if rng.IntN(3) > 0 {
				fillField(rng, v.Field(i), v.Type().Field(i).Name, depth)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(rng, v.Elem(), depth+1)
	case reflect.Slice:
		n := rng.IntN(4)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(rng, v.Index(i), depth+1)
		}
	case reflect.String:
		v.SetString(randomText(rng))
	case reflect.Float64:
		f, _ := strconv.ParseFloat(fmt.Sprintf("%d.%de%d", rng.IntN(2000)-1000, rng.IntN(1e9), rng.IntN(20)-10), 64)
		v.SetFloat(f)
	case reflect.Int8:
		v.SetInt(int64(rng.IntN(4) - 1))
	case reflect.Int64, reflect.Int:
		v.SetInt(rng.Int64N(1<<rng.IntN(40)+1) - 5)
	}
}

func fillField(rng *rand.Rand, v reflect.Value, name string, depth int) {
	switch {
	case name == "Ext":
		ext := [...]string{`{}`, `{"a":[{"b":null}]}`, `{"consent":"c","eids":[{"source":"s","uids":[{"id":"i","atype":1},{"id":""}]}]}`,
			`{"gdpr":1,"us_privacy":"1---","gpp":"G","gpp_sid":[2,6],"dsa":{"dsarequired":1,"transparency":[{}]}}`,
			`{"schain":{"complete":1,"nodes":[{"asi":"a","sid":"s","hp":1}]}}`}
		v.SetBytes([]byte(ext[rng.IntN(len(ext))]))
	case name == "Request" && v.Kind() == reflect.String:
		var n request.Request
		fill(rng, reflect.ValueOf(&n).Elem(), 0)
		text, err := json.Marshal(&n)
		if err != nil {
			panic(err) // prebid's own types
		}
		if rng.IntN(2) == 0 {
			text = []byte(`{"native":` + string(text) + `}`)
		}
		v.SetString(string(text))
	case depth > 5 && (v.Kind() == reflect.Slice || v.Kind() == reflect.Pointer):
	default:
		fill(rng, v, depth)
	}
}

func randomText(rng *rand.Rand) string {
	texts := [...]string{"", "a", "IAB1-2", "https://example.com/?a=b&c=d", `quote " backslash \ slash /`, "line\nfeed\ttab\x00",
		"Größe", "東京 🚗", "eight888", "a longer text that spans some words of eight bytes", "\u2028<script>"}
	return texts[rng.IntN(len(texts))]
}

// respell writes a request anew: members in another
// order, keys in other cases, letters escaped, numbers as floats or strings, white space between tokens.
func respell(t *testing.T, rng *rand.Rand, body []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return appendSloppily(nil, rng, doc)
}

func appendSloppily(dst []byte, rng *rand.Rand, v any) []byte {
	blank := func() { dst = append(dst, [...]string{"", "", "", " ", "\r\n\t", "          "}[rng.IntN(6)]...) }
	blank()
	switch v := v.(type) {
	case map[string]any:
		dst = append(dst, '{')
		sep := ""
		for key, value := range v {
			dst = append(dst, sep...)
			sep = ","
			blank()
			dst = appendSpelt(dst, rng, otherCase(rng, key))
			blank()
			dst = append(dst, ':')
			dst = appendSloppily(dst, rng, value)
		}
		if sep == "" || rng.IntN(4) == 0 {
			dst = append(dst, sep...)
			dst = append(dst, `"unknown":[{"x":["\u0061\\",-1.5e+3,true,false,null,{}]},[]]`...)
		}
		dst = append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendSloppily(dst, rng, e)
		}
		blank()
		dst = append(dst, ']')
	case string:
		dst = appendSpelt(dst, rng, v)
	case json.Number:
		dst = append(dst, otherNumber(rng, v.String())...)
	case nil:
		dst = append(dst, "null"...)
	case bool:
		dst = strconv.AppendBool(dst, v)
	}
	blank()
	return dst
}

func otherCase(rng *rand.Rand, key string) string {
	switch rng.IntN(8) {
	case 0:
		return strings.ToUpper(key)
	case 1:
		return strings.ToUpper(key[:1]) + key[1:]
	case 2:
		return strings.ReplaceAll(strings.ReplaceAll(key, "s", "ſ"), "k", "\u212a")
	}
	return key
}

// appendSpelt appends a string of which some characters are escaped needlessly.
func appendSpelt(dst []byte, rng *rand.Rand, s string) []byte {
	if rng.IntN(4) > 0 {
		return AppendString(dst, s)
	}
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r < 0x10000 && rng.IntN(3) == 0:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		case r == '/':
			dst = append(dst, `\/`...)
		default:
			dst = AppendEscaped(dst, string(r))
		}
	}
	return append(dst, '"')
}

func otherNumber(rng *rand.Rand, n string) string {
	if rng.IntN(2) == 0 {
		return n
	}
	if !strings.ContainsAny(n, ".eE") {
		n += [...]string{"", ".0", "e0", ".000E+00"}[rng.IntN(4)]
	}
	if rng.IntN(2) == 0 {
		return `"` + n + `"`
	}
	return n
}
