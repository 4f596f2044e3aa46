package openrtb

import (
	"encoding/json"
	"strings"
	"testing"

	"bidwell/ad"

	"github.com/prebid/openrtb/v20/native1/request"
	"github.com/prebid/openrtb/v20/openrtb2"
)

// native compares with the request that prebid's types read, wrapped or bare.
// Where those do not read it, the quirks have their own test.
func (d differ) native(imp *Imp, want *openrtb2.Native) {
	if want == nil {
		same(d, "offered", imp.Has[ad.Native], false)
		return
	}
	text := []byte(want.Request)
	var wrapper struct{ Native json.RawMessage }
	wrapped := json.Unmarshal(text, &wrapper) == nil && len(wrapper.Native) > 0 && wrapper.Native[0] == '{'
	if wrapped {
		var members map[string]json.RawMessage
		if json.Unmarshal(text, &members); len(members) > 1 {
			return // wrapped and bare at once
		}
		text = wrapper.Native
	}
	if !json.Valid([]byte(want.Request)) {
		same(d, "offered", imp.Has[ad.Native], false)
		return
	}
	var w request.Request
	if json.Unmarshal(text, &w) != nil {
		return
	}
	if compareNative(d, &imp.Native, imp.Has[ad.Native], text) {
		same(d, "wrapped", imp.Native.Wrapped, wrapped)
		d.str("ver", imp.Native.Ver, or(want.Ver, w.Ver))
		ints(d, "api", imp.Native.API, want.API)
		ints(d, "battr", imp.Native.BAttr, want.BAttr)
	}
}

// compareNative checks what was read from a native request that is bare. It
// returns false if the placement is rightly not offered.
func compareNative(d differ, n *Native, offered bool, text []byte) bool {
	var w request.Request
	if err := json.Unmarshal(text, &w); err != nil {
		d.t.Fatal(err)
	}
	// null assets are no assets; to prebid's types they are empty ones
	var nulls struct{ Assets, EventTrackers []json.RawMessage }
	if err := json.Unmarshal(text, &nulls); err != nil {
		d.t.Fatal(err)
	}
	var assets []request.Asset
	for i, a := range w.Assets {
		if string(nulls.Assets[i]) != "null" {
			assets = append(assets, a)
		}
	}
	same(d, "offered", offered, len(assets) > 0)
	if !offered || len(assets) == 0 {
		return false
	}
	num(d, "context", n.Context, w.Context)
	num(d, "plcmttype", n.PlcmtType, w.PlcmtType)
	num(d, "plcmtcnt", n.PlcmtCnt, w.PlcmtCnt)
	same(d, "privacy", n.Privacy, w.Privacy != 0)
	same(d, "assets", len(n.Assets), len(assets))
	for i := range min(len(n.Assets), len(assets)) {
		d.at("asset.").asset(&n.Assets[i], &assets[i])
	}
	var trackers []request.EventTracker
	for _, e := range w.EventTrackers {
		if e.Event != 0 {
			trackers = append(trackers, e)
		}
	}
	same(d, "eventtrackers", len(n.EventTrackers), len(trackers))
	for i := range min(len(n.EventTrackers), len(trackers)) {
		num(d, "event", n.EventTrackers[i].Event, trackers[i].Event)
		ints(d, "methods", n.EventTrackers[i].Methods, trackers[i].Methods)
	}
	return true
}

// compareBareNative is compareNative for a text that may be anything.
func compareBareNative(t *testing.T, n *Native, offered bool, text []byte) {
	var members map[string]json.RawMessage
	var w request.Request
	if json.Unmarshal(text, &members) != nil || json.Unmarshal(text, &w) != nil {
		return
	}
	for key := range members {
		if strings.EqualFold(key, "native") {
			return
		}
	}
	compareNative(differ{t, "native."}, n, offered, text)
}

func (d differ) asset(a *Asset, want *request.Asset) {
	num(d, "id", a.ID, want.ID)
	same(d, "required", a.Required, want.Required != 0)
	kinds := 0
	for _, has := range []bool{want.Title != nil, want.Img != nil, want.Video != nil, want.Data != nil} {
		if has {
			kinds++
		}
	}
	if kinds == 0 {
		same(d, "kind", a.Kind, NoAsset)
	}
	if kinds != 1 {
		return
	}
	switch {
	case want.Title != nil:
		same(d, "kind", a.Kind, Title)
		num(d, "len", a.Len, want.Title.Len)
	case want.Data != nil:
		same(d, "kind", a.Kind, Data)
		num(d, "type", a.Type, want.Data.Type)
		num(d, "len", a.Len, want.Data.Len)
	case want.Img != nil:
		same(d, "kind", a.Kind, Image)
		num(d, "type", a.Type, want.Img.Type)
		num(d, "w", a.W, want.Img.W)
		num(d, "h", a.H, want.Img.H)
		num(d, "wmin", a.WMin, want.Img.WMin)
		num(d, "hmin", a.HMin, want.Img.HMin)
		d.strs("mimes", a.Mimes, want.Img.MIMEs)
	case want.Video != nil:
		same(d, "kind", a.Kind, VideoAsset)
		d.strs("mimes", a.Mimes, want.Video.MIMEs)
		num(d, "minduration", a.MinDurationS, want.Video.MinDuration)
		num(d, "maxduration", a.MaxDurationS, want.Video.MaxDuration)
		ints(d, "protocols", a.Protocols, want.Video.Protocols)
	}
}
