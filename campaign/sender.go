package campaign

import (
	"crypto/sha256"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/profile"
	"bidwell/topic"
)

// Sender is an advertiser who sends what people do.
type Sender struct {
	ID          ad.ID
	Name        string
	Conversions map[string]*topic.Topic // what it may report, by name
}

// sender is what a key stands for.
type sender struct {
	*Sender
	public bool
}

// Sender returns whose key it is, nil for nobody's, and whether everybody can
// read it. Keys are compared by their hashes, so the time that this takes tells
// nothing of them.
func (s *Snapshot) Sender(key []byte) (of *Sender, public bool) {
	if len(key) == 0 {
		return nil, false
	}
	found := s.senders[sha256.Sum256(key)]
	return found.Sender, found.public
}

// topics reads the taxonomy.
func (c *compiler) topics() {
	b := topic.NewBuilder(c.ps)
	for _, name := range c.files(topicFolder, ".yaml", ".yml") {
		f := new(topic.File)
		if c.read(name, f) {
			b.Add(f)
		}
	}
	c.snap.Topics = b.Build()
}

// senders compiles the advertisers who send behaviour.
func (c *compiler) senders() {
	c.snap.Vouched = c.identity("advertisers", new(ExchangeSpec))
	keys := map[string]conf.Pos{}
	names := map[profile.Name]string{}
	for i := range c.snap.Process.Senders {
		e := &c.snap.Process.Senders[i]
		c.name(e.KeyPos, e.Key, "advertiser")
		of := &Sender{ID: ad.IDOf("advertiser", e.Key), Name: e.Key, Conversions: map[string]*topic.Topic{}}
		for _, k := range []struct {
			what, key string
			public    bool
		}{{"key", e.Value.Key, false}, {"pixel_key", e.Value.PixelKey, true}} {
			at := e.Value.At(k.what)
			if k.key == "" || !c.claim(keys, k.key, at, "key") {
				continue
			}
			c.credential(at, k.what, k.key)
			c.snap.senders[sha256.Sum256([]byte(k.key))] = sender{of, k.public}
		}
		repeated(c, e.Value.Located, "conversions", e.Value.Conversions)
		for i, name := range e.Value.Conversions {
			c.conversion(of, name, e.Value.EntryAt("conversions", i), names)
		}
		c.snap.Senders = append(c.snap.Senders, of)
	}
}

// conversion adds a conversion that a sender may report. Those of the same name
// are the same in profiles, whoever reports them.
func (c *compiler) conversion(of *Sender, name string, at conf.Pos, names map[profile.Name]string) {
	if err := profile.CheckName(name); err != nil {
		c.ps.Errorf(at, "write names such as test-drive", "%v", err)
		return
	}
	hash := profile.NameOf(name)
	if other, taken := names[hash]; taken && other != name {
		c.ps.Errorf(at, "rename one of the two", "profiles cannot tell %q from %q: their hashes are the same", name, other)
		return
	}
	names[hash] = name
	of.Conversions[name] = &topic.Topic{ID: topic.IDOf(name), Name: name}
}
