package openrtb

import (
	"encoding/json"
	"testing"

	"github.com/prebid/openrtb/v20/openrtb2"
)

// benchmarkCorpus decodes the corpus round and round, so that no single body
// trains the branch predictor.
func benchmarkCorpus(b *testing.B, decode func(body []byte) error) {
	corpus := samples(b)
	total := 0
	for _, s := range corpus {
		total += len(s.body)
	}
	b.ReportAllocs()
	b.SetBytes(int64(total / len(corpus)))
	for i := 0; b.Loop(); i++ {
		if err := decode(corpus[i%len(corpus)].body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	var r Request
	benchmarkCorpus(b, r.Decode)
}

// BenchmarkSkip is the part of the work that validates and keeps nothing.
func BenchmarkSkip(b *testing.B) {
	benchmarkCorpus(b, func(body []byte) error {
		if _, f := skipValue(body, 0, maxDepth); f != noFault {
			b.Fatalf("fault %d", f)
		}
		return nil
	})
}

func BenchmarkEncodingJSON(b *testing.B) {
	benchmarkCorpus(b, func(body []byte) error {
		var r openrtb2.BidRequest
		err := json.Unmarshal(body, &r)
		if _, quirk := err.(*json.UnmarshalTypeError); quirk {
			return nil
		}
		return err
	})
}
