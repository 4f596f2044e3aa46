package identity

import "bytes"

// parseUSP reads a US privacy string, such as 1YNN: version, notice given, opted
// out of sale, covered by the industry's agreement. It returns Unregulated for
// one that says that the law does not apply.
func parseUSP(text []byte) Basis {
	if len(text) != 4 || text[0] != '1' {
		return basis(USPMalformed, 0)
	}
	for _, c := range text[1:] {
		switch c {
		case 'Y', 'N', 'y', 'n', '-':
		default:
			return basis(USPMalformed, 0)
		}
	}
	switch text[2] {
	case 'Y', 'y':
		return basis(USPOptOut, 0)
	case '-':
		return basis(Unregulated, 0)
	}
	return basis(USPermitted, 0)
}

// usLayout is where a US section of a GPP string has its opt-outs, as bit
// positions of two-bit fields in its core; 0 if it has no such field.
type usLayout struct {
	sale, sharing, targeted uint8
	bits                    uint8 // least length of the core
}

// usLayouts holds the layouts by section id, from US national to Minnesota.
// Maryland and those after it begin with a header of their own, whose form was
// still open to comment when this was written: they are not read.
var usLayouts = [...]usLayout{
	sectionUSNat: {sale: 18, sharing: 20, targeted: 22, bits: 60},
	sectionUSCA:  {sale: 12, sharing: 14, bits: 46},
	9:            {sale: 12, targeted: 14, bits: 40}, // Virginia
	10:           {sale: 12, targeted: 14, bits: 38}, // Colorado
	11:           {sale: 14, targeted: 16, bits: 42}, // Utah
	12:           {sale: 12, targeted: 14, bits: 44}, // Connecticut
	13:           {sale: 12, targeted: 14, bits: 46}, // Florida
	14:           {sale: 12, targeted: 14, bits: 42}, // Montana
	15:           {sale: 12, targeted: 14, bits: 42}, // Oregon
	16:           {sale: 12, targeted: 14, bits: 42}, // Texas
	17:           {sale: 12, targeted: 14, bits: 42}, // Delaware
	18:           {sale: 14, targeted: 16, bits: 42}, // Iowa
	19:           {sale: 12, targeted: 14, bits: 42}, // Nebraska
	20:           {sale: 12, targeted: 14, bits: 42}, // New Hampshire
	21:           {sale: 12, targeted: 14, bits: 54}, // New Jersey
	22:           {sale: 12, targeted: 14, bits: 42}, // Tennessee
	23:           {sale: 12, targeted: 14, bits: 42}, // Minnesota
}

// mostUSVersion is the highest version of a US section whose opt-outs are known
// to stand where version 1 has them.
const mostUSVersion = 2

// usControlSegment is the type of the only segment that follows a core.
const usControlSegment = 1

// parseUS reads a US section of a GPP string: opt-outs, and the browser's Global
// Privacy Control, which is one as well.
func parseUS(id uint32, text []byte) Basis {
	if id == sectionUSP {
		return parseUSP(text)
	}
	if id >= uint32(len(usLayouts)) || usLayouts[id].bits == 0 {
		return basis(GPPUnread, id)
	}
	layout := usLayouts[id]
	core, rest, segments := bytes.Cut(text, []byte{'.'})
	b, ok := bitsOf(core)
	if !ok || b.end < int(layout.bits) {
		return basis(GPPMalformed, id)
	}
	if v := b.uint(6); v == 0 || v > mostUSVersion {
		return basis(GPPUnread, id)
	}
	for _, f := range [...]struct {
		at   uint8
		code Code
	}{{layout.sale, USSale}, {layout.sharing, USSharing}, {layout.targeted, USTargeted}} {
		if f.at == 0 {
			continue
		}
		b.pos = int(f.at)
		switch b.uint(2) {
		case 1:
			return basis(f.code, id)
		case 3:
			return basis(GPPMalformed, id)
		}
	}
	for segments {
		var segment []byte
		segment, rest, segments = bytes.Cut(rest, []byte{'.'})
		s, ok := bitsOf(segment)
		kind, set := s.uint(2), s.bool()
		if !ok || s.past || kind != usControlSegment {
			return basis(GPPMalformed, id)
		}
		if set {
			return basis(USControl, id)
		}
	}
	return basis(USPermitted, id)
}
