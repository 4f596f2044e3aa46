package profile

// Kind is what a person did. The numbers are part of the stored format.
type Kind uint8

// The kinds of behaviour.
const (
	NoKind     Kind = 0
	Visit      Kind = 1
	View       Kind = 2
	Click      Kind = 3
	Search     Kind = 4
	Cart       Kind = 5
	Purchase   Kind = 6
	Conversion Kind = 7
	Impression Kind = 8
	Signup     Kind = 9
	Install    Kind = 10
	Seen       Kind = 11 // on a page or in an app, by an exchange's bid request

	numKinds = 12
)

var kindNames = [numKinds]string{
	"none", "visit", "view", "click", "search", "cart", "purchase", "conversion", "impression", "signup", "install", "seen",
}

// String returns the name that rules and import files use.
func (k Kind) String() string {
	if k >= numKinds {
		return "unknown"
	}
	return kindNames[k]
}

// KindOf returns the kind whose String is s.
func KindOf(s string) (Kind, bool) {
	for k := Visit; k < numKinds; k++ {
		if kindNames[k] == s {
			return k, true
		}
	}
	return NoKind, false
}

// KindNames returns the names of all kinds, for messages and suggestions.
func KindNames() []string { return append([]string(nil), kindNames[Visit:]...) }
