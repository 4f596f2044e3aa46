package identity

import "bidwell/openrtb"

// Permission returns what a request permits and what that rests on. Regulations
// add up: each can forbid, none can permit what another forbids. It does not
// allocate.
func (r *Resolver) Permission(req *openrtb.Request) (Permission, Basis) {
	switch {
	case req.Regs.COPPA:
		return Permission{}, basis(COPPA, 0)
	case req.Device.LMT:
		return Permission{}, basis(LimitTracking, 0)
	case req.Device.DNT:
		return Permission{}, basis(DoNotTrack, 0)
	}
	var g gpp
	hasGPP := len(req.Regs.GPP) > 0
	if hasGPP && !g.parse(req.Regs.GPP) {
		return Permission{}, basis(GPPMalformed, 0)
	}
	us := r.us(req, &g)
	if !us.Permits() {
		return Permission{}, us
	}
	section, inGPP := g.section(sectionTCF)
	if !r.gdprApplies(req, inGPP) {
		return Permission{true, true, true}, us
	}
	if r.vendor == 0 {
		return Permission{}, basis(GDPRNotRegistered, 0)
	}
	if len(req.User.Consent) == 0 && len(section) == 0 {
		return Permission{}, basis(GDPRNoString, 0)
	}
	// Two strings should say the same. If they do not, both must permit.
	may, why := Permission{true, true, true}, basis(GDPRPermitted, 0)
	for _, text := range [...][]byte{req.User.Consent, section} {
		if len(text) == 0 {
			continue
		}
		m, w := r.tcf(text)
		if why.Permits() || may.Read && !m.Read {
			why = w
		}
		may = Permission{may.Read && m.Read, may.Write && m.Write, may.Emit && m.Emit}
	}
	return may, why
}

// us looks at everything that US law, or a law that we do not know, may forbid.
func (r *Resolver) us(req *openrtb.Request, g *gpp) Basis {
	permitted := basis(Unregulated, 0)
	if len(req.Regs.USPrivacy) > 0 {
		b := parseUSP(req.Regs.USPrivacy)
		if !b.Permits() {
			return b
		}
		permitted = b
	}
	applies := false // some section is said to apply
	for _, sid := range req.Regs.GPPSID {
		id := uint32(max(sid, 0))
		if !regulates(id) {
			applies = applies || id == sectionTCF
			continue
		}
		applies = true
		text, ok := g.section(id)
		if !ok && id == sectionUSP && len(req.Regs.USPrivacy) > 0 {
			continue // said in its old place, and looked at above
		}
		if !ok {
			return basis(GPPMissing, id)
		}
		b := parseUS(id, text)
		if !b.Permits() {
			return b
		}
		permitted = b
	}
	if applies {
		return permitted
	}
	for i := range g.n { // nobody says which apply, so all do
		if !regulates(g.ids[i]) {
			continue
		}
		b := parseUS(g.ids[i], g.texts[i])
		if !b.Permits() {
			return b
		}
		permitted = b
	}
	return permitted
}

// regulates reports whether a GPP section is about a law other than the GDPR.
func regulates(id uint32) bool {
	switch id {
	case 0, sectionTCF, sectionHeader, sectionSigned:
		return false
	}
	return true
}

// gdprApplies reports whether the GDPR does: if the request says so anywhere, or,
// when it says nothing, by configuration.
func (r *Resolver) gdprApplies(req *openrtb.Request, inGPP bool) bool {
	for _, sid := range req.Regs.GPPSID {
		if sid == sectionTCF {
			return true
		}
	}
	switch {
	case req.Regs.GDPR >= 0:
		return req.Regs.GDPR == 1
	case r.unknown == AssumeGDPR:
		return true
	case r.unknown == AssumeNone:
		return false
	case len(req.User.Consent) > 0 || inGPP:
		return true
	}
	country := req.Device.Geo.Country
	if len(country) == 0 {
		country = req.User.Geo.Country
	}
	return protects(country)
}

// tcf looks at one TCF string.
func (r *Resolver) tcf(text []byte) (Permission, Basis) {
	t, ok := parseTCF(text, r.vendor)
	if !ok {
		return Permission{}, basis(GDPRMalformed, 0)
	}
	read := t.missing(r.read)
	write := t.missing(r.write)
	emit := t.missing(r.emit)
	may := Permission{read.Permits(), write.Permits(), emit.Permits()}
	for _, b := range [...]Basis{read, write, emit} {
		if !b.Permits() {
			return may, b
		}
	}
	return may, basis(GDPRPermitted, 0)
}

// missing returns what the string lacks for a list of purposes.
func (t *tcf) missing(purposes []purpose) Basis {
	for _, p := range purposes {
		ok, restricted := t.allows(p.number, p.byInterest)
		switch {
		case ok:
		case restricted:
			return basis(GDPRRestricted, uint32(p.number))
		case !t.vendorConsent && !(p.byInterest && t.vendorInterest):
			return basis(GDPRVendor, 0)
		default:
			return basis(GDPRPurpose, uint32(p.number))
		}
	}
	return basis(GDPRPermitted, 0)
}

// protects reports whether a country, by its two- or three-letter code in either
// case, has the GDPR or a law of its kind that uses the TCF: the European Economic
// Area with its overseas parts, the United Kingdom with its dependencies,
// Switzerland.
func protects(country []byte) bool {
	var code [3]byte
	if len(country) != 2 && len(country) != 3 {
		return false
	}
	for i, c := range country {
		code[i] = c &^ 0x20
	}
	switch string(code[:len(country)]) {
	case "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL",
		"PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO", "GB", "UK", "CH", "EL",
		"AX", "GF", "GP", "MQ", "RE", "YT", "MF", "GI", "GG", "JE", "IM":
		return true
	case "AUT", "BEL", "BGR", "HRV", "CYP", "CZE", "DNK", "EST", "FIN", "FRA", "DEU", "GRC", "HUN", "IRL", "ITA", "LVA", "LTU", "LUX", "MLT", "NLD",
		"POL", "PRT", "ROU", "SVK", "SVN", "ESP", "SWE", "ISL", "LIE", "NOR", "GBR", "CHE",
		"ALA", "GUF", "GLP", "MTQ", "REU", "MYT", "MAF", "GIB", "GGY", "JEY", "IMN":
		return true
	}
	return false
}
