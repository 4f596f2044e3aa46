package profile

import (
	"cmp"
	"encoding/binary"

	"bidwell/ad"
)

// Touch is one contact of ours with the person.
type Touch struct {
	Campaign, Line, Creative Ref
	Kind                     Kind     // Impression, Click or View
	Seen                     uint8    // of a View, what was seen or played, as ad.Event.Detail has it
	Time                     int64    // unix seconds
	Cost                     ad.Money // 0 of a View
}

// Complete is what Seen says of an ad that was played to its end.
const Complete = 6

// Ref is an ad.ID shortened to 32 bits: enough to tell a person's few dozen
// touches apart at a third of the room.
type Ref uint32

// RefOf returns the Ref of an id.
func RefOf(id ad.ID) Ref { return Ref(id ^ id>>32) }

// A touch's cost is kept in steps of 100 nano-units, a ten-thousandth of a unit
// of CPM, in 28 bits: up to a CPM of 26,843. The other four hold the kind. A view
// costs nothing: it has what was seen in their place.
const (
	costUnit = 100 * ad.Nano
	costBits = 28
	costMask = 1<<costBits - 1
)

// Touches returns the number of touches.
func (r Record) Touches() int {
	s, _ := r.split()
	return len(s.touches) / touchSize
}

// Touch returns the i-th touch, counted from the newest. It is the zero Touch
// if there is none.
func (r Record) Touch(i int) Touch {
	s, _ := r.split()
	if i < 0 || i >= len(s.touches)/touchSize {
		return Touch{}
	}
	return readTouch(s.touches[i*touchSize:])
}

// AppendTouches appends all touches, the newest first.
func (r Record) AppendTouches(dst []Touch) []Touch {
	s, _ := r.split()
	for p := s.touches; len(p) >= touchSize; p = p[touchSize:] {
		dst = append(dst, readTouch(p))
	}
	return dst
}

// readTouch reads a touch: campaign, line, creative, time, and kind and cost,
// four bytes each. p has at least touchSize bytes.
func readTouch(p []byte) Touch {
	_ = p[touchSize-1]
	last := binary.LittleEndian.Uint32(p[16:])
	t := Touch{
		Campaign: Ref(binary.LittleEndian.Uint32(p)),
		Line:     Ref(binary.LittleEndian.Uint32(p[4:])),
		Creative: Ref(binary.LittleEndian.Uint32(p[8:])),
		Kind:     Kind(last >> costBits),
		Time:     int64(binary.LittleEndian.Uint32(p[12:])),
	}
	if t.Kind == View {
		t.Seen = uint8(last)
	} else {
		t.Cost = ad.Money(last&costMask) * costUnit
	}
	return t
}

// compareTouches orders the touches of a record: the newest first, and those of
// one second by what they are. So the same touches make the same bytes, in
// whatever order and in however many writes they came.
func compareTouches(x, y Touch) int {
	return cmp.Or(
		cmp.Compare(y.Time, x.Time), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Campaign, y.Campaign),
		cmp.Compare(x.Line, y.Line), cmp.Compare(x.Creative, y.Creative), cmp.Compare(x.Cost, y.Cost), cmp.Compare(x.Seen, y.Seen),
	)
}

// storedCost returns a cost as it is read back. One out of range becomes the
// nearest one within.
func storedCost(m ad.Money) ad.Money {
	return ad.Money(min(max(int64(m+costUnit/2)/int64(costUnit), 0), costMask)) * costUnit
}

// appendTouch is the reverse of readTouch.
func appendTouch(dst []byte, t Touch) []byte {
	low := uint32(storedCost(t.Cost) / costUnit)
	if t.Kind == View {
		low = uint32(t.Seen)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(t.Campaign))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(t.Line))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(t.Creative))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(t.Time))
	return binary.LittleEndian.AppendUint32(dst, uint32(t.Kind)<<costBits|low)
}
