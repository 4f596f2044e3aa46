package identity

import (
	"slices"
	"testing"

	"github.com/prebid/go-gdpr/consentconstants"
	tcf2 "github.com/prebid/go-gdpr/vendorconsent/tcf2"
	"pgregory.net/rapid"
)

// Strings from the tests of the reference implementation.
var sampleTCF = []string{
	"CONciguONcjGKADACHENAACIAC0ta__AACiQABgAAYA",
	"CONciguONcjGKADACHENAOCIAC0ta__AACiQABwAQQ",
	"CONciguONcjGKADACHENAOCIAC0ta__AACiQABwAgABAAEA",
	"CONciguONcjGKADACHENAOCIAC0ta__AACiQAeAA",
	"COvcSpYOvcSpYC9AAAENAPCAAAAAAAAAAAAACvwDQABAAIAAYABIAC4AJQAagA9ACEAPgAjIBJoCvAK-AAAAAA",
	"COwAdDhOwAdDhN4ABAENAPCgAAQAAv___wAAAFP_AAp_4AI6ACACAA",
	"COxPe2TOxPe2TALABAENAPCgAAAAAAAAAAAAAFAAAAoAAA4IACACAIABgACAFA4ADACAAIygAGADwAQBIAIAIB0AEAEBSACACAA",
	"COyiBqdOyiBqdObAAAENAfCIAP8AAH-AAAAAB4AXQQgEAAAgoAAAAABAIYQUAAAAAAAAAAAAAAAIQIQCxIvkgQMAAAABgAIAAAAAAAAAAABAZAkAAA",
	"COzSDo9OzSDo9B9AAAENAiCAALAAAAAAAAAACOQAQCOAAAAA.IF5EX2S5OI2tho2YdF7BEYYwfJxyigMgShgQIsS8NwIeFbBoGPmAAHBG4JAQAGBAkkACBAQIsHGBcCQABgIgRiRCMQEGMjzNKBJB",
	"CPtGDMAPtGDMALMAAAENA_C_AAAAAAAAACiQAAAAAAAA",
}

func drawTCF(t *rapid.T) tcString {
	purposes := rapid.SliceOfNDistinct(rapid.Uint8Range(1, 24), 0, 24, rapid.ID)
	vendors := func(label string) []uint16 {
		vs := rapid.SliceOfNDistinct(rapid.Uint16Range(1, 300), 0, 40, rapid.ID).Draw(t, label)
		slices.Sort(vs)
		return vs
	}
	s := tcString{
		consents: purposes.Draw(t, "consents"), interests: purposes.Draw(t, "interests"),
		oneUndisclosed: rapid.Bool().Draw(t, "one undisclosed"),
		vendors:        vendors("vendors"), liVendors: vendors("vendors by interest"),
		ranges: rapid.Bool().Draw(t, "ranges"), liRanges: rapid.Bool().Draw(t, "ranges by interest"),
	}
	type key struct{ purpose, kind uint8 }
	seen := make(map[key]bool)
	for range rapid.IntRange(0, 4).Draw(t, "restrictions") {
		k := key{rapid.Uint8Range(1, 24).Draw(t, "purpose"), rapid.Uint8Range(0, 3).Draw(t, "kind")}
		if seen[k] {
			continue
		}
		seen[k] = true
		r := restriction{purpose: k.purpose, kind: k.kind}
		for range rapid.IntRange(0, 3).Draw(t, "named") {
			first := rapid.Uint16Range(1, 300).Draw(t, "first")
			r.vendors = append(r.vendors, span{first, first + rapid.Uint16Range(0, 50).Draw(t, "more")})
		}
		s.restrictions = append(s.restrictions, r)
	}
	return s
}

// reference reads a string with the reference implementation, which panics on
// some strings that are cut short.
func reference(text string) (m tcf2.ConsentMetadata, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	vc, err := tcf2.ParseString(text)
	if err != nil || vc.Version() != tcfVersion {
		return m, false
	}
	m, ok = vc.(tcf2.ConsentMetadata)
	return m, ok
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// compareTCF holds what we read to what the reference reads. Restrictions that a
// string states twice are ours together and the reference's last.
func compareTCF(t failer, text string, got tcf, ref tcf2.ConsentMetadata, vendor uint16) {
	t.Helper()
	if v := ref.VendorConsent(vendor); v != got.vendorConsent {
		t.Fatalf("%q: consent for vendor %d: got %v, want %v", text, vendor, got.vendorConsent, v)
	}
	if v := ref.VendorLegitInterest(vendor); v != got.vendorInterest {
		t.Fatalf("%q: interest of vendor %d: got %v, want %v", text, vendor, got.vendorInterest, v)
	}
	if v := ref.PurposeOneTreatment(); v != got.oneUndisclosed {
		t.Fatalf("%q: purpose one treatment: got %v, want %v", text, got.oneUndisclosed, v)
	}
	for p := uint8(1); p <= 24; p++ {
		if v, g := ref.PurposeAllowed(consentconstants.Purpose(p)), got.consents>>(24-p)&1 == 1; v != g {
			t.Fatalf("%q: consent for purpose %d: got %v, want %v", text, p, g, v)
		}
		if v, g := ref.PurposeLITransparency(consentconstants.Purpose(p)), got.interests>>(24-p)&1 == 1; v != g {
			t.Fatalf("%q: interest in purpose %d: got %v, want %v", text, p, g, v)
		}
		for kind := range uint8(4) {
			if v, g := ref.CheckPubRestriction(p, kind, vendor), got.restricted[kind]>>p&1 == 1; v && !g {
				t.Fatalf("%q: restriction %d of purpose %d for vendor %d is missed", text, kind, p, vendor)
			}
		}
	}
}

func TestTCFReadsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawTCF(t)
		text := s.encode()
		vendor := rapid.Uint16Range(1, 360).Draw(t, "vendor")
		got, ok := parseTCF([]byte(text+".IAAA"), uint32(vendor))
		if !ok {
			t.Fatalf("%q cannot be read", text)
		}
		ref, ok := reference(text)
		if !ok {
			t.Fatalf("the reference cannot read %q", text)
		}
		compareTCF(t, text, got, ref, vendor)
		for _, r := range s.restrictions {
			want := slices.ContainsFunc(r.vendors, func(s span) bool { return s.first <= vendor && vendor <= s.last })
			if got := got.restricted[r.kind]>>r.purpose&1 == 1; got != want {
				t.Fatalf("restriction %+v: got %v, want %v", r, got, want)
			}
		}
	})
}

func TestTCFSamples(t *testing.T) {
	for _, text := range sampleTCF {
		ref, refOK := reference(text)
		for vendor := uint16(1); vendor < 1000; vendor++ {
			got, ok := parseTCF([]byte(text), uint32(vendor))
			if ok != refOK {
				t.Fatalf("%q: got %v, want %v", text, ok, refOK)
			}
			if ok {
				compareTCF(t, text, got, ref, vendor)
			}
		}
	}
}

// Whatever is done to a string: what we accept, the reference accepts, and means
// the same by it.
func TestDamagedTCF(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(drawTCF(t).encode())
		for range rapid.IntRange(1, 3).Draw(t, "damages") {
			i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				text = text[:i+1]
			case 1:
				text[i] = rapid.SampledFrom([]byte("ABCghi_-059")).Draw(t, "character")
			case 2:
				text[i] = rapid.Byte().Draw(t, "byte")
			}
		}
		checkAgainstReference(t, text, rapid.Uint16Range(1, 400).Draw(t, "vendor"))
	})
}

func checkAgainstReference(t failer, text []byte, vendor uint16) {
	t.Helper()
	got, ok := parseTCF(text, uint32(vendor))
	if !ok {
		return
	}
	ref, ok := reference(string(text))
	if !ok {
		t.Fatalf("%q: accepted, and the reference refuses it", text)
	}
	compareTCF(t, string(text), got, ref, vendor)
}

func TestTCFRefused(t *testing.T) {
	good := tcString{vendors: []uint16{3, 7}}.encode()
	f := func(name, text string) {
		t.Helper()
		if _, ok := parseTCF([]byte(text), 3); ok {
			t.Errorf("%s: %q was read", name, text)
		}
	}
	f("empty", "")
	f("a dot", ".")
	f("padded", good+"=")
	f("a line break", good[:20]+"\n"+good[20:])
	f("version 1", "BON"+good[3:])
	f("version 3", "D"+good[1:])
	f("text", "consent")
	f("a macro", "${GDPR_CONSENT_123}")
	for i := range good[:len(good)-1] {
		f("cut off", good[:i])
	}
}

func FuzzTCF(f *testing.F) {
	for _, s := range sampleTCF {
		f.Add([]byte(s), uint16(32))
	}
	f.Add([]byte(tcString{vendors: []uint16{1, 2, 9}, ranges: true, restrictions: []restriction{{1, 0, []span{{1, 4}}}}}.encode()), uint16(2))
	f.Fuzz(func(t *testing.T, text []byte, vendor uint16) {
		checkAgainstReference(t, text, max(vendor, 1))
	})
}
