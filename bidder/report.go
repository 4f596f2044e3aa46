package bidder

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/identity"
	"bidwell/profile"
	"bidwell/topic"
)

// Advertisers report what people do on their sites and in their apps: visits, of
// whatever kind, to /e/visit, and conversions to /e/conv. Pages send single ones
// as pixels (report_pixel.go), servers send many at once (report_batch.go). Each
// becomes an event of the ledger, from where it reaches the person's profile as
// contacts do. A report that is answered as accepted is on disk.

// reportsTo returns what is reported to a path, NoEvent for none.
func reportsTo(path []byte) ad.EventKind {
	switch string(path) {
	case "/e/visit":
		return ad.EventVisit
	case "/e/conv":
		return ad.EventConversion
	}
	return ad.NoEvent
}

// report is what somebody did, as an advertiser writes it.
type report struct {
	Event    string          `json:"event"` // the advertiser's own id of it: of a conversion, the order
	IDs      []profile.ID    `json:"ids"`
	Kind     string          `json:"kind"`
	Topic    string          `json:"topic"`
	URL      string          `json:"url"`
	Time     json.RawMessage `json:"time"`
	Value    float64         `json:"value"`
	Currency string          `json:"currency"`
	Bid      string          `json:"bid"`
}

// reportOutcome is what became of a report.
type reportOutcome uint8

const (
	reportAccepted reportOutcome = iota
	reportRepeated               // it is in the ledger already
	reportNoTopic                // of a page that is about nothing: nothing is kept
	reportUnreadable
	reportNoEvent
	reportNobody
	reportUnknownKind
	reportUnknownTopic
	reportBadTime
	reportFuture
	reportTooOld
	reportBadValue
	reportBadBid
	reportNoConsent
	reportNoCookie
	reportTooMany
	reportNotDurable

	numReportOutcomes
)

var reportOutcomeNames = [numReportOutcomes]string{
	"accepted", "repeated", "no_topic", "unreadable", "no_event", "nobody", "unknown_kind", "unknown_topic", "bad_time", "future",
	"too_old", "bad_value", "bad_bid", "no_consent", "no_cookie", "too_many", "not_durable",
}

func (o reportOutcome) String() string { return reportOutcomeNames[o] }

// objection is why a report is not taken.
type objection struct {
	outcome reportOutcome
	text    string // for whoever sent it
}

func refuse(o reportOutcome, format string, a ...any) *objection {
	return &objection{o, fmt.Sprintf(format, a...)}
}

const (
	longestEvent  = 128 // bytes of the advertiser's id of an event
	mostReportIDs = 8   // identifiers in one report
)

// reading is what the meaning of reports depends on beside their text.
type reading struct {
	snap   *campaign.Snapshot
	of     *campaign.Sender
	kind   ad.EventKind
	now    time.Time
	oldest int64 // unix seconds: what is older would be forgotten at once

	clickable func() map[clicked]*campaign.Line // of the snapshot
}

func (e *Engine) reading(l *live, of *campaign.Sender, kind ad.EventKind, now time.Time) *reading {
	return &reading{l.Snapshot, of, kind, now, now.Add(-e.Profiles.Retention().Behaviours).Unix(), l.clickable}
}

// event makes the event that a report asks for, and says what it is about.
func (rd *reading) event(r *report) (ev ad.Event, about *topic.Topic, no *objection) {
	if len(r.Event) > longestEvent {
		return ev, nil, refuse(reportNoEvent, "the event's id is longer than %d bytes", longestEvent)
	}
	if len(r.IDs) > 0 || r.Bid == "" { // else it is the person of the bid
		if no := checkReportIDs(r.IDs); no != nil {
			return ev, nil, no
		}
	}
	kind, no := rd.kindOf(r.Kind)
	if no != nil {
		return ev, nil, no
	}
	if about, no = rd.topicOf(r); no != nil {
		return ev, nil, no
	}
	at, no := rd.timeOf(r.Time)
	if no != nil {
		return ev, nil, no
	}
	value, no := rd.valueOf(r)
	if no != nil {
		return ev, nil, no
	}
	ev = ad.Event{
		Kind: rd.kind, Detail: uint8(kind), Day: int32(at / 86400), Bid: reference(rd.of.ID, r.Event),
		Time: rd.now.UnixMilli(), BidTime: at, Advertiser: rd.of.ID, Topic: about.ID, Value: value,
	}
	if len(r.IDs) > 0 {
		ev.Person = r.IDs[0].Key()
	}
	if r.Bid != "" {
		if rd.kind != ad.EventConversion || hex.DecodedLen(len(r.Bid)) != len(ev.Cause) {
			return ev, nil, refuse(reportBadBid, "bid goes with conversions only, and is the id of one of our bids: %d hexadecimal digits", hex.EncodedLen(len(ev.Cause)))
		}
		if _, err := hex.Decode(ev.Cause[:], []byte(r.Bid)); err != nil {
			return ev, nil, refuse(reportBadBid, "bid is the id of one of our bids, in hexadecimal digits")
		}
	}
	return ev, about, nil
}

// reference is what tells an event of an advertiser from all others. One without
// an id is never a repetition.
func reference(advertiser ad.ID, event string) (ref ad.BidID) {
	if event == "" {
		return ref
	}
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+longestEvent), uint64(advertiser)), event...))
	copy(ref[:], sum[:])
	return ref
}

func checkReportIDs(ids []profile.ID) *objection {
	if len(ids) == 0 || len(ids) > mostReportIDs {
		return refuse(reportNobody, "there must be from 1 to %d ids, not %d", mostReportIDs, len(ids))
	}
	for i, id := range ids {
		if err := id.Check(); err != nil {
			return refuse(reportNobody, "%v", err)
		}
		if err := identity.CheckType(id.Type); err != nil {
			return refuse(reportNobody, "%v", err)
		}
		for _, other := range ids[:i] {
			if id.Key() == other.Key() {
				return refuse(reportNobody, "the id of type %s is there twice", id.Type)
			}
		}
	}
	return nil
}

// kindOf reads what was done. Impressions, views and clicks are ours to know.
func (rd *reading) kindOf(name string) (profile.Kind, *objection) {
	if rd.kind == ad.EventConversion {
		if name != "" && name != profile.Conversion.String() {
			return 0, refuse(reportUnknownKind, "all that is reported here is a conversion; the rest goes to /e/visit")
		}
		return profile.Conversion, nil
	}
	if name == "" {
		return profile.Visit, nil
	}
	switch k, _ := profile.KindOf(name); k {
	case profile.Visit, profile.Search, profile.Cart, profile.Purchase, profile.Signup, profile.Install:
		return k, nil
	}
	return 0, refuse(reportUnknownKind, "kind is visit, search, cart, purchase, signup or install")
}

// topicOf finds what a report is about. Only what the configuration names is
// taken: profiles and their names would fill with anything else.
func (rd *reading) topicOf(r *report) (*topic.Topic, *objection) {
	switch {
	case rd.kind == ad.EventConversion:
		if x := rd.of.Conversions[r.Topic]; x != nil {
			return x, nil
		}
		return nil, refuse(reportUnknownTopic, "topic is the name of a conversion, and this is not one of the advertiser's")
	case r.Topic != "":
		if x := rd.snap.Topics.Topic([]byte(r.Topic)); x != nil {
			return x, nil
		}
		return nil, refuse(reportUnknownTopic, "there is no such topic in topics/")
	case r.URL != "":
		if x := rd.snap.Topics.Page([]byte(r.URL)); x != nil {
			return x, nil
		}
		return nil, refuse(reportNoTopic, "no topic has this page")
	}
	return nil, refuse(reportUnknownTopic, "there is neither a topic nor a url")
}

// timeOf reads when something happened: unix seconds or RFC 3339; now if left out.
func (rd *reading) timeOf(raw json.RawMessage) (int64, *objection) {
	now := rd.now.Unix()
	if len(raw) == 0 || string(raw) == "null" {
		return now, nil
	}
	var at int64
	if raw[0] == '"' {
		t, err := time.Parse(time.RFC3339, string(bytes.Trim(raw, `"`)))
		if err != nil {
			return 0, refuse(reportBadTime, "time is unix seconds, or such as 2026-11-20T10:00:00Z")
		}
		at = t.Unix()
	} else if err := json.Unmarshal(raw, &at); err != nil {
		return 0, refuse(reportBadTime, "time is whole unix seconds, or such as 2026-11-20T10:00:00Z")
	}
	switch {
	case at > now+int64(ad.ClocksDiffer/time.Second):
		return 0, refuse(reportFuture, "time lies ahead: it is in seconds, and clocks may differ by %v", ad.ClocksDiffer)
	case at < rd.oldest:
		return 0, refuse(reportTooOld, "it happened too long ago to be remembered")
	}
	return min(at, now), nil
}

// mostValue is the most that one event may be worth, in units of the house
// currency.
const mostValue = 1_000_000

// valueOf reads what something is worth, in the house currency.
func (rd *reading) valueOf(r *report) (ad.Money, *objection) {
	if r.Value == 0 && r.Currency == "" {
		return 0, nil
	}
	factor := 1.0
	if r.Currency != "" {
		code, ok := ad.CurrencyOf(r.Currency)
		if ok {
			factor, ok = rd.snap.Rates.Factor(code, rd.snap.Rates.Base())
		}
		if !ok {
			return 0, refuse(reportBadValue, "no rate is configured for this currency")
		}
	}
	if v := r.Value * factor; v >= 0 && v <= mostValue {
		return ad.Money(v*float64(ad.Unit) + 0.5), nil
	}
	return 0, refuse(reportBadValue, "value is from 0 to %d units of the house currency", mostValue)
}

// links says that all identifiers of a report are of one person.
func (r *report) links(to []profile.Link) []profile.Link {
	for i, id := range r.IDs {
		if i > 0 {
			to = append(to, profile.Link{A: r.IDs[0], B: id})
		}
	}
	return to
}
