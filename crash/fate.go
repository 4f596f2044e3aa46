//go:build linux

package main

import (
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"
)

// link is a notice that can be sent for a bid.
type link struct{ kind, detail, url string }

// kinds are the names under which the ledger has what URLs report.
var kinds = map[string]string{"imp": "impression", "view": "view", "click": "click"}

// links returns what can be sent for a bid: its notices, and the pixels and
// clicks in its markup.
func (x *exchange) links(b *bid) []link {
	all := []link{{"win", "", b.NURL}, {"billing", "", b.BURL}, {"loss", "", b.LURL}}
	for _, m := range x.urls.FindAllStringSubmatch(b.Adm, -1) {
		address := html.UnescapeString(m[0])
		all = append(all, link{kinds[m[1]], detailOf(address), x.target + address[len("https://")+len(x.target)-len("http://"):]})
	}
	return all
}

// detailOf returns what a view's URL says that was seen.
func detailOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("e")
}

// sale is what becomes of one bid.
type sale struct {
	x            *exchange
	v            *venue
	b            *bid
	links        []link
	offer, price int64 // nano-units
	made         time.Time
	rnd          *rand.Rand
}

// follow decides what becomes of a bid: which notices are sent, when, and how
// often.
func (x *exchange) follow(v *venue, b *bid, rnd *rand.Rand) {
	s := sale{x: x, v: v, b: b, links: x.links(b), made: time.Now(), rnd: rnd}
	s.offer = int64(b.Price*1e6 + 0.5) // CPM in micro-units: one impression in nano-units
	s.price = s.offer - rnd.Int64N(s.offer/2)
	if x.prompt {
		s.sellPromptly()
		return
	}
	if rnd.IntN(6) == 0 {
		s.mischief()
	}
	switch fate := rnd.IntN(100); {
	case fate < 12: // nothing is ever heard of it
	case fate < 32:
		s.send("loss", s.made)
	case fate < 38: // lost, and billed nevertheless
		s.send("loss", s.made)
		s.send(v.bills, s.made.Add(200*time.Millisecond))
	case fate < 46: // all comes when the window is over
		s.sell(s.made.Add(v.window + time.Duration(rnd.IntN(1000))*time.Millisecond))
	default:
		s.sell(s.made)
	}
}

// chances are how many in ten are sent of each kind, unless it is billed on.
var chances = map[string]int{"win": 9, "billing": 9, "impression": 8, "view": 5, "click": 5}

// sell sends what a sale leads to, from a moment on.
func (s *sale) sell(from time.Time) {
	for kind, chance := range chances {
		if kind != s.v.bills && s.rnd.IntN(10) >= chance {
			continue
		}
		at := from
		if kind == "view" || kind == "click" {
			at = s.soon(from)
		}
		s.send(kind, at)
	}
}

// sellPromptly sells at the price that was bid, so that everything arrives
// within the window, though not at once.
func (s *sale) sellPromptly() {
	s.price = s.offer
	for kind := range chances {
		for i := range s.links {
			if l := &s.links[i]; l.kind == kind {
				k := s.expect(l)
				s.x.due.add(errand{due: s.made.Add(time.Duration(700+s.rnd.IntN(700)) * time.Millisecond), key: k, url: s.fill(l.url, s.price), again: true})
			}
		}
	}
}

// expect notes that a notice is about to be sent.
func (s *sale) expect(l *link) key {
	k, price := key{l.kind, s.b.ID, l.detail}, int64(0)
	if l.kind == s.v.bills {
		price = s.price
	}
	s.x.rec.expect(k, price)
	return k
}

// soon returns a moment after another.
func (s *sale) soon(from time.Time) time.Time {
	return from.Add(time.Duration(min(s.rnd.ExpFloat64(), 4) * float64(s.v.delay)))
}

// send sends the notices of a kind, a third of them twice or three times.
func (s *sale) send(kind string, from time.Time) {
	for i := range s.links {
		l := &s.links[i]
		if l.kind != kind {
			continue
		}
		e := errand{due: s.soon(from), key: s.expect(l), url: s.fill(l.url, s.price), again: s.rnd.IntN(3) > 0}
		if kind == s.v.bills && s.rnd.IntN(4) == 0 {
			e.then = s.fill(l.url, s.price/2) // the same notice at half the price
		}
		for range 1 + max(0, s.rnd.IntN(6)-3) {
			s.x.due.add(e)
			if s.rnd.IntN(2) == 0 {
				e.due = e.due.Add(time.Duration(s.rnd.ExpFloat64() * float64(300*time.Millisecond)))
			}
		}
	}
}

// fill replaces the macros of a URL.
func (s *sale) fill(address string, price int64) string {
	return strings.NewReplacer("${AUCTION_PRICE}", s.v.priceText(price), "${AUCTION_LOSS}", "102", "${AUCTION_MIN_TO_WIN}", cpm(s.offer)).Replace(address)
}

// people is how many people there are.
const people = 400

// personOf returns the identifier of a person's device.
func personOf(i int) string { return fmt.Sprintf("c0ffee00-0000-4000-8000-%012d", i) }
