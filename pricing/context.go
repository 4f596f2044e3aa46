package pricing

// MaxFeatures is how many features a Context holds at most. More are left out.
const MaxFeatures = 28

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

// alone are the fields with so many values that they are not looked at for each
// campaign anew: what is learned of them is shared by all.
const alone = 1<<Place | 1<<Placement | 1<<Region

// feature is the hash of a field and its value: 23 bits of it, and a bit that
// tells whether it also matters for each campaign anew.
type feature uint32

const (
	featureBits = 24
	crossedBit  = 1
)

func featureOf(f Field, value uint64) feature {
	h := feature(hash64(uint64(f)<<56^value)>>(64-featureBits)) &^ crossedBit
	if 1<<f&alone == 0 {
		h |= crossedBit
	}
	return h
}

// hash64 returns a well-distributed hash of a number: the finalizer of SplitMix64.
func hash64(z uint64) uint64 {
	z += 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Context is what models see of one impression, whoever bids: hashes of features.
// The zero value is empty. It is used again and again without allocating.
type Context struct {
	n uint8
	f [MaxFeatures]feature
}

// Reset empties the context.
func (x *Context) Reset() { x.n = 0 }

// Add adds a feature: what is true in a field. A field may have several values.
// Beyond MaxFeatures it does nothing: what matters most comes first.
func (x *Context) Add(f Field, value uint64) {
	if x.n == MaxFeatures {
		return
	}
	x.f[x.n] = featureOf(f, value)
	x.n++
}

// Len returns how many features there are.
func (x *Context) Len() int { return int(x.n) }

func (x *Context) features() []feature { return x.f[:x.n] }
