package pricing

// strength is λ by kind: weights of a kind are expected to differ by 1/√λ. How much that
// is, is learned: what weights there are tell how large others of their kind may be
// (empirical Bayes; MacKay, "Bayesian Interpolation", 1992). A weight of which n is known
// is determined to γ = n/(λ+n) by what was seen, and to the rest by what was expected; so
// the variance is
//
//	1/λ = Σ w² / Σ γ
//
// over the weights of a kind.
type strength [numKinds]float32

// What λ is before anything is known.
const (
	mainStrength    = 30
	subjectStrength = 100
)

// crossStrengths are by how much a kind is known to matter to campaigns.
var crossStrengths = [...]float32{alone: 200, weakly: 200, strongly: 30}

func newMainStrength() (s strength) {
	for k := range s {
		s[k] = mainStrength
	}
	return s
}

func newCrossStrength() (s strength) {
	for k := range s {
		s[k] = crossStrengths[matters[k]]
	}
	for k := ofContact; k < numKinds; k++ {
		s[k] = subjectStrength
	}
	return s
}

// What is expected of a λ counts as much as so many weights that are known for sure, and
// what it may become.
const (
	expected                    = 20
	leastStrength, mostStrength = 2, 5000
)

// How many examples there are from one reckoning to the next: as many as there have been,
// up to mostUnreckoned.
const (
	firstReckoning = 1 << 10
	mostUnreckoned = 1 << 17
)

// reckon works the strengths out anew, if it is time.
func (m *regression) reckon() {
	m.examples++
	n := m.examples
	if n < firstReckoning || n%mostUnreckoned != 0 && (n&(n-1) != 0 || n > mostUnreckoned) {
		return
	}
	m.strength.reckon(m.main[:], newMainStrength())
	m.cross.strength.reckon(m.cross.pages[:], newCrossStrength())
}

// reckon takes the strengths from the weights on some pages, and makes the weights what
// they would be if they had been learned with them.
func (s *strength) reckon(pages []*cells, before strength) {
	var squares, known [numKinds]float64
	for _, c := range pages {
		if c == nil {
			continue
		}
		for i, n := range c.n {
			if n > 0 {
				k := c.kind[i]
				squares[k] += float64(c.w[i]) * float64(c.w[i])
				known[k] += float64(n) / float64(s[k]+n)
			}
		}
	}
	was := *s
	for k := range s {
		variance := (squares[k] + expected/float64(before[k])) / (known[k] + expected)
		s[k] = float32(min(max(1/variance, leastStrength), mostStrength))
	}
	for _, c := range pages {
		if c == nil {
			continue
		}
		for i, n := range c.n {
			if k := c.kind[i]; n > 0 {
				c.w[i] = float32(within(float64(c.w[i]*(was[k]+n)/(s[k]+n)), maxWeight))
			}
		}
		c.published = nil
	}
}
