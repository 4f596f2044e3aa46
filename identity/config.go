package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"bidwell/ad"
)

// UnknownGDPR says whether the GDPR applies to a request that does not say.
type UnknownGDPR uint8

const (
	// ByContext: it applies if there is a TCF string, or if the device, or else
	// the person, is in the European Economic Area, the United Kingdom or
	// Switzerland. A request that says neither where it is from nor what
	// consent was given is taken to be from elsewhere.
	ByContext UnknownGDPR = iota
	// AssumeGDPR: it applies.
	AssumeGDPR
	// AssumeNone: it does not apply.
	AssumeNone
)

// Config is how one exchange's requests are to be judged.
type Config struct {
	// Exchange is the exchange's name, of which buyeruid and user ids are.
	Exchange string

	// Order is the types of identifiers to look for, the first that a request
	// has wins: "buyeruid", "ifa", "user", "eid:<source>". "buyeruid" belongs
	// in it only if the exchange stores our ids. DefaultOrder if empty.
	Order []string

	// Vendor is our id in the Global Vendor List; 0 if we are not registered:
	// then nothing is permitted where the GDPR applies.
	Vendor uint16

	// Read, Write and Emit are the TCF purposes that are needed to use a profile,
	// to add to it, and to let a person's key leave in our URLs. By default 1 and 4
	// (store and access information; use profiles for advertising), 1 and 3
	// (create profiles for advertising), and 1, 3 and 7 (measure
	// advertising): what comes back by a URL is written to the profile.
	Read, Write, Emit []uint8

	// Interest is the purposes for which our entry in the Global Vendor List
	// claims legitimate interest. Purposes 1 and 3 to 6 cannot be among them.
	Interest []uint8

	// UnknownGDPR is for requests that do not say whether the GDPR applies.
	UnknownGDPR UnknownGDPR
}

// DefaultOrder is the order in which identifiers are looked for.
func DefaultOrder() []string {
	return []string{"buyeruid", "eid:uidapi.com", "eid:euid.eu", "eid:id5-sync.com", "eid:liveramp.com", "ifa", "user"}
}

// ErrConfig is what the errors of New wrap.
var ErrConfig = errors.New("invalid identity configuration")

// ErrType is what the errors of CheckType wrap.
var ErrType = errors.New("unknown id type")

// New returns the resolver for an exchange, or an error that names what is wrong.
func New(c Config) (*Resolver, error) {
	r := &Resolver{vendor: uint32(c.Vendor), unknown: c.UnknownGDPR}
	order := c.Order
	if len(order) == 0 {
		order = DefaultOrder()
	}
	for i, name := range order {
		if slices.Contains(order[:i], name) {
			return nil, fmt.Errorf("%w: id type %q is given twice", ErrConfig, name)
		}
		s, err := sourceOf(name, c.Exchange)
		if err != nil {
			return nil, err
		}
		r.order = append(r.order, s)
	}
	for _, need := range []struct {
		dst  *[]purpose
		list []uint8
		std  []uint8
	}{{&r.read, c.Read, []uint8{1, 4}}, {&r.write, c.Write, []uint8{1, 3}}, {&r.emit, c.Emit, []uint8{1, 3, 7}}} {
		list := need.list
		if len(list) == 0 {
			list = need.std
		}
		for _, p := range list {
			if p < 1 || p > 24 {
				return nil, fmt.Errorf("%w: there is no TCF purpose %d, they are 1 to 24", ErrConfig, p)
			}
			*need.dst = append(*need.dst, purpose{p, slices.Contains(c.Interest, p)})
		}
	}
	for _, p := range c.Interest {
		if p < 1 || p > 24 || p == 1 || 3 <= p && p <= 6 {
			return nil, fmt.Errorf("%w: the TCF admits no legitimate interest for purpose %d", ErrConfig, p)
		}
	}
	return r, nil
}

// purpose is a TCF purpose that something needs.
type purpose struct {
	number     uint8
	byInterest bool // legitimate interest does
}

// source is one place to look for an identifier.
type source struct {
	kind   Kind
	idType string // as ad.PersonIDOf takes it
	domain string // of an eid, in lower case
}

func sourceOf(name, exchange string) (source, error) {
	domain, isEID := strings.CutPrefix(name, "eid:")
	switch {
	case isEID && domain != "":
		domain = strings.ToLower(domain)
		return source{EID, "eid:" + domain, domain}, nil
	case name == "ifa":
		return source{kind: IFA, idType: "ifa"}, nil
	case name == "buyeruid":
		return source{kind: BuyerUID, idType: "buyeruid:" + exchange}, nil
	case name == "user":
		return source{kind: UserID, idType: "user:" + exchange}, nil
	}
	return source{}, fmt.Errorf("%w: unknown id type %q; there are buyeruid, ifa, user and eid:<source>, as in eid:uidapi.com", ErrConfig, name)
}

// CheckType returns an error unless idType is one under which people are known:
// by what requests hold, "ifa", "eid:<source>", "buyeruid:<exchange>" or
// "user:<exchange>", by our own "cookie", or by what somebody signs in with,
// "login:<site>".
func CheckType(idType string) error {
	kind, of, named := strings.Cut(idType, ":")
	switch {
	case idType == "ifa" || idType == "cookie":
		return nil
	case named && of != "" && (kind == "eid" || kind == "buyeruid" || kind == "user" || kind == "login"):
		return nil
	}
	return fmt.Errorf("%w: there is no type %q of identifiers; there are ifa, eid:SOURCE, buyeruid:EXCHANGE, user:EXCHANGE, login:SITE and cookie", ErrType, idType)
}

// Kind is a kind of identifier.
type Kind uint8

// The kinds of identifiers.
const (
	NoID Kind = iota
	BuyerUID
	EID
	IFA
	UserID
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case BuyerUID:
		return "buyeruid"
	case EID:
		return "eid"
	case IFA:
		return "ifa"
	case UserID:
		return "user"
	}
	return "none"
}

// Permission is what may be done with what is known of a person.
type Permission struct {
	Read  bool // use the profile
	Write bool // add to the profile
	Emit  bool // let the person's key leave in our URLs
}

// Person is who a request is about.
type Person struct {
	ID    ad.PersonID // zero if nobody is known, or may be
	Kind  Kind        // of the identifier that led here
	Type  string      // its type, as in eid:uidapi.com
	May   Permission
	Why   ad.Reason // OK, NoConsent if reading is not permitted, NoProfile if there is no identifier
	Basis Basis     // what decided on reading; if that is permitted, what forbids writing or emitting
}
