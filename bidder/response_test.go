package bidder_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	nreq "github.com/prebid/openrtb/v20/native1/request"
	nresp "github.com/prebid/openrtb/v20/native1/response"
	"github.com/prebid/openrtb/v20/openrtb2"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/configs"
	"bidwell/loadtest"
	"bidwell/notice"
)

// TestResponsesAreWhatExchangesTake holds the responses to generated requests,
// and to those of the examples, against what the requests ask for, as an
// exchange reads them: with encoding/json and prebid's types.
func TestResponsesAreWhatExchangesTake(t *testing.T) {
	requests := exampleRequests(t)
	population := loadtest.People{Seed: 5, N: 200, Exchange: "example"}
	traffic := newTraffic(t, 11, population)
	for range fewer(1000) {
		requests = append(requests, traffic.Append(nil))
	}
	for _, c := range []struct {
		name  string
		files fs.FS
		rates map[string]float64 // in the house currency
		least float64            // share of requests that are bid on
	}{
		{"examples", configs.Files(), map[string]float64{"EUR": 1, "USD": 0.92, "GBP": 1.17, "CHF": 1.06, "JPY": 0.0062}, 0.2},
		{"wide", sub(t, configs.Files(), "wide"), map[string]float64{"USD": 1, "EUR": 1.087, "GBP": 1.27}, 0.95},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.files, ndjson(t, population)+string(read(t, configs.Files(), "people/automobile.ndjson")))
			ex := r.exchange(t, "example")
			var sc bidder.Scratch
			answered, media := 0, map[openrtb2.MarkupType]int{}
			for _, body := range requests {
				if r.decide(t, &sc, body, ex, monday) != ad.OK {
					continue
				}
				answered++
				o := offerOf(t, body, c.rates)
				for _, b := range o.check(r.AppendResponse(nil, &sc), r) {
					media[b.MType]++
				}
				if len(o.faults) > 0 {
					t.Fatalf("%s\n\nin answer to %s", strings.Join(o.faults, "\n"), body)
				}
			}
			if share := float64(answered) / float64(len(requests)); share < c.least {
				t.Errorf("%.0f %% of the requests are bid on, want %.0f %%", 100*share, 100*c.least)
			}
			for m := openrtb2.MarkupBanner; m <= openrtb2.MarkupNative; m++ {
				if media[m] == 0 {
					t.Errorf("no bid has markup of type %d: the test shows little", m)
				}
			}
		})
	}
}

// exampleRequests returns the requests of the example configuration.
func exampleRequests(tb testing.TB) (bodies [][]byte) {
	tb.Helper()
	names, err := fs.Glob(configs.Files(), "requests/*.json")
	if err != nil || len(names) == 0 {
		tb.Fatalf("%d requests, %v", len(names), err)
	}
	for _, name := range names {
		bodies = append(bodies, read(tb, configs.Files(), name))
	}
	return bodies
}

// offer is a request as the exchange knows it.
type offer struct {
	openrtb2.BidRequest
	rates  map[string]float64
	faults []string
}

func offerOf(tb testing.TB, body []byte, rates map[string]float64) *offer {
	tb.Helper()
	o := &offer{rates: rates}
	if err := json.Unmarshal(body, &o.BidRequest); err != nil {
		tb.Fatalf("the request is not what it should be: %v\n%s", err, body)
	}
	return o
}

func (o *offer) fault(format string, args ...any) {
	o.faults = append(o.faults, fmt.Sprintf(format, args...))
}

// check notes what is wrong with a response, and returns its bids.
func (o *offer) check(body []byte, r *rig) (bids []openrtb2.Bid) {
	var resp openrtb2.BidResponse
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&resp); err != nil {
		o.fault("the response does not decode: %v\n%s", err, body)
		return nil
	}
	cur := o.Cur
	if len(cur) == 0 {
		cur = []string{"USD"}
	}
	if resp.ID != o.ID || !slices.Contains(cur, resp.Cur) || len(resp.SeatBid) != 1 || resp.SeatBid[0].Seat != "bidwell" {
		o.fault("the response has id %q, currency %q, %d seats", resp.ID, resp.Cur, len(resp.SeatBid))
		return nil
	}
	bids = resp.SeatBid[0].Bid
	imps, domains, crids, ids := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range bids {
		b := &bids[i]
		k := slices.IndexFunc(o.Imp, func(imp openrtb2.Imp) bool { return imp.ID == b.ImpID })
		if k < 0 || imps[b.ImpID] || domains[b.ADomain[0]] || crids[b.CrID] || ids[b.ID] || len(b.ID) != 32 {
			o.fault("bid %q for imp %q by %v with %q: no such impression, or there is one like it", b.ID, b.ImpID, b.ADomain, b.CrID)
			continue
		}
		imps[b.ImpID], domains[b.ADomain[0]], crids[b.CrID], ids[b.ID] = true, true, true, true
		o.checkBid(b, &o.Imp[k], resp.Cur)
		o.checkURLs(b, r)
	}
	return bids
}

func (o *offer) checkBid(b *openrtb2.Bid, imp *openrtb2.Imp, cur string) {
	if floor := o.floor(b, imp, cur); b.Price < floor-1e-9 || b.Price <= 0 {
		o.fault("price %v %s, floor %v", b.Price, cur, floor)
	}
	if b.CID == "" || b.CrID == "" || b.Exp <= 0 || b.AdM == "" || b.LURL == "" || b.NURL == "" || b.BURL == "" {
		o.fault("something is missing: cid %q, crid %q, exp %d, %d bytes of markup", b.CID, b.CrID, b.Exp, len(b.AdM))
	}
	for _, d := range b.ADomain {
		if slices.Contains(o.BAdv, d) {
			o.fault("%s is blocked", d)
		}
	}
	for _, c := range b.Cat {
		parent, _, _ := strings.Cut(c, "-")
		if slices.Contains(o.BCat, c) || slices.Contains(o.BCat, parent) {
			o.fault("category %s is blocked", c)
		}
	}
	insecure := strings.NewReplacer("http://www.w3.org/", "").Replace(b.AdM)
	if strings.Contains(insecure, "http://") || strings.Contains(insecure, "${CLICK_URL") {
		o.fault("markup that is not https, or not filled in: %s", b.AdM)
	}
	switch b.MType {
	case openrtb2.MarkupBanner:
		o.checkBanner(b, imp.Banner)
	case openrtb2.MarkupVideo:
		if v := imp.Video; v == nil {
			o.fault("a video for an impression that takes none")
		} else {
			o.checkPlayer(b, v.MinDuration, v.MaxDuration, v.MIMEs, len(v.Protocols) == 0 || slices.Contains(protocols(v.Protocols), int(b.Protocol)))
		}
	case openrtb2.MarkupAudio:
		if a := imp.Audio; a == nil {
			o.fault("audio for an impression that takes none")
		} else {
			o.checkPlayer(b, a.MinDuration, a.MaxDuration, a.MIMEs, len(a.Protocols) == 0 || slices.Contains(protocols(a.Protocols), int(b.Protocol)))
		}
	case openrtb2.MarkupNative:
		o.checkNative(b, imp.Native)
	default:
		o.fault("markup of type %d", b.MType)
	}
}

// floor returns the floor that a bid has to reach, in its currency.
func (o *offer) floor(b *openrtb2.Bid, imp *openrtb2.Imp, cur string) float64 {
	floor, floorCur := imp.BidFloor, imp.BidFloorCur
	if b.DealID == "" && imp.PMP != nil && imp.PMP.PrivateAuction == 1 {
		o.fault("an open bid in a private auction")
	}
	if b.DealID != "" {
		k := -1
		if imp.PMP != nil {
			k = slices.IndexFunc(imp.PMP.Deals, func(d openrtb2.Deal) bool { return d.ID == b.DealID })
		}
		if k < 0 {
			o.fault("deal %q is not offered", b.DealID)
			return math.Inf(1)
		}
		floor, floorCur = imp.PMP.Deals[k].BidFloor, imp.PMP.Deals[k].BidFloorCur
	}
	if floor == 0 {
		return 0
	}
	if floorCur == "" {
		floorCur = "USD"
	}
	return floor * o.rates[floorCur] / o.rates[cur]
}

func (o *offer) checkBanner(b *openrtb2.Bid, banner *openrtb2.Banner) {
	switch {
	case banner == nil:
		o.fault("a banner for an impression that takes none")
	case len(banner.Format) > 0:
		flexible := slices.ContainsFunc(banner.Format, func(f openrtb2.Format) bool { return f.WRatio > 0 })
		if !flexible && !slices.ContainsFunc(banner.Format, func(f openrtb2.Format) bool { return f.W == b.W && f.H == b.H }) {
			o.fault("%dx%d is none of the sizes %v", b.W, b.H, banner.Format)
		}
	case banner.W != nil && banner.H != nil && (*banner.W != b.W || *banner.H != b.H):
		o.fault("%dx%d is not the size %dx%d", b.W, b.H, *banner.W, *banner.H)
	}
	if !strings.Contains(b.AdM, "/e/imp?t=") || !strings.Contains(b.AdM, "/e/click?t=") {
		o.fault("a banner that counts no impressions or clicks: %s", b.AdM)
	}
}

func protocols[T ~int8 | ~int64](list []T) (ints []int) {
	for _, p := range list {
		ints = append(ints, int(p))
	}
	return ints
}

func (o *offer) checkPlayer(b *openrtb2.Bid, least, most int64, mimes []string, protocol bool) {
	if b.Dur < least || most > 0 && b.Dur > most || !protocol {
		o.fault("%d s in protocol %d, want %d to %d s", b.Dur, b.Protocol, least, most)
	}
	var vast struct {
		XMLName xml.Name `xml:"VAST"`
		Version string   `xml:"version,attr"`
		Ad      []struct {
			InLine *struct {
				Impression string
				Media      []struct {
					Type string `xml:"type,attr"`
					URL  string `xml:",chardata"`
				} `xml:"Creatives>Creative>Linear>MediaFiles>MediaFile"`
			}
			Wrapper *struct {
				Impression string
				URI        string `xml:"VASTAdTagURI"`
			}
		}
	}
	if err := xml.Unmarshal([]byte(b.AdM), &vast); err != nil || len(vast.Ad) != 1 || vast.Version == "" {
		o.fault("no VAST: %v\n%s", err, b.AdM)
		return
	}
	switch in, wrap := vast.Ad[0].InLine, vast.Ad[0].Wrapper; {
	case in != nil:
		if !strings.Contains(in.Impression, "/e/imp?t=") || len(in.Media) == 0 {
			o.fault("VAST with impression %q and %d media files", in.Impression, len(in.Media))
		}
		for _, m := range in.Media {
			if len(mimes) > 0 && !slices.Contains(mimes, m.Type) {
				o.fault("a file of type %s, want one of %v", m.Type, mimes)
			}
		}
	case wrap != nil:
		if !strings.Contains(wrap.Impression, "/e/imp?t=") || !strings.HasPrefix(strings.TrimSpace(wrap.URI), "https://") {
			o.fault("a wrapper with impression %q around %q", wrap.Impression, wrap.URI)
		}
	default:
		o.fault("VAST with neither: %s", b.AdM)
	}
}

func (o *offer) checkNative(b *openrtb2.Bid, n *openrtb2.Native) {
	if n == nil {
		o.fault("a native ad for an impression that takes none")
		return
	}
	var wrappedReq struct{ Native *nreq.Request }
	asked := new(nreq.Request)
	if json.Unmarshal([]byte(n.Request), &wrappedReq) == nil && wrappedReq.Native != nil {
		asked = wrappedReq.Native
	} else if err := json.Unmarshal([]byte(n.Request), asked); err != nil {
		return // as strange requests are answered is tested by package creative
	}
	var wrappedResp struct{ Native *nresp.Response }
	answer := new(nresp.Response)
	if json.Unmarshal([]byte(b.AdM), &wrappedResp) == nil && wrappedResp.Native != nil {
		answer = wrappedResp.Native
	} else if err := json.Unmarshal([]byte(b.AdM), answer); err != nil {
		o.fault("native markup does not decode: %v\n%s", err, b.AdM)
		return
	}
	if (wrappedReq.Native != nil) != (wrappedResp.Native != nil) {
		o.fault("native is wrapped in the request: %v, in the answer: %v", wrappedReq.Native != nil, wrappedResp.Native != nil)
	}
	given := map[int64]*nresp.Asset{}
	for i := range answer.Assets {
		if id := answer.Assets[i].ID; id != nil {
			given[*id] = &answer.Assets[i]
		}
	}
	for i := range asked.Assets {
		o.checkAsset(&asked.Assets[i], given[asked.Assets[i].ID])
		delete(given, asked.Assets[i].ID)
	}
	if len(given) > 0 || answer.Link.URL == "" {
		o.fault("%d assets that nobody asked for, link %q", len(given), answer.Link.URL)
	}
}

func (o *offer) checkAsset(want *nreq.Asset, got *nresp.Asset) {
	switch {
	case got == nil && want.Required == 1:
		o.fault("asset %d is required", want.ID)
	case got == nil:
	case want.Title != nil && (got.Title == nil || want.Title.Len > 0 && len([]rune(got.Title.Text)) > int(want.Title.Len)):
		o.fault("asset %d is no title of at most %d characters: %+v", want.ID, want.Title.Len, got.Title)
	case want.Img != nil && (got.Img == nil || got.Img.W < want.Img.WMin || got.Img.H < want.Img.HMin):
		o.fault("asset %d is no image of that size: %+v", want.ID, got.Img)
	case want.Data != nil && (got.Data == nil || want.Data.Len > 0 && len([]rune(got.Data.Value)) > int(want.Data.Len)):
		o.fault("asset %d is no text of at most %d characters: %+v", want.ID, want.Data.Len, got.Data)
	}
}

var (
	ownURL = regexp.MustCompile(`https://ads\.bidder\.example/e/[^"'<> \]\\]*`)
	macro  = regexp.MustCompile(`\$\{[A-Z_]+\}`)
)

// checkURLs parses the bid's URLs and verifies their tokens, each for its own
// kind of notice and for no other.
func (o *offer) checkURLs(b *openrtb2.Bid, r *rig) {
	o.checkToken(b.NURL, "http://notices.bidder.example/e/win", b, r)
	o.checkToken(b.BURL, "http://notices.bidder.example/e/bill", b, r)
	o.checkToken(b.LURL, "http://notices.bidder.example/e/loss", b, r)
	markup := strings.NewReplacer("&amp;", "&", "&#38;", "&", `\/`, "/", `\u0026`, "&").Replace(b.AdM)
	found := map[string]int{}
	for _, u := range ownURL.FindAllString(markup, -1) {
		found[o.checkToken(u, "https://ads.bidder.example/e/", b, r)]++
	}
	if found["imp"] == 0 || found["click"] == 0 {
		o.fault("the markup holds the notices %v: %s", found, b.AdM)
	}
}

func (o *offer) checkToken(raw, prefix string, b *openrtb2.Bid, r *rig) (kindName string) {
	u, err := url.Parse(macro.ReplaceAllString(raw, "1"))
	if err != nil || !strings.HasPrefix(raw, prefix) {
		o.fault("%q is no URL that begins with %s: %v", raw, prefix, err)
		return ""
	}
	kindName = path.Base(u.Path)
	var s notice.Scratch
	for k := ad.Win; k <= ad.Click; k++ {
		var tok notice.Token
		why := r.Verifier.Parse(&s, &tok, []byte(u.Query().Get("t")), k, monday)
		switch k {
		case ad.Impression:
			_, why = r.Verifier.ParseImpression(&s, &tok, []byte(u.Query().Get("t")), []byte(u.Query().Get("c")), monday)
		case ad.Click:
			why = r.Verifier.ParseClick(&s, &tok, []byte(u.Query().Get("t")), []byte(u.Query().Get("u")), monday)
		}
		switch {
		case kindName == k.String() && (why != ad.OK || tok.Bid.String() != b.ID || math.Abs(tok.BidPrice.CPM()-b.Price) > 1e-9):
			o.fault("the token of %s: %s, of bid %s at %v, want %s at %v", raw, why, tok.Bid, tok.BidPrice.CPM(), b.ID, b.Price)
		case kindName != k.String() && why != ad.TokenForged:
			o.fault("the token of %s is good for %s: %s", raw, k, why)
		}
	}
	return kindName
}

// TestResponseIsOneJSONValue checks that nothing follows the response.
func TestResponseIsOneJSONValue(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", bannerCampaign("a", 2)), "")
	var sc bidder.Scratch
	strange := `{"id":"a\"b\\\u0000\ud800 é","imp":[{"id":"<\"1\">","banner":{"w":300,"h":250}}],"site":{}}`
	if why := r.decide(t, &sc, []byte(strange), r.exchange(t, ""), monday); why != ad.OK {
		t.Fatal(why)
	}
	body := r.AppendResponse([]byte(nil), &sc)
	dec := json.NewDecoder(bytes.NewReader(body))
	var resp openrtb2.BidResponse
	if err := dec.Decode(&resp); err != nil {
		t.Fatal(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("something follows the response: %v", err)
	}
	if want := "a\"b\\\x00\ufffd é"; resp.ID != want || resp.SeatBid[0].Bid[0].ImpID != `<"1">` {
		t.Errorf("the ids are %q and %q, want %q", resp.ID, resp.SeatBid[0].Bid[0].ImpID, want)
	}
}
