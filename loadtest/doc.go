// Package loadtest is the other side of the auction: it generates people and
// realistic bid requests, and plays a small exchange that posts them to a
// bidder over HTTP, clears auctions against rivals and sends the notices that
// follow. It works against any OpenRTB bidder and knows nothing of ours.
//
// Whether people see, click and buy is decided by a Truth, which follows from who
// they are and is never sent; it needs no HTTP, so that simulations use it too.
//
// What it promises: the same seed gives the same people and the same requests;
// rivals and people do the same whenever the same request gets the same answer,
// whatever the timing; figures are sums of whole numbers, so that those of several
// generators add up to those of one; every generated request is valid OpenRTB 2.5
// or 2.6 of at most MaxRequest bytes; latency is counted from the moment at which
// a request was due, not from when it was sent; an answer after tmax is a timeout;
// and nothing is sent beyond this machine unless that is asked for.
//
// It may be imported by commands and simulations, never by the bidder.
package loadtest
