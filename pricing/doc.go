// Package pricing knows what a right price is made of: how likely somebody
// responds to an ad, and how likely a bid wins.
//
// A [Trainer] learns the chances of responses from what is known of each
// impression, its [Context], and from whose it is, the [Subject]; it publishes
// [Responses], which the bidder asks. Both are functions of what they were taught
// alone: the same examples in the same order give the same bytes.
//
// The package reads no clock and does no input or output; whatever is random
// follows from arguments. Only the vocabulary is below it. The bidder and
// campaign use it on the request path, where it neither allocates nor locks, and
// pricing/learn teaches it.
package pricing
