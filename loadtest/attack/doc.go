// Package attack puts a bidder under load in an open loop: when a request is
// due follows from the schedule alone, whether the bidder keeps up or not.
//
// What it promises: latency is counted from the moment at which a request was
// due, so that waiting counts; the clock is never set back when the generator
// is late; every request that was due is in the figures with what became of
// it, those that could not be sent included; an answer after tmax is an error;
// and a report says whether the generator itself can be trusted.
//
// On Linux one thread sends and receives on raw sockets with epoll, at a cost
// of some microseconds a request; elsewhere, and with https, goroutines do. It
// works against any OpenRTB bidder. It may be imported by commands and
// benchmarks, never by the bidder.
package attack
