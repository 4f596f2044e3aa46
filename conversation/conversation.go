package conversation

import (
	"slices"

	"bidwell/profile"
)

// Conversation is compiled from a campaign's file.
type Conversation struct {
	Steps  []Step
	EndsOn []profile.Name // conversions: whoever is known to have made one has left
	Lines  []profile.Ref  // line items that take part, ascending
}

// Step is where people stand. The first is where they begin.
type Step struct {
	Name      string
	Creatives []profile.Ref // ascending
	Wait      int64         // seconds, from when somebody comes until something is shown
	Factor    float64       // of the bid
	Ways      []Way
}

// End is where a way leads that leaves the conversation.
const End = -1

// Way leads from a step to another. It is open once all its conditions are met.
type Way struct {
	To        int // step, or End
	Exposures int // impressions of the step's creatives; 0 for no condition
	Click     bool
	Completed bool // a video or audio ad was played to its end
	Visit     []profile.Name
	After     int64 // seconds since the person came to the step; 0 for no condition
}

// Standing is where a person stands as of a moment.
type Standing struct {
	Step      int   // End if the person has left
	Since     int64 // unix seconds when they came there; 0 if they have seen nothing yet
	Converted bool  // left for a conversion

	anchored bool // Since is itself the time of the first contact that is remembered
}

// Begun reports whether the person has been in contact with the conversation, or
// has left it.
func (s *Standing) Begun() bool { return s.Since > 0 }

// Shows returns the moment from which something is shown at the step.
func (s *Standing) Shows(c *Conversation) int64 {
	if s.Step == End || s.Since == 0 {
		return 0
	}
	return s.Since + c.Steps[s.Step].Wait
}

// maxMoves bounds how often a person moves on within what is remembered. A loop
// takes a contact or a visit each time round, so it is far beyond what can be.
const maxMoves = 256

// Stand returns where the person stands at the time now, in unix seconds. The touches
// are theirs, newest first; the record has the rest. It allocates nothing.
func (c *Conversation) Stand(touches []profile.Touch, r profile.Record, now int64) Standing {
	s, begun := c.begin(touches, now)
	if len(c.EndsOn) > 0 {
		if at, ok := r.LastAny(profile.Conversion, c.EndsOn); ok && at <= now {
			s = Standing{Step: End, Converted: true}
			if begun {
				s.Since = at
			}
			return s
		}
	}
	if !begun {
		return s
	}
	for range maxMoves {
		to, at := c.move(&s, touches, r, now)
		if to == stay {
			return s
		}
		s = Standing{Step: to, Since: at}
		if to == End {
			return s
		}
	}
	return s
}

// begin returns the standing at the first contact that is remembered, which was an
// impression, unless that is forgotten.
func (c *Conversation) begin(touches []profile.Touch, now int64) (s Standing, begun bool) {
	for i := len(touches) - 1; i >= 0; i-- {
		t := &touches[i]
		if t.Time > now || !c.has(t) {
			continue
		}
		for k := range c.Steps {
			if c.Steps[k].shows(t.Creative) {
				return Standing{Step: k, Since: t.Time, anchored: true}, true
			}
		}
	}
	return Standing{}, false
}

func (c *Conversation) has(t *profile.Touch) bool {
	_, ok := slices.BinarySearch(c.Lines, t.Line)
	return ok
}

func (s *Step) shows(creative profile.Ref) bool {
	_, ok := slices.BinarySearch(s.Creatives, creative)
	return ok
}

const (
	stay  = -2
	never = 1<<63 - 1
)

// move returns where the first way that has opened by now leads, and when it opened;
// stay if none has.
func (c *Conversation) move(s *Standing, touches []profile.Touch, r profile.Record, now int64) (to int, at int64) {
	to, at = stay, never
	for i := range c.Steps[s.Step].Ways {
		w := &c.Steps[s.Step].Ways[i]
		if opens := c.Progress(s, w, touches, r, now).Opens(); opens <= now && opens < at {
			to, at = w.To, opens
		}
	}
	return to, at
}

// Progress is how far a person is with the conditions of a way: the moment at which
// each was met, or will be by time alone; never, as Unmet says, if that is open.
type Progress struct {
	Exposures int // of those that the way asks for
	Exposed   int64
	Clicked   int64
	Completed int64
	Visited   int64
	Waited    int64 // the moment at which the time is over, which may be to come
}

// Unmet reports whether a condition is not met, and will not be by time alone.
func Unmet(at int64) bool { return at == never }

// Opens returns the moment at which the last condition is met.
func (p Progress) Opens() int64 {
	return max(p.Exposed, p.Clicked, p.Completed, p.Visited, p.Waited)
}

// Progress returns how far a person is on a way of the step where they stand.
func (c *Conversation) Progress(s *Standing, w *Way, touches []profile.Touch, r profile.Record, now int64) (p Progress) {
	from := s.Since + 1
	if s.anchored {
		from--
	}
	wants := func(condition bool) int64 {
		if condition {
			return never
		}
		return 0
	}
	p.Exposed, p.Clicked, p.Completed, p.Visited = wants(w.Exposures > 0), wants(w.Click), wants(w.Completed), wants(len(w.Visit) > 0)
	if w.After > 0 {
		p.Waited = s.Since + w.After
	}
	for i := len(touches) - 1; i >= 0; i-- {
		t := &touches[i]
		if t.Time < from || t.Time > now || !c.has(t) {
			continue
		}
		switch t.Kind {
		case profile.Impression:
			if p.Exposures < w.Exposures && c.Steps[s.Step].shows(t.Creative) {
				if p.Exposures++; p.Exposures == w.Exposures {
					p.Exposed = t.Time
				}
			}
		case profile.Click:
			p.Clicked = min(p.Clicked, t.Time)
		case profile.View:
			if t.Seen == profile.Complete {
				p.Completed = min(p.Completed, t.Time)
			}
		}
	}
	if p.Visited == never {
		p.Visited = firstVisit(r, w.Visit, from, now)
	}
	return p
}

// firstVisit returns when the person first visited something on the topics in
// [from, now]; never if they did not.
func firstVisit(r profile.Record, topics []profile.Name, from, now int64) int64 {
	if r.CountAny(profile.Visit, topics, from, now+1) == 0 {
		return never
	}
	for to := now; from < to; { // halve the time in which it was
		middle := from + (to-from)/2
		if r.CountAny(profile.Visit, topics, from, middle+1) > 0 {
			to = middle
		} else {
			from = middle + 1
		}
		if from == to {
			return from
		}
	}
	return from
}
