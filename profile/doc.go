// Package profile keeps what is known of each person: attributes, segments,
// behaviours, touches and the identifiers that lead to them.
//
// A person is one [Record]: a compact, versioned run of bytes that is evaluated
// where it lies, without decoding. A [Builder] edits records away from the
// request path. [Profiles] serves them: a cache in front of a [Store], read
// within a deadline, written without losing an update, and always showing what
// has been written to whoever looks next.
//
// Everything in a record expires: segments at their own time, the rest by
// [Retention]. Every record is bounded in size, whatever is fed into it.
//
// The package imports the standard library, ad and the cache. Backends live in
// packages below it and pass the conformance suite of profile/profiletest.
package profile
