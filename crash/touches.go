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
	want, did := contacts(s.events), deeds(s.events)
	var wrong error
	err := poll(ctx, "profiles to be what the events say", 10*time.Second, func() (_ bool, err error) {
		s.figures.Touches, s.figures.Deeds, wrong, err = s.touches(ctx, want, did)
		return wrong == nil, err
	})
	if wrong != nil {
		return fmt.Errorf("%w: %w", err, wrong)
	}
	return err
}

// touches compares the profiles of everybody with the contacts they should have
// and what they did, and says what is wrong with the first that differs.
func (s *stage) touches(ctx context.Context, want map[string]map[touch]int, did map[string]map[string]int) (n, done int, wrong, err error) {
	known := 0
	for i := range people {
		p, err := s.bidder.person(ctx, i)
		if err != nil {
			return n, done, nil, err
		}
		if p.key == "" {
			continue
		}
		known++
		if wrong := compareDeeds(personOf(i), p.did, did[p.key]); wrong != nil {
			return n, done, wrong, nil
		}
		done += total(p.did)
		contacts := total(want[p.key])
		if contacts > mostTouches {
			continue
		}
		if !maps.Equal(p.touches, want[p.key]) && len(p.touches)+len(want[p.key]) > 0 {
			return n, done, fmt.Errorf("%s should have the contacts %v, and has %v", personOf(i), want[p.key], p.touches), nil
		}
		n += contacts
	}
	if met := len(together(want, did)); known < met {
		return n, done, fmt.Errorf("%d people are known, and %d were met", known, met), nil
	}
	return n, done, nil, nil
}

func total[K comparable](counts map[K]int) (n int) {
	for _, k := range counts {
		n += k
	}
	return n
}

// together returns everybody who was met or did something.
func together(met map[string]map[touch]int, did map[string]map[string]int) map[string]bool {
	all := map[string]bool{}
	for key := range met {
		all[key] = true
	}
	for key := range did {
		all[key] = true
	}
	return all
}

// known is what the bidder knows of a person.
type known struct {
	key     string // under which events have the person, "" if nothing is known
	touches map[touch]int
	did     map[string]int // visits and conversions
}

// person asks for the contacts of a person and what they did.
func (b *bidder) person(ctx context.Context, i int) (known, error) {
	status, body, err := b.get(ctx, "/api/person?id=ifa:"+personOf(i))
	if err != nil || status == http.StatusNotFound {
		return known{}, err
	}
	var p struct {
		Key     string
		Touches []struct {
			Kind string
			Time time.Time
		}
		Behaviours []struct {
			Kind  string
			Total int
		}
	}
	if err := json.Unmarshal(body, &p); err != nil || status != http.StatusOK {
		return known{}, fmt.Errorf("/api/person answers %d %.100q: %w", status, body, err)
	}
	k := known{p.Key, map[touch]int{}, map[string]int{}}
	for _, t := range p.Touches {
		k.touches[touch{t.Kind, t.Time.Unix()}]++
	}
	for _, g := range p.Behaviours {
		if g.Kind == "visit" || g.Kind == "conversion" {
			k.did[g.Kind] += g.Total
		}
	}
	return k, nil
}
