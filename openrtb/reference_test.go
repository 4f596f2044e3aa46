package openrtb

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/prebid/openrtb/v20/openrtb2"
)

// TestSameAsEncodingJSON decodes every request of the corpus, into one Request
// so that nothing may be left over from the one before.
func TestSameAsEncodingJSON(t *testing.T) {
	var r Request
	compared := 0
	corpus := allSamples(t)
	for _, s := range corpus {
		t.Run(s.name, func(t *testing.T) {
			err := r.Decode(s.body)
			if errors.Is(err, ErrNoID) || errors.Is(err, ErrNoImp) {
				checkUnusable(t, s.body)
				return
			}
			if err != nil {
				t.Fatalf("Decode: %v", err)
			}
			if compare(t, &r, s.body) {
				compared++
			}
		})
	}
	t.Logf("%d of %d requests compared; encoding/json does not read the others", compared, len(corpus))
	if compared < len(corpus)*8/10 {
		t.Errorf("compared %d requests, want most of %d", compared, len(corpus))
	}
}

// checkUnusable checks that encoding/json finds no id or no impression either.
func checkUnusable(t *testing.T, body []byte) {
	t.Helper()
	var doc struct {
		ID  any
		Imp any
	}
	if json.Unmarshal(body, &doc) != nil || !usableID(doc.ID) {
		return
	}
	imps, _ := doc.Imp.([]any)
	for _, imp := range imps[:min(len(imps), maxImps)] {
		m, _ := imp.(map[string]any)
		if usableID(m["id"]) {
			t.Errorf("refused, yet it has id %v and an imp with id %v: %s", doc.ID, m["id"], body)
		}
	}
}

func usableID(id any) bool {
	_, number := id.(float64)
	return number || id != nil && id != "" && reflect.TypeOf(id).Kind() == reflect.String
}

// compare checks that r is what encoding/json reads from body. It returns false
// if encoding/json does not accept the body, so that there is nothing to
// compare with.
func compare(t *testing.T, r *Request, body []byte) bool {
	t.Helper()
	var want openrtb2.BidRequest
	if json.Unmarshal(body, &want) != nil {
		return false
	}
	d := differ{t, ""}
	d.str("id", r.ID, want.ID)
	same(d, "at", r.At, clampInt(want.AT))
	num(d, "tmax", r.TMaxMS, want.TMax)
	same(d, "test", r.Test, want.Test != 0)
	same(d, "allimps", r.AllImps, want.AllImps != 0)
	num(d, "cattax", r.CatTax, want.CatTax)
	d.strs("cur", r.Cur, want.Cur)
	d.strs("wseat", r.WSeat, want.WSeat)
	d.strs("bseat", r.BSeat, want.BSeat)
	d.strs("wlang", r.WLang, append(want.WLang[:len(want.WLang):len(want.WLang)], want.WLangB...))
	d.strs("bcat", r.BCat, want.BCat)
	d.strs("acat", r.ACat, want.ACat)
	d.strs("badv", r.BAdv, want.BAdv)
	d.strs("bapp", r.BApp, want.BApp)
	d.imps(r.Imps, want.Imp)
	d.place(r, &want)
	d.at("device.").device(&r.Device, want.Device)
	d.at("user.").user(&r.User, want.User)
	d.at("regs.").regs(&r.Regs, want.Regs)
	d.at("source.").source(&r.Source, want.Source)
	return true
}
