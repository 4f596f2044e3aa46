package creative

import (
	"bidwell/ad"
	"bidwell/openrtb"
)

// AdCOM delivery methods.
const (
	deliveryStreaming   = 1
	deliveryProgressive = 2
)

// player is what a video or audio placement, or a native video asset, takes.
type player struct {
	mimes                  [][]byte
	minS, maxS             int32
	rqdS                   []int32
	protocols              []int32
	api                    []int32
	delivery               []int32
	minBitrate, maxBitrate int32
	w, h                   int32
}

func (c *Creative) fitVideo(v *openrtb.Video, f *Fit) ad.Reason {
	if v.Linearity > 1 {
		return ad.NotThisMedia // overlays only
	}
	p := player{
		mimes: v.Mimes, minS: v.MinDurationS, maxS: v.MaxDurationS, rqdS: v.RqdDursS, protocols: v.Protocols,
		api: v.API, delivery: v.Delivery, minBitrate: v.MinBitrate, maxBitrate: v.MaxBitrate, w: v.W, h: v.H,
	}
	if v.PodDurS > 0 && (p.maxS <= 0 || p.maxS > v.PodDurS) {
		p.maxS = v.PodDurS
	}
	if v.PodDurS > 0 && c.video.durationS > v.PodDurS {
		return ad.DurationNotWanted // required durations are no excuse
	}
	if r := c.video.fit(&p, f); r != ad.OK {
		return r
	}
	if !c.video.skips(v, f) {
		return ad.AttributeBlocked
	}
	if v.W > 0 && v.H > 0 {
		f.W, f.H = v.W, v.H
	}
	f.DurationS = c.video.durationS
	return c.allowed(v.BAttr, v.API, f)
}

// skips settles when the ad can be skipped: when it says, but no sooner than the
// placement says. It reports false if the ad can be skipped and is too short
// for the placement to allow that.
func (v *video) skips(p *openrtb.Video, f *Fit) bool {
	if v.skipAfterS == 0 {
		return true
	}
	f.skipS = max(v.skipAfterS, min(p.SkipAfterS, v.durationS))
	return v.durationS > p.SkipMinS
}

// fit chooses the version and the media files for a player.
func (v *video) fit(p *player, f *Fit) ad.Reason {
	if !v.lasts(p) {
		return ad.DurationNotWanted
	}
	version, ok := v.version(p.protocols)
	if !ok {
		return ad.ProtocolNotWanted
	}
	f.version, f.skipS = uint8(version), v.skipAfterS
	f.Protocol = vastVersions[version].inline
	if v.wraps {
		f.Protocol = vastVersions[version].wrapper
		return ad.OK
	}
	return v.choose(p, f)
}

// lasts reports whether the player takes the duration. Required durations
// stand alone: OpenRTB has them exclude a minimum and maximum.
func (v *video) lasts(p *player) bool {
	if len(p.rqdS) > 0 {
		return has(p.rqdS, v.durationS)
	}
	return v.durationS >= p.minS && (p.maxS <= 0 || v.durationS <= p.maxS)
}

// version returns the best version that the player reads, as an index.
func (v *video) version(protocols []int32) (int, bool) {
	if len(protocols) == 0 {
		return defaultVersion, true
	}
	for i := range vastVersions {
		code := vastVersions[i].inline
		if v.wraps {
			code = vastVersions[i].wrapper
		}
		if has(protocols, code) {
			return i, true
		}
	}
	return 0, false
}

// choose finds the media files that the player takes and, among them, the one
// nearest to its size. If there is none the reason is that of the file that
// came furthest.
func (v *video) choose(p *player, f *Fit) ad.Reason {
	f.media = 0
	reason, nearest := ad.MimeNotWanted, int64(-1)
	for i := range v.files {
		m := &v.files[i]
		if r := m.fit(p); r != ad.OK {
			reason = further(reason, r)
			continue
		}
		f.media |= 1 << i
		off := apart(m.w, p.w) + apart(m.h, p.h)
		if nearest < 0 || off < nearest {
			nearest, f.best = off, uint8(i)
		}
	}
	if f.media == 0 {
		return reason
	}
	if v.onlyVPAID(f.media) {
		f.API = vpaidAPI(p.api)
	}
	return ad.OK
}

// further returns the later of two reasons in the order in which a file is
// tested: type, API, bit rate and delivery.
func further(a, b ad.Reason) ad.Reason {
	if b == ad.MediaFileNotWanted || a == ad.MimeNotWanted {
		return b
	}
	return a
}

func (m *file) fit(p *player) ad.Reason {
	switch {
	case len(p.mimes) > 0 && !hasMIME(p.mimes, m.mime):
		return ad.MimeNotWanted
	case m.vpaid && vpaidAPI(p.api) == 0:
		return ad.APINotOffered
	case m.bitrate > 0 && (m.bitrate < p.minBitrate || p.maxBitrate > 0 && m.bitrate > p.maxBitrate):
		return ad.MediaFileNotWanted
	case len(p.delivery) > 0 && !m.delivered(p.delivery):
		return ad.MediaFileNotWanted
	}
	return ad.OK
}

// delivered reports whether the player takes the file's delivery. A file that
// downloads progressively can be downloaded (3) as well.
func (m *file) delivered(delivery []int32) bool {
	if m.streaming {
		return has(delivery, deliveryStreaming)
	}
	return has(delivery, deliveryProgressive) || has(delivery, deliveryProgressive+1)
}

// vpaidAPI returns the newest VPAID on offer, 0 if none.
func vpaidAPI(api []int32) int32 {
	if has(api, 2) {
		return 2
	}
	if has(api, 1) {
		return 1
	}
	return 0
}

func (v *video) onlyVPAID(chosen uint64) bool {
	for i := range v.files {
		if chosen&(1<<i) != 0 && !v.files[i].vpaid {
			return false
		}
	}
	return true
}

// apart returns how far a side is from the wish, 0 without a wish.
func apart(side, wish int32) int64 {
	if wish <= 0 {
		return 0
	}
	d := int64(side) - int64(wish)
	return max(d, -d)
}
