package loadtest

import (
	"encoding/json"
	"fmt"
	"time"
)

// storedHistogram is a Histogram in JSON.
type storedHistogram struct {
	Max     time.Duration `json:"max"`
	Buckets [][2]uint64   `json:"buckets"` // index, count; without the empty ones
}

// MarshalJSON writes the buckets that are not empty.
func (h Histogram) MarshalJSON() ([]byte, error) {
	s := storedHistogram{Max: h.max, Buckets: [][2]uint64{}}
	for i, n := range h.buckets {
		if n > 0 {
			s.Buckets = append(s.Buckets, [2]uint64{uint64(i), n})
		}
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON has written.
func (h *Histogram) UnmarshalJSON(b []byte) error {
	var s storedHistogram
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*h = Histogram{max: s.Max}
	for _, p := range s.Buckets {
		if p[0] >= uint64(len(h.buckets)) {
			return fmt.Errorf("a histogram has no bucket %d", p[0])
		}
		h.buckets[p[0]] += p[1]
		h.n += p[1]
	}
	return nil
}
