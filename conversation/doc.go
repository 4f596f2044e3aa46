// Package conversation says where a person stands in a campaign's conversation: a
// few steps, each with creatives, and what moves people from one to another.
//
// Nothing is stored for it. [Conversation.Stand] works a person's standing out of
// their touches and behaviours as of a moment, and so the same facts give the same
// standing, in whatever order they have arrived. It goes as far back as a profile
// remembers: if the first steps are forgotten, it begins at the step whose creative
// is the oldest that is remembered, for only who stood there was shown it.
//
// A person moves on at the moment at which the first of a step's ways is open, all
// of whose conditions are then met; of ways that open at the same moment, the first
// in the list. What happened before somebody came to a step opens none of its ways.
package conversation
