package loadtest

import (
	"slices"

	"github.com/prebid/openrtb/v20/openrtb2"
	"github.com/prebid/openrtb/v20/openrtb3"
)

// offer is what the exchange asked for, as the checks and the auction need it.
// It is read with encoding/json rather than with the bidder's decoder, so that
// the two sides cannot share a misunderstanding.
type offer struct {
	req  *openrtb2.BidRequest
	imps map[string]*openrtb2.Imp
}

func newOffer(req *openrtb2.BidRequest) *offer {
	o := &offer{req: req, imps: make(map[string]*openrtb2.Imp, len(req.Imp))}
	for i := range req.Imp {
		o.imps[req.Imp[i].ID] = &req.Imp[i]
	}
	return o
}

// fault is what is wrong with a bid, and the loss reason with which exchanges
// tell its bidder.
type fault struct {
	text string
	loss openrtb3.LossReason
}

// checkResponse returns what makes a whole response unusable, or "".
func (o *offer) checkResponse(resp *openrtb2.BidResponse) string {
	switch {
	case resp.ID != o.req.ID:
		return "the response's id is not the request's"
	case len(resp.SeatBid) > 0 && len(o.req.Cur) > 0 && !slices.Contains(o.req.Cur, currencyOr(resp.Cur, "USD")):
		return "the response's currency is not one that the request takes"
	}
	return ""
}

// check returns what is wrong with a bid; the zero fault if nothing is. Floors
// are the auction's concern, which knows the rates.
func (o *offer) check(bid *openrtb2.Bid) fault {
	imp := o.imps[bid.ImpID]
	switch {
	case imp == nil:
		return fault{"the bid is for an impression that was not offered", openrtb3.LossInvalidAuctionID}
	case bid.ID == "":
		return fault{"the bid has no id", openrtb3.LossInvalidResponse}
	case !(bid.Price > 0):
		return fault{"the bid's price is not positive", openrtb3.LossMissingBidPrice}
	case bid.AdM == "":
		return fault{"the bid has no markup", openrtb3.LossMissingMarkup}
	case len(bid.ADomain) == 0:
		return fault{"the bid names no advertiser domain", openrtb3.LossInvalidAdvertiserDomain}
	case bid.CrID == "":
		return fault{"the bid has no creative id", openrtb3.LossMissingCreativeID}
	case bid.DealID != "" && dealOf(imp, bid.DealID) == nil:
		return fault{"the bid is for a deal that was not offered", openrtb3.LossInvalidDealID}
	case bid.DealID == "" && imp.PMP != nil && imp.PMP.PrivateAuction == 1:
		return fault{"the impression is for deals only and the bid names none", openrtb3.LossInvalidDealID}
	}
	if slices.ContainsFunc(bid.ADomain, func(d string) bool { return slices.Contains(o.req.BAdv, d) }) {
		return fault{"the publisher blocks the advertiser's domain", openrtb3.LossAdvertiserExclusions}
	}
	if slices.ContainsFunc(bid.Cat, func(c string) bool { return slices.Contains(o.req.BCat, c) }) {
		return fault{"the publisher blocks the ad's category", openrtb3.LossCategoryExclusions}
	}
	return checkMedia(imp, bid)
}

func checkMedia(imp *openrtb2.Imp, bid *openrtb2.Bid) fault {
	offered := map[openrtb2.MarkupType]bool{
		openrtb2.MarkupBanner: imp.Banner != nil,
		openrtb2.MarkupVideo:  imp.Video != nil,
		openrtb2.MarkupAudio:  imp.Audio != nil,
		openrtb2.MarkupNative: imp.Native != nil,
	}
	if bid.MType != 0 && !offered[bid.MType] {
		return fault{"the bid is for a kind of media that was not offered", openrtb3.LossInvalidResponse}
	}
	if bid.MType == openrtb2.MarkupBanner && !fitsBanner(imp.Banner, bid.W, bid.H) {
		return fault{"the banner has a size that was not offered", openrtb3.LossSizeNotAllowed}
	}
	var most int64
	if v := imp.Video; v != nil && bid.MType == openrtb2.MarkupVideo {
		most = v.MaxDuration
	}
	if a := imp.Audio; a != nil && bid.MType == openrtb2.MarkupAudio {
		most = a.MaxDuration
	}
	if most > 0 && bid.Dur > most {
		return fault{"the ad is longer than was asked for", openrtb3.LossIncorrectFormat}
	}
	return fault{}
}

func fitsBanner(b *openrtb2.Banner, w, h int64) bool {
	if len(b.Format) == 0 {
		return b.W == nil || b.H == nil || *b.W == w && *b.H == h
	}
	return slices.ContainsFunc(b.Format, func(f openrtb2.Format) bool { return f.W == w && f.H == h })
}

func dealOf(imp *openrtb2.Imp, id string) *openrtb2.Deal {
	if imp.PMP == nil {
		return nil
	}
	for i := range imp.PMP.Deals {
		if imp.PMP.Deals[i].ID == id {
			return &imp.PMP.Deals[i]
		}
	}
	return nil
}

func currencyOr(cur, otherwise string) string {
	if cur == "" {
		return otherwise
	}
	return cur
}

// slots returns how many ads an impression takes: one, or what its pod holds.
func slots(imp *openrtb2.Imp) int {
	most := int64(1)
	if imp.Video != nil && imp.Video.PodDur > 0 {
		most = max(imp.Video.MaxSeq, 1)
	}
	return int(most)
}

// mediaOf names the kind of media of an impression, for figures and samples.
func mediaOf(imp *openrtb2.Imp, bid *openrtb2.Bid) string {
	switch {
	case bid.MType == openrtb2.MarkupVideo, bid.MType == 0 && imp.Video != nil:
		return "video"
	case bid.MType == openrtb2.MarkupAudio, bid.MType == 0 && imp.Audio != nil:
		return "audio"
	case bid.MType == openrtb2.MarkupNative, bid.MType == 0 && imp.Native != nil:
		return "native"
	}
	return "banner"
}
