package bidder

import (
	"math"
	"math/bits"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/openrtb"
	"bidwell/pricing"
	"bidwell/profile"
)

// sight is what response models see of the impression that is looked at. It is worked
// out when the first line item asks for a chance.
type sight struct {
	done    bool
	key     pricing.Key // of the engine
	context pricing.Context
	bases   pricing.Bases
	subject pricing.Subject // whose chance is asked for; here, because what a Scorer is given escapes
}

// see works out what models see of an impression, once for each.
func (sc *Scratch) see(imp *openrtb.Imp) {
	if sc.sight.done {
		return
	}
	sc.sight.done = true
	x := &sc.sight.context
	x.Reset(sc.sight.key)
	sc.seePlace(x)
	sc.seeSlot(x, imp)
	sc.seePerson(x)
	sc.seeRest(x, imp)
	sc.paced.Begin(x, &sc.sight.bases)
}

// place returns the domain of the site, or the bundle of the app, nil if the request
// does not say.
func (sc *Scratch) place() []byte {
	if sc.Req.Inventory == ad.App && len(sc.Req.Site.Bundle) > 0 {
		return sc.Req.Site.Bundle
	}
	return sc.facts.Domain
}

// seePlace adds where and when the impression is shown, and on what device.
func (sc *Scratch) seePlace(x *pricing.Context) {
	req := &sc.Req
	if p := sc.place(); len(p) > 0 {
		x.Add(pricing.Place, uint64(ad.HashID(p)))
	}
	if len(req.Site.Cat) > 0 {
		x.Add(pricing.Category, uint64(ad.HashID(req.Site.Cat[0])))
	}
	x.Add(pricing.Inventory, uint64(req.Inventory))
	x.Add(pricing.Device, uint64(sc.facts.Device))
	if len(req.Device.OS) > 0 {
		x.Add(pricing.OS, uint64(hashFold(req.Device.OS)))
	}
	if country := sc.country(); country != 0 {
		x.Add(pricing.Country, country)
	}
	minute := sc.clock.now.Unix()/60 + int64(req.Device.Geo.UTCOffsetMin)
	x.Add(pricing.Hour, uint64(minute/60%24))
}

// country returns the person's country as a number, 0 if it is not known.
func (sc *Scratch) country() uint64 {
	c := sc.facts.Country
	return uint64(c[0])<<16 | uint64(c[1])<<8 | uint64(c[2])
}

// seeRest adds what matters least: where the person takes much room, it is left out.
func (sc *Scratch) seeRest(x *pricing.Context, imp *openrtb.Imp) {
	if len(imp.TagID) > 0 {
		x.Add(pricing.Placement, uint64(ad.HashID(imp.TagID))^uint64(ad.HashID(sc.place())))
	}
	x.Add(pricing.Exchange, uint64(sc.exchange.ID))
	if r := sc.Req.Device.Geo.Region; len(r) > 0 {
		x.Add(pricing.Region, sc.country()<<32^uint64(hashFold(r)))
	}
}

// seeSlot adds the slot on the screen.
func (sc *Scratch) seeSlot(x *pricing.Context, imp *openrtb.Imp) {
	w, h := slotSize(imp)
	media := uint64(0)
	for m := ad.Banner; m <= ad.Native; m++ {
		if imp.Has[m] {
			media |= 1 << m
		}
	}
	x.Add(pricing.Format, media<<48|uint64(uint16(w))<<16|uint64(uint16(h)))
	if pos := position(imp); pos > 0 {
		x.Add(pricing.Position, uint64(pos))
	}
	if imp.Viewability >= 0 {
		x.Add(pricing.Viewability, uint64(min(imp.Viewability, 1)*10))
	}
	if v := &imp.Video; imp.Has[ad.Video] {
		x.Add(pricing.Playback, uint64(v.Plcmt)<<16|uint64(v.Placement&0xff)<<8|bit(v.Skip, 0)|bit(imp.Rewarded, 1)|bit(imp.Instl, 2))
	} else if imp.Rewarded || imp.Instl {
		x.Add(pricing.Playback, bit(imp.Rewarded, 1)|bit(imp.Instl, 2))
	}
}

func bit(b bool, n int) uint64 {
	if b {
		return 1 << n
	}
	return 0
}

// slotSize returns the first size that a banner may have, else that of the player; 0
// if neither says.
func slotSize(imp *openrtb.Imp) (w, h int32) {
	switch b := &imp.Banner; {
	case imp.Has[ad.Banner] && len(b.Sizes) > 0:
		return b.Sizes[0].W, b.Sizes[0].H
	case imp.Has[ad.Banner]:
		return b.W, b.H
	}
	return imp.Video.W, imp.Video.H
}

func position(imp *openrtb.Imp) int32 {
	if imp.Has[ad.Banner] {
		return imp.Banner.Pos
	}
	return imp.Video.Pos
}

// The most that models see of a person: what a record has more of is left out, always
// the same.
const (
	mostBehaviours = 4 // the last ones
	mostSegments   = 4
	mostAttributes = 3
	mostAudiences  = 8 // those that the most line items are for
)

// seePerson adds what is known of the person. What models see goes with the notice of
// the impression: where that may not name the person, they see nothing of the profile.
func (sc *Scratch) seePerson(x *pricing.Context) {
	switch {
	case sc.record == nil || !sc.names():
		x.Add(pricing.Known, bit(!sc.Person.ID.IsZero(), 0))
		return
	case len(sc.record) > 0:
		x.Add(pricing.Known, 2)
	}
	now := sc.clock.now.Unix()
	sc.seeAudiences(x)
	seeBehaviours(x, sc.record, now)
	var n profile.Name
	each := sc.record.EachSegment(now)
	for k := 0; k < mostSegments && each.Next(&n); k++ {
		x.Add(pricing.ProfileSegment, uint64(n))
	}
	var v profile.Value
	attributes := sc.record.EachAttribute()
	for k := 0; k < mostAttributes && attributes.Next(&n, &v); k++ {
		x.Add(pricing.Attribute, uint64(n)<<32^valueStep(&v, now))
	}
}

// seeAudiences adds audiences that the person is in.
func (sc *Scratch) seeAudiences(x *pricing.Context) {
	n := 0
	for i := range sc.snap.Told {
		if t := &sc.snap.Told[i]; sc.eval.Is(t.Ref) == audience.True {
			x.Add(pricing.Audience, uint64(t.Name))
			if n++; n == mostAudiences {
				return
			}
		}
	}
}

// deed is what somebody did of a kind on a topic.
type deed struct {
	topic profile.Name
	kind  profile.Kind
	last  int64
	often int
}

// seeBehaviours adds what the person did last, and how often and how long ago.
func seeBehaviours(x *pricing.Context, r profile.Record, now int64) {
	var found [mostBehaviours]deed
	n := 0
	var d deed
	for c := r.EachBehaviour(); c.Next(&d.topic, &d.kind, &d.last); {
		if d.last > now {
			continue
		}
		at := n
		for at > 0 && d.last > found[at-1].last {
			at--
		}
		if at == mostBehaviours {
			continue
		}
		d.often = c.Count(now-30*secondsPerDay, now+1)
		n = min(n+1, mostBehaviours)
		copy(found[at+1:n], found[at:])
		found[at] = d
	}
	for i := range found[:n] {
		f := &found[i]
		what := uint64(f.topic)<<8 | uint64(f.kind)
		x.Add(pricing.Behaviour, what)
		x.Add(pricing.Behaviour, what|pricing.HowOften|uint64(ageStep(now-f.last))<<52|uint64(min(bits.Len(uint(f.often)), 4))<<56)
	}
}

const secondsPerDay = 24 * 60 * 60

// ageStep returns a step of how long ago something was: an hour, a day, a week, a
// month, longer.
func ageStep(seconds int64) uint8 {
	for i, most := range [...]int64{3600, secondsPerDay, 7 * secondsPerDay, 30 * secondsPerDay} {
		if seconds < most {
			return uint8(i + 1)
		}
	}
	return 5
}

// valueStep makes a number of an attribute's value. Numbers come in steps of a
// doubling, dates in steps of years.
func valueStep(v *profile.Value, now int64) uint64 {
	switch v.Type {
	case profile.String:
		return uint64(ad.HashID(v.Str)) & (1<<32 - 1)
	case profile.Date:
		return 1<<31 | uint64(int64(math.Floor((float64(now)-v.Num)/(365.25*secondsPerDay))))&0xffff
	case profile.Bool:
		return uint64(v.Num)
	}
	if v.Num == math.Trunc(v.Num) && math.Abs(v.Num) <= 16 {
		return 1<<30 | uint64(int64(v.Num))&0xffff
	}
	return 1<<29 | uint64(math.Float64bits(v.Num)>>52)
}

// hashFold is ad.HashID without regard to the case of ASCII letters.
func hashFold(name []byte) ad.ID {
	var buf [32]byte
	n := copy(buf[:], name)
	for i, c := range buf[:n] {
		if 'A' <= c && c <= 'Z' {
			buf[i] = c + 'a' - 'A'
		}
	}
	return ad.HashID(buf[:n])
}

// seeSubject says whose chance is asked for: that of the line item, with the creative
// that is to be shown, and what the person has seen of the campaign.
func (sc *Scratch) seeSubject(c *candidate) *pricing.Subject {
	l := &sc.snap.Lines[c.line]
	s := &sc.sight.subject
	*s = pricing.Subject{
		Goal: l.Goal.PayPer, Conversion: l.Goal.Conversion, Adjust: c.held,
		Advertiser: l.Campaign.AdvertiserID, Campaign: l.Campaign.ID, Line: l.ID, Creative: c.creative.ID,
	}
	if l.Talk != nil {
		s.Step = uint8(min(c.step+1, 255))
	}
	if sc.names() {
		s.Frequency, s.Recency = sc.contacts(l.Campaign.ID)
	}
	return s
}
