// Command bench measures what a request costs the bidder beside what HTTP
// itself costs. In one run, under the same load, it measures a bare fasthttp
// server that answers 204, one that also decodes each request and answers as
// many with a fixed bid as the bidder does, and the whole bidder with generated
// campaigns, audiences and people, in one cell after the other: more line items,
// more audiences, people in the cache, in the store, unknown. Beside them, life:
// notices, reloads, an import, overload, a cold start. It writes a table to
// bench/latest.txt and every figure to bench/latest.json.
//
//	make bench                       every axis, a quarter of an hour
//	make bench ARGS=-quick           a look, a minute
//	make bench-compare A=main B=.    two commits by turns
//
// What it promises. The cost of a request is CPU time of the server's process,
// read from its own CPU clock, divided by the requests that it answered; the
// sender, a process of its own with one thread, is not in it. The servers are
// measured by turns, a second or so each, in alternating order, with the same
// requests: a machine that slows down slows all of them, and a ratio is made
// within one round only. What the bare server varied by is printed as the noise
// of the run. All servers share the processors with the sender, but in overload,
// where the bidder has all but one and the sender that one.
// Latency is counted from the moment at which a request was due, at the same
// rate for all three. A bid share is the same wherever bids are compared: floors
// are raised until about 30 % of the requests are bid on.
//
// Everything happens on this machine, over loopback. It needs Linux: it reads
// /proc and the CPU clocks of other processes, and the sender waits with epoll.
package main
