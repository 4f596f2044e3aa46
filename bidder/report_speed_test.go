package bidder_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bidwell/profile"
)

// BenchmarkReports posts batches of a thousand visits over HTTP, of as many people
// as there are lines, from two senders at a time. The ledger is in memory: what a
// disk adds is one sync for all that wait together. How fast profiles follow is
// measured when nothing else is done.
func BenchmarkReports(b *testing.B) {
	const lines = 1000
	now := time.Now().Unix()
	s, catchUp := reporting(b)
	var batches, refused atomic.Uint64
	b.SetParallelism(1)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var client http.Client
		defer client.CloseIdleConnections()
		for pb.Next() {
			n := batches.Add(1)
			var body bytes.Buffer
			for i := range lines {
				fmt.Fprintf(&body, `{"event":"%d-%d","ids":[{"type":"login:shop.example","value":"person-%d-%[2]d"}],"url":"https://cars.example/luxury/%[2]d","time":%[4]d}`+"\n",
					n, i, n%100, now)
			}
			if !postReports(b, &client, s.addr, &body, lines) {
				refused.Add(1)
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N*lines)/b.Elapsed().Seconds(), "visits/s")
	if refused.Load() > 0 {
		b.Fatalf("%d batches were not taken", refused.Load())
	}
	begun := time.Now()
	catchUp()
	b.ReportMetric(float64(b.N*lines)/time.Since(begun).Seconds(), "into-profiles/s")
	if n, last := s.events.Durable(), s.count(b, login(fmt.Sprintf("person-1-%d", lines-1)), profile.Visit, "automotive/luxury"); n != uint64(b.N*lines) || last == 0 {
		b.Fatalf("the ledger has %d events of %d, and the last of the first batch did %d visits", n, b.N*lines, last)
	}
}

// postReports posts a batch and reports whether all of it was accepted.
func postReports(b *testing.B, client *http.Client, addr string, body *bytes.Buffer, lines int) bool {
	req, err := http.NewRequest(http.MethodPost, "http://"+addr+"/e/visit", body)
	if err != nil {
		b.Error(err)
		return false
	}
	req.Header.Set("Authorization", strings.TrimPrefix(toServer, "Authorization: "))
	resp, err := client.Do(req)
	if err != nil {
		b.Error(err)
		return false
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(resp.Body); err != nil {
		b.Error(err)
		return false
	}
	return strings.HasPrefix(text.String(), fmt.Sprintf(`{"accepted":%d,`, lines))
}
