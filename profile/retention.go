package profile

import (
	"encoding/json"
	"fmt"
	"time"
)

// Retention says how long things are remembered, counted from when they
// happened or were written. Segments carry their own expiry.
type Retention struct {
	Attributes time.Duration // since the attribute was last written
	Behaviours time.Duration // to whole days (UTC)
	Touches    time.Duration
	IDs        time.Duration // since the id was last seen
	Links      time.Duration // since it was last said that two ids are of one person
	Segments   time.Duration // the longest that a segment's expiry may lie ahead
}

const day = 24 * time.Hour

// DefaultRetention remembers behaviours and touches for 100 days, links
// between identifiers for 180, the rest for two years.
func DefaultRetention() Retention {
	return Retention{
		Attributes: 730 * day,
		Behaviours: 100 * day,
		Touches:    100 * day,
		IDs:        730 * day,
		Links:      180 * day,
		Segments:   730 * day,
	}
}

// orDefault fills what is zero.
func (r Retention) orDefault() Retention {
	d := DefaultRetention()
	fill := func(v *time.Duration, def time.Duration) {
		if *v == 0 {
			*v = def
		}
	}
	fill(&r.Attributes, d.Attributes)
	fill(&r.Behaviours, d.Behaviours)
	fill(&r.Touches, d.Touches)
	fill(&r.IDs, d.IDs)
	fill(&r.Links, d.Links)
	fill(&r.Segments, d.Segments)
	return r
}

// longest is after how long nothing is kept of what a person is known by.
func (r Retention) longest() time.Duration {
	return max(r.Attributes, r.Behaviours, r.Touches, r.IDs, r.Links, r.Segments)
}

// Check returns an error for a retention that cannot be kept: every one is at
// least a day and at most ten years.
func (r Retention) Check() error {
	r = r.orDefault()
	for _, c := range []struct {
		name string
		d    time.Duration
	}{
		{"attributes", r.Attributes}, {"behaviours", r.Behaviours}, {"touches", r.Touches}, {"ids", r.IDs}, {"links", r.Links}, {"segments", r.Segments},
	} {
		if c.d < day || c.d > 3650*day {
			return fmt.Errorf("retention of %s is %v: it must be from 1 day to 3650 days", c.name, c.d)
		}
	}
	return nil
}

// retentionName is the named value that holds the retention: whoever opens the
// store without knowing it, to import or to erase, drops nothing too early.
const retentionName = "retention"

// agreeRetention returns the retention to use. One that is given is kept in the
// store, and without one it is what the store has.
func agreeRetention(store Store, given Retention) (Retention, error) {
	kept := DefaultRetention()
	text, err := store.Meta(retentionName)
	if err != nil && !isNotFound(err) {
		return kept, err
	}
	if err == nil {
		if err := json.Unmarshal(text, &kept); err != nil {
			return kept, fmt.Errorf("%w: %q", ErrDamaged, text)
		}
		kept = kept.orDefault()
	}
	if given == (Retention{}) {
		return kept, kept.Check()
	}
	if given = given.orDefault(); given == kept {
		return given, nil
	}
	if text, err = json.Marshal(given); err != nil {
		return given, err
	}
	b := Batch{Sync: true}
	b.PutMeta(retentionName, text)
	return given, store.Apply(&b)
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
