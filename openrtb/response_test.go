package openrtb

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"bidwell/ad"

	"github.com/prebid/openrtb/v20/adcom1"
	"github.com/prebid/openrtb/v20/openrtb2"
)

// strict reads a response and refuses members that the specification does not
// know.
func strict(t *testing.T, text []byte) *openrtb2.BidResponse {
	t.Helper()
	var resp openrtb2.BidResponse
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&resp); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if dec.More() {
		t.Fatalf("more than one value: %s", text)
	}
	return &resp
}

var fullStatic = StaticFields{
	CID: "camp \"1\"", CRID: "creative/1", ADomain: []string{"motors.example", "größe.example"}, Cat: []string{"IAB2-2", "IAB2"},
	CatTax: 1, Attr: []int{1, 3}, APIs: []int{7}, Language: "de", Bundle: "com.example.app", Media: ad.Video,
}

func TestResponse(t *testing.T) {
	full := Bid{
		ID: ad.BidID{0xab, 15: 0x01}, ImpID: []byte("imp \"1\" \xff"), Price: 2_500_001, W: 640, H: 360, DurS: 15, ExpS: 3600,
		Protocol: 7, SlotInPod: -1, DealID: []byte("deal\\1"), NURL: []byte("https://n.example/?a=b&p=${AUCTION_PRICE}"),
		BURL: []byte("https://b.example/\n"), LURL: []byte("https://l.example/?r=${AUCTION_LOSS}"),
		Static: AppendStatic(nil, &fullStatic),
		DSA:    AppendTransparency(nil, &Transparency{Behalf: "Example Motors", Paid: "Agency \"A\"", Render: true, Domain: "dsp.example", Params: []int{1, 2}}),
		Adm:    AppendEscaped(nil, "<VAST version=\"4.2\">\n</VAST>"),
	}
	bare := Bid{ID: ad.BidID{1}, ImpID: []byte("2"), Price: 1}
	dst := AppendResponse([]byte("kept"), []byte(`req "1"`), ad.EUR)
	dst = AppendSeat(dst, "seat \"1\"")
	dst = AppendBid(dst, &full)
	dst = AppendBid(dst, &bare)
	dst = AppendSeatEnd(dst)
	dst = AppendSeat(dst, "")
	dst = AppendBid(dst, &bare)
	dst = AppendSeatEnd(dst)
	dst = AppendResponseEnd(dst)
	text, ok := bytes.CutPrefix(dst, []byte("kept"))
	if !ok {
		t.Fatalf("what was in dst is lost: %s", dst)
	}

	small := openrtb2.Bid{ID: "01000000000000000000000000000000", ImpID: "2", Price: 0.000001}
	want := &openrtb2.BidResponse{ID: `req "1"`, Cur: "EUR", SeatBid: []openrtb2.SeatBid{
		{Seat: `seat "1"`, Bid: []openrtb2.Bid{{
			ID: "ab000000000000000000000000000001", ImpID: "imp \"1\" \ufffd", Price: 2.500001, W: 640, H: 360, Dur: 15, Exp: 3600,
			Protocol: 7, SlotInPod: -1, DealID: `deal\1`, NURL: "https://n.example/?a=b&p=${AUCTION_PRICE}",
			BURL: "https://b.example/\n", LURL: "https://l.example/?r=${AUCTION_LOSS}", AdM: "<VAST version=\"4.2\">\n</VAST>",
			CID: `camp "1"`, CrID: "creative/1", ADomain: []string{"motors.example", "größe.example"}, Cat: []string{"IAB2-2", "IAB2"},
			CatTax: 1, Attr: []adcom1.CreativeAttribute{1, 3}, APIs: []adcom1.APIFramework{7}, Language: "de",
			Bundle: "com.example.app", MType: openrtb2.MarkupVideo,
			Ext: json.RawMessage(`{"dsa":{"adrender":1,"behalf":"Example Motors","paid":"Agency \"A\"","transparency":[{"domain":"dsp.example","dsaparams":[1,2]}]}}`),
		}, small}},
		{Bid: []openrtb2.Bid{small}},
	}}
	got := strict(t, text)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestStaticWithoutAnything(t *testing.T) {
	if got := AppendStatic([]byte("x"), &StaticFields{}); string(got) != "x" {
		t.Errorf("got %s, want nothing added", got)
	}
	if got := AppendTransparency(nil, &Transparency{Params: []int{1}}); string(got) != `{"adrender":0}` {
		t.Errorf("got %s", got)
	}
}

func TestNoBid(t *testing.T) {
	resp := strict(t, AppendNoBid(nil, []byte("r\xff"), 8, []byte(`{"reasons":["audience"]}`)))
	if resp.ID != "r\ufffd" || resp.NBR == nil || *resp.NBR != 8 || string(resp.Ext) != `{"reasons":["audience"]}` || resp.SeatBid != nil {
		t.Errorf("got %+v", resp)
	}
	resp = strict(t, AppendNoBid(nil, []byte("r"), 0, nil))
	if resp.NBR == nil || *resp.NBR != 0 || resp.Ext != nil {
		t.Errorf("got %+v", resp)
	}
}

func TestAppendEscaped(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"plain text / <b>&'":    "plain text / <b>&'",
		"\"\\\n\r\t\x00\x1f":    `\"\\\n\r\t\u0000\u001f`,
		"größe 東京 \x7f\u2028":   "größe 東京 \x7f\u2028",
		"a\xff\"b\xe2\x82c\xf0": "a\ufffd\\\"b\ufffd\ufffdc\ufffd",
	} {
		if got := AppendEscaped([]byte("x"), in); string(got) != "x"+want {
			t.Errorf("%q: got %s, want x%s", in, got, want)
		}
	}
}

// benchmarkBid is a bid as it is common: notice addresses and a short markup.
func benchmarkBid() Bid {
	return Bid{
		ID: ad.BidID{1, 2, 3}, ImpID: []byte("1"), Price: 2_350_000, W: 300, H: 250, ExpS: 3600, DealID: []byte("DEAL-1"),
		NURL:   []byte("https://bid.example/e/win?t=" + string(bytes.Repeat([]byte("Zm9v"), 30)) + "&p=${AUCTION_PRICE}"),
		BURL:   []byte("https://bid.example/e/bill?t=" + string(bytes.Repeat([]byte("Zm9v"), 30)) + "&p=${AUCTION_PRICE}"),
		Static: AppendStatic(nil, &fullStatic),
		Adm:    AppendEscaped(nil, bytes.Repeat([]byte(`<div class="ad"></div>`), 10)),
	}
}

func appendWhole(dst []byte, b *Bid) []byte {
	dst = AppendResponse(dst, []byte("80ce30c53c16e6ede735f123ef6e32361bfc7b22"), ad.USD)
	dst = AppendSeat(dst, "seat-1")
	dst = AppendBid(dst, b)
	dst = AppendSeatEnd(dst)
	return AppendResponseEnd(dst)
}

func TestResponseDoesNotAllocate(t *testing.T) {
	b := benchmarkBid()
	odd := b
	odd.ImpID = []byte("größe \"1\" \xff\n")
	var dst []byte
	write := func() { dst = appendWhole(appendWhole(dst[:0], &b), &odd) }
	write()
	if n := testing.AllocsPerRun(20, write); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkResponse(b *testing.B) {
	bid := benchmarkBid()
	dst := appendWhole(nil, &bid)
	b.ReportAllocs()
	b.SetBytes(int64(len(dst)))
	for b.Loop() {
		dst = appendWhole(dst[:0], &bid)
	}
}
