package bidder

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/valyala/fasthttp"
)

// Bodies shorter than this are not worth packing.
const zipAbove = 1 << 10

// What refusals of a body say.
var bodyProblems = [numStatuses]string{
	statusBadRequest:  "the body is not the gzip that its Content-Encoding promises",
	statusTooLarge:    "the unpacked body is larger than this bidder reads",
	statusUnsupported: "only gzip is understood as Content-Encoding",
}

// zipper packs and unpacks with pooled state, which costs more to make than to
// use.
type zipper struct {
	readers sync.Pool // *unzipper
	writers sync.Pool // *gzip.Writer
}

type unzipper struct {
	src bytes.Reader
	zip gzip.Reader
}

// body returns the request's body, unpacked into the scratch if need be to as many
// bytes at most, and statusOK, or why it cannot be read.
func (s *Server) body(ctx *fasthttp.RequestCtx, sc *Scratch, most int) ([]byte, status) {
	body := ctx.Request.Body()
	switch enc := ctx.Request.Header.ContentEncoding(); {
	case len(enc) == 0, bytes.EqualFold(enc, []byte("identity")):
		return body, statusOK
	case bytes.EqualFold(enc, []byte("gzip")), bytes.EqualFold(enc, []byte("x-gzip")):
		return s.zip.unpack(sc, body, most)
	}
	return nil, statusUnsupported
}

func (z *zipper) unpack(sc *Scratch, packed []byte, limit int) ([]byte, status) {
	u, ok := z.readers.Get().(*unzipper)
	if !ok {
		u = new(unzipper)
	}
	defer z.readers.Put(u)
	u.src.Reset(packed)
	if err := u.zip.Reset(&u.src); err != nil {
		return nil, statusBadRequest
	}
	sc.body = sc.body[:0]
	for {
		if len(sc.body) == cap(sc.body) {
			sc.body = append(sc.body, 0)[:len(sc.body)]
		}
		n, err := u.zip.Read(sc.body[len(sc.body):cap(sc.body)])
		sc.body = sc.body[:len(sc.body)+n]
		switch {
		case len(sc.body) > limit:
			return nil, statusTooLarge
		case errors.Is(err, io.EOF):
			return sc.body, statusOK
		case err != nil:
			return nil, statusBadRequest
		}
	}
}

// writeTo writes a packed body.
func (z *zipper) writeTo(ctx *fasthttp.RequestCtx, body []byte) {
	w, ok := z.writers.Get().(*gzip.Writer)
	if !ok {
		w, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	}
	w.Reset(ctx)
	w.Write(body) // appends to the response's buffer and cannot fail
	w.Close()
	z.writers.Put(w)
}
