// Package ad is the vocabulary of the bidding engine: money, ids, media
// types, notice kinds and the reasons for not bidding. Everything else speaks
// it, so it imports the standard library only and holds no behaviour beyond
// what makes those words safe to use.
package ad

import (
	"encoding/hex"
	"hash/fnv"
)

// ID is the stable identity of an advertiser, campaign, line item or creative:
// a 64-bit hash of its path of names. Unlike an index into a snapshot it
// survives reloads, so accounts, notices and reports are keyed by it. The zero
// ID stands for "none".
type ID uint64

// IDOf returns the ID of the thing reached by a path of names, such as
// campaign, then line item. It is never zero.
func IDOf(path ...string) ID {
	h := fnv.New64a()
	for _, p := range path {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	if s := h.Sum64(); s != 0 {
		return ID(s)
	}
	return 1
}

// HashID returns the ID of a name that comes with a request, such as a deal's. It
// does not allocate.
func HashID(name []byte) ID {
	h := uint64(14695981039346656037)
	for _, c := range name {
		h = (h ^ uint64(c)) * 1099511628211
	}
	if h == 0 {
		return 1
	}
	return ID(h)
}

// BidID identifies one bid of one response. It is what notices refer to.
type BidID [16]byte

// String returns the id in lower-case hexadecimal, as it stands in a response.
func (b BidID) String() string { return hex.EncodeToString(b[:]) }

// PersonID is the key of a person's profile: a 128-bit hash of the kind and
// value of an identifier, so that no raw identifier is stored or logged.
// The zero PersonID stands for "nobody known".
type PersonID [16]byte

// IsZero reports whether p stands for nobody.
func (p PersonID) IsZero() bool { return p == PersonID{} }

// String returns the person's key in lower-case hexadecimal.
func (p PersonID) String() string { return hex.EncodeToString(p[:]) }

// Media is a kind of creative. Its values are OpenRTB's bid.mtype.
type Media uint8

// The media types of OpenRTB 2.6, list "Creative Markup Types".
const (
	NoMedia Media = iota
	Banner
	Video
	Audio
	Native
)

// String returns the name that configuration and reports use.
func (m Media) String() string {
	switch m {
	case Banner:
		return "banner"
	case Video:
		return "video"
	case Audio:
		return "audio"
	case Native:
		return "native"
	}
	return "none"
}

// Inventory is where an impression is shown.
type Inventory uint8

// The kinds of inventory. A request that names none of them is NoInventory.
const (
	NoInventory Inventory = iota
	Site
	App
	DOOH
)

// String returns the name that configuration and reports use.
func (i Inventory) String() string {
	switch i {
	case Site:
		return "site"
	case App:
		return "app"
	case DOOH:
		return "dooh"
	}
	return "none"
}

// Notice is a kind of message that follows a bid.
type Notice uint8

// The notices, in the order in which a won impression produces them.
const (
	NoNotice Notice = iota
	Win
	Billing
	Loss
	Impression
	View
	Click
)

// String returns the last part of the notice's path, as in /e/win.
func (n Notice) String() string {
	switch n {
	case Win:
		return "win"
	case Billing:
		return "bill"
	case Loss:
		return "loss"
	case Impression:
		return "imp"
	case View:
		return "view"
	case Click:
		return "click"
	}
	return "none"
}

// NoticeOf returns the notice whose String is s, or NoNotice.
func NoticeOf(s string) Notice {
	for n := Win; n <= Click; n++ {
		if n.String() == s {
			return n
		}
	}
	return NoNotice
}
