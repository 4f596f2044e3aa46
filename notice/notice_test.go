package notice

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bidwell/ad"
)

const day = 24 * time.Hour

var kinds = []ad.Notice{ad.Win, ad.Billing, ad.Loss, ad.Impression, ad.View, ad.Click}

func mustKeys(t testing.TB, secrets ...string) Keys {
	t.Helper()
	var bs [][]byte
	for _, s := range secrets {
		bs = append(bs, []byte(s))
	}
	ks, err := NewKeys(bs...)
	if err != nil {
		t.Fatal(err)
	}
	return ks
}

const (
	oldSecret = "the secret of last year, 16 or more"
	newSecret = "the secret of this year, 16 or more"
)

func example() Token {
	t := Token{
		Exchange: 0x0102030405060708, Advertiser: 9, Campaign: 10, Line: 11, Creative: 12,
		Price: 2500 * ad.Micro, BidPrice: 2700 * ad.Micro, Cur: ad.USD,
		Time: 1_777_000_000, Media: ad.Video,
	}
	for i := range t.Bid {
		t.Bid[i], t.Person[i] = byte(i), byte(200+i)
	}
	return t
}

func at(t Token) time.Time { return time.Unix(t.Time, 0) }

func sign(t testing.TB, secret string, tok Token, kind ad.Notice) []byte {
	t.Helper()
	var s Scratch
	NewSigner(mustKeys(t, secret)).Sign(&s, &tok)
	return s.Append(nil, kind)
}

func TestRoundTrip(t *testing.T) {
	keys := mustKeys(t, newSecret)
	signer, verifier := NewSigner(keys), NewVerifier(keys, day)
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Uint64()
		in := Token{
			Exchange: ad.ID(id.Draw(t, "exchange")), Advertiser: ad.ID(id.Draw(t, "advertiser")),
			Campaign: ad.ID(id.Draw(t, "campaign")), Line: ad.ID(id.Draw(t, "line")), Creative: ad.ID(id.Draw(t, "creative")),
			Price: ad.Money(rapid.Int64().Draw(t, "price")), BidPrice: ad.Money(rapid.Int64().Draw(t, "bid price")),
			Time:  rapid.Int64Range(0, 1<<40).Draw(t, "time"),
			Media: ad.Media(rapid.IntRange(0, int(ad.Native)).Draw(t, "media")), Test: rapid.Bool().Draw(t, "test"),
		}
		bytesOf := rapid.SliceOfN(rapid.Byte(), 16, 16)
		copy(in.Bid[:], bytesOf.Draw(t, "bid"))
		if rapid.Bool().Draw(t, "known") {
			copy(in.Person[:], bytesOf.Draw(t, "person"))
		}
		copy(in.Cur[:], rapid.SampledFrom([]string{"USD", "EUR", "\x00\x00\x00"}).Draw(t, "currency"))
		target := rapid.SliceOf(rapid.Byte()).Draw(t, "target")

		var s, r Scratch
		var out Token
		signer.Sign(&s, &in)
		for _, kind := range kinds {
			in.Kind = kind
			if why := verifier.Parse(&r, &out, s.Append(nil, kind), kind, at(in)); why != ad.OK || out != in {
				t.Fatalf("%v: got %v, %+v, want %+v", kind, why, out, in)
			}
		}
		in.Kind = ad.Click
		q, err := url.ParseQuery(string(s.AppendClick(nil, target)))
		if err != nil || q.Get("u") != string(target) {
			t.Fatalf("query: got %v, %v, want the target %q", q, err, target)
		}
		if why := verifier.ParseClick(&r, &out, []byte(q.Get("t")), target, at(in)); why != ad.OK || out != in {
			t.Fatalf("click: got %v, %+v, want %+v", why, out, in)
		}
	})
}

func TestEveryBitFlipIsRefused(t *testing.T) {
	v := NewVerifier(mustKeys(t, newSecret), day)
	good := sign(t, newSecret, example(), ad.Billing)
	raw, err := base64.RawURLEncoding.DecodeString(string(good))
	if err != nil {
		t.Fatal(err)
	}
	var s Scratch
	var tok Token
	check := func(what string, i int, token []byte) {
		t.Helper()
		why := v.Parse(&s, &tok, token, ad.Billing, at(example()))
		if why != ad.TokenForged && why != ad.TokenTruncated {
			t.Errorf("%s %d: got %v, want a refusal", what, i, why)
		}
		if tok != (Token{}) {
			t.Errorf("%s %d: a refused token was shown: %+v", what, i, tok)
		}
	}
	for i := range 8 * len(raw) {
		bad := bytes.Clone(raw)
		bad[i/8] ^= 1 << (i % 8)
		check("bit", i, []byte(base64.RawURLEncoding.EncodeToString(bad)))
	}
	for i := range 8 * len(good) {
		bad := bytes.Clone(good)
		bad[i/8] ^= 1 << (i % 8)
		check("bit of the text", i, bad)
	}
}

func TestRefusals(t *testing.T) {
	v := NewVerifier(mustKeys(t, newSecret), day)
	good := string(sign(t, newSecret, example(), ad.Billing))
	f := func(name, token string, want ad.Reason) {
		t.Helper()
		var s Scratch
		var tok Token
		if got := v.Parse(&s, &tok, []byte(token), ad.Billing, at(example())); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	f("good", good, ad.OK)
	for i := range len(good) {
		f("cut off", good[:i], ad.TokenTruncated)
	}
	f("cut off in front", good[1:], ad.TokenForged)
	f("longer", good+"A", ad.TokenForged)
	f("padded", good+"=", ad.TokenForged)
	f("twice", good+good, ad.TokenForged)
	f("a line break within", good[:50]+"\n"+good[50:], ad.TokenForged)
	f("a line break for a character", good[:50]+"\n"+good[51:], ad.TokenForged)
	f("a line break at the end", good[:len(good)-1]+"\r", ad.TokenForged)
	f("the other alphabet", strings.NewReplacer("-", "+", "_", "/").Replace(good[:60])+"+"+good[61:], ad.TokenForged)
	f("text", "the quick brown fox jumps over the lazy dog", ad.TokenForged)
	f("an unexpanded macro", "${AUCTION_ID}", ad.TokenForged)
	f("a megabyte", strings.Repeat("A", 1<<20), ad.TokenForged)
	f("another secret", string(sign(t, oldSecret, example(), ad.Billing)), ad.TokenForged)
}

// The last character of a token holds bits that mean nothing. Only the encoding
// that was signed is accepted, so that a token has one form.
func TestOneEncodingOnly(t *testing.T) {
	v := NewVerifier(mustKeys(t, newSecret), day)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for price := range ad.Money(600) { // lengths of all remainders
		tok := example()
		tok.Price = price * price
		token := sign(t, newSecret, tok, ad.Win)
		accepted := 0
		for _, c := range []byte(alphabet) {
			var s Scratch
			token[len(token)-1] = c
			if v.Parse(&s, &tok, token, ad.Win, at(example())) == ad.OK {
				accepted++
			}
		}
		if accepted != 1 {
			t.Fatalf("price %d: %d last characters are accepted, want 1", price, accepted)
		}
	}
}

func TestTokensAreGoodForOneKind(t *testing.T) {
	v := NewVerifier(mustKeys(t, newSecret), day)
	tok := example()
	target := []byte("https://motors.example/")
	var s, r Scratch
	NewSigner(mustKeys(t, newSecret)).Sign(&s, &tok)
	for _, signed := range kinds {
		token := s.Append(nil, signed)
		for _, used := range kinds {
			want := ad.TokenForged
			if signed == used {
				want = ad.OK
			}
			if got := v.Parse(&r, &tok, token, used, at(example())); got != want {
				t.Errorf("a token for %v used for %v: got %v, want %v", signed, used, got, want)
			}
		}
		if got := v.ParseClick(&r, &tok, token, target, at(example())); got != ad.TokenForged {
			t.Errorf("a token for %v used for a click with a target: got %v, want %v", signed, got, ad.TokenForged)
		}
	}
	click, _, _ := bytes.Cut(s.AppendClick(nil, target)[len("t="):], []byte("&"))
	for _, used := range kinds {
		if got := v.Parse(&r, &tok, click, used, at(example())); got != ad.TokenForged {
			t.Errorf("a click with a target used for %v: got %v, want %v", used, got, ad.TokenForged)
		}
	}
	for _, other := range []string{"", "https://motors.example", "https://motors.example/?", "https://evil.example/"} {
		if got := v.ParseClick(&r, &tok, click, []byte(other), at(example())); got != ad.TokenForged {
			t.Errorf("a click to %q: got %v, want %v", other, got, ad.TokenForged)
		}
	}
}

func TestExpiry(t *testing.T) {
	v := NewVerifier(mustKeys(t, newSecret), day)
	token := sign(t, newSecret, example(), ad.Win)
	f := func(age time.Duration, want ad.Reason) {
		t.Helper()
		var s Scratch
		var tok Token
		if got := v.Parse(&s, &tok, token, ad.Win, at(example()).Add(age)); got != want {
			t.Errorf("age %v: got %v, want %v", age, got, want)
		}
		if tok.Bid != example().Bid {
			t.Errorf("age %v: the token's bid is not shown", age)
		}
	}
	f(0, ad.OK)
	f(day, ad.OK)
	f(day+time.Second, ad.TokenExpired)
	f(-skew, ad.OK)
	f(-skew-time.Second, ad.TokenExpired)
}

func TestKeyRotation(t *testing.T) {
	token := sign(t, oldSecret, example(), ad.Win)
	f := func(want ad.Reason, secrets ...string) {
		t.Helper()
		var s Scratch
		var tok Token
		v := NewVerifier(mustKeys(t, secrets...), day)
		if got := v.Parse(&s, &tok, token, ad.Win, at(example())); got != want {
			t.Errorf("with %q: got %v, want %v", secrets, got, want)
		}
	}
	f(ad.OK, oldSecret)
	f(ad.OK, newSecret, oldSecret)
	f(ad.TokenForged, newSecret)

	// Key ids are one byte: among 300 secrets some have the same.
	many := []string{newSecret}
	for i := range 300 {
		many = append(many, strings.Repeat(string(rune('a'+i%26)), 16+i))
	}
	f(ad.OK, append(many, oldSecret)...)
	f(ad.TokenForged, many...)
}

func TestKeysAreChecked(t *testing.T) {
	f := func(want string, secrets ...string) {
		t.Helper()
		var bs [][]byte
		for _, s := range secrets {
			bs = append(bs, []byte(s))
		}
		if _, err := NewKeys(bs...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", secrets, err, want)
		}
	}
	f("no secret given")
	f("secret 1 has 15 bytes", "123456789012345")
	f("secret 2 has 0 bytes", newSecret, "")
	f("secret 2 is given twice", newSecret, newSecret)
}

func TestMacIsHMAC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "secret")
		data := rapid.SliceOfN(rapid.Byte(), 0, maxPayload).Draw(t, "data")
		h := hmac.New(sha256.New, secret)
		h.Write(data)
		if got := pads(secret).mac(data); !bytes.Equal(got[:], h.Sum(nil)) {
			t.Fatalf("got %x, want %x", got, h.Sum(nil))
		}
	})
}

func TestParsePrice(t *testing.T) {
	f := func(text string, want ad.Money, ok bool) {
		t.Helper()
		if got, gotOK := ParsePrice([]byte(text)); got != want || gotOK != ok {
			t.Errorf("%q: got %d, %v, want %d, %v", text, got, gotOK, want, ok)
		}
	}
	f("2.5", 2_500_000, true)
	f("0", 0, true)
	f(".5", 500_000, true)
	f("3.", 3_000_000, true)
	f("0.000001", 1, true)
	f("1.0E-4", 100, true)
	f("1e+2", 100_000_000, true)
	f("1000000000", 1_000_000_000_000_000, true)
	for _, bad := range []string{
		"", " ", "2.5 ", "${AUCTION_PRICE}", "%24%7BAUCTION_PRICE%7D", "NaN", "nan", "Inf", "+Inf", "-1", "-0", "+1", "1,5", "1_0",
		"0x10", "0x1p4", "1e", "e5", "1e9999", "1000000001", "1e10", ".", "..", "1.2.3", "1e5e5", "1-2", "--", "null",
		"1.00000000000000000000000000000000000000", "\x00", "１",
	} {
		f(bad, 0, false)
	}
}

func FuzzParse(f *testing.F) {
	for _, kind := range kinds {
		f.Add(sign(f, newSecret, example(), kind), []byte("https://motors.example/"))
	}
	f.Add([]byte("AQAA"), []byte(""))
	v := NewVerifier(mustKeys(f, newSecret, oldSecret), day)
	f.Fuzz(func(t *testing.T, token, target []byte) {
		var s, again Scratch
		var tok Token
		for _, kind := range kinds {
			if v.Parse(&s, &tok, token, kind, at(example())) != ad.OK {
				continue
			}
			// What is accepted is what we would have signed.
			signer := &Signer{s.key}
			signer.Sign(&again, &tok)
			if got := again.Append(nil, kind); !bytes.Equal(got, token) {
				t.Errorf("accepted %q, which we write as %q", token, got)
			}
		}
		if v.ParseClick(&s, &tok, token, target, at(example())) == ad.OK {
			t.Errorf("accepted %q with a target that nobody signed", token)
		}
		if m, ok := ParsePrice(token); ok && (m < 0 || m > 1e15) {
			t.Errorf("%q is no price, got %d", token, m)
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	keys := mustKeys(t, newSecret, oldSecret)
	signer, verifier := NewSigner(keys), NewVerifier(keys, day)
	s, tok := new(Scratch), example()
	dst := make([]byte, 0, 4096)
	target := []byte("https://motors.example/roadster?campaign=autumn&size=300x250")
	got := testing.AllocsPerRun(1000, func() {
		signer.Sign(s, &tok)
		dst = dst[:0]
		for _, kind := range kinds {
			dst = s.Append(dst, kind)
		}
		dst = s.AppendClick(dst, target)
	})
	if got != 0 {
		t.Errorf("signing: got %v allocations, want 0", got)
	}
	signer.Sign(s, &tok)
	token := s.Append(nil, ad.Win)
	click, _, _ := bytes.Cut(s.AppendClick(nil, target)[len("t="):], []byte("&"))
	price := []byte("12.3456")
	got = testing.AllocsPerRun(1000, func() {
		if verifier.Parse(s, &tok, token, ad.Win, at(tok)) != ad.OK {
			t.Fatal("refused")
		}
		if verifier.ParseClick(s, &tok, click, target, at(tok)) != ad.OK {
			t.Fatal("refused")
		}
		if _, ok := ParsePrice(price); !ok {
			t.Fatal("no price")
		}
	})
	if got != 0 {
		t.Errorf("parsing: got %v allocations, want 0", got)
	}
}

func BenchmarkSign(b *testing.B) {
	signer := NewSigner(mustKeys(b, newSecret))
	s, tok := new(Scratch), example()
	b.ReportAllocs()
	for range b.N {
		signer.Sign(s, &tok)
	}
}

func BenchmarkAppend(b *testing.B) {
	s, tok := new(Scratch), example()
	NewSigner(mustKeys(b, newSecret)).Sign(s, &tok)
	dst := make([]byte, 0, 512)
	b.ReportAllocs()
	for range b.N {
		dst = s.Append(dst[:0], ad.Billing)
	}
	b.ReportMetric(float64(len(dst)), "characters")
}

func BenchmarkAppendClick(b *testing.B) {
	s, tok := new(Scratch), example()
	NewSigner(mustKeys(b, newSecret)).Sign(s, &tok)
	dst := make([]byte, 0, 512)
	target := []byte("https://motors.example/roadster?campaign=autumn")
	b.ReportAllocs()
	for range b.N {
		dst = s.AppendClick(dst[:0], target)
	}
}

func BenchmarkParse(b *testing.B) {
	v := NewVerifier(mustKeys(b, newSecret), day)
	token := sign(b, newSecret, example(), ad.Billing)
	s, tok, now := new(Scratch), Token{}, at(example())
	b.ReportAllocs()
	for range b.N {
		if v.Parse(s, &tok, token, ad.Billing, now) != ad.OK {
			b.Fatal("refused")
		}
	}
}
