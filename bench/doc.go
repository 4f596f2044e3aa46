// Command bench measures what a request costs the bidder beside what HTTP
// itself costs: in one run, under the same load, it measures a bare fasthttp
// server that answers 204, one that also decodes each request, and the whole
// bidder with generated campaigns, audiences and people. It prints CPU time per
// request of each server's process and their ratios, which hold between
// machines better than the figures themselves, and writes them to
// bench/latest.txt and bench/latest.json.
//
//	go run ./bench            the whole measurement, some minutes
//	go run ./bench -quick     a look, under a minute
//
// Everything happens on this machine, over loopback. It needs Linux: CPU times
// are read from /proc, and the sender waits with epoll.
package main
