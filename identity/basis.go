package identity

import "fmt"

// Code is what a permission, or its lack, rests on.
type Code uint8

// The codes. Those up to USPermitted permit.
const (
	Unregulated Code = iota
	GDPRPermitted
	USPermitted

	COPPA
	LimitTracking
	DoNotTrack
	GDPRNoString
	GDPRMalformed
	GDPRNotRegistered
	GDPRVendor
	GDPRPurpose    // with the purpose
	GDPRRestricted // with the purpose
	USPMalformed
	USPOptOut
	GPPMalformed // the code from here on with the section, 0 for the whole string
	GPPMissing
	GPPUnread
	USSale
	USSharing
	USTargeted
	USControl

	numCodes
)

// NumCodes is the number of codes, for arrays of counters.
const NumCodes = int(numCodes)

type codeText struct{ name, text string }

var codes = [numCodes]codeText{
	Unregulated:       {"unregulated", "no privacy regulation is signalled"},
	GDPRPermitted:     {"gdpr_permitted", "gdpr: consent is given"},
	USPermitted:       {"us_permitted", "us privacy: no opt-out"},
	COPPA:             {"coppa", "coppa: the request is subject to the protection of children"},
	LimitTracking:     {"lmt", "lmt: the device limits ad tracking"},
	DoNotTrack:        {"dnt", "dnt: the browser asks not to be tracked"},
	GDPRNoString:      {"gdpr_no_string", "gdpr: it applies, and there is no consent string"},
	GDPRMalformed:     {"gdpr_malformed", "gdpr: the consent string cannot be read"},
	GDPRNotRegistered: {"gdpr_not_registered", "gdpr: no vendor id is configured for us"},
	GDPRVendor:        {"gdpr_vendor", "gdpr: no consent for us as a vendor"},
	GDPRPurpose:       {"gdpr_purpose", "gdpr: no consent for purpose %d"},
	GDPRRestricted:    {"gdpr_restricted", "gdpr: the publisher restricts purpose %d"},
	USPMalformed:      {"usp_malformed", "us privacy: the string cannot be read"},
	USPOptOut:         {"usp_opt_out", "us privacy: opted out of sale"},
	GPPMalformed:      {"gpp_malformed", "gpp: section %d cannot be read"},
	GPPMissing:        {"gpp_missing", "gpp: section %d applies and is missing"},
	GPPUnread:         {"gpp_unread", "gpp: section %d is not one that we understand"},
	USSale:            {"us_sale", "us privacy: opted out of sale (gpp section %d)"},
	USSharing:         {"us_sharing", "us privacy: opted out of sharing (gpp section %d)"},
	USTargeted:        {"us_targeted", "us privacy: opted out of targeted advertising (gpp section %d)"},
	USControl:         {"us_gpc", "us privacy: the browser sends a global privacy control (gpp section %d)"},
}

// String returns the code's short name: its metric label and JSON value.
func (c Code) String() string {
	if c >= numCodes {
		return "unknown"
	}
	return codes[c].name
}

// Basis is a code with the TCF purpose or the GPP section that it is about. It
// is a number, so that stating it costs nothing.
type Basis uint32

func basis(c Code, about uint32) Basis { return Basis(c) | Basis(min(about, 0xffff))<<8 }

// Code returns the code.
func (b Basis) Code() Code { return Code(b & 0xff) }

// Permits reports whether the basis is one for permission.
func (b Basis) Permits() bool { return b.Code() <= USPermitted }

// Text returns the basis as a sentence for a campaign manager.
func (b Basis) Text() string {
	c, about := b.Code(), uint32(b>>8)
	switch {
	case c >= numCodes:
		return "unknown basis"
	case c == GDPRPurpose || c == GDPRRestricted || c >= GPPMalformed && about != 0:
		return fmt.Sprintf(codes[c].text, about)
	case c == GPPMalformed:
		return "gpp: the string cannot be read"
	}
	return codes[c].text
}
