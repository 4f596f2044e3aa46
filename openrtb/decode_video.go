package openrtb

import (
	"slices"

	"bidwell/ad"
)

// video reads a video or audio placement into v, which is the field of imp for
// that kind.
func (c *cursor) video(imp *Imp, kind ad.Media, v *Video) {
	switch c.peek() {
	case 'n': // null
		imp.Has[kind], *v = false, Video{}
	case '{':
		imp.Has[kind] = true
	}
	var protocol []int32
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "mimes":
			c.strs(&v.Mimes)
		case "minduration":
			c.int(&v.MinDurationS)
		case "maxduration":
			c.int(&v.MaxDurationS)
		case "rqddurs":
			c.ints(&v.RqdDursS)
		case "maxextended":
			c.int(&v.MaxExtendedS)
		case "protocols":
			c.ints(&v.Protocols)
		case "protocol":
			c.ints(&protocol)
		case "api":
			c.ints(&v.API)
		case "battr":
			c.ints(&v.BAttr)
		case "delivery":
			c.ints(&v.Delivery)
		case "minbitrate":
			c.int(&v.MinBitrate)
		case "maxbitrate":
			c.int(&v.MaxBitrate)
		case "sequence":
			c.int(&v.Sequence)
		case "startdelay":
			v.HasStartDelay = c.int(&v.StartDelay) || v.HasStartDelay
		case "feed":
			c.int(&v.Feed)
		default:
			c.videoPod(v, key)
		}
	}
	c.addProtocols(v, protocol)
}

// videoPod reads the member key if it is about the pod that the placement
// belongs to.
func (c *cursor) videoPod(v *Video, key []byte) {
	switch string(key) {
	case "podid":
		c.str(&v.PodID)
	case "podseq":
		c.int(&v.PodSeq)
	case "slotinpod":
		c.int(&v.SlotInPod)
	case "poddur":
		c.int(&v.PodDurS)
	case "maxseq":
		c.int(&v.MaxSeq)
	case "mincpmpersec":
		c.float(&v.MinCPMPerSec)
	default:
		c.videoPicture(v, key)
	}
}

// videoPicture reads the member key if it is about the player's picture.
func (c *cursor) videoPicture(v *Video, key []byte) {
	switch string(key) {
	case "w":
		c.int(&v.W)
	case "h":
		c.int(&v.H)
	case "pos":
		c.int(&v.Pos)
	case "placement":
		c.int(&v.Placement)
	case "plcmt":
		c.int(&v.Plcmt)
	case "linearity":
		c.int(&v.Linearity)
	case "skip":
		c.flag(&v.Skip)
	case "skipmin":
		c.int(&v.SkipMinS)
	case "skipafter":
		c.int(&v.SkipAfterS)
	case "playbackmethod":
		c.ints(&v.PlaybackMethod)
	default:
		c.skip()
	}
}

// maxProtocols is the length of the lists of protocols that addProtocols joins;
// the specification knows fewer than 20.
const maxProtocols = 64

// addProtocols adds to v's protocols those that only the old field names.
func (c *cursor) addProtocols(v *Video, old []int32) {
	m := c.mem
	if len(old) == 0 || len(old)+len(v.Protocols) > maxProtocols || len(m.ints)+maxProtocols > maxInts {
		return
	}
	from := len(m.ints)
	m.ints = append(m.ints, v.Protocols...)
	for _, p := range old {
		if !slices.Contains(m.ints[from:], p) {
			m.ints = append(m.ints, p)
		}
	}
	v.Protocols = since(m.ints, from)
}
