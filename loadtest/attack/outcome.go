package attack

// Outcome is what became of a request that was due. Every one has exactly one.
type Outcome uint8

// The outcomes. Those after NoBid are errors.
const (
	Bid       Outcome = iota // answered in time with a bid
	NoBid                    // answered in time without
	Late                     // answered, but after tmax
	NoAnswer                 // not answered within tmax and a second more
	Unsent                   // not sent within tmax, mostly for want of a free connection
	Refused                  // no connection
	Closed                   // the connection ended before the answer did
	Malformed                // the answer is not HTTP
	Status                   // the status is neither 200 nor 204
	Garbage                  // status 200 and a body that is no bid response
	Invalid                  // a bid that an exchange would refuse; found in those that are checked
	outcomes
)

var outcomeNames = [outcomes]string{
	"bid", "no-bid", "late", "no_answer", "unsent", "refused", "closed", "malformed", "status", "garbage", "invalid",
}

// What the outcomes are called in figures and results files.
func (o Outcome) String() string { return outcomeNames[o] }

// failed reports whether an outcome is an error.
func (o Outcome) failed() bool { return o > NoBid }

// timedOut reports whether an outcome is a timeout.
func (o Outcome) timedOut() bool { return o == Late || o == NoAnswer || o == Unsent }

// says explains the errors.
var says = [outcomes]string{
	Late:      "answered after tmax",
	NoAnswer:  "no answer within tmax and a second more",
	Unsent:    "not sent within tmax: no connection was free, or the generator was late",
	Refused:   "no connection: refused, unreachable or too slow",
	Closed:    "connection closed before the answer was complete",
	Malformed: "the answer is not HTTP",
	Status:    "a status other than 200 and 204",
	Garbage:   "status 200 with a body that is no bid response",
	Invalid:   "a bid that an exchange would refuse",
}
