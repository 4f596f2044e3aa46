//go:build linux

package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"bidwell/loadtest"
)

// bytesPerPerson is about what a cached person takes, with the cache's own
// share. It only sizes the cache; what was hit is measured.
const bytesPerPerson = 295

// met is how many people a cell's traffic meets who are in the cache already.
const met = 20_000

// cacheMB is the size of the cache that a cell asks for.
func (c *cell) cacheMB(people int) int {
	switch c.Who {
	case stored, strange:
		return 1
	case cached:
		return 1 + 2*min(people, met)*bytesPerPerson>>20
	case everyone:
		return 1 + people*bytesPerPerson>>20
	}
	return 1 + people/10*bytesPerPerson>>20
}

// options is the traffic that a cell asks for, among so many people.
func (c *cell) options(people int, floor float64) loadtest.Options {
	o := loadtest.Options{
		People: loadtest.People{Seed: 1, N: people, Exchange: exchange},
		Start:  time.Now(), TMaxMS: tmax, BidFloor: floor,
	}
	switch c.Who {
	case mixed:
		o.Unknown = 0.1
	case cached:
		o.People.N = min(people, met) // the first of them
		o.Uniform = true
	case stored, everyone:
		o.Uniform = true
	case strange:
		o.Unknown = 1
	}
	return o
}

// corpus prepares n requests of a cell's traffic to a server, the same for each
// server but for its address.
func (c *cell) corpus(addr string, people, n int, floor float64) (*loadtest.Corpus, error) {
	traffic, err := loadtest.NewTraffic(1, c.options(people, floor))
	if err != nil {
		return nil, err
	}
	return loadtest.NewCorpus(traffic, n, 1, func(dst, body []byte) []byte {
		dst = append(dst, "POST /openrtb2/bid/"+exchange+" HTTP/1.1\r\nHost: "+addr+
			"\r\nContent-Type: application/json\r\nX-Openrtb-Version: 2.6\r\nContent-Length: "...)
		dst = strconv.AppendInt(dst, int64(len(body)), 10)
		return append(append(dst, "\r\n\r\n"...), body...)
	}), nil
}

// Floors between which the one that leaves the usual share of bids is looked
// for, CPM. Where nearly all is to be bid on it is the lowest.
const (
	lowFloor  = 0.02
	highFloor = 60
)

// findFloor returns the average floor with which the bidder bids on the share of
// requests that the cell asks for: halfway between, in logarithms, again and
// again. It leaves the sender with the cell's traffic.
func (b *bench) findFloor(ctx context.Context, c *cell, t *target) (floor float64, err error) {
	set := func(floor float64, n int) error {
		t.sender.corpus, err = c.corpus(t.addr, b.people, n, floor)
		return err
	}
	if c.Bids == nearly {
		return lowFloor, set(lowFloor, b.bodies)
	}
	low, high := math.Log(lowFloor), math.Log(highFloor)
	for range 10 {
		floor = math.Exp((low + high) / 2)
		if err := set(floor, b.bodies); err != nil {
			return 0, err
		}
		r, err := t.sender.run(ctx, load{d: b.round / 10})
		if err != nil {
			return 0, fmt.Errorf("looking for the floor: %w", err)
		}
		share := float64(r.Bids) / float64(max(r.Requests, 1))
		if math.Abs(share-usualShare) < 0.01 {
			break
		}
		if share > usualShare {
			low = math.Log(floor)
			continue
		}
		high = math.Log(floor)
	}
	return floor, nil
}
