package bidder

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/creative"
	"bidwell/openrtb"
	"bidwell/pricing"
)

// PriceStep is one step of how a bid comes about.
type PriceStep struct {
	Step  string  `json:"step"`
	CPM   float64 `json:"cpm"`
	Cur   string  `json:"currency"`
	Where string  `json:"where,omitempty"`
}

// ChanceExplanation is how likely an impression brings what the goal pays for.
type ChanceExplanation struct {
	Event  string       `json:"event"` // what is paid for, such as click
	Chance float64      `json:"chance"`
	Stated float64      `json:"stated"`         // by the price of the line item
	Held   bool         `json:"held,omitempty"` // at 16 times what is usual for the line item, or a 16th: the parts make more, or less
	Parts  []ChancePart `json:"parts,omitempty"`
	Scorer bool         `json:"own_scorer,omitempty"` // a scorer that was compiled in tells it
}

// ChancePart is a chance that the goal's is made of.
type ChancePart struct {
	Of     string  `json:"of"` // such as click, or click_conversion: a conversion, given a click
	Chance float64 `json:"chance"`
	Prior  float64 `json:"prior"` // whatever the impression
	Model  float64 `json:"model"` // by the model, used or not
	Used   bool    `json:"used"`  // the model; else the prior
	Held   bool    `json:"held"`  // at 16 times the prior, or a 16th of it: the model says more, or less
	Why    string  `json:"why"`   // it is used, or not
}

// ShareExplanation is how often a creative is to be shown, where all can be. What cannot
// be leaves its share to the others.
type ShareExplanation struct {
	Creative string  `json:"creative"`
	Share    float64 `json:"share"`
	Fits     bool    `json:"fits"`            // it can be shown here
	Drawn    bool    `json:"drawn,omitempty"` // the price is for this one
}

// WinExplanation is how likely a bid wins at some prices, from the floor to what would
// be bid if it were not shaded, in the currency of the response.
type WinExplanation struct {
	Cur      string  `json:"currency"`
	Known    bool    `json:"known"`        // enough was seen to shade bids
	Seen     float64 `json:"seen"`         // auctions of that part of the market, as far as they are remembered
	Explored bool    `json:"explored"`     // another bid than the best is tried, to learn from
	Costs    float64 `json:"costs"`        // what that is expected to gain less, as a CPM in house currency
	At       []WinAt `json:"at,omitempty"` // ascending

	Disbelieved bool `json:"disbelieved,omitempty"` // the exchange tells other prices than those that win
}

// WinAt is how likely a bid wins.
type WinAt struct {
	CPM   float64 `json:"cpm"`
	Win   float64 `json:"win"`
	Floor bool    `json:"floor,omitempty"` // it is the least that may be bid
	Bid   bool    `json:"bid,omitempty"`   // it is what is bid
	Most  bool    `json:"most,omitempty"`  // it is what would be bid if it were not shaded
}

// priceSteps derives the bid from the price in the file.
func (sc *Scratch) priceSteps(l *campaign.Line, lt *lineTrace) []PriceStep {
	house := sc.snap.Rates.Base().String()
	worth := func(factor float64) ad.Money {
		if l.Goal != nil {
			return l.Goal.Worth.Mul(lt.chance * factor)
		}
		return l.Price.Mul(factor)
	}
	steps := []PriceStep{{"price", l.Price.CPM(), house, l.Spec.Bid.At("price").String()}}
	if l.Goal != nil {
		text := fmt.Sprintf("1000 × %s × %s %s per %s", percent(lt.chance), decimal(l.Goal.Worth.Units()), house, l.Goal.Event())
		steps[0] = PriceStep{text, worth(1).CPM(), house, l.Goal.Spec.At("worth").String()}
	}
	factor := 1.0
	for _, k := range lt.factors {
		factor *= l.Adjust[k].Factor
		steps = append(steps, PriceStep{
			"modifier × " + decimal(l.Adjust[k].Factor), worth(factor).CPM(), house, l.Adjust[k].At.String(),
		})
	}
	if l.Talk != nil && l.Talk.Steps[lt.step].Factor != 1 {
		step := l.Talk.Steps[lt.step].Factor
		factor *= step
		steps = append(steps, PriceStep{
			"step " + l.Talk.Steps[lt.step].Name + " × " + decimal(step), worth(factor).CPM(), house, l.Talk.Spec.Steps[lt.step].At("multiply").String(),
		})
	}
	if worth(factor) > l.AtMost {
		steps = append(steps, PriceStep{"at most", l.AtMost.CPM(), house, l.AtMostOrigin().String()})
	}
	return append(steps, sc.pacedSteps(l, lt)...)
}

// pacedSteps goes on from what the impression is worth.
func (sc *Scratch) pacedSteps(l *campaign.Line, lt *lineTrace) (steps []PriceStep) {
	house := sc.snap.Rates.Base().String()
	paced := max(lt.amount, lt.asked)
	if lt.kappa < 1 {
		text := "pacing" + pacedOf[lt.pacedBy]
		if lt.byCost {
			text = fmt.Sprintf("average cost %s %s per %s", decimal(l.Goal.Average.Units()), house, l.Goal.Event())
		}
		steps = append(steps, PriceStep{text + " × " + decimal(math.Round(lt.kappa*1e4)/1e4), paced.CPM(), house, pacingOrigin(l, lt).String()})
	}
	if lt.asked > 0 {
		steps = append(steps, PriceStep{"all that the " + levelNames[lt.scarce] + " has left", lt.amount.CPM(), house, sc.scarceOrigin(l, lt.scarce).String()})
	}
	offer := lt.offer
	if lt.won && lt.price < lt.offer {
		text := "shaded"
		if lt.shade.tried {
			text = "tried, to learn from"
		}
		steps, offer = append(steps, PriceStep{text, lt.bid.CPM(), house, ""}), lt.price
	}
	if lt.terms.fixed {
		steps = append(steps, PriceStep{"the deal's fixed price", offer.CPM(), sc.money.cur.String(), ""})
	} else if sc.money.factor != 1 {
		steps = append(steps, PriceStep{"in the exchange's currency", offer.CPM(), sc.money.cur.String(), ""})
	}
	return steps
}

// explainChance says how a chance came about; nil without a goal.
func (sc *Scratch) explainChance(l *campaign.Line, lt *lineTrace) *ChanceExplanation {
	if l.Goal == nil {
		return nil
	}
	x := &ChanceExplanation{Event: l.Goal.Event(), Chance: lt.chance, Stated: l.Prior, Scorer: sc.paced.Own()}
	view := sc.paced.View(l)
	x.Held = len(lt.estimates) > 1 && view.Least < view.Most && (lt.chance <= view.Least || lt.chance >= view.Most)
	for _, e := range lt.estimates {
		x.Parts = append(x.Parts, ChancePart{e.Task.String(), e.Chance, e.Prior, e.Model, e.Used, e.Held, e.Why})
	}
	return x
}

// explainShares says how often each creative is to be shown; nil where nothing is drawn.
func (sc *Scratch) explainShares(imp *openrtb.Imp, l *campaign.Line, lt *lineTrace) (list []ShareExplanation) {
	if l.Goal == nil || len(l.Creatives) < 2 || len(l.Creatives) > mostDrawn {
		return nil
	}
	fits := sc.allFits(l, imp, &candidate{step: lt.step, fit: new(creative.Fit)})
	for i, c := range l.Creatives {
		list = append(list, ShareExplanation{c.Name, sc.paced.View(l).Shares[i], fits>>i&1 == 1, i == lt.nth})
	}
	return list
}

// unshaded says why the winner's bid is not lowered to what is likely to win, empty if it
// may be.
func (sc *Scratch) unshaded(lt *lineTrace) string {
	switch {
	case !lt.won:
		return ""
	case lt.shade.auction == ad.SecondPrice:
		return "second price, not shaded: who wins pays the next bid"
	case lt.shade.auction == ad.FixedPrice:
		return "the deal's price is fixed: not shaded"
	case lt.shade.auction == ad.NoAuction:
		return "not shaded: the exchange prices this auction by rules of its own"
	case !sc.exchange.Shade:
		return "first price, not shaded: shade is false for this exchange"
	}
	return ""
}

// explainWin says how likely the winner's bid wins at some prices; nil where the bid is
// not paid.
func (sc *Scratch) explainWin(lt *lineTrace) *WinExplanation {
	if !lt.won || lt.shade.auction != ad.FirstPrice {
		return nil
	}
	curve := sc.paced.Model().Market.Curve(sc.exchange.ID, lt.shade.segment)
	x := &WinExplanation{Cur: sc.money.cur.String(), Known: curve.Known(), Seen: curve.Seen(), Explored: lt.shade.tried, Costs: lt.shade.cost.CPM()}
	x.Disbelieved = slices.Contains(sc.paced.Model().Market.Disbelieved(), sc.exchange.ID)
	if !x.Known {
		return x
	}
	floor := min(sc.money.cost(lt.floor), lt.bid) // which it is above by no more than rounding
	last := ad.Money(0)
	for _, bid := range [...]ad.Money{floor, lt.bid / 2, lt.bid.Mul(0.8), lt.bid, (lt.bid + lt.amount) / 2, lt.amount} {
		if bid > last {
			cpm := max(sc.money.offer(bid), lt.floor).CPM()
			x.At, last = append(x.At, WinAt{cpm, curve.Win(bid), bid == floor, bid == lt.bid, bid == lt.amount}), bid
		}
	}
	return x
}

// taskTexts say what a part of a chance is the chance of.
var taskTexts = map[string]string{
	pricing.Viewing.String(): "of being seen", pricing.Clicking.String(): "of a click", pricing.Completing.String(): "of being played to its end",
	pricing.ClickConverting.String(): "of a conversion after a click", pricing.ViewConverting.String(): "of a conversion without a click",
}

// writePrice writes what the price is made of besides its steps.
func (x *LineExplanation) writePrice(p *printer) {
	if x.Chance != nil {
		x.Chance.write(p)
	}
	if len(x.Shares) > 0 {
		words := make([]string, len(x.Shares))
		for i, s := range x.Shares {
			words[i] = s.Creative + " " + percent(s.Share)
			switch {
			case s.Drawn:
				words[i] += " (drawn)"
			case !s.Fits:
				words[i] += " (cannot be shown here)"
			}
		}
		p.line("      creatives, drawn by share: %s", strings.Join(words, ", "))
	}
	if x.Unshaded != "" {
		p.line("      %s", x.Unshaded)
	}
	if x.Win != nil && (x.Win.Known || x.Unshaded == "") {
		p.line("      %s", x.Win.text())
	}
}

func (c *ChanceExplanation) write(p *printer) {
	name, indent := "chance", "      "
	if c.Scorer {
		p.line("      chance %s, by the scorer that was compiled in", percent(c.Chance))
		name = "our own models: chance"
	}
	if len(c.Parts) == 3 {
		p.line("      %s of an acquisition: %s", name, c.sumText())
		name, indent = "chance", "        "
	}
	for i := range c.Parts {
		p.line("%s%s %s", indent, name, c.Parts[i].text(c))
	}
}

// sumText says how the three parts of an acquisition's chance make it.
func (c *ChanceExplanation) sumText() string {
	click, after, without := &c.Parts[0], &c.Parts[1], &c.Parts[2]
	sum := click.Chance*after.Chance + (1-click.Chance)*without.Chance
	text := fmt.Sprintf("by a click %s × %s + without one %s × %s = %s",
		percent(click.Chance), percent(after.Chance), percent(1-click.Chance), percent(without.Chance), percent(sum))
	switch learned := click.Used || after.Used || without.Used; {
	case c.Held && !c.Scorer && sum > c.Chance:
		return text + fmt.Sprintf("; held at %s, 16 times what is usual for the line item", percent(c.Chance))
	case c.Held && !c.Scorer:
		return text + fmt.Sprintf("; held at %s, a sixteenth of what is usual for the line item", percent(c.Chance))
	case !learned && c.states(sum):
		return text + ", as the line item's price states"
	}
	return text
}

// states reports whether the price of the line item states that chance.
func (c *ChanceExplanation) states(chance float64) bool {
	return math.Abs(chance-c.Stated) < 1e-6*c.Stated
}

func (c *ChancePart) text(of *ChanceExplanation) string {
	usual := "as usual for the line item"
	if len(of.Parts) == 1 && of.states(c.Prior) {
		usual = "as the line item's price states"
	}
	what := taskTexts[c.Of]
	switch {
	case c.Used:
		return fmt.Sprintf("%s: %s%s; usual for the line item %s; learned: %s", what, percent(c.Chance), c.held(), percent(c.Prior), c.Why)
	case c.Model != c.Prior:
		return fmt.Sprintf("%s: %s, %s; learned would be %s%s, not used: %s", what, percent(c.Chance), usual, percent(c.Model), c.held(), c.Why)
	}
	return fmt.Sprintf("%s: %s, %s; %s", what, percent(c.Chance), usual, c.Why)
}

// held says where a model's chance has met its bound.
func (c *ChancePart) held() string {
	switch {
	case !c.Held:
		return ""
	case c.Model > c.Prior:
		return " (held at 16 times the usual)"
	}
	return " (held at a sixteenth of the usual)"
}

func (x *WinExplanation) text() string {
	if !x.Known {
		return "first price, not shaded: too little is known of what wins here"
	}
	words := make([]string, len(x.At))
	for i, a := range x.At {
		words[i] = fmt.Sprintf("at %s %s%s it wins %s", cents(a.CPM), x.Cur, a.mark(), wholePercent(a.Win))
		if i == 0 {
			words[i] += " of auctions"
		}
	}
	text := strings.Join(words, ", ")
	if x.Disbelieved {
		return text + "; by wins and losses alone, for the prices that this exchange tells are not those that win"
	}
	return text
}

// mark says what price it is, if it is not just one between others.
func (a *WinAt) mark() string {
	var is []string
	if a.Floor {
		is = append(is, "the floor")
	}
	if a.Bid {
		is = append(is, "the bid")
	}
	if a.Most {
		is = append(is, "the most we would pay")
	}
	if len(is) == 0 {
		return ""
	}
	return " (" + strings.Join(is, ", ") + ")"
}

// percent writes a chance with three digits.
func percent(p float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(100*p, 'g', 3, 64), 64)
	return decimal(rounded) + " %" // a small one as people write it, without an exponent
}

// wholePercent writes a share as people say it: 54 %, and 0.4 % where it is small.
func wholePercent(p float64) string {
	digits := 0
	if p > 0 && p < 0.01 {
		digits = 1
	}
	return strconv.FormatFloat(100*p, 'f', digits, 64) + " %"
}

// amount writes an amount for people, with no more than four decimals; one that is
// smaller than that with two digits.
func amount(f float64) string {
	rounded := math.Round(f*1e4) / 1e4
	if rounded == 0 && f != 0 {
		rounded, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 2, 64), 64)
	}
	return decimal(rounded)
}

// amounts writes two amounts that are compared: with all decimals where they would
// look the same and are not.
func amounts(a, b float64) (string, string) {
	if x, y := amount(a), amount(b); x != y || a == b {
		return x, y
	}
	return decimal(a), decimal(b)
}

// cents writes an amount with two decimals, a small one as amount does.
func cents(f float64) string {
	if math.Abs(f) < 0.1 {
		return amount(f)
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}
