package campaign

import "bidwell/internal/conf"

// ConversationSpec leads a person from one message to the next.
type ConversationSpec struct {
	conf.Located
	EndsOn []string   `yaml:"ends_on" conf:"scalar-ok,not-empty" doc:"Conversions, by topic: who has made one of them has left the conversation and is shown nothing more."`
	Steps  []StepSpec `yaml:"steps" conf:"required,not-empty" doc:"The steps. People begin at the first."`
}

// StepSpec is a step of a conversation.
type StepSpec struct {
	conf.Located
	Step      string        `yaml:"step" conf:"required,not-empty" doc:"Name of the step, unique in the conversation."`
	Creatives []string      `yaml:"creatives" conf:"required,not-empty" doc:"What is shown to those who stand here; all of them are creatives of the line item."`
	Wait      conf.Duration `yaml:"wait" doc:"How long nothing is shown after somebody has come here, such as 1d."`
	Multiply  float64       `yaml:"multiply" doc:"What to multiply the bid with here, such as 1.5; bid.at_most holds."`
	Then      []WaySpec     `yaml:"then" conf:"not-empty" doc:"What leads on. Without it, people stay here."`
}

// WaySpec leads from one step to another. All of its conditions must be met.
type WaySpec struct {
	conf.Located
	To        string        `yaml:"to" conf:"required,not-empty" doc:"The step that it leads to, or end: nothing more is shown."`
	Exposures int           `yaml:"exposures" doc:"After so many impressions of this step."`
	Click     bool          `yaml:"click" doc:"After a click on an ad of the line item."`
	Completed bool          `yaml:"completed" doc:"After a video or an audio ad was played to its end."`
	Visit     []string      `yaml:"visit" conf:"scalar-ok,not-empty" doc:"After a visit on one of these topics."`
	After     conf.Duration `yaml:"after" doc:"So long after the person has come to this step, such as 3d."`
}

// ending is where a way leads that leaves the conversation.
const ending = "end"
