//go:build linux

package main

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"bidwell/loadtest"
)

// calls are what an exchange and a browser call after an auction was won: the
// win notice, then the billing notice and the impression. They go out beside the
// requests of a sender, over connections of their own. The zero share of wins and
// a nil calls follow nothing.
type calls struct {
	addr    string
	share   float64 // of bids that win
	owed    float64 // wins, a fraction of one
	idle    []*conn
	all     int
	waiting [2][]call // after each of the two delays, so in the order of their times

	Answered uint64
	Failed   uint64              // answered with something else than a 2xx
	latency  *loadtest.Histogram // from the moment a call was due
}

type call struct {
	due   time.Duration
	bytes []byte
}

// From the answer to the win notice, and to billing notice and impression.
var callDelays = [2]time.Duration{20 * time.Millisecond, 300 * time.Millisecond}

// callConns is how many connections calls have: enough that they wait for the
// disk together.
const callConns = 64

// follow makes the sender call after the given share of bids.
func (s *sender) follow(share float64) error {
	before := len(s.conns)
	if err := s.dial(callConns); err != nil {
		return err
	}
	s.calls = &calls{addr: s.to.String(), share: share, all: callConns, latency: new(loadtest.Histogram)}
	for _, c := range s.conns[before:] {
		c.call = true
		s.calls.idle = append(s.calls.idle, c)
	}
	return nil
}

func (c *calls) connections() int {
	if c == nil {
		return 0
	}
	return c.all
}

// follow notes what to call after an answer with bids, if one of them wins.
func (c *calls) follow(body []byte, now time.Duration) {
	if c == nil {
		return
	}
	if c.owed += c.share; c.owed < 1 {
		return
	}
	c.owed--
	price := between(body, `"price":`, ",}")
	for i, notices := range [2][]string{{"win"}, {"bill", "imp"}} {
		for _, n := range notices {
			token := between(body, "/e/"+n+"?", "&\"\\]<")
			if token == nil {
				continue
			}
			request := fmt.Appendf(nil, "GET /e/%s?%s&p=%s HTTP/1.1\r\nHost: %s\r\n\r\n", n, token, price, c.addr)
			c.waiting[i] = append(c.waiting[i], call{now + callDelays[i], request})
		}
	}
}

// between returns what stands in b after a text and before one of the bytes in
// ends, or nil.
func between(b []byte, text, ends string) []byte {
	_, b, ok := bytes.Cut(b, []byte(text))
	at := bytes.IndexAny(b, ends)
	if !ok || at < 0 {
		return nil
	}
	return b[:at]
}

// makeCalls sends the calls that are due. It returns how long to wait for the
// next and whether answers are outstanding.
func (s *sender) makeCalls(now time.Duration) (wait time.Duration, calling bool, err error) {
	c := s.calls
	wait = time.Second
	if c == nil {
		return wait, false, nil
	}
	for i := range c.waiting {
		for len(c.waiting[i]) > 0 {
			next := c.waiting[i][0]
			if next.due > now {
				wait = min(wait, next.due-now)
				break
			}
			if len(c.idle) == 0 {
				break
			}
			to := c.idle[len(c.idle)-1]
			c.idle = c.idle[:len(c.idle)-1]
			to.due, to.sent = next.due, next.bytes
			if err := to.write(next.bytes); err != nil {
				return 0, false, fmt.Errorf("calling: %w", err)
			}
			c.waiting[i] = c.waiting[i][1:]
		}
	}
	return wait, len(c.idle) < c.all, nil
}

func (c *calls) answered(status int, took time.Duration) {
	c.Answered++
	c.latency.Add(took)
	if status < 200 || status > 299 {
		c.Failed++
	}
}

// drop forgets what is not due yet: the time of the load is over.
func (c *calls) drop() {
	if c != nil {
		c.waiting = [2][]call{}
	}
}

// unfollow ends the calls and closes their connections. It must not be called
// while any is under way.
func (s *sender) unfollow() {
	if s.calls == nil {
		return
	}
	for _, c := range s.conns[s.asking():] {
		unix.Close(c.fd)
	}
	s.conns = s.conns[:s.asking()]
	s.calls = nil
}
