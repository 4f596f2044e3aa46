package profile

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"bidwell/ad"
)

// ID is an identifier that leads to a person, as it was given.
type ID struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Key returns the key under which the person's record is stored.
func (id ID) Key() ad.PersonID { return ad.PersonIDOf(id.Type, id.Value) }

// personal are the sources of user.eids whose identifiers are made from what a
// person signs in with, such as an e-mail address.
var personal = [...]string{"uidapi.com", "euid.eu", "liveramp.com"}

// Login reports whether the identifier names a person, as one made from what
// they sign in with does. Any other names a device, a browser or an app.
func (id ID) Login() bool {
	kind, of, _ := strings.Cut(id.Type, ":")
	return kind == "login" || kind == "eid" && slices.Contains(personal[:], of)
}

// String returns the identifier as the command line takes it.
func (id ID) String() string { return id.Type + ":" + id.Value }

// MaxIDType is the length of the longest type of identifier, in bytes.
const MaxIDType = 32

// Check returns an error if id leads to nobody, or cannot be stored.
func (id ID) Check() error {
	switch {
	case id.Type == "":
		return fmt.Errorf("an id has no type, such as ifa")
	case len(id.Type) > MaxIDType:
		return fmt.Errorf("the id's type %.20q… has %d bytes, the longest may have %d", id.Type, len(id.Type), MaxIDType)
	case len(id.Value) > MaxString:
		return fmt.Errorf("the id of type %s has %d bytes, the longest may have %d", id.Type, len(id.Value), MaxString)
	case id.Key().IsZero():
		return fmt.Errorf("the id %s %q names nobody", id.Type, id.Value)
	}
	return nil
}

// idEntry is one identifier as it lies in a record.
type idEntry struct {
	day         uint16
	kind, value []byte
}

// nextID reads the id at the start of p. Its size is 0 where p ends.
func nextID(p []byte) (e idEntry, size int) {
	if len(p) < 4 {
		return e, 0
	}
	kind := 3 + int(p[2])
	if len(p) <= kind {
		return e, 0
	}
	size = kind + 1 + int(p[kind])
	if len(p) < size {
		return e, 0
	}
	e.day = binary.LittleEndian.Uint16(p)
	e.kind = p[3:kind]
	e.value = p[kind+1 : size]
	return e, size
}

func appendID(dst []byte, day uint16, id ID) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, day)
	dst = append(dst, byte(len(id.Type)))
	dst = append(dst, id.Type...)
	dst = append(dst, byte(len(id.Value)))
	return append(dst, id.Value...)
}
