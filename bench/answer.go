//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

var (
	headEnd       = []byte("\r\n\r\n")
	contentLength = []byte("Content-Length: ")
)

// parseAnswer returns the status of an HTTP answer once b holds all of it.
func parseAnswer(b []byte) (status int, ok bool, err error) {
	end := bytes.Index(b, headEnd)
	if end < 0 {
		return 0, false, nil
	}
	if end < 12 || !bytes.HasPrefix(b, []byte("HTTP/1.1 ")) {
		return 0, false, fmt.Errorf("no HTTP answer: %.40q", b)
	}
	status = int(b[9]-'0')*100 + int(b[10]-'0')*10 + int(b[11]-'0')
	total := end + len(headEnd)
	if at := bytes.Index(b[:end], contentLength); at >= 0 {
		digits := b[at+len(contentLength) : end]
		if i := bytes.IndexByte(digits, '\r'); i >= 0 {
			digits = digits[:i]
		}
		n, err := strconv.Atoi(string(digits))
		if err != nil {
			return 0, false, fmt.Errorf("content length of an answer: %w", err)
		}
		total += n
	} else if status != 204 {
		return 0, false, fmt.Errorf("an answer with status %d and no length", status)
	}
	if len(b) > total {
		return 0, false, errors.New("more than one answer to one request")
	}
	return status, len(b) == total, nil
}
