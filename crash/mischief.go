//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/notice"
)

// forger makes notices that have to be refused out of those that are good.
type forger struct {
	verifier     *notice.Verifier
	own, foreign *notice.Signer
}

// newForger reads the bidder's own keys: a token that has expired has to be
// signed with them.
func newForger(data string) (*forger, error) {
	text, err := os.ReadFile(filepath.Join(data, "token.keys"))
	if err != nil {
		return nil, err
	}
	var secrets [][]byte
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if secret, err := hex.DecodeString(lines.Text()); err == nil && len(secret) > 0 {
			secrets = append(secrets, secret)
		}
	}
	keys, err := notice.NewKeys(secrets...)
	if err != nil {
		return nil, fmt.Errorf("the bidder's keys: %w", err)
	}
	foreign, err := notice.NewKeys([]byte("not the keys of this bidder"))
	return &forger{notice.NewVerifier(keys, time.Hour), notice.NewSigner(keys), notice.NewSigner(foreign)}, err
}

// kindOf are the kinds of notices whose tokens are forged.
var kindOf = map[string]ad.Notice{"win": ad.Win, "billing": ad.Billing, "loss": ad.Loss}

// sign signs the token of a good notice again, by a signer and as of another
// time, for a bid that nobody made.
func (f *forger) sign(by *notice.Signer, token, kind string, later time.Duration) string {
	var s notice.Scratch
	var t notice.Token
	if f.verifier.Parse(&s, &t, []byte(token), kindOf[kind], time.Now()) != ad.OK {
		return "" // which has to be refused, too
	}
	t.Bid[0] ^= 0xff
	t.Time += int64(later / time.Second)
	by.Sign(&s, &t)
	return string(s.Append(nil, kindOf[kind]))
}

// mischief sends one notice that has to be refused.
func (s *sale) mischief() {
	e := errand{due: s.soon(s.made), key: key{bid: s.b.ID}}
	if s.rnd.IntN(2) == 0 {
		s.badPrice(&e)
	} else {
		s.badToken(&e)
	}
	if e.url != "" {
		s.x.due.add(e)
	}
}

// link returns the first link of a kind, nil if there is none.
func (s *sale) link(kind string) *link {
	for i := range s.links {
		if s.links[i].kind == kind {
			return &s.links[i]
		}
	}
	return nil
}

// badPrice makes a notice with a good token and a price that is none.
func (s *sale) badPrice(e *errand) {
	l := s.link(s.v.bills)
	if l == nil {
		return
	}
	e.key.kind, e.want = l.kind, ad.PriceInvalid
	bad := []string{"", "-1.5", "NaN", "Inf", "1e300", "${AUCTION_PRICE}", "1,5", "0x10", "free", foreignSeal.seal(s.price), ourSeal.seal(s.price)[:20], ourSeal.seal(-1)}
	if s.v.sealed {
		bad = append(bad, cpm(s.price))
	} else {
		bad = append(bad, ourSeal.seal(s.price))
	}
	text := ""
	switch n := s.rnd.IntN(len(bad) + 3); {
	case n < len(bad):
		text = bad[n]
	case n == len(bad):
		e.want, text = ad.PriceAboveBid, s.v.priceText(2*s.offer)
	case n == len(bad)+1:
		e.want, text = ad.PriceAboveBid, s.v.priceText(s.offer+1)
	default: // none
		e.url = strings.Replace(l.url, "&p=${AUCTION_PRICE}", "", 1)
		return
	}
	e.url = strings.Replace(l.url, "${AUCTION_PRICE}", url.QueryEscape(text), 1)
}

// badToken makes a notice with a good price and a token that is none.
func (s *sale) badToken(e *errand) {
	kind := [...]string{"win", "billing", "loss", "click"}[s.rnd.IntN(4)]
	l := s.link(kind)
	if l == nil {
		return
	}
	address, err := url.Parse(s.fill(l.url, s.price))
	if err != nil {
		return // it is found when it is sent as it is
	}
	e.key.kind, e.want = kind, ad.TokenForged
	q := address.Query()
	token := []byte(q.Get("t"))
	switch n := s.rnd.IntN(7); {
	case n == 0 && kind == "click": // to where the creative does not lead
		q.Set("u", "https://elsewhere.example/")
	case n == 0: // of another kind
		address.Path = "/e/imp"
	case n == 1:
		e.want = ad.TokenTruncated
		token = token[:len(token)/2]
	case n == 2:
		e.want, token = ad.TokenTruncated, nil
	case n == 3 && kind != "click":
		token = []byte(s.x.forger.sign(s.x.forger.foreign, string(token), kind, 0))
	case n == 4 && kind != "click":
		e.want = ad.TokenExpired
		token = []byte(s.x.forger.sign(s.x.forger.own, string(token), kind, -48*time.Hour))
	case n == 5 && kind != "click":
		e.want = ad.TokenExpired
		token = []byte(s.x.forger.sign(s.x.forger.own, string(token), kind, 10*time.Minute))
	default:
		at := 8 + s.rnd.IntN(len(token)-8)
		token[at] = map[bool]byte{true: 'A', false: 'Q'}[token[at] != 'A']
	}
	q.Set("t", string(token))
	address.RawQuery = q.Encode()
	e.url = address.String()
}
