package identity

import (
	"bidwell/ad"
	"bidwell/openrtb"
)

// Resolver judges the requests of one exchange. It is immutable and safe for
// concurrent use.
type Resolver struct {
	order             []source
	vendor            uint32
	read, write, emit []purpose
	unknown           UnknownGDPR
}

// Resolve returns the person that a request is about, and what is permitted. A
// person of whom nothing may be read or written is nobody. It does not allocate.
func (r *Resolver) Resolve(req *openrtb.Request) Person {
	may, why := r.Permission(req)
	p := Person{May: may, Basis: why}
	if !may.Read {
		p.Why = ad.NoConsent
	}
	if !may.Read && !may.Write {
		return p
	}
	for i := range r.order {
		s := &r.order[i]
		value := s.find(req)
		if blank(value) {
			continue
		}
		if id := ad.PersonIDOf(s.idType, value); !id.IsZero() {
			p.ID, p.Kind, p.Type = id, s.kind, s.idType
			return p
		}
	}
	if may.Read {
		p.Why = ad.NoProfile
	}
	return p
}

// find returns the identifier's value in a request, nil if it has none.
func (s *source) find(req *openrtb.Request) []byte {
	switch s.kind {
	case BuyerUID:
		return req.User.BuyerUID
	case IFA:
		return req.Device.IFA
	case UserID:
		return req.User.ID
	}
	for i := range req.User.EIDs {
		if e := &req.User.EIDs[i]; sameDomain(e.Source, s.domain) && !blank(e.ID) {
			return e.ID
		}
	}
	return nil
}

func sameDomain(source []byte, domain string) bool {
	if len(source) != len(domain) {
		return false
	}
	for i, c := range source {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != domain[i] {
			return false
		}
	}
	return true
}

// longestID is more than any identifier needs: tokens of a kilobyte exist.
const longestID = 4096

// blank reports whether an identifier is one that only fills the field: nothing,
// zeros and dashes, as devices send that allow no tracking, a word for nothing,
// or a macro that was not replaced.
func blank(id []byte) bool {
	if len(id) == 0 || len(id) > longestID {
		return true
	}
	switch id[0] {
	case '$', '{', '[', '%', '<', '(':
		return true
	}
	zeros := true
	for _, c := range id {
		if c != '0' && c != '-' && c != ' ' {
			zeros = false
			break
		}
	}
	if zeros {
		return true
	}
	if len(id) > len("undefined") {
		return false
	}
	var word [len("undefined")]byte
	n := copy(word[:], id)
	for i := range n {
		if 'A' <= word[i] && word[i] <= 'Z' {
			word[i] |= 0x20
		}
	}
	switch string(word[:n]) {
	case "null", "nil", "none", "unknown", "undefined", "n/a", "na", "nan", "false", "optout", "opt-out", "anonymous":
		return true
	}
	return false
}
