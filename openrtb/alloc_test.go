package openrtb

import "testing"

// TestNoAllocations decodes the whole corpus once to warm up and then once more.
func TestNoAllocations(t *testing.T) {
	corpus := allSamples(t)
	var r Request
	bad := 0
	for _, s := range corpus {
		if r.Decode(s.body) != nil {
			bad++ // its error is allocated
		}
	}
	n := testing.AllocsPerRun(5, func() {
		for _, s := range corpus {
			_ = r.Decode(s.body)
		}
	})
	if int(n) > bad {
		t.Errorf("%v allocations for %d requests, want %d", n, len(corpus), bad)
	}
}

// TestNoAllocationsForOddities decodes what does not stand in the body as it is
// kept.
func TestNoAllocationsForOddities(t *testing.T) {
	bodies := [][]byte{
		[]byte(`{"ID":"\u0061","Imp":[{"id":1.5,"bidfloor":"0.123456789012345678901","native":{"request":"{\"assets\":[{\"id\":1}]}"}}],"user":{"keywords":["a","b"]},"tmax":"1e2","wlang":["a"],"wlangb":["b"]}`),
		[]byte("{\"id\":\"\xff\",\"imp\":[{\"id\":\"\\ud83d\\ude97\",\"video\":{\"protocol\":2,\"protocols\":[3]}}]}"),
		[]byte(`{"id":"r","imp":[{"id":"1","bidfloor":1234567890.12345678901234567890123456789012345678901234567890123456789012345678901234567890}]}`),
	}
	var r Request
	decode := func() {
		for _, b := range bodies {
			if err := r.Decode(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	decode()
	if n := testing.AllocsPerRun(20, decode); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
