package loadtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"testing"
)

type fact struct {
	ID         struct{ Type, Value string }
	Attributes map[string]any
	Segments   []struct{ Name, Expires string }
	Behaviours []struct {
		Kind, Topic, Ago string
		Count            int
	}
}

func TestGeneratePeople(t *testing.T) {
	p := People{Seed: 1, N: 4000, Exchange: "example"}
	var buf, again bytes.Buffer
	if err := GeneratePeople(p, &buf); err != nil {
		t.Fatal(err)
	}
	if err := GeneratePeople(p, &again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(buf.Bytes(), again.Bytes()) {
		t.Error("the same seed gave different people")
	}
	band := map[string]string{}
	for _, c := range Postcodes() {
		band[c.Zip] = c.Band
	}
	ago := regexp.MustCompile(`^\d+[dhm]$`)
	lines, target := 0, 0
	ids := map[string]bool{}
	for s := bufio.NewScanner(&buf); s.Scan(); lines++ {
		var f fact
		if err := json.Unmarshal(s.Bytes(), &f); err != nil {
			t.Fatalf("line %d: %v: %s", lines+1, err, s.Text())
		}
		if want := p.IDType(lines); f.ID.Type != want || f.ID.Value != string(p.AppendID(nil, lines)) || ids[f.ID.Value] {
			t.Fatalf("line %d: id %v, want type %s, fresh", lines+1, f.ID, want)
		}
		ids[f.ID.Value] = true
		for _, s := range f.Segments {
			if s.Name == "" || !ago.MatchString(s.Expires) {
				t.Fatalf("line %d: segment %+v", lines+1, s)
			}
		}
		visits := 0
		for _, b := range f.Behaviours {
			if !ago.MatchString(b.Ago) {
				t.Fatalf("line %d: ago %q", lines+1, b.Ago)
			}
			if b.Topic == "automotive" {
				visits += max(b.Count, 1)
			}
		}
		zip, _ := f.Attributes["home.zip"].(string)
		if band[zip] == "" {
			t.Fatalf("line %d: home.zip %q is none of Postcodes", lines+1, zip)
		}
		if band[zip] == "affluent" && f.Attributes["owns.car.class"] == "luxury" && visits >= 3 {
			target++
		}
	}
	if lines != p.N {
		t.Errorf("%d lines, want %d", lines, p.N)
	}
	if share := float64(target) / float64(lines); share < 0.02 || share > 0.15 {
		t.Errorf("%.1f%% are affluent luxury car owners with an interest in cars, want 2%% to 15%%", 100*share)
	}
}

type fullDisk struct{ room int }

var errFull = errors.New("disk full")

func (f *fullDisk) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestGeneratePeopleReportsAFullDisk(t *testing.T) {
	for _, room := range []int{0, 100_000} {
		if err := GeneratePeople(People{N: 1000}, &fullDisk{room}); !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: got %v, want %v", room, err, errFull)
		}
	}
}

func BenchmarkGeneratePeople(b *testing.B) {
	p := People{Seed: 1, N: 1000}
	for b.Loop() {
		if err := GeneratePeople(p, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
