package identity

import (
	"slices"
	"strings"
	"testing"

	prebid "github.com/prebid/go-gpp"
	"github.com/prebid/go-gpp/constants"
	"github.com/prebid/go-gpp/sections/uspca"
	"github.com/prebid/go-gpp/sections/uspco"
	"github.com/prebid/go-gpp/sections/uspct"
	"github.com/prebid/go-gpp/sections/uspnat"
	"github.com/prebid/go-gpp/sections/usput"
	"github.com/prebid/go-gpp/sections/uspva"
	"pgregory.net/rapid"
)

// Strings from the tests of the reference implementation.
var sampleGPP = []string{
	"DBABMA~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA",
	"DBABM~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA",
	"DBACNYA~CPSG_8APSG_8ANwAAAENAwCAAAAAAAAAAAAAAAAAAAAA.QAAA.IAAA~1YNN",
	"DBABjw~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA~1YNN",
	"DBACTjw~1YYN~BSZZYgkA~BaRlkCSA.QA",
	"DBABrG~~~B0A0000.X~~~",
	"DBABrGA~DSJgmkoZJSA.YA~BlgWEYCY.QA~BSFgmiU~bSFgmJQ.YA~BWJYJllA~bSFgmSZQ.YA",
	"DBADLO8~BSJgmkoZJSA.YA~BSFgmiU~BWJYJllA~BSFgmSZQ.YA",
	"DBACLMA~BAAAAAAAAAA.QA~BaAAAAA",
	"DBGBM~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA",
	"DBABMA",
}

// section is a section as the reference encodes it.
type section struct {
	id    constants.SectionID
	value string
}

func (s section) GetID() constants.SectionID { return s.id }
func (s section) GetValue() string           { return s.value }
func (s section) Encode(bool) []byte         { return []byte(s.value) }

// encodeGPP is a GPP string as the reference writes it.
func encodeGPP(sections ...section) string {
	list := make([]prebid.Section, len(sections))
	for i, s := range sections {
		list[i] = s
	}
	text, err := prebid.Encode(list)
	if err != nil {
		panic(err)
	}
	return text
}

func TestGPPReadsWhatTheReferenceWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.OneOf(rapid.IntRange(13, 40), rapid.IntRange(13, 4000)), 1, maxSections, rapid.ID).Draw(t, "ids")
		slices.Sort(ids)
		var sections []section
		for _, id := range ids {
			sections = append(sections, section{constants.SectionID(id), rapid.StringMatching(`[A-Za-z0-9_.-]{0,12}`).Draw(t, "value")})
		}
		text := encodeGPP(sections...)
		var g gpp
		if !g.parse([]byte(text)) {
			t.Fatalf("%q cannot be read", text)
		}
		if g.n != len(sections) {
			t.Fatalf("%q: got %d sections, want %d", text, g.n, len(sections))
		}
		for i, want := range sections {
			if g.ids[i] != uint32(want.id) || string(g.texts[i]) != want.value {
				t.Fatalf("%q: section %d: got %d %q, want %d %q", text, i, g.ids[i], g.texts[i], want.id, want.value)
			}
		}
	})
}

// referenceGPP takes a string apart with the reference implementation, of which
// only the header's errors count here.
func referenceGPP(text string) (c prebid.GppContainer, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	c, _ = prebid.Parse(text)
	return c, c.Sections != nil
}

func checkGPPAgainstReference(t failer, text []byte) {
	t.Helper()
	var g gpp
	if !g.parse(text) || g.n == 0 {
		return
	}
	ref, ok := referenceGPP(string(text))
	if !ok {
		t.Fatalf("%q: accepted, and the reference refuses it", text)
	}
	if len(ref.SectionTypes) != g.n {
		t.Fatalf("%q: got %d sections, want %d", text, g.n, len(ref.SectionTypes))
	}
	for i, id := range ref.SectionTypes {
		if g.ids[i] != uint32(id) {
			t.Fatalf("%q: section %d: got id %d, want %d", text, i, g.ids[i], id)
		}
		if g.ids[i] < sectionUSNat || g.ids[i] > 12 || !parseUS(g.ids[i], g.texts[i]).Permits() {
			continue
		}
		if out, ok := referenceOptOut(int(id), string(g.texts[i])); !ok || out {
			t.Fatalf("%q: section %d permits, and for the reference it does not: %v, %v", text, id, out, ok)
		}
	}
}

// referenceOptOut reads a US section with the reference implementation, which knows no
// second segment of Virginia's and Utah's.
func referenceOptOut(id int, text string) (out, ok bool) {
	core, _, _ := strings.Cut(text, ".")
	any := func(gpc bool, fields ...byte) bool { return gpc || slices.Contains(fields, 1) }
	switch constants.SectionID(id) {
	case constants.SectionUSPNAT:
		s, err := uspnat.NewUSPNAT(text)
		c := s.CoreSegment
		return any(s.GPCSegment.Gpc, c.SaleOptOut, c.SharingOptOut, c.TargetedAdvertisingOptOut), err == nil
	case constants.SectionUSPCA:
		s, err := uspca.NewUSPCA(text)
		return any(s.GPCSegment.Gpc, s.CoreSegment.SaleOptOut, s.CoreSegment.SharingOptOut), err == nil
	case constants.SectionUSPVA:
		s, err := uspva.NewUSPVA(core)
		return any(false, s.CoreSegment.SaleOptOut, s.CoreSegment.TargetedAdvertisingOptOut), err == nil
	case constants.SectionUSPCO:
		s, err := uspco.NewUSPCO(text)
		return any(s.GPCSegment.Gpc, s.CoreSegment.SaleOptOut, s.CoreSegment.TargetedAdvertisingOptOut), err == nil
	case constants.SectionUSPUT:
		s, err := usput.NewUSPUT(core)
		return any(false, s.CoreSegment.SaleOptOut, s.CoreSegment.TargetedAdvertisingOptOut), err == nil
	case constants.SectionUSPCT:
		s, err := uspct.NewUSPCT(text)
		return any(s.GPCSegment.Gpc, s.CoreSegment.SaleOptOut, s.CoreSegment.TargetedAdvertisingOptOut), err == nil
	}
	return false, false
}

func TestGPPSamples(t *testing.T) {
	for _, text := range sampleGPP {
		var g gpp
		if _, want := referenceGPP(text); g.parse([]byte(text)) != want {
			t.Errorf("%q: got %v, want %v", text, !want, want)
		}
		checkGPPAgainstReference(t, []byte(text))
	}
}

func TestGPPRefused(t *testing.T) {
	f := func(name, text string) {
		t.Helper()
		var g gpp
		if g.parse([]byte(text)) {
			t.Errorf("%s: %q was read as %d sections", name, text, g.n)
		}
	}
	f("empty", "")
	f("one section too few", "DBACNYA~1YNN")
	f("one section too many", "DBABTA~1YNN~1YNN")
	f("another type", "CBABTA~1YNN")
	f("another version", "DCABTA~1YNN")
	f("no base64", "D!ABTA~1YNN")
	f("cut off in the header", "DBA~1YNN")
	f("4095 sections", "DB__"+"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")

	w := new(bitWriter)
	w.uint(3, 6)
	w.uint(1, 6)
	w.uint(1, 12)
	w.uint(1, 1) // a range, from 1
	w.uint(3, 2) // 1
	w.uint(0, 25)
	w.uint(3, 2) // far too far
	f("a range without end", w.text()+"~a")
}

// Each section that is read, with each of its opt-outs, against the reference
// where it knows the section.
func TestUSSections(t *testing.T) {
	for id := uint32(sectionUSNat); id < uint32(len(usLayouts)); id++ {
		f := func(sale, sharing, targeted uint32, segment string, want Code) {
			t.Helper()
			text := usString(id, sale, sharing, targeted) + segment
			got := parseUS(id, []byte(text))
			if got.Code() != want {
				t.Errorf("section %d, %q: got %v, want %v", id, text, got.Code(), want)
			}
			out, ok := referenceOptOut(int(id), text)
			if id > 12 || want == GPPMalformed {
				return
			}
			if segment != "" && (id == 9 || id == 11) {
				return // the reference does not read it
			}
			if ok && out != (want != USPermitted) {
				t.Errorf("section %d, %q: the reference says %v, want %v", id, text, out, want)
			}
			if segment == "" && !ok {
				t.Errorf("section %d: the reference cannot read %q", id, text)
			}
		}
		l := usLayouts[id]
		f(0, 0, 0, "", USPermitted)
		f(2, 2, 2, "", USPermitted)
		f(2, 2, 2, ".QA", USPermitted)
		f(2, 2, 2, ".YA", USControl)
		f(1, 2, 2, "", USSale)
		f(3, 0, 0, "", GPPMalformed)
		f(2, 2, 2, ".", GPPMalformed)
		f(2, 2, 2, ".!", GPPMalformed)
		if l.sharing != 0 {
			f(2, 1, 2, "", USSharing)
		}
		if l.targeted != 0 {
			f(2, 2, 1, ".QA", USTargeted)
		}
		text := usString(id, 2, 2, 2)
		for i := range int(l.bits+5)/6 - 1 {
			if got := parseUS(id, []byte(text[:i])); got != basis(GPPMalformed, id) {
				t.Errorf("section %d cut to %q: got %v, want %v", id, text[:i], got.Text(), GPPMalformed)
			}
		}
		if got := parseUS(id, []byte("D"+text[1:])); got.Code() != GPPUnread {
			t.Errorf("section %d of version 3: got %v, want %v", id, got.Code(), GPPUnread)
		}
	}
	for _, id := range []uint32{1, 5, 24, 27, 28, 60000} {
		if got := parseUS(id, []byte("BAAAAAAAAAAAAAAA")); got.Code() != GPPUnread {
			t.Errorf("section %d: got %v, want %v", id, got.Code(), GPPUnread)
		}
	}
}

func TestUSSectionsAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.IntRange(sectionUSNat, 12).Draw(t, "section")
		text := "B" + rapid.StringMatching(`[A-Za-z0-9_-]{3,20}(\.[A-Za-z0-9_-]{1,2})?`).Draw(t, "text")
		if !parseUS(uint32(id), []byte(text)).Permits() {
			return
		}
		out, ok := referenceOptOut(id, text)
		if !ok || out {
			t.Fatalf("section %d, %q: permits, and for the reference it does not: %v, %v", id, text, out, ok)
		}
	})
}

func TestUSPrivacyString(t *testing.T) {
	f := func(text string, want Code) {
		t.Helper()
		if got := parseUSP([]byte(text)).Code(); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	f("1YNN", USPermitted)
	f("1ynn", USPermitted)
	f("1---", Unregulated)
	f("1Y-N", Unregulated)
	f("1YYN", USPOptOut)
	f("1Yyn", USPOptOut)
	f("1NYY", USPOptOut)
	for _, bad := range []string{"", "1", "1YN", "1YNNN", "2YNN", "YYNN", "1YXN", "1 NN", "null", "1\x00NN"} {
		f(bad, USPMalformed)
	}
}

func FuzzGPP(f *testing.F) {
	for _, s := range sampleGPP {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkGPPAgainstReference(t, text)
	})
}
