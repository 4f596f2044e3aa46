package ledger

import (
	"reflect"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/internal/disktest"
)

func terms(t *testing.T, l *Ledger) (list []Term) {
	t.Helper()
	if err := l.Terms(func(t *Term) error { list = append(list, *t); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

// Everything is on disk when the call returns: what is looked at is a copy of the
// disk without what was not synced.
func TestTermsAreKept(t *testing.T) {
	fs := disktest.New()
	l := open(t, Config{FS: fs})
	want := func(what string, want ...Term) {
		t.Helper()
		crashed := open(t, Config{FS: fs.CrashClone(vfs.CrashCloneCfg{})})
		defer closeIt(t, crashed)
		if got := terms(t, crashed); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", what, got, want)
		}
		wantSound(t, crashed)
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	money := func(account ad.ID, amount ad.Money) Lease { return Lease{account, LeasedMoney, amount} }
	shown := Lease{1, LeasedImpressions, 9}
	want("none")
	do(l.Extend(&Term{Number: 7, From: -5, Until: 10, Notices: 20, Leases: []Lease{money(1, 100), money(1<<63, ad.MaxMoney), shown}}))
	want("the first", Term{7, -5, 10, 20, []Lease{money(1, 100), money(1<<63, ad.MaxMoney), shown}})
	do(l.Extend(&Term{Number: 7, From: 1, Until: 11, Notices: 21, Leases: []Lease{money(1, 50)}}))
	want("a lease is changed, the others stay", Term{7, 1, 11, 21, []Lease{money(1, 50), money(1<<63, ad.MaxMoney), shown}})
	do(l.Extend(&Term{Number: 8, Until: 12, Leases: []Lease{shown}}))
	do(l.Extend(&Term{Number: 9, Until: 13}))
	do(l.End(&Term{Number: 7, Until: 14, Leases: []Lease{money(2, 1)}}))
	want("one has ended", Term{7, 0, 14, 0, []Lease{money(2, 1)}}, Term{8, 0, 12, 0, []Lease{shown}}, Term{Number: 9, Until: 13})
	do(l.End(&Term{Number: 8}))
	want("one is dropped", Term{7, 0, 14, 0, []Lease{money(2, 1)}}, Term{Number: 9, Until: 13})
	closeIt(t, l)
}
