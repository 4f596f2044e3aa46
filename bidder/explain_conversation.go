package bidder

import (
	"fmt"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/conversation"
	"bidwell/internal/conf"
	"bidwell/internal/prose"
)

// ConversationExplanation is where the person stands in a line item's conversation,
// and what leads on from there.
type ConversationExplanation struct {
	Step  string           `json:"step"`            // empty if the person has left
	Since *time.Time       `json:"since,omitempty"` // when they came there; missing if nothing was shown yet
	Shows *time.Time       `json:"shows,omitempty"` // when something is shown again, if the step waits
	Left  string           `json:"left,omitempty"`  // why
	Ways  []WayExplanation `json:"ways,omitempty"`
	Where string           `json:"where"`
}

// WayExplanation is how far the person is on a way to another step.
type WayExplanation struct {
	To    string   `json:"to"`
	Needs []string `json:"needs"` // each condition, with what is there of it
	Where string   `json:"where"`
}

// conversation explains where the person stands, nothing where they cannot be
// counted.
func (sc *Scratch) conversation(l *campaign.Line) *ConversationExplanation {
	if l.Talk == nil || sc.countable() != ad.OK {
		return nil
	}
	s := sc.stands(l)
	x := &ConversationExplanation{Since: sc.moment(s.Since), Where: sc.conversationOrigin(l).String()}
	if s.Step == conversation.End {
		x.Left = leftBy(&s)
		return x
	}
	step, spec := &l.Talk.Steps[s.Step], &l.Talk.Spec.Steps[s.Step]
	x.Step = step.Name
	if at := s.Shows(&l.Talk.Conversation); at > sc.clock.now.Unix() {
		x.Shows = sc.moment(at)
	}
	for i := range step.Ways {
		w, ws := &step.Ways[i], &spec.Then[i]
		p := l.Talk.Progress(&s, w, sc.exposed().Touches, sc.record, sc.clock.now.Unix())
		x.Ways = append(x.Ways, WayExplanation{To: ws.To, Needs: sc.needs(w, ws, &p), Where: ws.Pos().String()})
	}
	return x
}

// leftBy says how somebody left.
func leftBy(s *conversation.Standing) string {
	if s.Converted {
		return "they have converted"
	}
	return "their way led to the end"
}

// needs says of each condition of a way what is there of it.
func (sc *Scratch) needs(w *conversation.Way, spec *campaign.WaySpec, p *conversation.Progress) (list []string) {
	met := func(what string, at int64) {
		if conversation.Unmet(at) {
			list = append(list, what+": not yet")
		} else {
			list = append(list, what+": "+sc.moment(at).Format(time.DateTime))
		}
	}
	if w.Exposures > 0 {
		list = append(list, fmt.Sprintf("%d of %s", p.Exposures, prose.Count(w.Exposures, "impression")))
	}
	if w.Click {
		met("click", p.Clicked)
	}
	if w.Completed {
		met("played to the end", p.Completed)
	}
	if len(w.Visit) > 0 {
		met("visit on "+strings.Join(spec.Visit, " or "), p.Visited)
	}
	if w.After > 0 {
		if p.Waited == w.After { // nothing was shown: the time has not begun
			list = append(list, conf.Duration(spec.After).Text()+" here: not begun")
		} else {
			list = append(list, conf.Duration(spec.After).Text()+" here: on "+sc.moment(p.Waited).Format(time.DateTime))
		}
	}
	return list
}

// moment returns unix seconds as a time in the zone of the explanation, nil for 0.
func (sc *Scratch) moment(unix int64) *time.Time {
	if unix == 0 {
		return nil
	}
	t := time.Unix(unix, 0).In(sc.clock.now.Location())
	return &t
}

func (x *ConversationExplanation) write(p *printer) {
	where := "at step " + x.Step
	if x.Step == "" {
		where = "left: " + x.Left
	}
	switch {
	case x.Since != nil:
		where += ", since " + x.Since.Format(time.DateTime)
	case x.Step != "":
		where += ", nothing was shown yet"
	}
	if x.Shows != nil {
		where += ", shows nothing until " + x.Shows.Format(time.DateTime)
	}
	p.line("      conversation %s  %s", where, x.Where)
	for i := range x.Ways {
		w := &x.Ways[i]
		p.line("        to %s by %s  %s", w.To, strings.Join(w.Needs, "; "), w.Where)
	}
}

// conversationDetail says why a conversation shows nothing now.
func (sc *Scratch) conversationDetail(l *campaign.Line) string {
	s := sc.stands(l)
	switch {
	case s.Step == conversation.End:
		return leftBy(&s)
	case s.Shows(&l.Talk.Conversation) > sc.clock.now.Unix():
		return fmt.Sprintf("step %s waits until %s", l.Talk.Steps[s.Step].Name, sc.moment(s.Shows(&l.Talk.Conversation)).Format(time.DateTime))
	}
	return fmt.Sprintf("a bid in flight may be the last impression of step %s: what follows is known once it is decided", l.Talk.Steps[s.Step].Name)
}

// conversationOrigin returns the place of the step where the person stands, or of what
// they have left for.
func (sc *Scratch) conversationOrigin(l *campaign.Line) conf.Pos {
	switch s := sc.stands(l); {
	case s.Step != conversation.End:
		return l.Talk.Spec.Steps[s.Step].Pos()
	case s.Converted:
		return l.Talk.Spec.At("ends_on")
	}
	return l.Spec.At("conversation")
}
