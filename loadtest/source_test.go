package loadtest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestRecording(t *testing.T) {
	const lines = `{"tmax":80,"at":1,"id":"one","imp":[{"id":"1","pmp":{"deals":[{"id":"d","at":3}]}}],"user":{"buyeruid":"anna"},"ext":{"at":7}}

{"id":"two","imp":[{"id":"1"}],"device":{"ifa":"00000000-0000-0000-0000-000000000000"}}
`
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(lines)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{"plain": lines, "gzip": packed.String()} {
		rec, err := ReadRecording(strings.NewReader(in), 5)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ids := map[string]bool{}
		for i := range 4 {
			prefix := []byte("before")
			body, p := rec.Next(prefix)
			body = body[len(prefix):]
			setAuction(body, 1+i/2)
			req := decode(t, body)
			ids[req.ID] = true
			if req.AT != int64(1+i/2) || len(req.ID) != 36 {
				t.Errorf("%s: request %d has at %d and the id %s", name, i, req.AT, req.ID)
			}
			switch i % 2 {
			case 0:
				if p.TMax != 80*time.Millisecond || req.TMax != 80 || req.User.BuyerUID != "anna" || req.Imp[0].PMP.Deals[0].AT != 3 || string(req.Ext) != `{"at":7}` || p.Person != Stranger("buyeruid::anna") {
					t.Errorf("%s: %+v of %s", name, p, body)
				}
			case 1:
				if p.TMax != 120*time.Millisecond || p.Person == Stranger(":") {
					t.Errorf("%s: %+v of %s", name, p, body)
				}
			}
		}
		if len(ids) != 4 {
			t.Errorf("%s: the ids are %v, want four", name, ids)
		}
	}
	bad := func(text, want string) {
		t.Helper()
		if _, err := ReadRecording(strings.NewReader(text), 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	bad("", "there are none")
	bad("{\"id\":\"1\",\"imp\":[{}]}\nnonsense\n", "line 2: no bid request")
	bad(`{"id":"1","imp":[]}`, "at least one impression")
	bad("\x1f\x8bnot gzip", "recorded requests")
}

// TestAuctionOfGeneratedRequests checks that the kind of auction is written where
// it belongs, and nothing else is.
func TestAuctionOfGeneratedRequests(t *testing.T) {
	a, b := newTraffic(t, 3, nil), newTraffic(t, 3, nil)
	for range 500 {
		was, _ := a.Next(nil)
		body, p := b.Next(nil)
		req := decode(t, was)
		setAuction(body, 2)
		req.AT = 2
		want, err := json.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		changed := decode(t, body)
		if got, err := json.Marshal(changed); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v: got %s, want %s", err, got, want)
		}
		if p.TMax != time.Duration(req.TMax)*time.Millisecond {
			t.Fatalf("tmax %v, the request says %d", p.TMax, req.TMax)
		}
	}
}

// TestPostingKnowsThePerson checks that the nature of a posting is that of the
// person in the request.
func TestPostingKnowsThePerson(t *testing.T) {
	people := People{Seed: 3, N: 80, Exchange: "example"}
	tr, err := NewTraffic(1, Options{People: people, Start: time.Unix(1_770_000_000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	natures := map[string]Nature{}
	for i := range people.N {
		natures[people.IDType(i)+":"+string(people.AppendID(nil, i))] = people.Nature(i)
	}
	known := 0
	for range 500 {
		body, p := tr.Next(nil)
		req := decode(t, body)
		kind, id := identityOf(req, "example")
		n, ok := natures[kind+":"+id]
		if ok && n != p.Person {
			t.Fatalf("%s is %+v, the posting says %+v", id, n, p.Person)
		}
		known += b2i(ok)
	}
	if known < 300 {
		t.Errorf("only %d of 500 requests name somebody", known)
	}
}
