package openrtb

func (c *cursor) device(d *Device) {
	var langb []byte
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "ua":
			c.str(&d.UA)
		case "ip":
			c.str(&d.IP)
		case "ipv6":
			c.str(&d.IPv6)
		case "devicetype":
			c.int(&d.Type)
		case "make":
			c.str(&d.Make)
		case "model":
			c.str(&d.Model)
		case "os":
			c.str(&d.OS)
		case "osv":
			c.str(&d.OSV)
		case "ifa":
			c.str(&d.IFA)
		case "language":
			c.str(&d.Language)
		case "langb":
			c.str(&langb)
		case "carrier":
			c.str(&d.Carrier)
		case "connectiontype":
			c.int(&d.ConnectionType)
		case "w":
			c.int(&d.W)
		case "h":
			c.int(&d.H)
		case "pxratio":
			c.float(&d.PxRatio)
		case "dnt":
			c.flag(&d.DNT)
		case "lmt":
			c.flag(&d.LMT)
		case "geo":
			c.geo(&d.Geo)
		case "sua":
			c.userAgent(d)
		default:
			c.skip()
		}
	}
	if len(d.Language) == 0 {
		d.Language = langb
	}
}

// userAgent reads the structured user agent.
func (c *cursor) userAgent(d *Device) {
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "mobile":
			var mobile bool
			if c.flag(&mobile) {
				d.SUAMobile = 0
				if mobile {
					d.SUAMobile = 1
				}
			}
		case "model":
			c.str(&d.SUAModel)
		case "platform":
			for key := c.object(); key != nil; key = c.next() {
				if string(key) == "brand" {
					c.str(&d.SUAPlatform)
				} else {
					c.skip()
				}
			}
		default:
			c.skip()
		}
	}
}

func (c *cursor) geo(g *Geo) {
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "lat":
			g.hasLat = c.float(&g.Lat) || g.hasLat
		case "lon":
			g.hasLon = c.float(&g.Lon) || g.hasLon
		case "country":
			c.str(&g.Country)
		case "region":
			c.str(&g.Region)
		case "city":
			c.str(&g.City)
		case "zip":
			c.str(&g.Zip)
		case "metro":
			c.str(&g.Metro)
		case "utcoffset":
			c.int(&g.UTCOffsetMin)
		default:
			c.skip()
		}
	}
	g.HasLatLon = g.hasLat && g.hasLon
}
