//go:build linux

package main

import (
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/identity"
	"bidwell/loadtest"
	"bidwell/openrtb"
)

// TestRequestsReachImportedPeople follows ids from requests to people, as the
// bidder does: what is measured must be requests with a profile.
func TestRequestsReachImportedPeople(t *testing.T) {
	people := loadtest.People{Seed: 1, N: 1000, Exchange: exchange}
	traffic, err := loadtest.NewTraffic(1, loadtest.Options{People: people, Start: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	resolver, err := identity.New(identity.Config{Exchange: exchange, Vendor: 1200})
	if err != nil {
		t.Fatal(err)
	}
	imported := map[ad.PersonID]bool{}
	for i := range people.N {
		imported[ad.PersonIDOf(people.IDType(i), people.AppendID(nil, i))] = true
	}
	var req openrtb.Request
	var body []byte
	const n = 2000
	permitted := 0
	for range n {
		body = traffic.Append(body[:0])
		if err := req.Decode(body); err != nil {
			t.Fatal(err)
		}
		p := resolver.Resolve(&req)
		if !p.May.Read {
			continue
		}
		permitted++
		if !imported[p.ID] {
			t.Fatalf("nobody was imported with the id of %s", body)
		}
	}
	if share := float64(permitted) / n; share < 0.7 || share > 0.9 {
		t.Errorf("%.0f%% of the requests permit the use of a profile, want 70%% to 90%%", 100*share)
	}
}
