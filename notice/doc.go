// Package notice makes and checks the signed tokens that the URLs of a bid carry:
// win, billing and loss notices, impression and view pixels, clicks. A token says
// everything that is needed when it comes back, so that a notice needs no look-up,
// and it cannot be forged, altered or used for another kind of notice.
//
// A [Signer] prepares one [Scratch] per bid, from which the token of each kind is
// appended; a [Verifier] reads a token back. Both are immutable and safe for
// concurrent use, a Scratch belongs to one goroutine; nothing is allocated. Every
// refusal has a reason. That a token is used only once is for the ledger of
// settled bids to see to: tokens expire, so that it need not remember for ever.
//
// # Signature
//
// A token is base64url(payload ‖ tag). One HMAC-SHA256 over the payload is
// computed per bid; M is its first half. The tag of kind k is one AES-128 block,
// AES(M ⊕ k), under a key of its own. M looks random to whoever lacks the key
// and differs from payload to payload, so the blocks of all kinds and bids are
// distinct inputs to a permutation that nobody else can evaluate: the tags of
// some kinds tell nothing about those of the others, and guessing one succeeds
// once in 2^128 attempts. So a pixel's token, which every visitor sees, is of no
// use for billing. This costs one block where one more HMAC per kind would cost
// four hundred nanoseconds.
//
// A click that carries its own target has the tag AES(AES(M ⊕ k') ⊕ T), where T
// is the first half of the target's SHA-256: a CBC-MAC over two blocks, of which
// the first is of a kind that no single block ever has. An impression that carries
// what response models saw of it has a tag of the same form.
//
// What the models saw is made of what is known of the person, and the URL passes
// through the hands of exchanges, publishers and browsers: it is hidden by AES in
// counter mode under a third key, beginning at M. M is another one for every bid.
package notice
