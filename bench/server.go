//go:build linux

package main

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"net"
	"os"
	"runtime/metrics"
	"strings"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"bidwell/openrtb"
)

// childEnv names the environment variable that makes this program one of the
// servers it measures.
const childEnv = "BIDWELL_BENCH_SERVER"

// The servers to compare.
const (
	bare   = "bare 204"
	decode = "decode only"
	whole  = "whole bidder"
)

// serve is the child process: it answers on a free port, prints the addresses
// of the port and of its metrics, and ends with its parent.
func serve(kind string) error {
	handler := func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(fasthttp.StatusNoContent) }
	if kind == decode {
		handler = decodeAndAnswer
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	admin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr(), admin.Addr())
	go func() {
		if err := fasthttp.Serve(admin, serveAdmin); err != nil {
			fmt.Fprintln(os.Stderr, "bench: metrics of the", kind, "server:", err)
		}
	}()
	s := fasthttp.Server{
		Handler:               handler,
		ReadBufferSize:        8 << 10, // as the bidder's
		NoDefaultDate:         true,
		NoDefaultContentType:  true,
		NoDefaultServerHeader: true,
	}
	return s.Serve(ln)
}

// answer is a bid response of a usual size.
var answer = []byte(`{"id":"00000000-0000-4000-8000-000000000000","cur":"EUR","seatbid":[{"seat":"bidwell","bid":[{"id":"1","impid":"1","price":2.5,"adm":"` +
	strings.Repeat("x", 430) + `","crid":"c","cid":"c","adomain":["motors.example"],"w":300,"h":250,"mtype":1}]}]}`)

var (
	requests = make(chan *openrtb.Request, 256)

	answers atomic.Uint64 // share of requests that get the answer, of 2³²
)

// decodeAndAnswer decodes each request and answers as many with a fixed bid as the
// bidder does, the others with 204: what nobody can do without.
func decodeAndAnswer(ctx *fasthttp.RequestCtx) {
	var req *openrtb.Request
	select {
	case req = <-requests:
	default:
		req = new(openrtb.Request)
	}
	err := req.Decode(ctx.PostBody())
	bid := err == nil && uint64(crc32.ChecksumIEEE(req.ID)) < answers.Load()
	select {
	case requests <- req:
	default:
	}
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	}
	if !bid {
		ctx.SetStatusCode(fasthttp.StatusNoContent)
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(answer)
}

// serveAdmin writes the figures that are also read from the bidder, under the
// same names, and takes the share of requests to bid on.
func serveAdmin(ctx *fasthttp.RequestCtx) {
	if share := ctx.QueryArgs().GetUfloatOrZero("bids"); share > 0 {
		answers.Store(uint64(share * (1 << 32)))
	}
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(samples)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %d\n%s %g\n", mallocsMetric, samples[0].Value.Uint64(), gcMetric, samples[1].Value.Float64())
	ctx.SetBody(b.Bytes())
}
