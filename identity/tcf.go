package identity

import "bytes"

// tcf is what a TCF v2 string says that concerns one vendor.
type tcf struct {
	consents       uint32 // purposes, the first in bit 23
	interests      uint32 // purposes for which legitimate interest was disclosed
	oneUndisclosed bool   // purpose 1 needs no consent where the publisher is
	vendorConsent  bool
	vendorInterest bool
	restricted     [4]uint64 // by kind: purposes, number n in bit n
}

// Publisher restrictions on a purpose, by their number in a TCF string.
const (
	notAllowed = iota
	requireConsent
	requireInterest
)

// The lowest length of a core segment is that of its fixed part, of two vendor
// sections and of the number of restrictions, all empty.
const tcfVersion = 2

// mostRestricted is the highest vendor that a publisher restriction may name, as
// the reference implementation has it: the specification names none.
const mostRestricted = 32767

// parseTCF reads the core segment of a TCF v2 string for a vendor. It returns
// false for text that is no such string, is cut short, or is inconsistent.
// Everything is read, whatever it is that the vendor needs, so that a string is
// either sound or refused.
func parseTCF(text []byte, vendor uint32) (tcf, bool) {
	var t tcf
	core, _, _ := bytes.Cut(text, []byte{'.'})
	b, ok := bitsOf(core)
	if !ok || len(core)%4 == 1 {
		return t, false
	}
	b.end &^= 7 // whole bytes were encoded
	if b.uint(6) != tcfVersion {
		return t, false
	}
	b.skip(36 + 36 + 12 + 12 + 6 + 12) // created, updated, CMP, its version, screen, language
	if b.uint(12) == 0 {               // vendor list version
		return t, false
	}
	b.skip(6 + 1 + 1 + 12) // policy version, service specific, stacks, special features
	t.consents = b.uint(24)
	t.interests = b.uint(24)
	t.oneUndisclosed = b.bool()
	b.skip(12) // publisher's country
	t.vendorConsent, ok = b.vendor(vendor)
	if !ok {
		return t, false
	}
	t.vendorInterest, ok = b.vendor(vendor)
	if !ok {
		return t, false
	}
	for range b.uint(12) {
		purpose, kind := b.uint(6), b.uint(2)
		named, ok := b.ranges(vendor, mostRestricted)
		if !ok {
			return t, false
		}
		if named {
			t.restricted[kind] |= 1 << purpose
		}
	}
	return t, !b.past
}

// vendor reads a section of vendors, as bits or ranges, and reports whether the
// vendor is in it.
func (b *bits) vendor(vendor uint32) (in, ok bool) {
	most := b.uint(16)
	if b.bool() {
		return b.ranges(vendor, most)
	}
	start := b.pos
	b.skip(int(most))
	if b.past {
		return false, false
	}
	if vendor == 0 || vendor > most {
		return false, true
	}
	at := *b
	at.pos = start + int(vendor) - 1
	return at.bool(), true
}

// ranges reads a list of vendors and ranges of vendors.
func (b *bits) ranges(vendor, most uint32) (in, ok bool) {
	for range b.uint(12) {
		entry := b.uint(1 + 16)
		isRange, first := entry>>16 == 1, entry&0xffff
		last := first
		if isRange {
			last = b.uint(16)
		}
		if b.past || first == 0 || last > most || isRange && last <= first {
			return false, false
		}
		if first <= vendor && vendor <= last {
			in = true
		}
	}
	return in, !b.past
}

// allows reports whether the vendor may process for a purpose, by consent or, if
// the vendor relies on it for that purpose, by legitimate interest; and if not,
// whether it is the publisher that forbids it.
func (t *tcf) allows(purpose uint8, byInterest bool) (ok, restricted bool) {
	bit := uint64(1) << purpose
	if t.restricted[notAllowed]&bit != 0 {
		return false, true
	}
	consent := t.vendorConsent && t.consents>>(24-purpose)&1 == 1
	if purpose == 1 && t.oneUndisclosed {
		consent = true
	}
	interest := byInterest && t.vendorInterest && t.interests>>(24-purpose)&1 == 1
	unrestricted := consent || interest
	if t.restricted[requireConsent]&bit != 0 {
		interest = false
	}
	if t.restricted[requireInterest]&bit != 0 {
		consent = false
	}
	ok = consent || interest
	return ok, !ok && unrestricted
}
