package openrtb

import (
	"reflect"

	"bidwell/ad"

	"github.com/prebid/openrtb/v20/openrtb2"
)

func (d differ) imps(imps []Imp, want []openrtb2.Imp) {
	var usable []*openrtb2.Imp
	for i := range want[:min(len(want), maxImps)] {
		if want[i].ID != "" {
			usable = append(usable, &want[i])
		}
	}
	same(d, "imps", len(imps), len(usable))
	for i := range min(len(imps), len(usable)) {
		d.at("imp.").imp(&imps[i], usable[i])
	}
}

func (d differ) imp(imp *Imp, want *openrtb2.Imp) {
	d.str("id", imp.ID, want.ID)
	d.str("tagid", imp.TagID, want.TagID)
	same(d, "instl", imp.Instl, want.Instl != 0)
	if want.Rwdd != 0 || len(want.Ext) == 0 {
		same(d, "rwdd", imp.Rewarded, want.Rwdd != 0)
	}
	same(d, "secure", imp.Secure, set(want.Secure))
	same(d, "bidfloor", imp.BidFloor, want.BidFloor)
	d.str("bidfloorcur", imp.BidFloorCur, want.BidFloorCur)
	num(d, "exp", imp.ExpS, want.Exp)
	qty := 0.0
	if want.Qty != nil {
		qty = want.Qty.Multiplier
	}
	same(d, "qty", imp.Qty, qty)
	pmp := want.PMP
	if pmp == nil {
		pmp = &openrtb2.PMP{}
	}
	same(d, "private_auction", imp.PrivateAuction, pmp.PrivateAuction != 0)
	d.at("deal.").deals(imp.Deals, pmp.Deals)
	same(d, "has banner", imp.Has[ad.Banner], want.Banner != nil)
	same(d, "has video", imp.Has[ad.Video], want.Video != nil)
	same(d, "has audio", imp.Has[ad.Audio], want.Audio != nil)
	if want.Banner != nil {
		d.at("banner.").banner(&imp.Banner, want.Banner)
	}
	if want.Video != nil {
		d.at("video.").video(&imp.Video, want.Video)
	}
	if want.Audio != nil {
		d.at("audio.").audio(&imp.Audio, want.Audio)
	}
	d.at("native.").native(imp, want.Native)
}

func (d differ) deals(deals []Deal, want []openrtb2.Deal) {
	var usable []openrtb2.Deal
	for _, w := range want {
		if w.ID != "" {
			usable = append(usable, w)
		}
	}
	same(d, "count", len(deals), len(usable))
	for i := range min(len(deals), len(usable)) {
		g, w := &deals[i], &usable[i]
		d.str("id", g.ID, w.ID)
		same(d, "bidfloor", g.BidFloor, w.BidFloor)
		d.str("bidfloorcur", g.BidFloorCur, w.BidFloorCur)
		num(d, "at", g.At, w.AT)
		d.strs("wseat", g.WSeat, w.WSeat)
		d.strs("wadomain", g.WADomain, w.WADomain)
	}
}

func (d differ) banner(b *Banner, want *openrtb2.Banner) {
	var sizes []Size
	for _, f := range want.Format {
		if f.W > 0 && f.H > 0 || f.WRatio > 0 && f.HRatio > 0 {
			sizes = append(sizes, Size{clampInt(f.W), clampInt(f.H), clampInt(f.WRatio), clampInt(f.HRatio), clampInt(f.WMin)})
		}
	}
	if len(sizes)+len(b.Sizes) > 0 && !reflect.DeepEqual(b.Sizes, sizes) {
		d.t.Errorf("%sformat: got %v, want %v", d.path, b.Sizes, sizes)
	}
	positive := func(p *int64) int64 {
		if p == nil {
			return 0
		}
		return max(*p, 0)
	}
	num(d, "w", b.W, positive(want.W))
	num(d, "h", b.H, positive(want.H))
	num(d, "wmin", b.WMin, want.WMin)
	num(d, "wmax", b.WMax, want.WMax)
	num(d, "hmin", b.HMin, want.HMin)
	num(d, "hmax", b.HMax, want.HMax)
	numPtr(d, "pos", b.Pos, want.Pos)
	ints(d, "btype", b.BType, want.BType)
	ints(d, "battr", b.BAttr, want.BAttr)
	ints(d, "api", b.API, want.API)
	d.strs("mimes", b.Mimes, want.MIMEs)
	ints(d, "expdir", b.ExpDir, want.ExpDir)
	same(d, "topframe", b.TopFrame, want.TopFrame != 0)
}

func (d differ) video(v *Video, want *openrtb2.Video) {
	d.strs("mimes", v.Mimes, want.MIMEs)
	num(d, "minduration", v.MinDurationS, want.MinDuration)
	num(d, "maxduration", v.MaxDurationS, want.MaxDuration)
	ints(d, "rqddurs", v.RqdDursS, want.RqdDurs)
	numPtr(d, "startdelay", v.StartDelay, want.StartDelay)
	same(d, "has startdelay", v.HasStartDelay, want.StartDelay != nil)
	num(d, "maxseq", v.MaxSeq, want.MaxSeq)
	num(d, "poddur", v.PodDurS, want.PodDur)
	protocols := append(want.Protocols[:len(want.Protocols):len(want.Protocols)], want.Protocol)
	for _, p := range want.Protocols {
		if p == want.Protocol {
			protocols = want.Protocols
		}
	}
	ints(d, "protocols", v.Protocols, protocols)
	numPtr(d, "w", v.W, want.W)
	numPtr(d, "h", v.H, want.H)
	d.str("podid", v.PodID, want.PodID)
	num(d, "podseq", v.PodSeq, want.PodSeq)
	num(d, "placement", v.Placement, want.Placement)
	num(d, "plcmt", v.Plcmt, want.Plcmt)
	num(d, "linearity", v.Linearity, want.Linearity)
	same(d, "skip", v.Skip, set(want.Skip))
	num(d, "skipmin", v.SkipMinS, want.SkipMin)
	num(d, "skipafter", v.SkipAfterS, want.SkipAfter)
	num(d, "sequence", v.Sequence, want.Sequence)
	num(d, "slotinpod", v.SlotInPod, want.SlotInPod)
	same(d, "mincpmpersec", v.MinCPMPerSec, want.MinCPMPerSec)
	ints(d, "battr", v.BAttr, want.BAttr)
	num(d, "maxextended", v.MaxExtendedS, want.MaxExtended)
	num(d, "minbitrate", v.MinBitrate, want.MinBitRate)
	num(d, "maxbitrate", v.MaxBitrate, want.MaxBitRate)
	ints(d, "playbackmethod", v.PlaybackMethod, want.PlaybackMethod)
	ints(d, "delivery", v.Delivery, want.Delivery)
	numPtr(d, "pos", v.Pos, want.Pos)
	ints(d, "api", v.API, want.API)
}

func (d differ) audio(v *Video, want *openrtb2.Audio) {
	d.strs("mimes", v.Mimes, want.MIMEs)
	num(d, "minduration", v.MinDurationS, want.MinDuration)
	num(d, "maxduration", v.MaxDurationS, want.MaxDuration)
	ints(d, "rqddurs", v.RqdDursS, want.RqdDurs)
	numPtr(d, "startdelay", v.StartDelay, want.StartDelay)
	same(d, "has startdelay", v.HasStartDelay, want.StartDelay != nil)
	num(d, "maxseq", v.MaxSeq, want.MaxSeq)
	num(d, "poddur", v.PodDurS, want.PodDur)
	d.str("podid", v.PodID, want.PodID)
	num(d, "podseq", v.PodSeq, want.PodSeq)
	num(d, "sequence", v.Sequence, want.Sequence)
	num(d, "slotinpod", v.SlotInPod, want.SlotInPod)
	same(d, "mincpmpersec", v.MinCPMPerSec, want.MinCPMPerSec)
	ints(d, "battr", v.BAttr, want.BAttr)
	num(d, "maxextended", v.MaxExtendedS, want.MaxExtended)
	num(d, "minbitrate", v.MinBitrate, want.MinBitrate)
	num(d, "maxbitrate", v.MaxBitrate, want.MaxBitrate)
	ints(d, "delivery", v.Delivery, want.Delivery)
	ints(d, "api", v.API, want.API)
	num(d, "feed", v.Feed, want.Feed)
}
