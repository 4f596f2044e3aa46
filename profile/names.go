package profile

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

// MaxNames is the most names that one store may use for attributes, segments
// and topics: more would make collisions of their hashes likely.
const MaxNames = 65_536

// Names is the dictionary of the readable names behind the hashes in records.
// It is safe for concurrent use.
type Names struct {
	mu     sync.RWMutex
	byText map[string]*entry
	byName map[Name]*entry
}

// entry is one name. It is saved once a store has it on record.
type entry struct {
	text  string
	name  Name
	saved atomic.Bool
}

// NewNames returns an empty dictionary.
func NewNames() *Names {
	return &Names{byText: map[string]*entry{}, byName: map[Name]*entry{}}
}

// Text returns the readable name behind a hash.
func (ns *Names) Text(n Name) (string, bool) {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	if e, ok := ns.byName[n]; ok {
		return e.text, true
	}
	return "", false
}

// Len returns the number of names.
func (ns *Names) Len() int {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	return len(ns.byText)
}

// intern returns the entry of a name, which it makes if need be. It fails on
// names that CheckName refuses, on a collision, and beyond MaxNames.
func (ns *Names) intern(text string) (*entry, error) {
	ns.mu.RLock()
	e, ok := ns.byText[text]
	ns.mu.RUnlock()
	if ok {
		return e, nil
	}
	if err := CheckName(text); err != nil {
		return nil, err
	}
	ns.mu.Lock()
	defer ns.mu.Unlock()
	return ns.add(text, NameOf(text))
}

// add records a name under its hash.
func (ns *Names) add(text string, n Name) (*entry, error) {
	if e, ok := ns.byName[n]; ok {
		if e.text == text {
			return e, nil
		}
		return nil, fmt.Errorf("%q is %w: its hash %08x is taken by %q; rename one of the two", text, ErrName, uint32(n), e.text)
	}
	if len(ns.byText) >= MaxNames {
		return nil, fmt.Errorf("%q is %w: there are %d different names of attributes, segments and topics already, and no more are taken; use values instead of names for what differs from person to person",
			text, ErrName, MaxNames)
	}
	text = strings.Clone(text) // it may be part of a whole line
	e := &entry{text: text, name: n}
	ns.byText[text] = e
	ns.byName[n] = e
	return e, nil
}
