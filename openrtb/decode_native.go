package openrtb

import "bidwell/ad"

// maxNesting is how often a native request may be encoded as a string within a
// string; some senders encode twice.
const maxNesting = 3

func (c *cursor) native(imp *Imp) {
	n := &imp.Native
	if c.peek() == 'n' { // null
		imp.Has[ad.Native], *n = false, Native{}
	}
	offered := imp.Has[ad.Native]
	ver := n.Ver
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "request":
			offered = c.nativeRequest(n)
		case "ver":
			c.str(&ver)
		case "api":
			c.ints(&n.API)
		case "battr":
			c.ints(&n.BAttr)
		default:
			c.skip()
		}
	}
	if len(ver) > 0 {
		n.Ver = ver
	}
	if !offered {
		*n = Native{}
	}
	imp.Has[ad.Native] = offered
}

// nativeRequest reads the request at the cursor and reports whether it asks for
// something. What is wrong within a string is no fault of the text around it.
func (c *cursor) nativeRequest(n *Native) bool {
	*n = Native{API: n.API, BAttr: n.BAttr}
	switch c.peek() {
	case '{':
		c.nativeObject(n, 0)
	case '"':
		s, ok := c.text()
		if !ok || !nativeText(c.mem, s, n, 1) {
			return false
		}
	default:
		c.skip()
	}
	return len(n.Assets) > 0
}

// nativeText reads a request that was a string and reports whether it is valid.
func nativeText(m *memory, s []byte, n *Native, level int) bool {
	c := cursor{b: s, mem: m}
	ok := true
	switch c.space() {
	case '{':
		c.nativeObject(n, level)
	case '"':
		if s, ok = c.text(); ok && level < maxNesting {
			ok = nativeText(m, s, n, level+1)
		}
	default:
		return false
	}
	c.space()
	return ok && c.fault == noFault && c.i == len(c.b)
}

// nativeObject reads a request, or the object that a request is wrapped in.
func (c *cursor) nativeObject(n *Native, level int) {
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "native":
			c.nativeWrapped(n, level)
		case "ver":
			c.str(&n.Ver)
		case "context":
			c.int(&n.Context)
		case "plcmttype":
			c.int(&n.PlcmtType)
		case "plcmtcnt":
			c.int(&n.PlcmtCnt)
		case "privacy":
			c.flag(&n.Privacy)
		case "assets":
			c.assets(n)
		case "eventtrackers":
			c.trackers(n)
		default:
			c.skip()
		}
	}
}

func (c *cursor) nativeWrapped(n *Native, level int) {
	switch c.peek() {
	case '{':
		n.Wrapped = true
		c.nativeObject(n, level)
	case '"':
		s, ok := c.text()
		if ok && level < maxNesting {
			n.Wrapped = nativeText(c.mem, s, n, level+1)
		}
	default:
		c.skip()
	}
}

func (c *cursor) assets(n *Native) {
	if c.peek() != '[' {
		c.skip()
		return
	}
	m := c.mem
	from := len(m.assets)
	for ok := c.list(); ok; ok = c.more() {
		if c.peek() != '{' {
			c.skip()
			continue
		}
		var a Asset
		c.asset(&a)
		m.assets = put(m, m.assets, a, maxAssets)
	}
	n.Assets = since(m.assets, from)
}

// asset reads one asset. It should be of one kind; the last one counts.
func (c *cursor) asset(a *Asset) {
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "id":
			a.HasID = c.int(&a.ID) || a.HasID
		case "required":
			c.flag(&a.Required)
		case "title":
			c.assetBody(a, Title)
		case "img":
			c.assetBody(a, Image)
		case "video":
			c.assetBody(a, VideoAsset)
		case "data":
			c.assetBody(a, Data)
		default:
			c.skip()
		}
	}
}

// assetBody reads what is asked of an asset of one kind. The members that the
// kinds have in common mean the same in all of them.
func (c *cursor) assetBody(a *Asset, kind AssetKind) {
	if c.peek() != '{' {
		c.skip()
		return
	}
	if a.Kind != kind {
		*a = Asset{ID: a.ID, HasID: a.HasID, Required: a.Required, Kind: kind}
	}
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "type":
			c.int(&a.Type)
		case "len":
			c.int(&a.Len)
		case "w":
			c.int(&a.W)
		case "h":
			c.int(&a.H)
		case "wmin":
			c.int(&a.WMin)
		case "hmin":
			c.int(&a.HMin)
		case "mimes":
			c.strs(&a.Mimes)
		case "minduration":
			c.int(&a.MinDurationS)
		case "maxduration":
			c.int(&a.MaxDurationS)
		case "protocols":
			c.ints(&a.Protocols)
		default:
			c.skip()
		}
	}
}

func (c *cursor) trackers(n *Native) {
	if c.peek() != '[' {
		c.skip()
		return
	}
	m := c.mem
	from := len(m.trackers)
	for ok := c.list(); ok; ok = c.more() {
		var t EventTracker
		for key := c.object(); key != nil; key = c.next() {
			switch string(key) {
			case "event":
				c.int(&t.Event)
			case "methods":
				c.ints(&t.Methods)
			default:
				c.skip()
			}
		}
		if t.Event != 0 {
			m.trackers = put(m, m.trackers, t, maxTrackers)
		}
	}
	n.EventTrackers = since(m.trackers, from)
}
