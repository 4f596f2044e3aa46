package notice

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
)

// TestContext sends impressions with any context through a URL.
func TestContext(t *testing.T) {
	keys := mustKeys(t, newSecret, oldSecret)
	signer, verifier := NewSigner(keys), NewVerifier(keys, day)
	rapid.Check(t, func(t *rapid.T) {
		in := example()
		in.Kind, in.Segment = ad.Impression, rapid.Uint32().Draw(t, "segment")
		in.Auction = ad.Auction(rapid.IntRange(0, 3).Draw(t, "auction"))
		context := rapid.SliceOfN(rapid.Byte(), 0, MaxContext).Draw(t, "context")
		var s, r Scratch
		signer.Sign(&s, &in)
		q, err := url.ParseQuery(string(s.AppendImpression(nil, context)))
		if err != nil {
			t.Fatal(err)
		}
		var out Token
		got, why := verifier.ParseImpression(&r, &out, []byte(q.Get("t")), []byte(q.Get("c")), at(in))
		if why != ad.OK || out != in || !bytes.Equal(got, context) {
			t.Fatalf("got %v, %+v with %x, want %+v with %x", why, out, got, in, context)
		}
	})
}

// TestContextIsOurs changes the context of an impression, takes it away, and gives it
// to another one.
func TestContextIsOurs(t *testing.T) {
	keys := mustKeys(t, newSecret)
	signer, verifier := NewSigner(keys), NewVerifier(keys, day)
	tok, context := example(), []byte("what is known of a person")
	query := func(tok Token) url.Values {
		var s Scratch
		signer.Sign(&s, &tok)
		q, err := url.ParseQuery(string(s.AppendImpression(nil, context)))
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	q := query(tok)
	hidden, err := base64.RawURLEncoding.DecodeString(q.Get("c"))
	if err != nil || len(hidden) != len(context) || bytes.Contains(hidden, []byte("known")) {
		t.Fatalf("%v, and the context can be read: %q", err, hidden)
	}
	var s Scratch
	var out Token
	refused := func(what, token, context string) {
		t.Helper()
		got, why := verifier.ParseImpression(&s, &out, []byte(token), []byte(context), at(tok))
		if why != ad.TokenForged || got != nil || out != (Token{}) {
			t.Errorf("%s: got %v, %q, %+v", what, why, got, out)
		}
	}
	for i := range 8 * len(hidden) {
		bad := bytes.Clone(hidden)
		bad[i/8] ^= 1 << (i % 8)
		refused("a bit", q.Get("t"), base64.RawURLEncoding.EncodeToString(bad))
	}
	refused("none", q.Get("t"), "")
	refused("cut", q.Get("t"), q.Get("c")[:len(q.Get("c"))-4])
	refused("no base64", q.Get("t"), q.Get("c")+"*")
	refused("a line break", q.Get("t"), q.Get("c")[:4]+"\n"+q.Get("c")[4:])
	refused("too long", q.Get("t"), string(bytes.Repeat([]byte("A"), 2*MaxContext)))
	refused("of a bid without one", string(sign(t, newSecret, tok, ad.Impression)), q.Get("c"))
	refused("of a billing", string(sign(t, newSecret, tok, ad.Billing)), "")
	other := example()
	other.Bid[0]++
	if q2 := query(other); q2.Get("c") == q.Get("c") {
		t.Error("two bids hide a context alike")
	} else {
		refused("another bid's", q2.Get("t"), q.Get("c"))
	}
	if why := verifier.Parse(&s, &out, []byte(q.Get("t")), ad.Impression, at(tok)); why != ad.TokenForged {
		t.Errorf("a token with a context passes as one without: %v", why)
	}
}

// TestVersion1IsRead reads tokens that were made before there was a version 2, which
// are still made where there is nothing to add.
func TestVersion1IsRead(t *testing.T) {
	v := NewVerifier(mustKeys(t, newSecret), day)
	for _, c := range []struct {
		auction ad.Auction
		segment uint32
		version byte
	}{{0, 0, 1}, {ad.FirstPrice, 0, 2}, {0, 7, 2}, {ad.SecondPrice, 1 << 31, 2}} {
		in := example()
		in.Kind, in.Auction, in.Segment = ad.Win, c.auction, c.segment
		token := sign(t, newSecret, in, ad.Win)
		raw, err := base64.RawURLEncoding.DecodeString(string(token))
		if err != nil || raw[0] != c.version {
			t.Errorf("%+v: got %v, version %d", c, err, raw[0])
		}
		var s Scratch
		var out Token
		if why := v.Parse(&s, &out, token, ad.Win, at(in)); why != ad.OK || out != in {
			t.Errorf("got %v, %+v, want %+v", why, out, in)
		}
	}
	// Version 2 without anything of version 2, or with half of it, is nobody's.
	k := v.keys.all[0]
	good := example()
	p := good.appendPayload(nil, k.id)
	for _, more := range [][]byte{nil, {0}, {0, 0}, {1}, {1, 0x80}, {1, 0xff, 0xff, 0xff, 0xff, 0x7f}, {1, 0, 0}} {
		bad := append(bytes.Clone(p), more...)
		bad[0], bad[1] = version2, byte(len(bad))
		if tok := new(Token); tok.parsePayload(bad) {
			t.Errorf("%x is read as %+v", more, tok)
		}
	}
}

func TestContextIsNotAllocated(t *testing.T) {
	keys := mustKeys(t, newSecret)
	signer, verifier := NewSigner(keys), NewVerifier(keys, day)
	s, tok := new(Scratch), example()
	context, dst := bytes.Repeat([]byte{7}, 100), make([]byte, 0, 1024)
	token, sealed := []byte(nil), []byte(nil)
	if n := testing.AllocsPerRun(100, func() {
		signer.Sign(s, &tok)
		dst = s.AppendImpression(dst[:0], context)
	}); n > 0 {
		t.Errorf("signing allocates %v", n)
	}
	token, sealed, _ = bytes.Cut(dst[len("t="):], []byte("&c="))
	if n := testing.AllocsPerRun(100, func() {
		if got, why := verifier.ParseImpression(s, &tok, token, sealed, at(example())); why != ad.OK || !bytes.Equal(got, context) {
			t.Fatal(why)
		}
	}); n > 0 {
		t.Errorf("parsing allocates %v", n)
	}
}
