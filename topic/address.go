package topic

import "bytes"

// maxHost is the length of the longest host that there can be.
const maxHost = 253

// split takes an address apart: the host, in lower case and without www., port
// and user, appended to buf, and the path without query and without a slash at
// its end. What has no scheme begins with its host. It reports false if there is
// no host.
func split(buf, url []byte) (host, path []byte, ok bool) {
	url = bytes.TrimSpace(url)
	if i := bytes.Index(url, []byte("//")); i >= 0 && (i == 0 || url[i-1] == ':') && !bytes.ContainsAny(url[:i], "/?#.") {
		url = url[i+2:]
	}
	if i := bytes.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	if i := bytes.IndexByte(url, '/'); i >= 0 {
		url, path = url[:i], bytes.TrimRight(url[i:], "/")
	}
	if i := bytes.LastIndexByte(url, '@'); i >= 0 {
		url = url[i+1:]
	}
	if i := bytes.IndexByte(url, ':'); i >= 0 {
		url = url[:i]
	}
	url = bytes.TrimSuffix(url, []byte("."))
	if len(url) == 0 || len(url) > maxHost {
		return nil, nil, false
	}
	for _, c := range url {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		buf = append(buf, c)
	}
	return bytes.TrimPrefix(buf, []byte("www.")), path, true
}
