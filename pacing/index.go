package pacing

// index finds the place of a reservation in the slab by the hash of its bid id:
// open addressing with linear probing, at most half full, and removal that
// closes the gap, so that a book in steady use neither fills with tombstones nor
// allocates. The reader compares bid ids; the index itself knows hashes only.
type index struct {
	cells []cell // a power of two
	used  int
}

type cell struct {
	hash uint32 // low bits
	at   uint32 // 0 if the cell is empty
}

const leastCells = 64

func (x *index) init() { x.cells = make([]cell, leastCells) }

func (x *index) put(hash uint64, at uint32) {
	if 2*(x.used+1) > len(x.cells) {
		x.grow()
	}
	x.used++
	x.place(cell{uint32(hash), at})
}

func (x *index) place(c cell) {
	mask := uint32(len(x.cells) - 1)
	i := c.hash & mask
	for x.cells[i].at != 0 {
		i = (i + 1) & mask
	}
	x.cells[i] = c
}

func (x *index) grow() {
	old := x.cells
	x.cells = make([]cell, 2*len(old))
	for _, c := range old {
		if c.at != 0 {
			x.place(c)
		}
	}
}

// remove takes out an entry that is there. Each entry behind the gap moves into
// it if the gap lies on its way from its home cell.
func (x *index) remove(hash uint64, at uint32) {
	mask := uint32(len(x.cells) - 1)
	gap := uint32(hash) & mask
	for x.cells[gap].at != at {
		gap = (gap + 1) & mask
	}
	x.used--
	for i := (gap + 1) & mask; x.cells[i].at != 0; i = (i + 1) & mask {
		home := x.cells[i].hash & mask
		if (i-home)&mask >= (i-gap)&mask {
			x.cells[gap] = x.cells[i]
			gap = i
		}
	}
	x.cells[gap] = cell{}
}
