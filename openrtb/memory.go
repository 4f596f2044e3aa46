package openrtb

// Limits on what one request may make the decoder keep. What is over is
// validated, left out, and told by Request.Truncated.
const (
	maxImps     = 256
	maxStrings  = 32768 // entries of all lists of strings together
	maxInts     = 16384 // entries of all lists of integers together
	maxSizes    = 4096
	maxDeals    = 4096
	maxAssets   = 2048
	maxTrackers = 1024
	maxEIDs     = 256
	maxSegments = 4096
	maxNodes    = 64
)

// Capacities above which memory is given back before the next request, so that
// one huge request does not stay for ever in a pool.
const (
	keepText    = 128 << 10
	keepStrings = 8192
	keepOthers  = 1024
)

// memory holds what a Request's slices point to: lists of one type stand behind
// each other in one slice. When a slice must grow, the lists made before keep
// the old array; so no list ever moves under its reader, and after a few
// requests nothing grows any more.
type memory struct {
	text     []byte // unescaped strings
	strs     [][]byte
	ints     []int32
	sizes    []Size
	deals    []Deal
	assets   []Asset
	trackers []EventTracker
	eids     []EID
	segments []Segment
	nodes    []ChainNode
	over     bool // something was left out
}

func (m *memory) reset() {
	m.text = reuse(m.text, keepText)
	m.strs = reuse(m.strs, keepStrings)
	m.ints = reuse(m.ints, keepStrings)
	m.sizes = reuse(m.sizes, keepOthers)
	m.deals = reuse(m.deals, keepOthers)
	m.assets = reuse(m.assets, keepOthers)
	m.trackers = reuse(m.trackers, keepOthers)
	m.eids = reuse(m.eids, keepOthers)
	m.segments = reuse(m.segments, keepOthers)
	m.nodes = reuse(m.nodes, keepOthers)
	m.over = false
}

func reuse[T any](s []T, keep int) []T {
	if cap(s) > keep {
		return nil
	}
	return s[:0]
}

// put appends v to one of m's slices unless that holds limit entries already.
func put[T any](m *memory, s []T, v T, limit int) []T {
	if len(s) >= limit {
		m.over = true
		return s
	}
	return append(s, v)
}

// since returns the list that was appended to s from index from on. It cannot
// be appended to in place, so later lists do not overwrite it.
func since[T any](s []T, from int) []T { return s[from:len(s):len(s)] }
