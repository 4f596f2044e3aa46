// Package openrtb turns the bytes of a bid request into a Request and bids into
// the bytes of a bid response. It knows OpenRTB 2.3 to 2.6 and OpenRTB Native
// 1.0 to 1.2, and nothing of campaigns, people or money beyond what package ad
// says; it imports package ad only, and everything may import it.
//
// Reading is liberal: a field of a wrong shape costs that field only, and what
// real senders are known to get wrong (numbers as strings, strings as numbers,
// booleans for 0 and 1, a value where a list belongs, keys in the wrong case,
// the ext places of version 2.5) is understood. Every byte is validated all the
// same, what is skipped included. Memory and time are bounded by the length of
// the body, and a Request that is used again allocates nothing.
//
// Writing is strict: what is appended is valid JSON with valid UTF-8, and no
// field that the specification does not know.
package openrtb
