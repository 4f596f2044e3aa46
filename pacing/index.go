package pacing

// The index finds the place of a reservation in the slab by the hash of its bid
// id: open addressing with linear probing, at most half full, and removal that
// closes the gap, so that a book in steady use neither fills with tombstones nor
// allocates. The reader compares bid ids; the index itself knows hashes only.

// cell is one of the index, of which there are a power of two.
type cell struct {
	hash uint32 // low bits
	at   uint32 // 0 if the cell is empty
}

const leastCells = 64

func (s *shard) put(hash uint64, at uint32) {
	if 2*(int(s.used)+1) > len(s.cells) {
		s.grow()
	}
	s.used++
	s.place(cell{uint32(hash), at})
}

func (s *shard) place(c cell) {
	mask := uint32(len(s.cells) - 1)
	i := c.hash & mask
	for s.cells[i].at != 0 {
		i = (i + 1) & mask
	}
	s.cells[i] = c
}

func (s *shard) grow() {
	old := s.cells
	s.cells = make([]cell, 2*len(old))
	for _, c := range old {
		if c.at != 0 {
			s.place(c)
		}
	}
}

// remove takes out an entry that is there. Each entry behind the gap moves into
// it if the gap lies on its way from its home cell.
func (s *shard) remove(hash uint64, at uint32) {
	mask := uint32(len(s.cells) - 1)
	gap := uint32(hash) & mask
	for s.cells[gap].at != at {
		gap = (gap + 1) & mask
	}
	s.used--
	for i := (gap + 1) & mask; s.cells[i].at != 0; i = (i + 1) & mask {
		home := s.cells[i].hash & mask
		if (i-home)&mask >= (i-gap)&mask {
			s.cells[gap] = s.cells[i]
			gap = i
		}
	}
	s.cells[gap] = cell{}
}
