package bidder_test

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"testing"
	"time"

	"bidwell/bidder"
	"bidwell/inventory"
)

// TestBuyable tries a line item on requests of which each but the first two has
// something that stops it.
func TestBuyable(t *testing.T) {
	camp := `campaign: a
advertiser: {name: a, domains: [a.example]}
flight: {timezone: UTC}
budget: {total: 1000 USD}
line_items:
  - name: all
    audience: readers
    where: {country: [DEU], domains: [news.example]}
    when: {mon-sun: [06:00-12:00]}
    bid: {price: 2 USD}
    creatives: [mpu]
creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.a.example/a.jpg"}, click: "https://a.example/"}
`
	readers := "audience: readers\nwho: {all: [{did: {visit: news}}, {context: {device.os: [iOS, Android]}}]}\n"
	s := newRig(t, files("bidwell.yaml", plainProcess, "audiences/r.yaml", readers, "campaigns/a.yaml", camp), "").Snapshot()
	request := func(country, domain, os string, w int, floor float64) string {
		return fmt.Sprintf(`{"id":"1","imp":[{"id":"1","bidfloor":%v,"banner":{"w":%d,"h":250}}],"site":{"domain":%q},"device":{"os":%q,"geo":{"country":%q}}}`, floor, w, domain, os, country)
	}
	good := request("DEU", "news.example", "iOS", 300, 1)
	sample := []inventory.Request{
		{Exchange: "example", At: monday, Body: []byte(good)},
		{Exchange: "example", At: monday, Body: []byte(request("DEU", "www.news.example", "Android", 300, 0))},
		{Exchange: "example", At: monday, Body: []byte(request("FRA", "news.example", "iOS", 300, 1))},
		{Exchange: "example", At: monday, Body: []byte(request("DEU", "blog.example", "iOS", 300, 1))},
		{Exchange: "example", At: monday, Body: []byte(request("DEU", "news.example", "Windows", 300, 1))},
		{Exchange: "example", At: monday, Body: []byte(request("DEU", "news.example", "iOS", 728, 1))},
		{Exchange: "example", At: monday, Body: []byte(request("DEU", "news.example", "iOS", 300, 2.5))},
		{Exchange: "example", At: monday.Add(9 * time.Hour), Body: []byte(good)},
		{Exchange: "another", At: monday, Body: []byte(good)},
		{Exchange: "example", At: monday, Body: []byte(`{"id":"1","imp":[]}`)},
	}
	b := bidder.BuyableBy(s, 0, sample)
	var got strings.Builder
	fmt.Fprintf(&got, "%d of %d", b.Buyable, b.Requests)
	for _, m := range b.Missed {
		fmt.Fprintf(&got, ", %s %d", m.Reason, m.Requests)
	}
	want := "2 of 9, audience 1, country 1, domain 1, floor 1, hours 1, size 1, unknown_exchange 1"
	if got.String() != want {
		t.Errorf("it can buy %s\nwant %s", &got, want)
	}
}

// TestZipsAreKeptIfAskedFor offers a request to the sample under configurations of which
// some ask for postcodes.
func TestZipsAreKeptIfAskedFor(t *testing.T) {
	with := func(text string) fs.FS {
		line := strings.Replace(bannerCampaign("a", 5), "name: all,", "name: all, "+text+",", 1)
		readers := "audience: readers\nwho: {context: {geo.country: DEU}}\n"
		if who, ok := strings.CutPrefix(text, "who: "); ok {
			line = strings.Replace(bannerCampaign("a", 5), "name: all,", "name: all, audience: readers,", 1)
			readers = "audience: readers\nwho: " + who + "\n"
		}
		return files("bidwell.yaml", plainProcess, "campaigns/a.yaml", line, "tables/bands.csv", "zip,band\n80331,rich\n", "audiences/readers.yaml", readers)
	}
	for text, want := range map[string]bool{
		"where: {os: [ios]}":                 false,
		"where: {zip: [80331]}":              true,
		"where: {zip: [803*]}":               true,
		"who: {context: {geo.country: DEU}}": false,
		"who: {context: {geo.zip: 80331}}":   true,
		"who: {lookup: {table: bands, request: geo.zip, column: band, in: [rich]}}": true,
	} {
		r := bareRig(t, "")
		r.Inventory = inventory.New(monday)
		r.Publish(compile(t, with(text)))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { r.Inventory.Run(ctx); close(ended) }()
		r.Inventory.Offer("example", []byte(`{"imp":[],"device":{"geo":{"zip":"80331"}}}`), monday)
		for len(r.Inventory.Requests()) == 0 {
			runtime.Gosched()
		}
		stop()
		<-ended
		if body := string(r.Inventory.Requests()[0].Body); strings.Contains(body, "80331") != want {
			t.Errorf("with %s is kept %s", text, body)
		}
	}
}
