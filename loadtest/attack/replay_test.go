package attack

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"bidwell/loadtest"
)

const recording = `{"id":"1","imp":[{"id":"1","banner":{},"ext":{"tid":"abc"}}],"source":{"tid":"x"},"device":{"ifa":"5e1d2c1a-8a34-4b6e-9d3f-2f6f5a7c0d11"},"user":{"id":"u-1"},"tmax":300,"ext":{"ts":1700000000123,"request_time":"2024-02-03T04:05:06Z"}}

{"tmax":80,"id":"two","imp":[{"id":"7"}],"device":{"ifa":"00000000-aaaa-4b6e-9d3f-2f6f5a7c0d11"},"user":{"id":"u-2","eids":[{"source":"s","uids":[{"id":"keep"}]}]},"ext":{"timestamp":1700000000}}
{"id":"three","imp":[{"id":"1"}],"site":{"id":"keep","page":"https://x.example/\u00e9"},"user":{"id":"longer-id","buyeruid":"b\n1"}}
`

func TestReplay(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(recording))
	z.Close()
	at := time.UnixMilli(1_790_000_000_456)
	for name, text := range map[string]string{"plain": recording, "packed": packed.String()} {
		p, err := NewReplay(strings.NewReader(text), ReplayOptions{Name: name, Seed: 1, TMaxMS: 120, Wrap: wrapped, Now: func() time.Time { return at }})
		if err != nil {
			t.Fatal(err)
		}
		ids, people := map[string]bool{}, map[string]int{}
		for range 300 {
			checkReplayed(t, p.Next(), ids, people)
		}
		if len(ids) < 300 || people["u-1 5e1d2c1a-8a34-4b6e-9d3f-2f6f5a7c0d11"] == 0 || people["u-2 00000000-aaaa-4b6e-9d3f-2f6f5a7c0d11"] == 0 || people["longer-id "] != 100 {
			t.Errorf("%s: %d ids, people %v", name, len(ids), people)
		}
	}
}

func wrapped(dst, body []byte) []byte { return append(append(dst, "HEAD\r\n\r\n"...), body...) }

// checkReplayed checks one request of the recording above.
func checkReplayed(t *testing.T, request []byte, ids map[string]bool, people map[string]int) {
	t.Helper()
	body, ok := strings.CutPrefix(string(request), "HEAD\r\n\r\n")
	var r struct {
		ID     string
		TMax   int
		Imp    []struct{ Ext struct{ TID string } }
		Source struct{ TID string }
		Site   struct{ ID string }
		Device struct{ IFA string }
		User   struct {
			ID, BuyerUID string
			EIDs         []struct{ UIDs []struct{ ID string } }
		}
		Ext struct {
			TS, Timestamp int64
			Time          string `json:"request_time"`
		}
	}
	if err := json.Unmarshal([]byte(body), &r); err != nil || !ok {
		t.Fatalf("%v: %s", err, request)
	}
	for _, id := range []string{r.ID, r.Source.TID, r.Imp[0].Ext.TID} {
		if id != "" && (len(id) != 36 || ids[id]) {
			t.Errorf("id %q is not fresh", id)
		}
		if id != "" {
			ids[id] = true
		}
	}
	people[r.User.ID+" "+r.Device.IFA]++
	if r.TMax != 0 && r.TMax != 120 || r.Ext.TS != 0 && r.Ext.TS != 1_790_000_000_456 || r.Ext.Timestamp != 0 && r.Ext.Timestamp != 1_790_000_000 || r.Ext.Time != "" && r.Ext.Time != "2026-09-21T14:13:20Z" {
		t.Errorf("tmax or times are wrong: %s", body)
	}
	if r.Site.ID != "" && r.Site.ID != "keep" || len(r.User.EIDs) > 0 && r.User.EIDs[0].UIDs[0].ID != "keep" || r.User.BuyerUID != "" && r.User.BuyerUID != "b\n1" {
		t.Errorf("what should stay has changed: %s", body)
	}
}

func TestReplayErrors(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if _, err := NewReplay(strings.NewReader(text), ReplayOptions{Name: "day.jsonl", TMaxMS: 100}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
	f("", "day.jsonl: there is no request in it")
	f("{\"id\":\"1\"}\n\n[1]\n", "day.jsonl:3: the line is no JSON object")
	f("{\"id\":\"1\"}\n{\"id\":\"1\"\n", "day.jsonl:2: the line is no JSON: ")
	f("{\"id\":1}\n", "day.jsonl:1: the request has no id, or it is no string")
	f("{\"id\":\""+strings.Repeat("x", maxLine)+"\"}", "day.jsonl:1: the request has more than a megabyte")
	f("\x1f\x8bnot gzip", "day.jsonl: gzip")
}

// What the generator makes can be recorded and replayed.
func TestGeneratedRequestsCanBeReplayed(t *testing.T) {
	tr, err := loadtest.NewTraffic(1, loadtest.Options{People: loadtest.People{Seed: 1, N: 1000, Exchange: "x"}, Start: time.Unix(1_790_000_000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	var lines []byte
	for range 200 {
		lines = append(tr.Append(lines), '\n')
	}
	p, err := NewReplay(bytes.NewReader(lines), ReplayOptions{Name: "x", TMaxMS: 100})
	if err != nil || p.Len() != 200 {
		t.Fatalf("%v, %d requests", err, p.Len())
	}
	for range 1000 {
		if b := p.Next(); !json.Valid(b) {
			t.Fatalf("not valid: %s", b)
		}
	}
}

// FuzzReplay shows that whatever JSON is recorded, what is sent is JSON too.
func FuzzReplay(f *testing.F) {
	for line := range strings.Lines(recording) {
		f.Add(line)
	}
	f.Add(`{"id":"a","a":[[{"id":"b"},1],"id",{"x":{}}],"user":{"id":"\"","id":"x"},"user":{"id":"y"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := NewReplay(strings.NewReader(text), ReplayOptions{Name: "x", TMaxMS: 100})
		if err != nil {
			return
		}
		for range 2 * p.Len() {
			if b := p.Next(); !json.Valid(b) {
				t.Fatalf("%q becomes %q", text, b)
			}
		}
	})
}
