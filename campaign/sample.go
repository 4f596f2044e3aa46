package campaign

import "bidwell/ad"

// sampleLines is about how many line items a sample holds.
const sampleLines = 64

// Sample returns the line items, in their order, for which it is to be counted
// whether they could have bid on a request with that seed, and for how many each
// counts. To look at all of them on every request would cost more than to decide:
// what could not win is not looked at otherwise. Those that share a paced budget
// are always in one sample, so that each of their budgets sees a fair share of
// the requests, whole. Up to 64 line items are all counted every time.
func (s *Snapshot) Sample(seed uint64) (lines []uint32, weight uint32) {
	n := uint64(len(s.samples))
	if n == 0 {
		return nil, 0
	}
	return s.samples[(seed>>32)%n], uint32(n)
}

// numSamples returns how many samples there are.
func (s *Snapshot) numSamples() int { return (len(s.Lines) + sampleLines - 1) / sampleLines }

// divide makes the samples of a snapshot that is bound.
func (s *Snapshot) divide() {
	n := s.numSamples()
	s.samples = make([][]uint32, n)
	next, of := 0, map[ad.ID]int{}
	for i := range s.Lines {
		l := &s.Lines[i]
		id := l.Campaign.ID
		if l.Gauges[OfAdvertiser] != nil {
			id = l.Campaign.AdvertiserID
		}
		k, known := of[id]
		if !known {
			k, next = next%n, next+1
			of[id] = k
		}
		s.samples[k] = append(s.samples[k], uint32(i))
	}
}
