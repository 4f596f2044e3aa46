package identity

import "encoding/base64"

// bitWriter writes the strings that the tests read.
type bitWriter struct {
	bytes []byte
	n     int
}

func (w *bitWriter) uint(v uint32, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.bytes = append(w.bytes, 0)
		}
		w.bytes[w.n/8] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
}

func (w *bitWriter) bool(v bool) {
	if v {
		w.uint(1, 1)
		return
	}
	w.uint(0, 1)
}

func (w *bitWriter) text() string { return base64.RawURLEncoding.EncodeToString(w.bytes) }

// span is a vendor, or a range of them.
type span struct{ first, last uint16 }

type restriction struct {
	purpose, kind uint8
	vendors       []span
}

// tcString is a TCF v2 core segment to be.
type tcString struct {
	consents, interests []uint8 // purposes
	oneUndisclosed      bool
	vendors, liVendors  []uint16 // sorted
	ranges, liRanges    bool     // as ranges, not as bits
	restrictions        []restriction
}

func (s tcString) encode() string {
	w := new(bitWriter)
	w.uint(2, 6)
	w.uint(0, 4)
	w.uint(3_000_000_000, 32)
	w.uint(0, 4)
	w.uint(3_000_000_001, 32)
	w.uint(7, 12)
	w.uint(1, 12)
	w.uint(1, 6)
	w.uint(3, 6)
	w.uint(4, 6)
	w.uint(300, 12)
	w.uint(4, 6)
	w.uint(0, 2)
	w.uint(0, 12)
	w.uint(purposeBits(s.consents), 24)
	w.uint(purposeBits(s.interests), 24)
	w.bool(s.oneUndisclosed)
	w.uint(3<<6|4, 12)
	w.vendors(s.vendors, s.ranges)
	w.vendors(s.liVendors, s.liRanges)
	w.uint(uint32(len(s.restrictions)), 12)
	for _, r := range s.restrictions {
		w.uint(uint32(r.purpose), 6)
		w.uint(uint32(r.kind), 2)
		w.spans(r.vendors)
	}
	return w.text()
}

func purposeBits(ps []uint8) (v uint32) {
	for _, p := range ps {
		v |= 1 << (24 - p)
	}
	return v
}

func (w *bitWriter) vendors(vs []uint16, ranges bool) {
	var most uint16
	if len(vs) > 0 {
		most = vs[len(vs)-1]
	}
	w.uint(uint32(most), 16)
	w.bool(ranges)
	if !ranges {
		in := make(map[uint16]bool)
		for _, v := range vs {
			in[v] = true
		}
		for v := uint16(1); v <= most && v != 0; v++ {
			w.bool(in[v])
		}
		return
	}
	var spans []span
	for _, v := range vs {
		if n := len(spans); n > 0 && spans[n-1].last+1 == v {
			spans[n-1].last = v
			continue
		}
		spans = append(spans, span{v, v})
	}
	w.spans(spans)
}

func (w *bitWriter) spans(list []span) {
	w.uint(uint32(len(list)), 12)
	for _, s := range list {
		w.bool(s.last != s.first)
		w.uint(uint32(s.first), 16)
		if s.last != s.first {
			w.uint(uint32(s.last), 16)
		}
	}
}

// usString is the core of a US section with the given opt-outs, 0 to 3.
func usString(id uint32, sale, sharing, targeted uint32) string {
	l := usLayouts[id]
	fields := make([]uint32, l.bits)
	fields[l.sale] = sale
	if l.sharing != 0 {
		fields[l.sharing] = sharing
	}
	if l.targeted != 0 {
		fields[l.targeted] = targeted
	}
	w := new(bitWriter)
	w.uint(1, 6)
	for w.n < int(l.bits) {
		w.uint(fields[w.n], 2)
	}
	return w.text()
}
