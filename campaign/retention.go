package campaign

import (
	"time"

	"bidwell/internal/conf"
	"bidwell/profile"
)

// Keep returns how long each kind of data about a person is kept.
func (r *RetentionSpec) Keep() profile.Retention {
	keep := profile.DefaultRetention()
	for _, k := range []struct {
		from conf.Duration
		to   *time.Duration
	}{
		{r.Attributes, &keep.Attributes}, {r.Segments, &keep.Segments}, {r.Behaviours, &keep.Behaviours},
		{r.Touches, &keep.Touches}, {r.IDs, &keep.IDs}, {r.Links, &keep.Links},
	} {
		if k.from > 0 {
			*k.to = k.from.Std()
		}
	}
	return keep
}

// retention checks how long data about people is kept. What other files demand of
// it is held against the default where it cannot be told.
func (c *compiler) retention(r *RetentionSpec) {
	c.kept = profile.DefaultRetention()
	const least, most = 24 * time.Hour, 3650 * 24 * time.Hour
	good := true
	for _, k := range []struct {
		key string
		d   conf.Duration
	}{
		{"attributes", r.Attributes}, {"segments", r.Segments}, {"behaviours", r.Behaviours},
		{"touches", r.Touches}, {"ids", r.IDs}, {"links", r.Links},
	} {
		if !r.Has(k.key) || k.d >= conf.Duration(least) && k.d <= conf.Duration(most) {
			continue
		}
		good = false
		if k.d != 0 || !c.fileUnread {
			c.ps.Errorf(r.At(k.key), "", "%s must be kept from %s to %s", k.key, conf.Duration(least), conf.Duration(most))
		}
	}
	if good {
		c.kept = r.Keep()
	}
}
