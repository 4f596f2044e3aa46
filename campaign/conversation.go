package campaign

import (
	"fmt"
	"slices"

	"bidwell/conversation"
	"bidwell/internal/conf"
	"bidwell/profile"
)

// Talk is a line item's conversation, compiled.
type Talk struct {
	conversation.Conversation
	Spec  *ConversationSpec
	shows [][]bool // by step, by the line item's creative
}

// Shows reports whether a creative of the line item, by its place among them, is
// shown at a step.
func (t *Talk) Shows(step, creative int) bool { return t.shows[step][creative] }

// highest returns the most that a step multiplies the bid with; 1 without steps.
func (t *Talk) highest() float64 {
	if t == nil {
		return 1
	}
	most := 0.0
	for i := range t.Steps {
		most = max(most, t.Steps[i].Factor)
	}
	return most
}

// talk compiles the conversation of a line item whose creatives are known.
func (c *compiler) talk(l *Line) *Talk {
	s := &l.Spec.Talk
	if !l.Spec.Has("conversation") || len(s.Steps) == 0 {
		return nil
	}
	t := &Talk{Spec: s}
	t.Lines = []profile.Ref{profile.RefOf(l.ID)}
	t.EndsOn = c.deeds(s.Located, "ends_on", profile.Conversion, s.EndsOn)
	names := c.stepNames(s)
	whole := true
	for i := range s.Steps {
		st := &s.Steps[i]
		step := conversation.Step{Name: st.Step, Wait: st.Wait.Seconds(), Factor: 1}
		if st.Has("multiply") {
			c.factor(st.Multiply, st.At("multiply"))
			step.Factor = st.Multiply
		}
		shows := c.stepCreatives(l, st, &step)
		t.shows = append(t.shows, shows)
		for k := range st.Then {
			w, ok := c.way(st, &st.Then[k], names)
			whole = whole && ok
			step.Ways = append(step.Ways, w)
		}
		t.Steps = append(t.Steps, step)
	}
	if whole && !c.fileUnread {
		c.reachable(t)
		c.escapes(t)
		c.sameSizes(l, t)
		c.unspoken(l, t)
	}
	return t
}

// deeds compiles topics.
func (c *compiler) deeds(l conf.Located, key string, k profile.Kind, topics []string) (names []profile.Name) {
	repeated(c, l, key, topics)
	for i, topic := range topics {
		if err := profile.CheckName(topic); err != nil {
			c.ps.Errorf(l.EntryAt(key, i), "", "topic: %v", err)
			continue
		}
		names = append(names, profile.NameOf(topic))
		c.mention(k, conf.Value[string]{Value: topic, Pos: l.EntryAt(key, i)})
	}
	return names
}

func (c *compiler) stepNames(s *ConversationSpec) (names []string) {
	for i := range s.Steps {
		st := &s.Steps[i]
		c.name(st.At("step"), st.Step, "step")
		switch {
		case st.Step == ending:
			c.ps.Errorf(st.At("step"), "", "end is no step: it is where a way leads that leaves the conversation")
		case st.Step != "" && slices.Contains(names, st.Step):
			c.ps.Errorf(st.At("step"), "", "there are two steps %q", st.Step)
		}
		names = append(names, st.Step)
	}
	return names
}

// stepCreatives finds the creatives of a step among those of the line item.
func (c *compiler) stepCreatives(l *Line, st *StepSpec, step *conversation.Step) (shows []bool) {
	shows = make([]bool, len(l.Creatives))
	repeated(c, st.Located, "creatives", st.Creatives)
	for i, name := range st.Creatives {
		at := slices.IndexFunc(l.Creatives, func(cr *Creative) bool { return cr.Name == name })
		if at >= 0 {
			shows[at] = true
			step.Creatives = append(step.Creatives, profile.RefOf(l.Creatives[at].ID))
		} else if name != "" && !slices.Contains(l.Spec.Creatives, name) && !c.fileUnread {
			c.ps.Errorf(st.EntryAt("creatives", i), conf.DidYouMean(name, l.Spec.Creatives), "%q is none of the line item's creatives, at %s", name, l.Spec.At("creatives"))
		}
	}
	slices.Sort(step.Creatives)
	return shows
}

// way compiles a way. It reports false if it leads nowhere.
func (c *compiler) way(st *StepSpec, s *WaySpec, names []string) (w conversation.Way, ok bool) {
	w = conversation.Way{
		To: conversation.End, Exposures: s.Exposures, Click: s.Click, Completed: s.Completed,
		Visit: c.deeds(s.Located, "visit", profile.Visit, s.Visit), After: s.After.Seconds(),
	}
	if s.To != ending {
		w.To = slices.Index(names, s.To)
	}
	switch {
	case s.To == "" || c.fileUnread:
		return w, false
	case s.To == st.Step:
		c.ps.Errorf(s.At("to"), "", "this leads to the step that it leaves")
	case s.To != ending && w.To < 0:
		c.unknown(s.At("to"), "step", s.To, append(slices.Clone(names), ending))
	case s.Exposures < 0 || s.Exposures > profile.MaxTouches:
		c.ps.Errorf(s.At("exposures"), fmt.Sprintf("write a number from 1 to %d", profile.MaxTouches), "%d impressions cannot be waited for", s.Exposures)
	case s.After.Std() > c.kept.Touches:
		c.ps.Errorf(s.At("after"), "", "a profile does not remember for so long when somebody came here")
	case s.Exposures == 0 && !s.Click && !s.Completed && len(s.Visit) == 0 && s.After <= 0:
		c.ps.Errorf(s.Pos(), "such as {to: offer, click: true} or {to: end, after: 7d}", "this way has no condition: nobody would ever stand at step %q", st.Step)
	default:
		return w, true
	}
	return w, false
}

// reachable reports steps to which nothing leads.
func (c *compiler) reachable(t *Talk) {
	seen := make([]bool, len(t.Steps))
	var visit func(int)
	visit = func(i int) {
		if i == conversation.End || seen[i] {
			return
		}
		seen[i] = true
		for _, w := range t.Steps[i].Ways {
			visit(w.To)
		}
	}
	visit(0)
	for i, ok := range seen {
		if !ok {
			c.ps.Errorf(t.Spec.Steps[i].Pos(), "name it in the then of another step", "nothing leads to step %q", t.Steps[i].Name)
		}
	}
}

// escapes reports steps that people go round and round in: none of the ways from
// there leads to the end, or to a step where people stay.
func (c *compiler) escapes(t *Talk) {
	out := make([]bool, len(t.Steps))
	for changed := true; changed; {
		changed = false
		for i := range t.Steps {
			ways := t.Steps[i].Ways
			ends := len(ways) == 0 || slices.ContainsFunc(ways, func(w conversation.Way) bool { return w.To == conversation.End || out[w.To] })
			changed = changed || ends && !out[i]
			out[i] = out[i] || ends
		}
	}
	for i, ok := range out {
		if !ok {
			c.ps.Errorf(t.Spec.Steps[i].At("then"), "add a way to end, such as {to: end, after: 30d}", "from step %q people go round for ever", t.Steps[i].Name)
			return // one of the round is enough
		}
	}
}

// sameSizes warns of inventory on which the conversation would fall silent: a step
// has no creative of a medium or size that others have.
func (c *compiler) sameSizes(l *Line, t *Talk) {
	has := make([]map[string]bool, len(t.Steps))
	all := map[string]bool{}
	for i := range t.Steps {
		has[i] = map[string]bool{}
		for k, cr := range l.Creatives {
			if !t.Shows(i, k) {
				continue
			}
			for _, f := range forms(cr) {
				has[i][f], all[f] = true, true
			}
		}
	}
	for i := range has {
		var missing []string
		for f := range all {
			if !has[i][f] {
				missing = append(missing, f)
			}
		}
		if slices.Sort(missing); len(missing) > 0 {
			c.ps.Warnf(t.Spec.Steps[i].At("creatives"), "", "step %q has no %s, which others have: who stands here is shown nothing there", t.Steps[i].Name, orWords(missing))
		}
	}
}

// forms names the kinds of placement that show a creative.
func forms(cr *Creative) (names []string) {
	for _, z := range cr.Sizes {
		names = append(names, fmt.Sprintf("banner of %dx%d", z.W, z.H))
	}
	if len(names) == 0 {
		names = append(names, cr.Media.String()+" creative")
	}
	return names
}

func orWords(words []string) string {
	out := words[0]
	for i, w := range words[1:] {
		if i == len(words)-2 {
			out += " or " + w
		} else {
			out += ", " + w
		}
	}
	return out
}

// unspoken warns of creatives that no step shows.
func (c *compiler) unspoken(l *Line, t *Talk) {
	for k, cr := range l.Creatives {
		if !slices.ContainsFunc(t.shows, func(s []bool) bool { return s[k] }) {
			c.ps.Warnf(l.Spec.At("creatives"), "", "no step of the conversation shows creative %q", cr.Name)
		}
	}
}
