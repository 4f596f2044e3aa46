package audience

import (
	"testing"
	"time"

	"bidwell/internal/conf"
	"bidwell/openrtb"
)

// TestAnonymousHidesThePerson: without permission the request's word on the
// person counts for nothing, and its word on the place for all.
func TestAnonymousHidesThePerson(t *testing.T) {
	var file struct {
		Who  Rule `yaml:"who"`
		Site Rule `yaml:"site"`
	}
	ps := new(conf.Problems)
	if !ps.Decode("r.yaml", []byte("who: {context: {user.gender: F}}\nsite: {context: {site.domain: a.example}}\n"), &file) {
		t.Fatal(ps.Sorted())
	}
	b := NewBuilder(nil, ps)
	who, site := b.Condition(&file.Who), b.Condition(&file.Site)
	set := b.Build()
	if ps.Failed() {
		t.Fatal(ps.Sorted())
	}
	var req openrtb.Request
	if err := req.Decode([]byte(`{"id":"r","imp":[{"id":"1"}],"site":{"domain":"a.example"},"user":{"gender":"F"}}`)); err != nil {
		t.Fatal(err)
	}
	var e Eval
	e.Reset(set, nil, &req, time.Now())
	if e.Is(who) != True || e.Is(site) != True {
		t.Errorf("with permission: got %v and %v, want True", e.Is(who), e.Is(site))
	}
	e.Reset(set, nil, &req, time.Now())
	e.Anonymous()
	if e.Is(who) != Unknown || e.Is(site) != True {
		t.Errorf("without: got %v and %v, want Unknown and True", e.Is(who), e.Is(site))
	}
}
