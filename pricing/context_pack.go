package pricing

import "bidwell/ad"

// Subject is whose chance is asked for: the bidder's part of an impression.
type Subject struct {
	Goal       Goal
	Conversion uint32 // what counts as an acquisition: ConversionOf its topic; 0 where that is not the goal

	Advertiser, Campaign, Line, Creative ad.ID

	Step      uint8  // of a conversation, 0 for none
	Frequency uint8  // how often the person has seen the campaign, in steps
	Recency   uint8  // how long ago the last time was, in steps
	Adjust    uint32 // bit k: the line item's modifier k held
}

// ConversionOf returns what a Subject calls a topic of conversions: half of its id. It is never
// zero.
func ConversionOf(topic ad.ID) uint32 { return max(uint32(topic), 1) }

// packing is the version of the packed form.
const packing = 2

// The packed form is, in bytes: version, number of features n, 3 n of features,
// goal, 4 of the conversion, step, frequency, recency, 4 of the modifiers. Numbers
// of several bytes begin with the lowest.
const packedSize = 1 + 1 + 1 + 4 + 3 + 4

// MaxPacked is how long a packed context is at most.
const MaxPacked = packedSize + 3*MaxFeatures

// Append appends the context and the bidder's part, packed, as the ledger keeps it.
// The ids of the subject are not in it: they stand in the event.
func (x *Context) Append(dst []byte, s *Subject) []byte {
	dst = append(dst, packing, x.n)
	for _, f := range x.features() {
		dst = append(dst, byte(f), byte(f>>8), byte(f>>16))
	}
	dst = append(dst, byte(s.Goal), byte(s.Conversion), byte(s.Conversion>>8), byte(s.Conversion>>16), byte(s.Conversion>>24))
	dst = append(dst, s.Step, s.Frequency, s.Recency)
	return append(dst, byte(s.Adjust), byte(s.Adjust>>8), byte(s.Adjust>>16), byte(s.Adjust>>24))
}

// Unpack reads what Append wrote, and leaves the ids of the subject as they are.
// It returns false for anything else, and then x and s hold nothing of use.
func Unpack(packed string, x *Context, s *Subject) bool {
	if len(packed) < packedSize || packed[0] != packing || packed[1] > MaxFeatures || len(packed) != packedSize+3*int(packed[1]) {
		return false
	}
	x.n = packed[1]
	p := packed[2:]
	for i := range x.features() {
		x.f[i] = feature(p[0]) | feature(p[1])<<8 | feature(p[2])<<16
		p = p[3:]
	}
	s.Goal, s.Conversion = Goal(p[0]), word(p[1:])
	s.Step, s.Frequency, s.Recency = p[5], p[6], p[7]
	s.Adjust = word(p[8:])
	return s.Goal < numGoals && (s.Conversion != 0) == (s.Goal == PerAcquisition)
}

func word(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
