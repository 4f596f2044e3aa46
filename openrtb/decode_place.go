package openrtb

import "bidwell/ad"

// inventory reads the site, app or dooh. A request should have one of them;
// the first that is an object with members counts.
func (c *cursor) inventory(r *Request, kind ad.Inventory) {
	taken := r.Inventory != ad.NoInventory && r.Inventory != kind && r.Site.known
	if taken || c.peek() != '{' {
		c.skip()
		return
	}
	r.Inventory = kind
	c.place(&r.Site)
}

func (c *cursor) place(p *Place) {
	for key := c.object(); key != nil; key = c.next() {
		p.known = true
		switch string(key) {
		case "id":
			c.str(&p.ID)
		case "name":
			c.str(&p.Name)
		case "domain":
			c.str(&p.Domain)
		case "page":
			c.str(&p.Page)
		case "ref":
			c.str(&p.Ref)
		case "bundle":
			c.str(&p.Bundle)
		case "storeurl":
			c.str(&p.StoreURL)
		case "cat":
			c.strs(&p.Cat)
		case "sectioncat":
			c.strs(&p.SectionCat)
		case "pagecat":
			c.strs(&p.PageCat)
		case "cattax":
			c.int(&p.CatTax)
		case "venuetype":
			c.strs(&p.VenueType)
		case "mobile":
			c.flag(&p.Mobile)
		case "keywords":
			c.words(&p.Keywords)
		case "kwarray":
			c.wordList(&p.Keywords)
		case "publisher":
			c.publisher(p)
		case "content":
			c.content(&p.Content)
		default:
			c.skip()
		}
	}
}

func (c *cursor) publisher(p *Place) {
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "id":
			c.str(&p.PublisherID)
		case "name":
			c.str(&p.PublisherName)
		case "domain":
			c.str(&p.PublisherDomain)
		default:
			c.skip()
		}
	}
}

func (c *cursor) content(t *Content) {
	var langb []byte
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "id":
			c.str(&t.ID)
		case "title":
			c.str(&t.Title)
		case "series":
			c.str(&t.Series)
		case "season":
			c.str(&t.Season)
		case "genre":
			c.str(&t.Genre)
		case "url":
			c.str(&t.URL)
		case "language":
			c.str(&t.Language)
		case "langb":
			c.str(&langb)
		case "cat":
			c.strs(&t.Cat)
		case "len":
			c.int(&t.LenS)
		case "livestream":
			c.flag(&t.Livestream)
		case "contentrating":
			c.str(&t.Rating)
		default:
			c.skip()
		}
	}
	if len(t.Language) == 0 {
		t.Language = langb
	}
}
