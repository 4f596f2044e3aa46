// Package identity answers two questions about a bid request: what may be done
// with what is known of the person, and by which identifier the person is known.
//
// Permission comes first. COPPA, limited ad tracking and do-not-track forbid
// everything. Where the GDPR applies, the TCF string must give consent to our
// vendor for the purposes that reading, writing and emitting need. A US opt-out of
// sale, sharing or targeted advertising, in a US privacy string or in a section
// of a GPP string, forbids everything too. A string that cannot be read, where a
// regulation applies, gives no permission; what is not understood is not taken
// for consent. Without permission nobody is looked up: the person is nobody, and
// [Basis] says why.
//
// Then the first identifier wins that the request has, in the order of the
// exchange's configuration. An identifier leads to a person by [ad.PersonIDOf] of
// its type and value; unless more is known of how identifiers belong together,
// each is a person of its own.
//
// The readers of TCF, GPP and US privacy strings work on the text as it came and
// allocate nothing. They are tested against prebid/go-gdpr and prebid/go-gpp:
// permission is never given where those would not give it.
package identity
