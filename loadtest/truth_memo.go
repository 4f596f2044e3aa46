package loadtest

import "math/bits"

// Memo gives the chances that its Truth gives, several times faster: it remembers what
// is the same for all exposures of an ad or a place. It is for asking about every ad
// that could be shown in an impression. It is not safe for concurrent use.
type Memo struct {
	truth  *Truth
	ads    map[[2]string]*adEffects
	places map[string][2]float64 // on being seen and on clicks
	suits  map[[2]string]float64 // by campaign and category
}

// adEffects are the likings of a campaign and a creative, by trait.
type adEffects struct{ click, complete, wish [17]float64 }

// NewMemo returns one that remembers nothing yet.
func NewMemo(t *Truth) *Memo {
	return &Memo{truth: t, ads: map[[2]string]*adEffects{}, places: map[string][2]float64{}, suits: map[[2]string]float64{}}
}

// Of returns the chances of an exposure.
func (m *Memo) Of(e *Exposure) Response {
	a, place := m.ad(e.Campaign, e.Creative), m.place(e.Place)
	f := factors{
		click: sumOf(&a.click, e.Person.traits), wish: sumOf(&a.wish, e.Person.traits),
		placeView: place[0], placeClick: place[1],
		suits: m.suitsIn(e.Campaign, e.Category), person: m.truth.person(e.Person.key),
	}
	if played(e.Media) {
		f.complete = sumOf(&a.complete, e.Person.traits)
	}
	return m.truth.of(e, &f)
}

// sumOf adds what everybody makes of an ad and what each trait adds.
func sumOf(likings *[17]float64, traits uint16) float64 {
	x := likings[0]
	for ; traits != 0; traits &= traits - 1 {
		x += likings[1+bits.TrailingZeros16(traits)]
	}
	return x
}

func (m *Memo) ad(campaign, creative string) *adEffects {
	key := [2]string{campaign, creative}
	if a := m.ads[key]; a != nil {
		return a
	}
	a := new(adEffects)
	of, by := nameOf(campaign), nameOf(creative)
	for trait := range a.click {
		n := uint64(trait)
		a.click[trait] = m.truth.liking(ofClick, of, by, n)
		a.complete[trait] = m.truth.liking(ofComplete, of, by, n)
		a.wish[trait] = m.truth.liking(ofClickConversion, of, by, n)
	}
	m.ads[key] = a
	return a
}

func (m *Memo) place(name string) [2]float64 {
	p, known := m.places[name]
	if !known {
		of := nameOf(name)
		p = [2]float64{m.truth.placeEffect(ofView, of), m.truth.placeEffect(ofClick, of)}
		m.places[name] = p
	}
	return p
}

func (m *Memo) suitsIn(campaign, category string) float64 {
	key := [2]string{campaign, category}
	x, known := m.suits[key]
	if !known {
		x = m.truth.suits(nameOf(campaign), nameOf(category))
		m.suits[key] = x
	}
	return x
}
