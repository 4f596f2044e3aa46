package loadtest

import (
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"

	"bidwell/ad"
)

// foresee decides what happens to the ad of a bid if it wins. That follows from
// the request, the person and the creative, not from the price or from timing.
func (x *Exchange) foresee(v *verdict, req *openrtb2.BidRequest, person Nature) {
	if !v.met {
		return
	}
	e := exposureOf(v, req, person)
	v.response = x.truth.Of(&e)
	d := dice{seed: mix(v.chance, chancePeople)}
	v.shown = !d.chance(x.cfg.Unshown)
	v.outcome = v.response.Draw(d.next())
}

// exposureOf describes the ad of a bid where it would be shown.
func exposureOf(v *verdict, req *openrtb2.BidRequest, person Nature) Exposure {
	e := Exposure{
		Person: person, Campaign: v.bid.CID, Creative: v.bid.CrID,
		Place: placeNameOf(req), Category: categoryOf(req), Media: mediaTypes[v.media],
		TV:       req.Device != nil && (req.Device.DeviceType == 3 || req.Device.DeviceType == 7),
		Rewarded: v.imp.Rwdd == 1,
	}
	switch {
	case e.Media == ad.Banner && v.imp.Banner != nil && v.imp.Banner.Pos != nil:
		e.Position = int(*v.imp.Banner.Pos)
	case e.Media == ad.Video && v.imp.Video != nil:
		e.Skippable = v.imp.Video.Skip != nil && *v.imp.Video.Skip == 1
	}
	for i := range v.imp.Metric {
		if v.imp.Metric[i].Type == "viewability" {
			e.Viewability = v.imp.Metric[i].Value
		}
	}
	return e
}

var mediaTypes = map[string]ad.Media{"banner": ad.Banner, "video": ad.Video, "audio": ad.Audio, "native": ad.Native}

func placeNameOf(req *openrtb2.BidRequest) string {
	switch {
	case req.Site != nil:
		return req.Site.Domain
	case req.App != nil:
		return req.App.Bundle
	}
	return ""
}

// follow schedules what comes after a verdict.
func (x *Exchange) follow(v *verdict, a *answer, now time.Time) {
	rnd := rand.New(rand.NewPCG(v.chance, chanceDelays))
	after := func(from time.Time, average time.Duration) time.Time {
		return from.Add(time.Duration(rnd.ExpFloat64() * float64(average)))
	}
	fill := macros{v: v, req: a.req, resp: a.resp}
	noticed := after(now, x.cfg.Delays.Notice)
	if !v.won {
		x.notify(rnd, errand{due: noticed, kind: lossNotice, urls: filled(&fill, v.bid.LURL)})
		return
	}
	s := &sale{campaign: v.bid.CID, creative: v.bid.CrID, cost: v.cost}
	x.notify(rnd, errand{due: noticed, kind: winNotice, urls: filled(&fill, v.bid.NURL), of: s})
	if !v.shown {
		return
	}
	shown := after(now, x.cfg.Delays.Show)
	fill.at = shown
	x.notify(rnd, errand{due: shown, kind: billNotice, urls: filled(&fill, v.bid.BURL), of: s})
	found := trackersOf(fill.fill(v.bid.AdM))
	x.notify(rnd, errand{due: shown, kind: impPixel, urls: found.shown, of: s})
	x.watch(rnd, v, &found, shown, s)
	clicked := after(shown, x.cfg.Delays.Click)
	converted := after(clicked, x.cfg.Delays.Conversion)
	o := &v.outcome
	if o.Clicked && len(found.click) > 0 {
		x.later(errand{due: clicked, kind: click, urls: found.click, of: s})
	}
	if (o.ClickConverted || o.ViewConverted) && x.cfg.ConversionURL != "" {
		x.later(errand{due: converted, kind: conversion, urls: []string{x.conversionURL(v, a.req, converted)}, of: s})
	}
}

// watch schedules what a browser or player reports while an ad is seen.
func (x *Exchange) watch(rnd *rand.Rand, v *verdict, found *trackers, shown time.Time, s *sale) {
	o := &v.outcome
	if o.Seen {
		x.notify(rnd, errand{due: shown.Add(time.Second), kind: viewPixel, urls: found.viewable, of: s})
	}
	if v.response.Complete == 0 {
		return
	}
	for quarter := range o.Quarters + 1 {
		due := shown.Add(time.Duration(quarter) * x.cfg.Delays.Show)
		x.notify(rnd, errand{due: due, kind: viewPixel, urls: found.played[quarter], of: s})
	}
}

// notify schedules an errand that may get lost, or be made twice.
func (x *Exchange) notify(rnd *rand.Rand, e errand) {
	lost, twice := rnd.Float64() < x.cfg.NoticeLoss, rnd.Float64() < x.cfg.NoticeDuplicates
	again := time.Duration(rnd.ExpFloat64() * float64(x.cfg.Delays.Notice+x.cfg.Delays.Show))
	if len(e.urls) == 0 && e.kind != impPixel { // an ad without a pixel is counted
		return
	}
	if lost {
		x.tally.lost(e.kind)
		return
	}
	x.later(e)
	if twice {
		e.due = e.due.Add(again)
		e.urls = slices.Clone(e.urls)
		x.tally.doubled(e.kind)
		x.later(e)
	}
}

func filled(fill *macros, url string) []string {
	if url == "" {
		return nil
	}
	return []string{fill.fill(url)}
}

func (x *Exchange) later(e errand) {
	if !x.due.add(e) {
		x.tally.dropped(e.kind)
	}
}

// conversionURL fills in the template of conversions.
func (x *Exchange) conversionURL(v *verdict, req *openrtb2.BidRequest, at time.Time) string {
	kind, id := identityOf(req, x.cfg.Exchange)
	after := "click"
	if v.outcome.ViewConverted {
		after = "view"
	}
	var values []string
	for name, value := range map[string]string{
		"id_type": kind, "id": id, "campaign": v.bid.CID, "creative": v.bid.CrID, "bid": v.bid.ID,
		"order": strconv.FormatUint(v.chance, 16), "after": after, "time_ms": strconv.FormatInt(at.UnixMilli(), 10),
	} {
		values = append(values, "{"+name+"}", url.QueryEscape(value))
	}
	return strings.NewReplacer(values...).Replace(x.cfg.ConversionURL)
}
