package audience

// Truth is the answer to a rule.
type Truth uint8

// The answers. See the package comment for when something is Unknown.
const (
	False Truth = iota
	True
	Unknown
)

// String returns the answer as JSON shows it.
func (t Truth) String() string {
	switch t {
	case False:
		return "false"
	case True:
		return "true"
	}
	return "unknown"
}

// MarshalText implements encoding.TextMarshaler.
func (t Truth) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

// and returns False if either is, else Unknown if either is.
func (t Truth) and(u Truth) Truth {
	switch {
	case t == False || u == False:
		return False
	case t == Unknown || u == Unknown:
		return Unknown
	}
	return True
}
