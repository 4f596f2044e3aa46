package creative

import (
	"strconv"

	"bidwell/openrtb"
)

// append appends the native response object.
func (n *native) append(dst []byte, f *Fit, m *Macros) []byte {
	if f.wrapped {
		dst = append(dst, `{\"native\":`...)
	}
	dst = append(dst, `{\"ver\":\"`...)
	dst = append(dst, f.natVer.String()...)
	dst = append(dst, `\",\"assets\":[`...)
	for i := range f.picks[:f.picked] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = n.appendAsset(dst, &f.picks[i], f, m)
	}
	dst = append(dst, `],`...)
	if f.privacy {
		dst = append(dst, n.privacy...)
	}
	dst = append(dst, `\"link\":{\"url\":\"`...)
	dst = append(dst, m.ClickURL...)
	dst = append(dst, `\"},`...)
	dst = appendTrackers(dst, f, m)
	dst = append(dst, '}')
	if f.wrapped {
		dst = append(dst, '}')
	}
	return dst
}

func (n *native) appendAsset(dst []byte, k *pick, f *Fit, m *Macros) []byte {
	dst = append(dst, `{\"id\":`...)
	dst = strconv.AppendInt(dst, int64(k.id), 10)
	dst = append(dst, ',')
	switch k.kind {
	case openrtb.Title:
		dst = append(dst, n.titles[k.index].asset...)
	case openrtb.Data:
		dst = append(dst, n.data[k.list][k.index].asset...)
	case openrtb.Image:
		dst = n.images[k.list][k.index].markup.append(dst, &values{Macros: m, w: k.w, h: k.h})
	case openrtb.VideoAsset:
		dst = append(dst, `\"video\":{\"vasttag\":\"`...)
		dst = n.video.append(dst, f, m)
		dst = append(dst, `\"}`...)
	}
	return append(dst, '}')
}

// appendTrackers appends how impressions are counted: by event trackers where
// the placement offers them for images, else by imptrackers, which 1.2 still
// knows. Clicks are counted by the link itself.
func appendTrackers(dst []byte, f *Fit, m *Macros) []byte {
	if !f.trackImp {
		dst = append(dst, `\"imptrackers\":[\"`...)
		dst = append(dst, m.ImpressionURL...)
		dst = append(dst, `\"]`...)
		if !f.trackMRC {
			return dst
		}
		dst = append(dst, ',')
	}
	dst = append(dst, `\"eventtrackers\":[`...)
	if f.trackImp {
		dst = append(dst, `{\"event\":1,\"method\":1,\"url\":\"`...)
		dst = append(dst, m.ImpressionURL...)
		dst = append(dst, `\"}`...)
	}
	if f.trackMRC {
		if f.trackImp {
			dst = append(dst, ',')
		}
		dst = append(dst, `{\"event\":2,\"method\":1,\"url\":\"`...)
		dst = appendView(dst, m.ViewURL, &segment{event: "viewable"})
		dst = append(dst, `\"}`...)
	}
	return append(dst, ']')
}
