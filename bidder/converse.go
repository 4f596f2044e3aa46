package bidder

import (
	"slices"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/conversation"
	"bidwell/profile"
)

// converse finds where the person stands in a line item's conversation, and whether
// anything is shown there now. The person can be counted.
func (sc *Scratch) converse(l *campaign.Line, c *candidate) ad.Reason {
	s := sc.stands(l)
	if s.Step == conversation.End {
		return ad.ConversationOver
	}
	c.step = s.Step
	if s.Shows(&l.Talk.Conversation) > sc.clock.now.Unix() || sc.undecided(l, &s) {
		return ad.ConversationWaits
	}
	return ad.OK
}

func (sc *Scratch) stands(l *campaign.Line) conversation.Standing {
	return l.Talk.Stand(sc.exposed().Touches, sc.record, sc.clock.now.Unix())
}

// undecided reports whether bids in flight may be the last impressions that the
// person is to get at a step: what comes next is known once they are decided.
func (sc *Scratch) undecided(l *campaign.Line, s *conversation.Standing) bool {
	t, step := l.Talk, &l.Talk.Steps[s.Step]
	open := 0
	for _, a := range sc.exposed().Open {
		if a.Line == profile.RefOf(l.ID) && slices.Contains(step.Creatives, a.Creative) {
			open++
		}
	}
	if open == 0 {
		return false
	}
	for i := range step.Ways {
		w := &step.Ways[i]
		if w.Exposures == 0 {
			continue
		}
		p := t.Progress(s, w, sc.exposed().Touches, sc.record, sc.clock.now.Unix())
		if p.Exposures < w.Exposures && p.Exposures+open >= w.Exposures {
			return true
		}
	}
	return false
}
