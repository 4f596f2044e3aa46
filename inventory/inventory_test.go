package inventory_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"bidwell/inventory"
)

var noon = time.Unix(1_790_000_000, 0)

// everything is a request with something personal wherever one can be.
const everything = `{"id":"secret-id","test":0,"imp":[{"id":"1","banner":{"w":300,"h":250},"ext":{"rwdd":1,"uid":"secret-imp"},"pmp":{"deals":[{"id":"d"}]}}],
"site":{"page":"https://news.example/a?user=secret-query#secret-part","ref":"https://secret-ref.example","domain":"news.example","search":"secret-search","ext":{"x":"secret-site"},"publisher":{"id":"pub-1","ext":{"u":"secret-pub"}},"content":{"title":"show","url":"https://c.example/v?u=secret-cq","ext":{"u":"secret-content"},"data":[{"id":"secret-data"}]},"Cat":["IAB2"]},
"user":{"id":"secret-user","buyeruid":"secret-buyer","geo":{"zip":"secret-zip"},"eids":[{"source":"x","uids":[{"id":"secret-eid"}]}],"consent":"secret-consent"},
"Device":{"ifa":"secret-ifa","ip":"10.9.8.7","ipv6":"secret-v6","ua":"secret-ua","didsha1":"secret-did","w":412,"os":"iOS","deviceType":4,"geo":{"lat":48.123456,"lon":11.5,"country":"DEU","zip":"80331"},"ext":{"atts":"secret-dev"}},
"regs":{"gdpr":1,"ext":{"us_privacy":"secret-usp","dsa":{"dsarequired":2}}},"source":{"tid":"secret-tid","ext":{"schain":{"complete":1}}},"ext":{"s":"secret-ext"},"cur":["EUR"]}`

func TestStripLeavesNoPerson(t *testing.T) {
	got, err := inventory.Strip([]byte(everything), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"secret", "10.9.8.7", "48.123456", "412", "80331"} {
		if bytes.Contains(got, []byte(gone)) {
			t.Errorf("%s is left in %s", gone, got)
		}
	}
	for _, stays := range []string{`"rwdd":1`, `"id":"pub-1"`, `"title":"show"`, `"https://c.example/v"`, `"https://news.example/a"`, `"cat":["IAB2"]`, `"os":"iOS"`, `"devicetype":4`, `"country":"DEU"`, `"dsarequired":2`, `"complete":1`, `"cur":["EUR"]`, `"id":"d"`} {
		if !bytes.Contains(got, []byte(stays)) {
			t.Errorf("%s is missing in %s", stays, got)
		}
	}
	if got, err = inventory.Strip([]byte(everything), true); err != nil || !bytes.Contains(got, []byte(`"zip":"80331"`)) || bytes.Contains(got, []byte("secret")) {
		t.Errorf("where a line item asks for postcodes is left %s, %v", got, err)
	}
	for _, odd := range []string{"", "[]", "{", `"x"`} {
		if got, err := inventory.Strip([]byte(odd), false); err == nil {
			t.Errorf("of %s is left %s", odd, got)
		}
	}
	if got, err := inventory.Strip([]byte(`{"imp":7,"site":[],"device":"x","regs":null,"source":1}`), true); err != nil || !json.Valid(got) {
		t.Errorf("of an odd request is left %s, %v", got, err)
	}
}

// offered offers requests, each numbered in its floor, and waits for each that is
// taken to be kept.
func offered(t *testing.T, s *inventory.Sample, from, to int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	for i := from; i < to; i++ {
		s.Offer("example", fmt.Appendf(nil, `{"imp":[{"id":"1","bidfloor":%d}]}`, i), noon.Add(time.Duration(i)*time.Second))
		for s.Taking() {
			runtime.Gosched()
		}
	}
	stop()
	<-ended
}

// TestSampleIsUniform offers many requests: those of each tenth are in the sample
// about as often.
func TestSampleIsUniform(t *testing.T) {
	s := inventory.New(noon)
	const n = 10 * 2 * inventory.Size
	offered(t, s, 0, n)
	kept := s.Requests()
	if seen, since := s.Seen(); len(kept) != inventory.Size || seen != n || !since.Equal(noon) {
		t.Fatalf("%d kept of %d since %v", len(kept), seen, since)
	}
	var tenths [10]int
	for _, r := range kept {
		tenths[int(r.At.Sub(noon)/time.Second)*10/n]++
	}
	for i, c := range tenths {
		if c < inventory.Size/20 || c > inventory.Size/5 {
			t.Errorf("tenth %d has %d of %d: %v", i, c, inventory.Size, tenths)
		}
	}
}

// TestSampleSurvives saves a sample and reads it again.
func TestSampleSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inventory.ndjson")
	s, err := inventory.Load(path, noon)
	if err != nil {
		t.Fatal(err)
	}
	offered(t, s, 0, 100)
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := inventory.Load(path, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	seen, since := again.Seen()
	if got := again.Requests(); len(got) != 100 || seen != 100 || !since.Equal(noon) || string(got[99].Body) != string(s.Requests()[99].Body) {
		t.Errorf("%d requests of %d since %v", len(got), seen, since)
	}
	offered(t, again, 100, 200)
	if got := again.Requests(); len(got) != 200 {
		t.Errorf("it goes on with %d requests, want 200", len(got))
	}
	if err := os.WriteFile(path, []byte(`{"seen":5}`+"\n{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err = inventory.Load(path, noon); err == nil || !strings.Contains(err.Error(), "begins anew") || s == nil || len(s.Requests()) > 0 {
		t.Errorf("of a damaged file comes %v", err)
	}
}

func TestOfferAllocatesNothing(t *testing.T) {
	s := inventory.New(noon)
	body := []byte(everything)
	if n := testing.AllocsPerRun(1000, func() { s.Offer("example", body, noon) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	s.Offer("example", make([]byte, inventory.Longest+1), noon)
}

func BenchmarkOffer(b *testing.B) {
	s := inventory.New(noon)
	body := []byte(everything)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.Offer("example", body, noon)
		}
	})
}
