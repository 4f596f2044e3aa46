package creative

import (
	"bytes"

	"bidwell/ad"
	"bidwell/openrtb"
)

// Fit is how a creative is shown on one impression. It is filled by
// Creative.Fit, holds no pointers and may be copied and reused.
type Fit struct {
	// W and H are bid.w and bid.h: the size of a banner; of a video the size of
	// the player as far as the request tells. 0 means to leave them out.
	W, H      int32
	DurationS int32 // bid.dur, 0 to leave out
	Protocol  int32 // bid.protocol, 0 to leave out
	API       int32 // bid.apis holds this one, 0 to leave out

	version  uint8 // index of the VAST version
	best     uint8 // media file to name first
	media    uint64
	skipS    int32 // when the video can be skipped
	natVer   nativeVersion
	wrapped  bool
	privacy  bool
	trackImp bool // by eventtrackers, not imptrackers
	trackMRC bool
	picked   uint8
	picks    [MaxAssets]pick
}

// Fit tells whether the creative may be shown on imp, an impression of req. If
// it may, f says how. If not, f is undefined and the result is the most telling
// reason.
func (c *Creative) Fit(req *openrtb.Request, imp *openrtb.Imp, f *Fit) ad.Reason {
	if !imp.Has[c.Media] {
		return ad.NotThisMedia
	}
	f.W, f.H, f.DurationS, f.Protocol, f.API = 0, 0, 0, 0, 0
	if r := c.fitMedia(req, imp, f); r != ad.OK {
		return r
	}
	if !c.speaks(req.WLang) {
		return ad.LanguageNotWanted
	}
	return ad.OK
}

func (c *Creative) fitMedia(req *openrtb.Request, imp *openrtb.Imp, f *Fit) ad.Reason {
	switch c.Media {
	case ad.Banner:
		return c.fitBanner(req, imp, f)
	case ad.Video:
		return c.fitVideo(&imp.Video, f)
	case ad.Audio:
		return c.fitVideo(&imp.Audio, f)
	}
	return c.fitNative(&imp.Native, f)
}

// allowed tests what all media share: blocked attributes and needed APIs.
func (c *Creative) allowed(battr, api []int32, f *Fit) ad.Reason {
	for _, a := range c.Attr {
		if has(battr, a) {
			return ad.AttributeBlocked
		}
	}
	if len(c.API) == 0 {
		return ad.OK
	}
	for _, a := range c.API {
		if has(api, a) {
			f.API = a
			return ad.OK
		}
	}
	return ad.APINotOffered
}

// speaks reports whether the creative's language is wanted. A creative whose
// language is not known is not held back. "de" satisfies "de-AT" as well.
func (c *Creative) speaks(wanted [][]byte) bool {
	if len(wanted) == 0 || c.Language == "" {
		return true
	}
	n := len(c.Language)
	for _, w := range wanted {
		if len(w) >= n && equalFold(w[:n], c.Language) && (len(w) == n || w[n] == '-' || w[n] == '_') {
			return true
		}
	}
	return false
}

func has(list []int32, v int32) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// equalFold reports whether b equals s, which is lower case, regardless of the
// case of ASCII letters.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, x := range b {
		if 'A' <= x && x <= 'Z' {
			x += 'a' - 'A'
		}
		if x != s[i] {
			return false
		}
	}
	return true
}

// hasMIME reports whether the list names a media type, given in lower case.
// Surrounding blanks are ignored; image/jpg is image/jpeg.
func hasMIME(list [][]byte, mime string) bool {
	for _, m := range list {
		m = bytes.TrimSpace(m)
		if equalFold(m, mime) {
			return true
		}
		if mime == "image/jpeg" && equalFold(m, "image/jpg") {
			return true
		}
	}
	return false
}
