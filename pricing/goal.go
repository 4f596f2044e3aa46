package pricing

// Task is what a response model predicts, of an impression that is shown. States
// of models are stored by task: they keep their numbers.
type Task uint8

// The tasks.
const (
	Viewing         Task = iota // it is seen
	Clicking                    // it is clicked
	Completing                  // it is played to its end
	ClickConverting             // given a click: a conversion follows
	ViewConverting              // given that it is not clicked: a conversion follows

	NumTasks
)

var taskNames = [NumTasks]string{"view", "click", "complete", "click_conversion", "view_conversion"}

// String returns the name that reports and metrics use.
func (t Task) String() string {
	if t >= NumTasks {
		return "unknown"
	}
	return taskNames[t]
}

// Goal is what a campaign pays for. Packed contexts hold goals: they keep their
// numbers.
type Goal uint8

// The goals.
const (
	PerImpression Goal = iota
	PerViewable
	PerClick
	PerCompletedView
	PerAcquisition

	numGoals
)

var goalNames = [numGoals]string{"impression", "viewable", "click", "completed-view", "acquisition"}

// String returns the name that configuration and reports use.
func (g Goal) String() string {
	if g >= numGoals {
		return "unknown"
	}
	return goalNames[g]
}

// GoalOf returns the goal whose String is s.
func GoalOf(s string) (Goal, bool) {
	for g := range numGoals {
		if goalNames[g] == s {
			return g, true
		}
	}
	return 0, false
}

// Goals returns the names of all goals.
func Goals() []string { return append([]string(nil), goalNames[:]...) }

// maxTasks is of how many tasks a goal's chance is made at most.
const maxTasks = 3

// goalTasks are the tasks of which the chance of each goal is made: none, one, or
// the three of an acquisition, in this order.
var goalTasks = [numGoals][]Task{
	PerImpression:    {},
	PerViewable:      {Viewing},
	PerClick:         {Clicking},
	PerCompletedView: {Completing},
	PerAcquisition:   {Clicking, ClickConverting, ViewConverting},
}

// Tasks returns the tasks of which the chance of a goal is made. The slice is not
// to be changed.
func (g Goal) Tasks() []Task {
	if g >= numGoals {
		return nil
	}
	return goalTasks[g]
}
