package loadtest

// People is a population of N people, numbered from 0. Everything about a
// person follows from the population's seed and the person's number, so that
// the requests of a Traffic speak of the very people whom GeneratePeople wrote.
// Exchange is the name under which the bidder knows the exchange; it is part of
// the type of the ids that people have on the web.
type People struct {
	Seed     uint64
	N        int
	Exchange string
}

// Screen is where a person is met. It decides which kind of id they have.
type Screen uint8

// The screens.
const (
	Web Screen = iota // a browser; known by the buyer's own id for them
	App               // a phone or tablet; known by its advertising id
	TV                // a connected television; known by its advertising id
)

// screens says who is met where. People are numbered such that eight in a row
// hold each screen in its share, which makes "a random person of this screen"
// a matter of arithmetic.
var screens = [8]Screen{Web, App, Web, App, Web, TV, Web, App}

var onScreen = [3][]int{Web: {0, 2, 4, 6}, App: {1, 3, 7}, TV: {5}}

// ScreenOf returns where person i is met.
func (p *People) ScreenOf(i int) Screen { return screens[i&7] }

// IDType returns the type of person i's id as the bidder names it: "ifa", or
// "buyeruid:" and the exchange's name.
func (p *People) IDType(i int) string {
	if p.ScreenOf(i) == Web {
		return "buyeruid:" + p.Exchange
	}
	return "ifa"
}

// AppendID appends person i's id as it stands in a bid request. Numbers of N
// and above give ids that nobody has imported.
func (p *People) AppendID(dst []byte, i int) []byte {
	n := len(dst)
	if p.ScreenOf(i) == Web {
		dst = append(dst, "00000000000000000000000000000000"...)
	} else {
		dst = append(dst, "00000000-0000-0000-0000-000000000000"...)
	}
	p.putID(dst[n:], i)
	return dst
}

func (p *People) putID(dst []byte, i int) {
	a, b := mix(p.Seed, uint64(i)), mix(p.Seed^0x6A09E667F3BCC908, uint64(i))
	if p.ScreenOf(i) == Web {
		putHex(dst, a)
		putHex(dst[16:], b)
		return
	}
	putUUID(dst, a, b)
}

// consent is what a person answers when asked for permission.
type consent uint8

const (
	allowed consent = iota
	partly          // storage, but no profiles
	refused
)

// traits are what is true of a person.
type traits struct {
	home       *Postcode
	car        string // class, "" for none
	carAgeDays int
	intender   bool // reads a lot about cars these days
	tested     bool // has had a test drive lately
	consent    consent
	limited    bool // limits ad tracking on the device
	dice       dice // for the rest
}

// traitsOf derives person i's traits.
func (p *People) traitsOf(i int) traits {
	d := dice{seed: mix(p.Seed^0x3C6EF372FE94F82B, uint64(i))}
	t := traits{home: postcodeFor(&d)}
	affluent := t.home.Band == "affluent"
	switch luxury := d.float(); {
	case affluent && luxury < 0.5, !affluent && luxury < 0.06:
		t.car = "luxury"
	case luxury < 0.75:
		t.car = carClasses[d.below(len(carClasses))]
	}
	t.carAgeDays = 20 + int(d.float()*d.float()*5000) + d.below(600)
	interest := 0.12
	if t.car == "luxury" {
		interest = 0.4
	}
	t.intender = d.chance(interest)
	t.tested = t.intender && d.chance(0.08)
	switch c := d.float(); {
	case c > 0.94:
		t.consent = refused
	case c > 0.84:
		t.consent = partly
	}
	t.limited = d.chance(0.08)
	t.dice = d
	return t
}

var carClasses = []string{"compact", "compact", "midsize", "midsize", "suv", "electric", "van"}
