package pricing

import "bidwell/ad"

// Segment is a part of the market in which prices are alike: a format in the upper
// half, a group of places in the lower one. 0 is not known; a segment whose lower
// half is 0 is a format wherever it is shown.
type Segment uint32

const (
	placeBits  = 16
	placeMask  = 1<<placeBits - 1
	placeCount = 4095 // groups that places are hashed into; large sites share theirs with few
	sizeBits   = 13   // of the upper half; media is above
)

// SegmentOf returns the segment of an impression that takes media of w × h pixels,
// each 0 if not known, on a place: a site's domain or an app's bundle, empty if not
// known. Banners are told apart by their size, video by how wide the player is. It
// does not allocate.
func SegmentOf(m ad.Media, w, h int32, place []byte) Segment {
	if m == ad.NoMedia {
		return 0
	}
	s := Segment(m)<<sizeBits | sizeClass(m, w, h)
	s <<= placeBits
	if len(place) > 0 {
		s |= 1 + Segment(mix(uint64(ad.HashID(place)))%placeCount)
	}
	return s
}

// Format returns the segment without the place.
func (s Segment) Format() Segment { return s &^ placeMask }

// Media returns what kind of ad the segment is for.
func (s Segment) Media() ad.Media { return ad.Media(s >> (placeBits + sizeBits)) }

// sizeClass returns a number below 1 << sizeBits.
func sizeClass(m ad.Media, w, h int32) Segment {
	switch {
	case m == ad.Banner:
		return Segment(mix(uint64(uint32(w))<<32|uint64(uint32(h))) & (1<<sizeBits - 1))
	case m != ad.Video || w <= 0:
		return 0
	case w < 300:
		return 1
	case w < 640:
		return 2
	case w < 1280:
		return 3
	}
	return 4
}

// mix spreads the bits of x: the finalizer of SplitMix64 (Steele et al. 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
