package bidder

import (
	"slices"
	"time"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/campaign"
	"bidwell/openrtb"
	"bidwell/profile"
)

// Explanation is the decision on one request, stage by stage: what the bidder
// knew, and for every line item on every impression, why it bids or does not.
// Amounts are CPMs.
type Explanation struct {
	Request     string           `json:"request"`
	Exchange    string           `json:"exchange"`
	At          time.Time        `json:"at"`
	Currency    string           `json:"currency,omitempty"` // of the response
	Person      PersonFacts      `json:"person"`
	Reason      string           `json:"reason"` // ok, or why there is no bid at all
	Text        string           `json:"text"`
	NBR         int              `json:"nbr,omitempty"`
	Impressions []ImpExplanation `json:"impressions,omitempty"`
}

// PersonFacts is who the bidder took the person for and what it may do.
type PersonFacts struct {
	ID  string `json:"id,omitempty"` // kind of identifier that was used
	Key string `json:"key,omitempty"`

	// KnownBy is all identifiers that lead to the person, if there are several.
	KnownBy []string `json:"known_by,omitempty"`

	May     string `json:"may"`   // what is permitted with the profile
	Basis   string `json:"basis"` // and why
	Profile string `json:"profile"`
	Country string `json:"country,omitempty"`
	Device  string `json:"device"`
	Domain  string `json:"domain,omitempty"`
	Where   string `json:"inventory"`

	// Topics is what the page or app is about, by topics/.
	Topics []string `json:"topics,omitempty"`

	Override bool `json:"override,omitempty"` // the person was named on the command line
}

// ImpExplanation is the decision on one impression.
type ImpExplanation struct {
	ID     string            `json:"id"`
	Offers []string          `json:"offers"`
	Floor  string            `json:"floor,omitempty"`
	Deals  []string          `json:"deals,omitempty"`
	Winner string            `json:"winner,omitempty"` // campaign/line item
	Lines  []LineExplanation `json:"line_items"`       // the winner first, then those that came farthest
}

// LineExplanation is what became of one line item.
type LineExplanation struct {
	Campaign     string                   `json:"campaign"`
	Line         string                   `json:"line_item"`
	Bids         bool                     `json:"bids"`
	Reason       string                   `json:"reason"`
	Text         string                   `json:"text"`
	Detail       string                   `json:"detail,omitempty"` // the values compared
	Where        string                   `json:"where"`            // file:line:column that decided
	Creative     string                   `json:"creative,omitempty"`
	Deal         string                   `json:"deal,omitempty"`
	Price        []PriceStep              `json:"price,omitempty"`
	Chance       *ChanceExplanation       `json:"chance,omitempty"`    // of a goal
	Shares       []ShareExplanation       `json:"creatives,omitempty"` // of a goal: how often each is to be shown
	Unshaded     string                   `json:"unshaded,omitempty"`  // why a bid is not lowered to what is likely to win
	Win          *WinExplanation          `json:"win,omitempty"`       // of a bid at first price
	Audience     *audience.Explanation    `json:"audience,omitempty"`
	Adjust       []AdjustExplanation      `json:"adjust,omitempty"`
	Conversation *ConversationExplanation `json:"conversation,omitempty"`
	Caps         []CapExplanation         `json:"frequency,omitempty"`

	rank ad.Reason // how far it came
}

// AdjustExplanation is one bid modifier.
type AdjustExplanation struct {
	Multiply float64               `json:"multiply"`
	Applies  bool                  `json:"applies"`
	Where    string                `json:"where"`
	If       *audience.Explanation `json:"if"`
}

// Explain decides on a request body to an exchange of a snapshot as the exchange
// port would at that moment, reserves nothing, and says why. A profile is waited
// for until the deadline. If person is not nil, the request is taken to
// come from that person, as far as privacy permits.
func (e *Engine) Explain(s *campaign.Snapshot, ex *campaign.Exchange, body []byte, person *ad.PersonID, now, deadline time.Time) (*Explanation, error) {
	sc := new(Scratch)
	if err := sc.Req.Decode(body); err != nil {
		return nil, err
	}
	tr := &Trace{person: person, pacer: e.Books.Pacer}
	r := e.Decide(sc, s, ex, now, deadline, tr)
	x := &Explanation{
		Request: string(sc.Req.ID), Exchange: ex.Name, At: now,
		Reason: r.String(), Text: r.Text(),
		Person: e.personFacts(sc, person),
	}
	if r != ad.OK {
		x.NBR = r.NBR()
	}
	if sc.money.cur != (ad.Currency{}) {
		x.Currency = sc.money.cur.String()
	}
	for i := range tr.imps {
		x.Impressions = append(x.Impressions, sc.explainImp(&tr.imps[i]))
	}
	return x, nil
}

func (e *Engine) personFacts(sc *Scratch, override *ad.PersonID) PersonFacts {
	p := &sc.Person
	f := PersonFacts{
		May: mayText(p.May.Read, p.May.Write, p.May.Emit), Basis: p.Basis.Text(),
		Profile: outcomeText(sc.outcome, p.May.Read),
		Device:  sc.facts.Device.String(), Domain: string(sc.facts.Domain),
		Where: sc.Req.Inventory.String(), Override: override != nil,
	}
	for _, x := range sc.snap.Topics.OfRequest(nil, &sc.Req) {
		f.Topics = append(f.Topics, x.Name)
	}
	if sc.facts.Country != [3]byte{} {
		f.Country = string(sc.facts.Country[:])
	}
	if !p.ID.IsZero() {
		f.Key = p.ID.String()
		f.ID = p.Kind.String()
	}
	if p.May.Read && !p.ID.IsZero() {
		known, _ := e.Profiles.KnownBy(p.ID) // if the store fails, the profile says so
		for _, id := range known {
			f.KnownBy = append(f.KnownBy, id.String())
		}
	}
	return f
}

func mayText(read, write, emit bool) string {
	switch {
	case read && write && emit:
		return "the profile may be read, written and referred to"
	case read:
		return "the profile may be read"
	}
	return "the profile may not be used"
}

func outcomeText(o profile.Outcome, mayRead bool) string {
	switch {
	case !mayRead:
		return "not read"
	case o == profile.Hit, o == profile.StoreHit:
		return "read"
	case o == profile.Unknown:
		return "nothing is known of this person"
	case o == profile.TimedOut:
		return "not read in time"
	}
	return "could not be read"
}

func (sc *Scratch) explainImp(t *impTrace) ImpExplanation {
	imp := t.imp
	x := ImpExplanation{ID: string(imp.ID)}
	for m := ad.Banner; m <= ad.Native; m++ {
		if imp.Has[m] {
			x.Offers = append(x.Offers, offerText(m, imp))
		}
	}
	if imp.BidFloor > 0 {
		x.Floor = cpmText(imp.BidFloor, imp.BidFloorCur)
	}
	for i := range imp.Deals {
		x.Deals = append(x.Deals, string(imp.Deals[i].ID))
	}
	for i := range t.lines {
		l := sc.explainLine(t, i)
		if l.Bids {
			x.Winner = l.Campaign + "/" + l.Line
		}
		x.Lines = append(x.Lines, l)
	}
	slices.SortStableFunc(x.Lines, func(a, b LineExplanation) int { return int(b.rank) - int(a.rank) })
	return x
}

func (sc *Scratch) explainLine(t *impTrace, i int) LineExplanation {
	l, lt := &sc.snap.Lines[i], &t.lines[i]
	x := LineExplanation{
		Campaign: l.Campaign.Name, Line: l.Name,
		Bids: lt.reason == ad.OK, Reason: lt.reason.String(), Text: lt.text(),
		Detail: sc.detail(t.imp, l, lt),
		Where:  sc.origin(l, lt).String(),
		rank:   rank(lt.reason),
	}
	if x.Bids {
		x.rank = ad.Reason(ad.NumReasons)
	}
	if l.HasAudience {
		x.Audience = sc.snap.Audiences.Explain(&sc.eval, l.Audience)
	}
	for k := range l.Adjust {
		a := &l.Adjust[k]
		x.Adjust = append(x.Adjust, AdjustExplanation{
			Multiply: a.Factor, Applies: sc.holds(a), Where: a.Where().String(),
			If: sc.snap.Audiences.Explain(&sc.eval, a.If),
		})
	}
	x.Caps, x.Conversation = sc.caps(l), sc.conversation(l)
	if lt.priced {
		x.Price = sc.priceSteps(l, lt)
		x.Chance, x.Shares = sc.explainChance(l, lt), sc.explainShares(t.imp, l, lt)
	}
	if lt.reason != ad.OK {
		return x
	}
	x.Text, x.Unshaded, x.Win = "bids", sc.unshaded(lt), sc.explainWin(lt)
	for k := range sc.Bids {
		if b := &sc.Bids[k]; b.Imp == t.imp && b.Line == l {
			x.Creative = b.Creative.Name
			if b.Deal != nil {
				x.Deal = string(b.Deal.ID)
			}
		}
	}
	return x
}

// offerText says what a medium of an impression takes.
func offerText(m ad.Media, imp *openrtb.Imp) string {
	switch m {
	case ad.Banner:
		return "banner " + sizesText(&imp.Banner)
	case ad.Video:
		return "video " + playerText(&imp.Video)
	case ad.Audio:
		return "audio " + playerText(&imp.Audio)
	}
	return "native"
}
