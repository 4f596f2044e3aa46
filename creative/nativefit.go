package creative

import (
	"bytes"

	"bidwell/ad"
	"bidwell/openrtb"
)

// MaxAssets is how many assets of a native request are answered. A request for
// more is answered if the surplus is optional.
const MaxAssets = 32

// pick is the answer to one asset.
type pick struct {
	id    int32
	w, h  int32
	kind  openrtb.AssetKind
	list  uint8 // data or image type
	index uint8 // in the list of titles, data or images
}

// nativeVersion is the version of the native markup.
type nativeVersion uint8

const (
	native10 nativeVersion = iota
	native11
	native12
)

func (v nativeVersion) String() string {
	return [...]string{"1.0", "1.1", "1.2"}[v]
}

// versionOf reads a native request's version. 1.2 is what its absence means and
// what later ones are compatible with.
func versionOf(ver []byte) nativeVersion {
	switch {
	case bytes.HasPrefix(ver, []byte("1.0")), len(ver) == 1 && ver[0] == '1':
		return native10
	case bytes.HasPrefix(ver, []byte("1.1")):
		return native11
	}
	return native12
}

// Methods of native event tracking and the events.
const (
	eventImpression = 1
	eventViewable   = 2 // viewable-mrc50
	methodImage     = 1
)

func (c *Creative) fitNative(p *openrtb.Native, f *Fit) ad.Reason {
	if duplicateIDs(p.Assets) {
		return ad.NotThisMedia // no answer could be understood
	}
	f.picked = 0
	for i := range p.Assets {
		a := &p.Assets[i]
		r := c.native.answer(a, p, f)
		if r != ad.OK && a.Required {
			return r
		}
	}
	if f.picked == 0 {
		return ad.AssetMissing
	}
	f.Protocol = 0
	f.wrapped, f.privacy = p.Wrapped, p.Privacy
	f.natVer = versionOf(p.Ver)
	f.trackImp, f.trackMRC = false, false
	if f.natVer == native12 {
		f.trackImp = tracks(p.EventTrackers, eventImpression)
		f.trackMRC = tracks(p.EventTrackers, eventViewable)
	}
	return c.allowed(p.BAttr, p.API, f)
}

// duplicateIDs reports whether two assets have one id. Of the assets beyond
// those that could be answered it looks at as many again: the list is the
// sender's, and its length must not cost its square.
func duplicateIDs(list []openrtb.Asset) bool {
	list = list[:min(len(list), 2*MaxAssets)]
	for i := range list {
		for j := range list[:i] {
			if list[i].HasID && list[j].HasID && list[i].ID == list[j].ID {
				return true
			}
		}
	}
	return false
}

// tracks reports whether a placement tracks an event by an image.
func tracks(list []openrtb.EventTracker, event int32) bool {
	for i := range list {
		if list[i].Event == event && has(list[i].Methods, methodImage) {
			return true
		}
	}
	return false
}

// answer picks what answers an asset and adds it to f.
func (n *native) answer(a *openrtb.Asset, p *openrtb.Native, f *Fit) ad.Reason {
	if !a.HasID || f.picked == MaxAssets {
		return ad.AssetMissing
	}
	k := &f.picks[f.picked]
	*k = pick{id: a.ID, kind: a.Kind}
	r := ad.AssetMissing
	switch a.Kind {
	case openrtb.Title:
		r = k.phrase(n.titles, a.Len)
	case openrtb.Data:
		if a.Type > 0 && a.Type < dataTypes {
			k.list = uint8(a.Type)
			r = k.phrase(n.data[a.Type], a.Len)
		}
	case openrtb.Image:
		r = n.answerImage(k, a)
	case openrtb.VideoAsset:
		r = n.answerVideo(a, p, f)
	}
	if r == ad.OK {
		f.picked++
	}
	return r
}

// phrase picks the longest text that has room.
func (k *pick) phrase(list []phrase, room int32) ad.Reason {
	for i := range list {
		if room <= 0 || list[i].length <= room {
			k.index = uint8(i)
			return ad.OK
		}
	}
	return ad.AssetMissing
}

// answerImage picks an image of the type asked for. A placement that names no
// type gets the main image, else an icon.
func (n *native) answerImage(k *pick, a *openrtb.Asset) ad.Reason {
	if a.Type > 0 && a.Type < imageTypes {
		k.list = uint8(a.Type)
		return k.image(n.images[a.Type], a)
	}
	if a.Type != 0 {
		return ad.AssetMissing
	}
	k.list = mainImage
	if k.image(n.images[mainImage], a) == ad.OK {
		return ad.OK
	}
	k.list = iconImage
	return k.image(n.images[iconImage], a)
}

// image picks the smallest image that is large enough. A size without a minimum
// is exact; beside a minimum it is a wish.
func (k *pick) image(list []image, a *openrtb.Asset) ad.Reason {
	found := false
	for i := range list {
		m := &list[i]
		if len(a.Mimes) > 0 && !hasMIME(a.Mimes, m.mime) {
			continue
		}
		w, h := m.w, m.h
		if w == 0 {
			w, h = wishedSize(a, int(k.list))
		}
		if w > maxSide || h > maxSide || !sideFits(w, a.W, a.WMin) || !sideFits(h, a.H, a.HMin) {
			continue
		}
		wished := w == a.W && h == a.H
		if !found || wished {
			found = true
			k.index, k.w, k.h = uint8(i), w, h
		}
		if wished {
			break
		}
	}
	if !found {
		return ad.AssetMissing
	}
	return ad.OK
}

func sideFits(got, exact, least int32) bool {
	if least <= 0 && exact > 0 {
		return got == exact
	}
	return got >= least
}

// wishedSize is the size in which an image for any size answers an asset: what
// is asked for; of what is not, the usual size of the type.
func wishedSize(a *openrtb.Asset, kind int) (w, h int32) {
	usualW, usualH := int32(1200), int32(627)
	if kind != mainImage {
		usualW, usualH = 128, 128
	}
	w, h = max(a.W, a.WMin), max(a.H, a.HMin)
	switch {
	case w <= 0 && h <= 0:
		return usualW, usualH
	case w <= 0:
		return max(1, int32(int64(h)*int64(usualW)/int64(usualH))), h
	case h <= 0:
		return w, max(1, int32(int64(w)*int64(usualH)/int64(usualW)))
	}
	return w, h
}

// answerVideo answers the first video asset that the ad's video suits.
func (n *native) answerVideo(a *openrtb.Asset, p *openrtb.Native, f *Fit) ad.Reason {
	if n.video == nil {
		return ad.AssetMissing
	}
	for i := range f.picks[:f.picked] {
		if f.picks[i].kind == openrtb.VideoAsset {
			return ad.AssetMissing
		}
	}
	return n.video.fit(&player{
		mimes: a.Mimes, minS: a.MinDurationS, maxS: a.MaxDurationS, protocols: a.Protocols, api: p.API,
	}, f)
}
