package campaign

import (
	"slices"

	"bidwell/internal/conf"
	"bidwell/profile"
)

// mention is a topic that a rule or a conversation asks for.
type mention struct {
	kind  profile.Kind
	topic conf.Value[string]
}

func (c *compiler) mention(k profile.Kind, topic conf.Value[string]) {
	c.mentions = append(c.mentions, mention{k, topic})
}

// unmentioned warns of topics that nothing can be about, unless it is imported:
// most likely they are misspelt.
func (c *compiler) unmentioned() {
	topics := c.snap.Topics.Names()
	campaigns := make([]string, len(c.snap.Campaigns))
	for i, camp := range c.snap.Campaigns {
		campaigns[i] = camp.Name
	}
	var conversions []string
	for i := range c.snap.Process.Senders {
		conversions = append(conversions, c.snap.Process.Senders[i].Value.Conversions...)
	}
	for _, m := range c.mentions {
		switch m.kind {
		case profile.Seen:
			c.toldOf(m, "topic", "topics/", topics, nil)
			if !c.processUnread && !slices.ContainsFunc(c.snap.Exchanges, func(e *Exchange) bool { return e.Seen }) {
				c.ps.Warnf(m.topic.Pos, "write seen: true at one in "+ProcessFileName, "of no exchange it is kept where people are seen")
			}
		case profile.Impression, profile.View, profile.Click:
			c.toldOf(m, "campaign", "campaigns/", campaigns, topics)
		case profile.Conversion:
			c.toldOf(m, "conversion", "advertisers in "+ProcessFileName, conversions, topics)
		default:
			c.toldOf(m, "topic", "topics/", topics, nil)
		}
	}
}

// toldOf warns of a mention that is neither among names nor among others. Who has no
// names at all imports what people do.
func (c *compiler) toldOf(m mention, what, where string, names, others []string) {
	name := m.topic.Value
	if len(names) == 0 || c.processUnread || slices.Contains(names, name) || slices.Contains(others, name) {
		return
	}
	hint := ""
	if c.suggested++; c.suggested <= maxSuggestions {
		hint = conf.DidYouMean(name, append(slices.Clone(names), others...))
	}
	c.ps.Warnf(m.topic.Pos, hint, "there is no %s %q in %s: only imports can tell of it", what, name, where)
}
