package openrtb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bidwell/ad"
)

// FuzzDecode checks that Decode accepts what encoding/json calls valid, and only
// that, and that it reads the same from it.
func FuzzDecode(f *testing.F) {
	for _, s := range samples(f) {
		if len(s.body) < 2500 { // long ones only slow the fuzzer down
			f.Add(s.body)
		}
	}
	for _, s := range []string{
		`{"id":"r","imp":[{"id":"1","banner":{"format":[{"w":300,"h":250},{"wratio":2,"hratio":1}],"battr":[1]},"pmp":{"deals":[{"id":"d","wseat":["s"]}]}}],"site":{"keywords":"","kwarray":["a"]}}`,
		`{"ID":"\u0061\ud83d\ude97","iMp":[{"id":"1","video":{"protocol":2,"protocols":[3],"startdelay":-1,"mimes":null},"qty":{"multiplier":2.5e0}}],"at":1,"wlang":["de"],"wlangb":["en"]}`,
		`{"id":"r","imp":[{"id":"1","native":{"request":"{\"native\":{\"assets\":[{\"id\":1,\"title\":{\"len\":9}}]}}"}}],"regs":{"ext":{"gdpr":1,"gpp_sid":[7]}}}`,
		`{"id":"r","imp":[{"id":"1"}],"user":{"ext":{"eids":[{"source":"s","uids":[{"id":"u","atype":1}]}],"consent":"c"},"data":[{"name":"n","segment":[{"id":"1"}]}]}}`,
		`{"id":"r","imp":[{"id":"1"}],"source":{"ext":{"schain":{"complete":1,"nodes":[{"asi":"a","hp":1}]}}},"device":{"sua":{"mobile":1},"geo":{"lat":1,"lon":-2.5}}}`,
		"{\"id\":\"\xff\",\"imp\":[{\"id\":\"1\"}]}", `{"id":"r","imp":[{},{"id":"1"}],"app":{"content":{"langb":"x"}}} `, `null`, `[[]]`,
	} {
		f.Add([]byte(s))
	}
	var r Request
	f.Fuzz(func(t *testing.T, body []byte) {
		err := decodeExactly(&r, body)
		valid := json.Valid(body)
		switch {
		case err == nil && !valid:
			t.Fatalf("accepted, encoding/json says it is no JSON: %q", body)
		case errors.Is(err, ErrNotJSON) && valid:
			t.Fatalf("%v, encoding/json says it is valid: %q", err, body)
		case !valid && !errors.Is(err, ErrNotJSON) && !errors.Is(err, ErrTooDeep):
			t.Fatalf("%v, encoding/json says it is no JSON: %q", err, body)
		case err == nil && !r.Truncated && !hasDuplicates(body):
			compare(t, &r, body)
		case (errors.Is(err, ErrNoID) || errors.Is(err, ErrNoImp)) && !hasDuplicates(body):
			checkUnusable(t, body)
		}
	})
}

// FuzzNative checks that a native request is read in the same way whether it is
// a string or an object, and as encoding/json reads it.
func FuzzNative(f *testing.F) {
	for _, s := range []string{
		`{"ver":"1.2","assets":[{"id":1,"required":1,"title":{"len":90}},{"id":2,"img":{"type":3,"wmin":1,"mimes":["a"]}},{"id":3,"data":{"type":1}},{"id":4,"video":{"protocols":[2]}}]}`,
		`{"context":1,"plcmttype":2,"plcmtcnt":3,"privacy":1,"assets":[{}],"eventtrackers":[{"event":1,"methods":[1,2]}]}`,
		`{"assets":[null,{"title":null}]}`, `{"assets":[]}`, `""`, `null`, `"{}"`, `{"assets":[ ... ]}`, "{\"ver\":\"\xff\\u0000\"}",
	} {
		f.Add(s)
	}
	var quoted, object Request
	f.Fuzz(func(t *testing.T, text string) {
		const before, after = `{"id":"r","imp":[{"id":"1","native":{"request":`, `}}]}`
		if err := decodeExactly(&quoted, append(AppendString([]byte(before), text), after...)); err != nil {
			t.Fatalf("as a string: %v", err)
		}
		n, offered := &quoted.Imps[0].Native, quoted.Imps[0].Has[ad.Native]
		var valid string // what text is after a round trip
		if err := json.Unmarshal(AppendString(nil, text), &valid); err != nil {
			t.Fatal(err)
		}
		if !json.Valid([]byte(valid)) {
			if offered {
				t.Fatalf("offered, encoding/json says it is no JSON: %q", text)
			}
			return
		}
		if quoted.Truncated || hasDuplicates([]byte(valid)) || !strings.HasPrefix(strings.TrimSpace(valid), "{") {
			return
		}
		err := decodeExactly(&object, []byte(before+valid+after))
		if errors.Is(err, ErrTooDeep) {
			return // within a string, the depth counts from zero
		}
		if err != nil {
			t.Fatalf("as an object: %v", err)
		}
		o := &object.Imps[0]
		// As they are printed: an empty list is nil or not, by what was decoded into the same memory before.
		got, want := fmt.Sprintf("%v %+v", o.Has[ad.Native], o.Native), fmt.Sprintf("%v %+v", offered, *n)
		if got != want {
			t.Errorf("as an object %s, as a string %s: %q", got, want, valid)
		}
		compareBareNative(t, n, offered, []byte(valid))
	})
}

// FuzzAppendString checks that a string survives, with what is not valid UTF-8
// replaced as encoding/json does.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c\n\r\t\x00\x1f\x7f", "ü\xff\xc3\xe2\x82", "\u2028\U0001F697", strings.Repeat("x", 100) + "\x01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := AppendString(nil, s)
		if !bytes.Equal(text, AppendString(nil, []byte(s))) {
			t.Errorf("%q differs as bytes", s)
		}
		ref, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got, want string
		if err := json.Unmarshal(ref, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &got); err != nil || got != want {
			t.Errorf("%q: got %q, want %q (%v)", s, got, want, err)
		}
	})
}

// hasDuplicates reports whether an object of the text, or of a text that one of
// its strings holds, has a key twice. Of such texts encoding/json keeps parts of
// the first value in the second.
func hasDuplicates(text []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	type level struct {
		keys  map[string]bool // nil for a list
		value bool            // a value is next, not a key
	}
	var open []level
	for {
		tok, err := dec.Token()
		if err != nil {
			return false
		}
		var top *level
		if len(open) > 0 {
			top = &open[len(open)-1]
		}
		if s, ok := tok.(string); ok && top != nil && top.keys != nil && !top.value {
			key := strings.NewReplacer("ſ", "s", "\u212a", "k").Replace(strings.ToLower(s))
			if top.keys[key] {
				return true
			}
			top.keys[key], top.value = true, true
			continue
		} else if ok && json.Valid([]byte(s)) && hasDuplicates([]byte(s)) {
			return true
		}
		if top != nil {
			top.value = false
		}
		switch tok {
		case json.Delim('{'):
			open = append(open, level{keys: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
	}
}
