package profile

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"

	"bidwell/ad"
)

// filter tells people of whom nothing is stored from those who may be known,
// without asking the store: a split-block Bloom filter, which touches one half
// of a cache line for each question. At its capacity it takes 12 bits for each
// person and takes about one stranger in 150 for known. It is safe for
// concurrent use; what it holds cannot be taken out again.
type filter struct {
	blocks   []block
	capacity int64
	added    atomic.Int64 // people that set a bit
}

type block [8]uint32

const filterBits = 12

// newFilter returns a filter for a number of people.
func newFilter(people int64) *filter {
	n := people*filterBits/int64(len(block{})*32) + 1
	return &filter{blocks: make([]block, n), capacity: people}
}

// salts spread one hash over the eight words of a block.
var salts = block{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

// place returns the block and the hash of a person. A PersonID is a
// cryptographic hash, so its own bits will do.
func (f *filter) place(key ad.PersonID) (*block, uint32) {
	at, _ := bits.Mul64(binary.LittleEndian.Uint64(key[:]), uint64(len(f.blocks)))
	return &f.blocks[at], binary.LittleEndian.Uint32(key[8:])
}

// has reports whether a person may be known.
func (f *filter) has(key ad.PersonID) bool {
	b, h := f.place(key)
	for i := range b {
		if atomic.LoadUint32(&b[i])&(1<<(h*salts[i]>>27)) == 0 {
			return false
		}
	}
	return true
}

// add makes a person known.
func (f *filter) add(key ad.PersonID) {
	b, h := f.place(key)
	fresh := false
	for i := range b {
		bit := uint32(1) << (h * salts[i] >> 27)
		if atomic.LoadUint32(&b[i])&bit == 0 {
			fresh = atomic.OrUint32(&b[i], bit)&bit == 0 || fresh
		}
	}
	if fresh {
		f.added.Add(1)
	}
}

func (f *filter) full() bool  { return f.added.Load() > f.capacity }
func (f *filter) size() int64 { return int64(len(f.blocks)) * int64(len(block{})*4) }
