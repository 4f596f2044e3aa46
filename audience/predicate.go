package audience

import (
	"strings"
)

// predicate is one test of the profile or the request.
type predicate interface {
	// eval answers for the request that e holds. It does not allocate.
	eval(e *Eval) Truth
	// cost ranks predicates by the time that eval takes.
	cost() int
	// key is the same for two predicates only if they always answer alike.
	key() string
	// needsProfile reports whether the person's profile is looked at.
	needsProfile() bool
	// words says what the rule demands.
	words() string
	// found says what the person or the request has to show for it.
	found(e *Eval) string
}

// Relative costs of evaluation.
const (
	costField  = 1
	costAttr   = 3
	costList   = 4
	costLookup = 6
	costDid    = 8
)

// orList joins words as in "a, b or c".
func orList(words []string) string {
	switch n := len(words); {
	case n == 0:
		return "nothing"
	case n == 1:
		return words[0]
	case n > 8:
		return strings.Join(words[:6], ", ") + " or one of " + number(n-6) + " more"
	default:
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
}
