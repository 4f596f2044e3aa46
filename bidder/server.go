package bidder

import (
	"bytes"
	"context"
	"errors"
	"net"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/time/rate"

	"bidwell/ad"
)

// status is the HTTP status of an answer on the exchange port, as an index.
type status uint8

// Every status that the exchange port answers with.
const (
	statusOK status = iota
	statusNoContent
	statusFound
	statusBadRequest
	statusUnauthorized
	statusNotFound
	statusMethodNotAllowed
	statusTooSlow
	statusTooLarge
	statusUnsupported
	statusTooMany
	numStatuses
)

var statusCodes = [numStatuses]int{200, 204, 302, 400, 401, 404, 405, 408, 413, 415, 429}

var statusNames = [numStatuses]string{"200", "204", "302", "400", "401", "404", "405", "408", "413", "415", "429"}

func (s status) String() string { return statusNames[s] }

// Server is the exchange port: bid requests and notices over HTTP.
type Server struct {
	engine *Engine
	most   int // bytes of the largest request body, unpacked

	connections int64
	slow        time.Duration
	syncs       *rate.Limiter
	pixels      *rate.Limiter
	batches     chan struct{} // that are worked on
	http        fasthttp.Server
	zip         zipper
}

// Limits is what the exchange port puts up with.
type Limits struct {
	Body        int // bytes, unpacked
	Connections int
	SlowClient  time.Duration // to send a request, or to take an answer
	ShedAbove   time.Duration // time that requests may wait for a processor
}

// NewServer returns a server.
func NewServer(e *Engine, l Limits) *Server {
	s := &Server{
		engine: e, most: l.Body, connections: int64(l.Connections), slow: l.SlowClient,
		syncs: rate.NewLimiter(mostSyncs, mostSyncsOnce), pixels: rate.NewLimiter(mostPixels, mostPixelsOnce),
		batches: make(chan struct{}, mostBatches),
	}
	e.shed.target = l.ShedAbove
	s.http = fasthttp.Server{
		Handler:                      s.handle,
		ErrorHandler:                 s.broken,
		Name:                         "bidwell",
		Concurrency:                  l.Connections + 1, // Serve keeps to the limit: more would be answered 503
		HeaderReceived:               s.expect,
		ExpectHandler:                goOn,
		LazyRequestTime:              true,
		MaxRequestBodySize:           l.Body,
		ReadBufferSize:               8 << 10,
		NoDefaultContentType:         true,
		NoDefaultDate:                true,
		CloseOnShutdown:              true,
		DisablePreParseMultipartForm: true,
		Logger:                       connectionErrors{e.Metrics},
	}
	return s
}

// Serve answers on ln until Shutdown.
func (s *Server) Serve(ln net.Listener) error {
	l := newBounded(ln, s.connections, s.slow, idleConnection)
	defer l.Close() // or it would be watched for ever
	go l.watch()
	return s.http.Serve(l)
}

// idleConnection is for how long a connection is kept on which nothing is asked:
// exchanges hold some in reserve.
const idleConnection = time.Minute

// A body that is neither a bid request nor a batch of somebody we know is not worth more memory.
const mostUnknown = 4 << 10

// expect says, by the header alone, how large a body may be: the memory for it is
// taken before it comes.
func (s *Server) expect(h *fasthttp.RequestHeader) (c fasthttp.RequestConfig) {
	uri := h.RequestURI()
	if len(uri) == 0 || uri[0] != '/' || bytes.ContainsAny(uri, "%+") {
		return c // written in another way than it could be compared
	}
	path, query, _ := bytes.Cut(uri, []byte("?"))
	name, ok := bytes.CutPrefix(path, bidPath)
	l := s.engine.live.Load()
	ex := l.Exchange(name)
	switch {
	case reportsTo(path) != ad.NoEvent && knownSender(l.Snapshot, h.Peek("Authorization"), query):
		c.MaxRequestBodySize = max(s.most, mostReported)
	case !ok, ex == nil:
		c.MaxRequestBodySize = mostUnknown
	case ex.Credential != nil && !bytes.Contains(h.Peek("Authorization"), ex.Credential) && !bytes.Contains(uri, ex.Credential):
		c.MaxRequestBodySize = mostUnknown
	}
	return c
}

// goOn tells a client that asks before it sends the body to send it.
func goOn(ctx *fasthttp.RequestCtx) int {
	if c, ok := ctx.Conn().(*watched); ok {
		c.waits(forRest)
	}
	return fasthttp.StatusContinue
}

// Shutdown stops listening, lets the requests that are being answered end, and
// returns when all connections are closed or ctx is done.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.ShutdownWithContext(ctx) }

// connectionErrors counts what goes wrong with connections. It does not log it:
// the text holds what the client sent.
type connectionErrors struct{ metrics *Metrics }

// Printf implements fasthttp.Logger.
func (c connectionErrors) Printf(string, ...any) { c.metrics.broken.Add(1) }

var (
	bidPath    = []byte("/openrtb2/bid/")
	noticePath = []byte("/e/")
	syncPath   = []byte("/sync")
)

// handle is called for every request that is HTTP.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	start := time.Now()
	if c, ok := ctx.Conn().(*watched); ok {
		c.waits(forUs)
	}
	if s.engine.draining.Load() {
		ctx.SetConnectionClose()
	}
	path := ctx.Path()
	switch {
	case bytes.HasPrefix(path, bidPath):
		s.bid(ctx, path[len(bidPath):], start)
	case reportsTo(path) != ad.NoEvent:
		s.report(ctx, reportsTo(path), start)
	case bytes.HasPrefix(path, noticePath):
		s.notice(ctx, path[len(noticePath):], start)
	case bytes.Equal(path, syncPath):
		s.sync(ctx, start)
	default:
		s.refuse(ctx, nil, statusNotFound, "nothing here: bid requests go to /openrtb2/bid/EXCHANGE")
	}
}

// broken is called for what is not HTTP, or more than the limits allow.
func (s *Server) broken(ctx *fasthttp.RequestCtx, err error) {
	var small *fasthttp.ErrSmallBuffer
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		// Clients know this one as the end of a connection that they did not use, and
		// do not take it for the answer to what they are about to send.
		s.refuse(ctx, nil, statusTooSlow, "the request did not arrive in time")
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		s.refuse(ctx, nil, statusTooLarge, "the body is larger than this bidder reads")
	case errors.As(err, &small):
		s.refuse(ctx, nil, statusBadRequest, "the headers are larger than this bidder reads")
	default:
		s.refuse(ctx, nil, statusBadRequest, "not an HTTP request that could be read")
	}
	ctx.SetConnectionClose()
}

// refuse answers with an error and a short plain reason.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, x *exchangeState, st status, reason string) {
	if x == nil {
		x = &s.engine.Metrics.unknown
	}
	x.status[st].Add(1)
	ctx.SetStatusCode(statusCodes[st])
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString(reason + "\n")
}

// silent answers with an empty 204: no bid.
func (s *Server) silent(ctx *fasthttp.RequestCtx, x *exchangeState) {
	x.status[statusNoContent].Add(1)
	ctx.SetStatusCode(fasthttp.StatusNoContent)
}
