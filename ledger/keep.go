package ledger

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

// State returns a small value that SetState keeps, nil if there is none.
func (l *Ledger) State(name string) ([]byte, error) {
	value, err := readValue(l.db, stateKey(name))
	return value, l.reading("a state", err)
}

// SetState keeps a small value under a name, and returns when it is on disk. A
// nil value is deleted.
func (l *Ledger) SetState(name string, value []byte) error {
	err := l.write(func(b *pebble.Batch) error {
		if value == nil {
			return b.Delete(stateKey(name), nil)
		}
		return b.Set(stateKey(name), value, nil)
	})
	if err != nil {
		return fmt.Errorf("keep the state %s in the ledger: %w", name, err)
	}
	return nil
}

func stateKey(name string) []byte { return append([]byte{prefixState}, name...) }

// NameKind says of what a name is.
type NameKind uint8

// The kinds of names. They are stored: they keep their numbers.
const (
	AdvertiserName NameKind = iota + 1
	CampaignName
	LineName
	CreativeName
	ExchangeName
	DealName
	TopicName // of a visit or conversion
)

type nameKey struct {
	kind NameKind
	id   ad.ID
}

const nameKeySize = 1 + 1 + 8

func (k nameKey) bytes() []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixName, byte(k.kind)}, uint64(k.id))
}

// names is the dictionary in memory; the database holds the same.
type names struct {
	mu   sync.RWMutex
	text map[nameKey]string
	kept [TopicName + 1]int // how many are in text, by kind
}

// MaxName is how many bytes of a name are kept at most.
const MaxName = 1024

// Name keeps the name of an id. It does not wait; it is on disk before any event
// that is appended after it. A name that is known already costs nothing but a look.
//
// Some names are made up by others, and all are shown in terminals: what would not be
// visible there, such as control characters, is kept as U+FFFD.
func (l *Ledger) Name(kind NameKind, id ad.ID, text string) {
	text = tidy(text)
	k := nameKey{kind, id}
	if l.nameOf(k) == text {
		return
	}
	r := newRequest()
	r.write = func(b *pebble.Batch) error { return b.Set(k.bytes(), []byte(text), nil) }
	r.async, r.needed = true, true
	if l.queue.add(r) != nil { // it is closed
		return
	}
	l.names.mu.Lock()
	defer l.names.mu.Unlock()
	l.names.set(k, text)
}

// set is called with the lock, or before anybody else knows of the names.
func (n *names) set(k nameKey, text string) {
	if _, ok := n.text[k]; !ok && int(k.kind) < len(n.kept) {
		n.kept[k.kind]++
	}
	n.text[k] = text
}

// tidy returns a name as it is kept: what can be seen of it, cut between two runes. What
// is tidy stays as it is.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) || r == zeroWidthJoiner || r == zeroWidthNonJoiner {
			return r
		}
		return utf8.RuneError
	}, text)
	if len(text) <= MaxName {
		return text
	}
	end := MaxName
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// Some scripts are not written without them.
const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

// Named returns how many ids of a kind have a name.
func (l *Ledger) Named(kind NameKind) int {
	l.names.mu.RLock()
	defer l.names.mu.RUnlock()
	return l.names.kept[kind]
}

// NameOf returns the name that is kept of an id, empty for none.
func (l *Ledger) NameOf(kind NameKind, id ad.ID) string { return l.nameOf(nameKey{kind, id}) }

func (l *Ledger) nameOf(k nameKey) string {
	l.names.mu.RLock()
	defer l.names.mu.RUnlock()
	return l.names.text[k]
}

// recallNames reads the dictionary.
func (l *Ledger) recallNames() error {
	l.names.text = make(map[nameKey]string)
	return scanPrefix(l.db, []byte{prefixName}, func(key, value []byte) error {
		if len(key) != nameKeySize {
			return notOurs("the name %x", key)
		}
		l.names.set(nameKey{NameKind(key[1]), ad.ID(binary.BigEndian.Uint64(key[2:]))}, tidy(string(value)))
		return nil
	})
}
