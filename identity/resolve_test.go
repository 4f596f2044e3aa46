package identity

import (
	"errors"
	"strings"
	"testing"

	"bidwell/ad"
	"bidwell/openrtb"
)

const ours = 52 // vendor id

func mustNew(t testing.TB, c Config) *Resolver {
	t.Helper()
	if c.Exchange == "" {
		c.Exchange = "example"
	}
	r, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// request returns a request that has every kind of identifier and says that no
// regulation applies; edit makes the difference.
func request(edit func(*openrtb.Request)) *openrtb.Request {
	req := new(openrtb.Request)
	req.User.BuyerUID = []byte("ours-1")
	req.User.ID = []byte("theirs-1")
	req.User.EIDs = []openrtb.EID{
		{Source: []byte("id5-sync.com"), ID: []byte("ID5*abc")},
		{Source: []byte("UIDapi.com"), ID: []byte("AgAAuid2")},
	}
	req.Device.IFA = []byte("6D92078A-8246-4BA4-AE5B-76104861E7DC")
	req.Regs.GDPR = 0
	if edit != nil {
		edit(req)
	}
	return req
}

func consent(purposes ...uint8) tcString {
	return tcString{consents: purposes, vendors: []uint16{7, ours, 100}}
}

func TestOrderOfIdentifiers(t *testing.T) {
	f := func(name string, order []string, edit func(*openrtb.Request), wantType, wantValue string) {
		t.Helper()
		p := mustNew(t, Config{Order: order}).Resolve(request(edit))
		want := ad.PersonID{}
		why := ad.NoProfile
		if wantType != "" {
			want, why = ad.PersonIDOf(wantType, wantValue), ad.OK
		}
		kind, _, _ := strings.Cut(wantType, ":")
		if kind == "" {
			kind = "none"
		}
		if p.ID != want || p.Type != wantType || p.Why != why || p.Kind.String() != kind {
			t.Errorf("%s: got %v of type %q (%v), want %v of type %q (%v)", name, p.ID, p.Type, p.Why, want, wantType, why)
		}
	}
	none := func(r *openrtb.Request) { r.User.BuyerUID = nil }
	f("default", nil, nil, "buyeruid:example", "ours-1")
	f("default without buyeruid", nil, none, "eid:uidapi.com", "AgAAuid2")
	f("another order", []string{"ifa", "buyeruid"}, nil, "ifa", "6d92078a-8246-4ba4-ae5b-76104861e7dc")
	f("user", []string{"user", "ifa"}, nil, "user:example", "theirs-1")
	f("eid in any case", []string{"eid:ID5-sync.com"}, nil, "eid:id5-sync.com", "ID5*abc")
	f("an eid that is not there", []string{"eid:liveramp.com", "user"}, nil, "user:example", "theirs-1")
	f("nothing that is looked for", []string{"eid:liveramp.com"}, nil, "", "")
	f("the first of the source that is filled", []string{"eid:id5-sync.com"}, func(r *openrtb.Request) {
		r.User.EIDs[0].ID = []byte("0")
		r.User.EIDs = append(r.User.EIDs, openrtb.EID{Source: []byte("id5-sync.com"), ID: []byte("second")})
	}, "eid:id5-sync.com", "second")
	for _, blank := range []string{
		"", "0", "00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000", "-", "null", "NULL", "Unknown",
		"undefined", "(null)", "${IFA}", "{{ifa}}", "[IDFA]", "%%ADID%%", "<ifa>", "OptOut", strings.Repeat("x", longestID+1),
	} {
		f("blank "+blank, []string{"ifa", "user"}, func(r *openrtb.Request) { r.Device.IFA = []byte(blank) }, "user:example", "theirs-1")
	}
}

func TestPermission(t *testing.T) {
	all := Permission{Read: true, Write: true, Emit: true}
	none := Permission{}
	f := func(name string, c Config, edit func(*openrtb.Request), want Permission, text string) {
		t.Helper()
		p := mustNew(t, c).Resolve(request(edit))
		if p.May != want || p.Basis.Text() != text {
			t.Errorf("%s: got %+v, %q, want %+v, %q", name, p.May, p.Basis.Text(), want, text)
		}
		if known := !p.ID.IsZero(); known != (want.Read || want.Write) {
			t.Errorf("%s: a person is known: got %v, want %v", name, known, !known)
		}
		if want.Read != (p.Why == ad.OK) || !want.Read != (p.Why == ad.NoConsent) {
			t.Errorf("%s: got %v for reading %v", name, p.Why, want.Read)
		}
	}
	vendor := Config{Vendor: ours}
	gdpr := func(text string) func(*openrtb.Request) {
		return func(r *openrtb.Request) { r.Regs.GDPR, r.User.Consent = 1, []byte(text) }
	}
	gpp := func(text string, sids ...int32) func(*openrtb.Request) {
		return func(r *openrtb.Request) { r.Regs.GPP, r.Regs.GPPSID = []byte(text), sids }
	}
	full := consent(1, 3, 4, 7)

	f("nothing said", vendor, nil, all, "no privacy regulation is signalled")
	f("coppa", vendor, func(r *openrtb.Request) { r.Regs.COPPA = true }, none, "coppa: the request is subject to the protection of children")
	f("lmt", vendor, func(r *openrtb.Request) { r.Device.LMT = true }, none, "lmt: the device limits ad tracking")
	f("dnt", vendor, func(r *openrtb.Request) { r.Device.DNT = true }, none, "dnt: the browser asks not to be tracked")
	f("lmt with consent", vendor, func(r *openrtb.Request) { gdpr(full.encode())(r); r.Device.LMT = true }, none, "lmt: the device limits ad tracking")

	f("gdpr, consent", vendor, gdpr(full.encode()), all, "gdpr: consent is given")
	f("gdpr, not registered", Config{}, gdpr(full.encode()), none, "gdpr: no vendor id is configured for us")
	f("gdpr, another vendor", Config{Vendor: 53}, gdpr(full.encode()), none, "gdpr: no consent for us as a vendor")
	f("gdpr, no string", vendor, gdpr(""), none, "gdpr: it applies, and there is no consent string")
	f("gdpr, garbage", vendor, gdpr("garbage"), none, "gdpr: the consent string cannot be read")
	f("gdpr, read only", vendor, gdpr(consent(1, 4).encode()), Permission{Read: true}, "gdpr: no consent for purpose 3")
	f("gdpr, read and write", vendor, gdpr(consent(1, 3, 4).encode()), Permission{Read: true, Write: true}, "gdpr: no consent for purpose 7")
	f("gdpr, write only", vendor, gdpr(consent(1, 3).encode()), Permission{Write: true}, "gdpr: no consent for purpose 4")
	f("gdpr, nothing", vendor, gdpr(consent().encode()), none, "gdpr: no consent for purpose 1")
	f("gdpr, other purposes", Config{Vendor: ours, Read: []uint8{2}, Write: []uint8{2}, Emit: []uint8{2}}, gdpr(consent(2).encode()), all, "gdpr: consent is given")

	undisclosed := consent(3, 4, 7)
	undisclosed.oneUndisclosed = true
	f("gdpr, purpose 1 not disclosed", vendor, gdpr(undisclosed.encode()), all, "gdpr: consent is given")

	forbidden := full
	forbidden.restrictions = []restriction{{purpose: 4, kind: notAllowed, vendors: []span{{50, 60}}}}
	f("gdpr, forbidden by the publisher", vendor, gdpr(forbidden.encode()), Permission{Write: true, Emit: true}, "gdpr: the publisher restricts purpose 4")
	f("gdpr, forbidden to others", Config{Vendor: 7}, gdpr(forbidden.encode()), all, "gdpr: consent is given")

	interest := consent(1, 3, 4)
	interest.interests, interest.liVendors = []uint8{7}, []uint16{ours}
	byInterest := Config{Vendor: ours, Interest: []uint8{7}}
	f("gdpr, legitimate interest", byInterest, gdpr(interest.encode()), all, "gdpr: consent is given")
	f("gdpr, legitimate interest not claimed", vendor, gdpr(interest.encode()), Permission{Read: true, Write: true}, "gdpr: no consent for purpose 7")
	interest.restrictions = []restriction{{purpose: 7, kind: requireConsent, vendors: []span{{ours, ours}}}}
	f("gdpr, consent required by the publisher", byInterest, gdpr(interest.encode()), Permission{Read: true, Write: true}, "gdpr: the publisher restricts purpose 7")
	required := full
	required.restrictions = []restriction{{purpose: 4, kind: requireInterest, vendors: []span{{ours, ours}}}}
	f("gdpr, interest required by the publisher", byInterest, gdpr(required.encode()), Permission{Write: true, Emit: true}, "gdpr: the publisher restricts purpose 4")

	f("gpp, tcf", vendor, gpp("DBABMA~"+full.encode(), 2), all, "gdpr: consent is given")
	f("gpp, tcf without consent", vendor, gpp("DBABMA~"+consent(1).encode(), 2), none, "gdpr: no consent for purpose 4")
	f("gpp, tcf applies and is missing", vendor, gpp("DBABTA~1YNN", 2), none, "gdpr: it applies, and there is no consent string")
	f("gpp and user.consent disagree", vendor, func(r *openrtb.Request) {
		gdpr(full.encode())(r)
		gpp("DBABMA~"+consent(1, 4).encode(), 2)(r)
	}, Permission{Read: true}, "gdpr: no consent for purpose 3")
	f("user.consent and gpp disagree", vendor, func(r *openrtb.Request) {
		gdpr(consent(1, 3).encode())(r)
		gpp("DBABMA~"+full.encode(), 2)(r)
	}, Permission{Write: true}, "gdpr: no consent for purpose 4")
	f("gpp, garbage", vendor, gpp("garbage", 7), none, "gpp: the string cannot be read")
	f("gpp, garbage, nothing applies", vendor, gpp("garbage"), none, "gpp: the string cannot be read")
	f("gpp, missing", vendor, gpp("", 7), none, "gpp: section 7 applies and is missing")
	f("gpp, usp in its old place", vendor, func(r *openrtb.Request) {
		r.Regs.GPPSID, r.Regs.USPrivacy = []int32{6}, []byte("1YNN")
	}, all, "us privacy: no opt-out")
	f("gpp, nothing applies", vendor, gpp("", -1), all, "no privacy regulation is signalled")
	f("gpp, usp", vendor, gpp("DBABTA~1YNN", 6), all, "us privacy: no opt-out")
	f("gpp, usp opt-out", vendor, gpp("DBABTA~1YYN", 6), none, "us privacy: opted out of sale")
	f("gpp, national", vendor, gpp("DBABLA~"+usString(7, 2, 2, 2), 7), all, "us privacy: no opt-out")
	f("gpp, national opt-out", vendor, gpp("DBABLA~"+usString(7, 2, 2, 1), 7), none, "us privacy: opted out of targeted advertising (gpp section 7)")
	f("gpp, national opt-out that does not apply", vendor, gpp(encodeGPP(section{7, usString(7, 2, 2, 1)}, section{8, usString(8, 2, 2, 0)}), 8), all, "us privacy: no opt-out")
	f("gpp, opt-out and no word of what applies", vendor, gpp("DBABLA~"+usString(7, 2, 1, 2)), none, "us privacy: opted out of sharing (gpp section 7)")
	f("gpp, global privacy control", vendor, gpp("DBABLA~"+usString(7, 2, 2, 2)+".YA", 7), none, "us privacy: the browser sends a global privacy control (gpp section 7)")
	f("gpp, Canada", vendor, gpp(encodeGPP(section{5, "BPXxRfA"}), 5), none, "gpp: section 5 is not one that we understand")

	usp := func(s string) func(*openrtb.Request) {
		return func(r *openrtb.Request) { r.Regs.USPrivacy = []byte(s) }
	}
	f("usp", vendor, usp("1YNN"), all, "us privacy: no opt-out")
	f("usp, opt-out", vendor, usp("1YYN"), none, "us privacy: opted out of sale")
	f("usp, not applicable", vendor, usp("1---"), all, "no privacy regulation is signalled")
	f("usp, garbage", vendor, usp("yes"), none, "us privacy: the string cannot be read")
	f("usp, opt-out, and gdpr consent", vendor, func(r *openrtb.Request) { gdpr(full.encode())(r); usp("1YYN")(r) }, none, "us privacy: opted out of sale")
}

func TestWhetherGDPRApplies(t *testing.T) {
	const asked, free = "gdpr: it applies, and there is no consent string", "no privacy regulation is signalled"
	f := func(name string, unknown UnknownGDPR, edit func(*openrtb.Request), want string) {
		t.Helper()
		r := mustNew(t, Config{Vendor: ours, UnknownGDPR: unknown})
		req := request(func(req *openrtb.Request) { req.Regs.GDPR = -1; edit(req) })
		if _, b := r.Permission(req); b.Text() != want {
			t.Errorf("%s: got %q, want %q", name, b.Text(), want)
		}
	}
	in := func(country string) func(*openrtb.Request) {
		return func(r *openrtb.Request) { r.Device.Geo.Country = []byte(country) }
	}
	f("no country", ByContext, in(""), free)
	f("no country", AssumeGDPR, in(""), asked)
	for _, c := range []string{"DEU", "deu", "DE", "fr", "GBR", "UK", "CHE", "NOR", "REU"} {
		f(c, ByContext, in(c), asked)
		f(c, AssumeNone, in(c), free)
	}
	for _, c := range []string{"USA", "US", "CAN", "BRA", "D", "DEUT", "\xff\xff\xff"} {
		f(c, ByContext, in(c), free)
		f(c, AssumeGDPR, in(c), asked)
	}
	f("the person's country", ByContext, func(r *openrtb.Request) { r.User.Geo.Country = []byte("ITA") }, asked)
	f("the device's country first", ByContext, func(r *openrtb.Request) { r.User.Geo.Country = []byte("ITA"); in("USA")(r) }, free)
	f("said not to", ByContext, func(r *openrtb.Request) { r.Regs.GDPR = 0; in("DEU")(r) }, free)
	f("said not to", AssumeGDPR, func(r *openrtb.Request) { r.Regs.GDPR = 0 }, free)
	f("said to by gpp_sid", AssumeNone, func(r *openrtb.Request) { r.Regs.GDPR = 0; r.Regs.GPPSID = []int32{2} }, asked)
	f("a consent string", ByContext, func(r *openrtb.Request) { r.User.Consent = []byte("garbage") }, "gdpr: the consent string cannot be read")
	f("a consent string in gpp", ByContext, func(r *openrtb.Request) { r.Regs.GPP = []byte("DBABMA~garbage") }, "gdpr: the consent string cannot be read")
}

func TestConfigIsChecked(t *testing.T) {
	f := func(want string, c Config) {
		t.Helper()
		if _, err := New(c); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", c, err, want)
		}
	}
	f(`unknown id type "idfa"`, Config{Order: []string{"idfa"}})
	f(`unknown id type "eid:"`, Config{Order: []string{"eid:"}})
	f(`"ifa" is given twice`, Config{Order: []string{"ifa", "user", "ifa"}})
	f("no TCF purpose 0", Config{Read: []uint8{0}})
	f("no TCF purpose 25", Config{Emit: []uint8{1, 25}})
	f("no legitimate interest for purpose 1", Config{Interest: []uint8{7, 1}})
	f("no legitimate interest for purpose 4", Config{Interest: []uint8{4}})
}

func TestCheckType(t *testing.T) {
	for _, good := range []string{"ifa", "eid:uidapi.com", "buyeruid:example", "user:example", "login:shop.example", "cookie"} {
		if err := CheckType(good); err != nil {
			t.Errorf("%q: got %v", good, err)
		}
	}
	for _, bad := range []string{"", "idfa", "eid", "eid:", "buyeruid", "user:", "login:", "ifa:x", "cookie:x", "email:a@b.c"} {
		if err := CheckType(bad); !errors.Is(err, ErrType) {
			t.Errorf("%q: got %v, want an error", bad, err)
		}
	}
}

func TestEveryBasisHasItsText(t *testing.T) {
	seen := make(map[string]Code)
	for c := range Code(NumCodes) {
		text := basis(c, 9).Text()
		if c.String() == "" || text == "" || strings.Contains(text, "%!") {
			t.Errorf("code %d: got %q, %q", c, c, text)
		}
		if other, ok := seen[c.String()]; ok {
			t.Errorf("codes %d and %d are both called %q", other, c, c)
		}
		seen[c.String()] = c
	}
	if got := Basis(0xff).Text(); got != "unknown basis" {
		t.Errorf("got %q", got)
	}
}

// busy is a request that makes a resolver work: a long consent string with a
// range for every other vendor, in a GPP string with US sections.
func busy() *openrtb.Request {
	s := consent(1, 3, 4, 7)
	s.ranges, s.liRanges = true, true
	s.vendors = nil
	for v := uint16(2); v <= 1000; v += 2 {
		s.vendors = append(s.vendors, v)
	}
	s.liVendors = s.vendors[:100]
	return request(func(r *openrtb.Request) {
		r.User.BuyerUID = nil
		r.Regs.GDPR = 1
		r.User.Consent = []byte(s.encode())
		r.Regs.USPrivacy = []byte("1YNN")
		r.Regs.GPP = []byte(encodeGPP(section{7, usString(7, 2, 2, 2) + ".QA"}, section{8, usString(8, 2, 2, 0)}))
		r.Regs.GPPSID = []int32{7}
	})
}

func TestResolveAllocatesNothing(t *testing.T) {
	r := mustNew(t, Config{Vendor: ours})
	req := busy()
	if p := r.Resolve(req); p.Type != "eid:uidapi.com" {
		t.Fatalf("got %+v", p)
	}
	if got := testing.AllocsPerRun(1000, func() { r.Resolve(req) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkResolve(b *testing.B) {
	r := mustNew(b, Config{Vendor: ours})
	bits := consent(1, 3, 4, 7)
	bits.vendors = append(bits.vendors, 1200)
	for name, req := range map[string]*openrtb.Request{
		"plain":   request(nil),
		"tcf":     request(func(r *openrtb.Request) { r.Regs.GDPR, r.User.Consent = 1, []byte(bits.encode()) }),
		"us":      request(func(r *openrtb.Request) { r.Regs.USPrivacy = []byte("1YNN") }),
		"longest": busy(),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				r.Resolve(req)
			}
		})
	}
}

func FuzzResolve(f *testing.F) {
	f.Add([]byte(consent(1, 3, 4, 7).encode()), []byte("DBABLA~BVVVkkkkkpFY.YA"), []byte("1YNN"), []byte("DEU"), []byte("id"), int32(7), int8(1))
	r := mustNew(f, Config{Vendor: ours, Interest: []uint8{2, 7}})
	f.Fuzz(func(t *testing.T, consent, gpp, usp, country, id []byte, sid int32, gdpr int8) {
		req := new(openrtb.Request)
		req.User.Consent, req.Regs.GPP, req.Regs.USPrivacy, req.Device.Geo.Country = consent, gpp, usp, country
		req.User.BuyerUID, req.Device.IFA = id, id
		req.Regs.GPPSID, req.Regs.GDPR = []int32{sid}, max(-1, min(gdpr, 1))
		p := r.Resolve(req)
		if (p.May == Permission{true, true, true}) != p.Basis.Permits() {
			t.Errorf("%+v does not go with %q", p.May, p.Basis.Text())
		}
		if !p.ID.IsZero() && !p.May.Read && !p.May.Write {
			t.Errorf("a person without permission: %+v", p)
		}
	})
}
