package openrtb

func (c *cursor) user(r *Request) {
	u := &r.User
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "id":
			c.str(&u.ID)
		case "buyeruid":
			c.str(&u.BuyerUID)
		case "yob":
			c.int(&u.YOB)
		case "gender":
			c.str(&u.Gender)
		case "keywords":
			c.words(&u.Keywords)
		case "kwarray":
			c.wordList(&u.Keywords)
		case "consent":
			c.str(&u.Consent)
		case "eids":
			c.eids(&u.EIDs)
		case "data":
			c.data(u)
		case "geo":
			c.geo(&u.Geo)
		case "ext":
			c.userExt(&r.old)
		default:
			c.skip()
		}
	}
}

func (c *cursor) userExt(o *legacy) {
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "consent":
			c.str(&o.consent)
		case "eids":
			c.eids(&o.eids)
		default:
			c.skip()
		}
	}
}

// eids reads a list of sources with their identifiers and flattens it.
func (c *cursor) eids(dst *[]EID) {
	if c.peek() != '[' {
		c.skip()
		return
	}
	m := c.mem
	from := len(m.eids)
	for ok := c.list(); ok; ok = c.more() {
		var source []byte
		first := len(m.eids)
		for key := c.object(); key != nil; key = c.next() {
			switch string(key) {
			case "source":
				c.str(&source)
			case "uids":
				if c.peek() == '[' {
					m.eids = m.eids[:first]
				}
				c.uids()
			default:
				c.skip()
			}
		}
		for i := first; i < len(m.eids); i++ {
			m.eids[i].Source = source
		}
	}
	*dst = since(m.eids, from)
}

// uids appends the identifiers of one source to memory.
func (c *cursor) uids() {
	m := c.mem
	for ok := c.list(); ok; ok = c.more() {
		var e EID
		for key := c.object(); key != nil; key = c.next() {
			switch string(key) {
			case "id":
				c.str(&e.ID)
			case "atype":
				c.int(&e.AType)
			default:
				c.skip()
			}
		}
		if len(e.ID) > 0 {
			m.eids = put(m, m.eids, e, maxEIDs)
		}
	}
}

// data reads a list of data providers with their segments and flattens it.
func (c *cursor) data(u *User) {
	if c.peek() != '[' {
		c.skip()
		return
	}
	m := c.mem
	from := len(m.segments)
	for ok := c.list(); ok; ok = c.more() {
		var id, name []byte
		first := len(m.segments)
		for key := c.object(); key != nil; key = c.next() {
			switch string(key) {
			case "id":
				c.str(&id)
			case "name":
				c.str(&name)
			case "segment":
				if c.peek() == '[' {
					m.segments = m.segments[:first]
				}
				c.segments()
			default:
				c.skip()
			}
		}
		if len(name) == 0 {
			name = id
		}
		for i := first; i < len(m.segments); i++ {
			m.segments[i].Provider = name
		}
	}
	u.Data = since(m.segments, from)
}

// segments appends the segments of one provider to memory.
func (c *cursor) segments() {
	m := c.mem
	for ok := c.list(); ok; ok = c.more() {
		var s Segment
		for key := c.object(); key != nil; key = c.next() {
			switch string(key) {
			case "id":
				c.str(&s.ID)
			case "name":
				c.str(&s.Name)
			case "value":
				c.str(&s.Value)
			default:
				c.skip()
			}
		}
		if len(s.ID) > 0 || len(s.Name) > 0 || len(s.Value) > 0 {
			m.segments = put(m, m.segments, s, maxSegments)
		}
	}
}
