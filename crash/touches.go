//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// touch is a contact with a person as a profile and an event have it in common.
type touch struct {
	kind string
	time int64 // unix seconds
}

// mostTouches is how many contacts a profile remembers. Who has more is not
// looked at.
const mostTouches = 64

// contacts counts the contacts of every person among the events.
func contacts(events []event) map[string]map[touch]int {
	all := map[string]map[touch]int{}
	for i := range events {
		e := &events[i]
		if e.Person == "" || e.Kind != "impression" && e.Kind != "view" && e.Kind != "click" {
			continue
		}
		if all[e.Person] == nil {
			all[e.Person] = map[touch]int{}
		}
		all[e.Person][touch{e.Kind, e.Time.Unix()}]++
	}
	return all
}

// compareTouches makes sure that the profiles of the bidder that has just started
// have every contact that is in the ledger, and have it once. They may come a
// moment later than the bids.
func (s *stage) compareTouches(ctx context.Context) error {
	want := contacts(s.events)
	var wrong error
	err := poll(ctx, "profiles to be what the events say", 10*time.Second, func() (_ bool, err error) {
		s.figures.Touches, wrong, err = s.touches(ctx, want)
		return wrong == nil, err
	})
	if wrong != nil {
		return fmt.Errorf("%w: %w", err, wrong)
	}
	return err
}

// touches compares the profiles of everybody with the contacts they should have,
// and says what is wrong with the first that differs.
func (s *stage) touches(ctx context.Context, want map[string]map[touch]int) (n int, wrong, err error) {
	known := 0
	for i := range people {
		key, has, err := s.bidder.person(ctx, i)
		if err != nil {
			return n, nil, err
		}
		total := 0
		for _, k := range want[key] {
			total += k
		}
		if key != "" {
			known++
		}
		if total > mostTouches {
			continue
		}
		if !maps.Equal(has, want[key]) && len(has)+len(want[key]) > 0 {
			return n, fmt.Errorf("%s should have the contacts %v, and has %v", personOf(i), want[key], has), nil
		}
		n += total
	}
	if known < len(want) {
		return n, fmt.Errorf("%d people are known, and %d were met", known, len(want)), nil
	}
	return n, nil, nil
}

// person asks for the contacts of a person, and the key under which events have
// them. Of somebody unknown both are empty.
func (b *bidder) person(ctx context.Context, i int) (key string, has map[touch]int, err error) {
	status, body, err := b.get(ctx, "/api/person?id=ifa:"+personOf(i))
	if err != nil || status == http.StatusNotFound {
		return "", nil, err
	}
	var p struct {
		Key     string
		Touches []struct {
			Kind string
			Time time.Time
		}
	}
	if err := json.Unmarshal(body, &p); err != nil || status != http.StatusOK {
		return "", nil, fmt.Errorf("/api/person answers %d %.100q: %w", status, body, err)
	}
	has = map[touch]int{}
	for _, t := range p.Touches {
		has[touch{t.Kind, t.Time.Unix()}]++
	}
	return p.Key, has, nil
}
