package pricing

// MaxFeatures is how many features a Context holds at most. More are left out.
const MaxFeatures = 36

// Field is what a feature is about. Packed contexts hold hashes that are made of
// fields: they keep their numbers.
type Field uint8

// The fields. What is said of each is what its value is a hash or a number of.
const (
	Place          Field = iota // domain or bundle
	Placement                   // the place's own name of the ad slot
	Category                    // of the place
	Inventory                   // ad.Inventory
	Exchange                    // ad.ID of it
	Format                      // media type, and the size of what is shown
	Device                      // type of device
	OS                          // operating system
	Country                     // of the person
	Region                      // of the person
	Hour                        // of the day where the person is
	Position                    // on the screen
	Viewability                 // as the exchange measured it, in steps
	Playback                    // skippable, rewarded, in what kind of player
	Known                       // whether there is a profile
	Audience                    // one that the person is in
	ProfileSegment              // one that the person is in
	Attribute                   // of the person, with its value
	Behaviour                   // topic and kind, with how often and how long ago, in steps

	numFields
)

// Parts of the subject are features as well. Their fields are not for contexts.
const (
	always Field = numFields + iota
	ofLine
	ofCreative
	ofStep
	ofFrequency
	ofRecency
	ofModifier
)

// kind is what features are about whose weights are taken to be about as large as each
// other's. It is the field, but that attributes of different names are of different kinds,
// as far as there are, for some tell much and others nothing, and that what somebody did
// is another kind than how often and how long ago. Parts of the subject have their own.
// Ledgers and states hold kinds: they keep their numbers.
type kind uint8

// Kinds that are no fields, from the last one down.
const (
	ofAModifier kind = numKinds - 1 - iota
	ofAStep          // of a conversation
	ofACreative
	ofALine
	invariable // what is there in all impressions of a campaign
	sinceThen  // how long ago the person saw the campaign last
	ofContact  // how often the person has seen it
	howOften   // and how long ago somebody did something
	_
	_
	attributes // and the two above: of other names

	numKinds       = 1 << kindBits
	attributeKinds = 3
)

// Fields must leave room for the other kinds.
const _ = uint(attributes - kind(numFields))

// kindOf returns the kind of a feature. Which names of attributes go together hangs on
// the key.
func (k *Key) kindOf(f Field, value uint64) kind {
	switch {
	case f == Behaviour && value&HowOften != 0:
		return howOften
	case f == Attribute:
		if nth := kind(k.hash(always, value>>32) >> 62); nth < attributeKinds {
			return attributes + nth
		}
	}
	return kind(f)
}

// HowOften is set in the values of behaviours that say how often and how long ago.
const HowOften = 1 << 48

// How much a kind matters for each campaign anew, beside what it does for all, as far as
// is known beforehand.
const (
	alone  = iota // not at all: it has too many values
	weakly        // places matter as such, hardly for whom
	strongly
)

var matters = [numKinds]uint8{
	Category: strongly, Inventory: strongly, Exchange: weakly, Format: strongly, Device: strongly, OS: weakly, Country: strongly,
	Hour: weakly, Position: weakly, Viewability: weakly, Playback: weakly,
	Known: strongly, Audience: strongly, ProfileSegment: strongly, Attribute: strongly, Behaviour: strongly,
	attributes: strongly, attributes + 1: strongly, attributes + 2: strongly, howOften: strongly,
}

// feature is the hash of a field and its value, with its kind in its lowest bits.
type feature uint32

const (
	featureBits = 24
	kindBits    = 5
)

func (f feature) kind() kind { return kind(f & (1<<kindBits - 1)) }

func (f feature) matters() uint8 { return matters[f.kind()] }

// bidderFeature is that of a part of the subject: it is asked for so often that it is
// no more than the field and half of the value, folded; finding its slot mixes them.
func bidderFeature(f Field, value uint64) feature {
	return (feature(f)<<18 ^ feature(value) ^ feature(value>>32)) & (1<<featureBits - 1)
}

// hash64 returns a well-distributed hash of a number: the finalizer of SplitMix64.
func hash64(z uint64) uint64 {
	z += 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Context is what models see of one impression, whoever bids: keyed hashes of features.
// The zero value is empty, with the zero key. It is used again and again without
// allocating.
type Context struct {
	key Key
	n   uint8
	f   [MaxFeatures]feature
}

// Reset empties the context. What is added from now on is hashed with the key.
func (x *Context) Reset(k Key) { x.key, x.n = k, 0 }

// Add adds a feature: what is true in a field. A field may have several values.
// Beyond MaxFeatures it does nothing: what matters most comes first.
func (x *Context) Add(f Field, value uint64) {
	if x.n == MaxFeatures || f >= numFields {
		return
	}
	x.f[x.n] = x.key.feature(f, value)
	x.n++
}

// Len returns how many features there are.
func (x *Context) Len() int { return int(x.n) }

// Has reports whether a feature is there. Features are hashes: it is wrong about one in
// a hundred thousand times. Of a context that was unpacked it knows nothing.
func (x *Context) Has(f Field, value uint64) bool {
	want := x.key.feature(f, value)
	for _, have := range x.features() {
		if have == want {
			return true
		}
	}
	return false
}

// Feature returns the hash of the ith feature, a number below 1<<24: for models that
// keep weights by hash. Key.HashOf makes the same of a field and a value.
func (x *Context) Feature(i int) uint32 { return uint32(x.f[i]) }

func (x *Context) features() []feature { return x.f[:x.n] }
