package audience

import "hash/maphash"

// interner numbers distinct strings in the order in which they are added. It
// keeps them in one run of bytes, so that millions cost the collector nothing.
type interner struct {
	seed  maphash.Seed
	bytes []byte
	ends  []uint32 // end of each string in bytes
	slots []uint32 // open addressing; a string's number plus 1, 0 for empty
}

func newInterner() *interner {
	return &interner{seed: maphash.MakeSeed(), slots: make([]uint32, 16)}
}

func (in *interner) len() int { return len(in.ends) }

func (in *interner) at(i uint32) []byte {
	start := uint32(0)
	if i > 0 {
		start = in.ends[i-1]
	}
	return in.bytes[start:in.ends[i]]
}

// find returns the number of s. It does not allocate.
func (in *interner) find(s []byte) (uint32, bool) {
	slot := in.slots[in.slot(s)]
	return slot - 1, slot != 0
}

// slot returns where s stands or, if it is not there, where it would.
func (in *interner) slot(s []byte) uint64 {
	mask := uint64(len(in.slots) - 1)
	for i := maphash.Bytes(in.seed, s) & mask; ; i = (i + 1) & mask {
		n := in.slots[i]
		if n == 0 || string(in.at(n-1)) == string(s) {
			return i
		}
	}
}

// add returns the number of s, which it adds if need be.
func (in *interner) add(s []byte) (n uint32, fresh bool) {
	i := in.slot(s)
	if n := in.slots[i]; n != 0 {
		return n - 1, false
	}
	n = uint32(len(in.ends))
	in.bytes = append(in.bytes, s...)
	in.ends = append(in.ends, uint32(len(in.bytes)))
	in.slots[i] = n + 1
	if 3*len(in.ends) > 2*len(in.slots) {
		in.grow()
	}
	return n, true
}

func (in *interner) grow() {
	in.slots = make([]uint32, 2*len(in.slots))
	for n := range in.ends {
		in.slots[in.slot(in.at(uint32(n)))] = uint32(n) + 1
	}
}
