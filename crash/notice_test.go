//go:build linux

package main

import (
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pebblelog "github.com/cockroachdb/pebble/v2/record"

	"bidwell/ad"
	"bidwell/notice"
)

// TestSeal encrypts prices: those of the published examples to the same text, and
// any so that the bidder's side reads them.
func TestSeal(t *testing.T) {
	for nanos, want := range map[int64]string{
		100:  "YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCce_6msaw",
		1900: "YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCAWJRxOgA",
	} {
		if got := ourSeal.sealWith([]byte("abc123def456ghi7"), nanos); got != want {
			t.Errorf("%d is encrypted as %s, want %s", nanos, got, want)
		}
	}
	keys, err := notice.NewPriceKeys(ourSeal.encryption, ourSeal.integrity)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := keys.Price([]byte(ourSeal.seal(4_200_000))); !ok || got != 4_200_000 {
		t.Errorf("the price is %d, %t", got, ok)
	}
	if _, ok := keys.Price([]byte(foreignSeal.seal(4_200_000))); ok {
		t.Error("a price of a stranger is read")
	}
}

// TestMischiefIsRefused makes bad notices for some bids of all exchanges, and
// holds them against the code that reads notices: there is every kind of them,
// and none is good.
func TestMischiefIsRefused(t *testing.T) {
	dir := t.TempDir()
	secret := []byte("a secret of the bidder's own")
	if err := os.WriteFile(filepath.Join(dir, "token.keys"), []byte("# keys\n"+hex.EncodeToString(secret)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := newForger(dir)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := notice.NewKeys(secret)
	if err != nil {
		t.Fatal(err)
	}
	priceKeys, err := notice.NewPriceKeys(ourSeal.encryption, ourSeal.integrity)
	if err != nil {
		t.Fatal(err)
	}
	verifier, signer := notice.NewVerifier(keys, 24*time.Hour), notice.NewSigner(keys)
	rnd := rand.New(rand.NewPCG(1, 2))
	seen := map[ad.Reason]int{}
	for range 500 {
		for i := range venues {
			x := &exchange{due: newSchedule(), forger: f}
			s := sale{x: x, v: &venues[i], b: &bid{}, offer: 4_200_000, price: 3_000_000, made: time.Now(), rnd: rnd}
			s.links = goodLinks(signer, s.v)
			s.mischief()
			e, _, ok := x.due.next(time.Now().Add(time.Hour))
			if !ok {
				continue
			}
			if got := reasonOf(t, verifier, priceKeys, &s, e.url); got != e.want || got == ad.OK {
				t.Fatalf("%s of %s gives %v, want %v", e.url, s.v.name, got, e.want)
			}
			seen[e.want]++
		}
	}
	for _, want := range [...]ad.Reason{ad.TokenForged, ad.TokenExpired, ad.TokenTruncated, ad.PriceInvalid, ad.PriceAboveBid} {
		if seen[want] == 0 {
			t.Errorf("nothing is refused as %s", want)
		}
	}
}

// goodLinks are the notices of one bid, as a bidder writes them.
func goodLinks(signer *notice.Signer, v *venue) (links []link) {
	var s notice.Scratch
	signer.Sign(&s, &notice.Token{Bid: ad.BidID{1}, Price: 4_200_000, BidPrice: 4_200_000, Time: time.Now().Unix()})
	for kind, n := range map[string]ad.Notice{"win": ad.Win, "billing": ad.Billing, "loss": ad.Loss, "impression": ad.Impression} {
		address := "http://bidder/e/" + n.String() + "?t=" + string(s.Append(nil, n))
		if kind == v.bills {
			address += "&p=${AUCTION_PRICE}"
		}
		links = append(links, link{kind: kind, url: address})
	}
	return append(links, link{kind: "click", url: "http://bidder/e/click?" + string(s.AppendClick(nil, []byte("https://landing.example/")))})
}

// reasonOf returns what the bidder makes of a notice.
func reasonOf(t *testing.T, verifier *notice.Verifier, keys *notice.PriceKeys, s *sale, address string) ad.Reason {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var scratch notice.Scratch
	var token notice.Token
	q := u.Query()
	kind := ad.NoticeOf(strings.TrimPrefix(u.Path, "/e/"))
	if kind == ad.Click {
		return verifier.ParseClick(&scratch, &token, []byte(q.Get("t")), []byte(q.Get("u")), time.Now())
	}
	if why := verifier.Parse(&scratch, &token, []byte(q.Get("t")), kind, time.Now()); why != ad.OK {
		return why
	}
	price, ok := notice.ParsePrice([]byte(q.Get("p")))
	if s.v.sealed {
		price, ok = keys.Price([]byte(q.Get("p")))
	}
	switch {
	case !ok:
		return ad.PriceInvalid
	case price > token.BidPrice:
		return ad.PriceAboveBid
	}
	return ad.OK
}

// TestContacts checks which events a profile remembers.
func TestContacts(t *testing.T) {
	at := func(kind, person string, second int) event {
		return event{Kind: kind, Person: person, Time: day.Add(time.Duration(second)*time.Second + 300*time.Millisecond)}
	}
	got := contacts([]event{at("impression", "a", 1), at("view", "a", 1), at("view", "a", 1), at("click", "b", 2), at("billing", "b", 2), at("click", "", 3)})
	want := map[string]map[touch]int{
		"a": {{"impression", day.Unix() + 1}: 1, {"view", day.Unix() + 1}: 2},
		"b": {{"click", day.Unix() + 2}: 1},
	}
	if !maps.EqualFunc(got, want, maps.Equal) {
		t.Errorf("the contacts are %v, want %v", got, want)
	}
}

// TestEndOfLog finds the end of logs that end with zeros, after one to many
// records of all sizes.
func TestEndOfLog(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for n := range 60 {
		var text strings.Builder
		w := pebblelog.NewWriter(&text)
		for range 1 + n*3 {
			if _, err := w.WriteRecord(make([]byte, rnd.IntN(3000))); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		whole := []byte(text.String())
		got := endOfLog(append(whole, make([]byte, 5000)...))
		if got != len(whole) {
			t.Errorf("%d records end at %d, want %d", 1+n*3, got, len(whole))
		}
	}
}
