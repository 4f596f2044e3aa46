package profile_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"bidwell/ad"
	"bidwell/internal/disktest"
	. "bidwell/profile"
	"bidwell/profile/pebblestore"
)

// phone and login return identifiers of tests: those of even numbers are logins of
// a few types, the others devices.
func phone(i int) ID { return ID{"ifa", fmt.Sprint("phone ", i)} }

func login(site string, i int) ID { return ID{"login:" + site, fmt.Sprint("user ", i)} }

// visits returns how often the person behind an identifier has visited cars.
func visits(t testing.TB, p *Profiles, id ID) int {
	t.Helper()
	var s Scratch
	r, o := p.Load(id.Key(), far(), &s)
	if o > Unknown {
		t.Fatalf("%v: %v", id, o)
	}
	return r.Count(Visit, NameOf("cars"), 0, now+1)
}

func visit(t testing.TB, p *Profiles, id ID, n int) {
	t.Helper()
	must(t, p.Update(id.Key(), clock(), func(b *Builder) error { return b.AddBehaviour(Visit, "cars", now-60, n) }))
}

// TestLink shows who is one person, and who is not.
func TestLink(t *testing.T) {
	anna, anna2, bert := login("shop", 1), login("bank", 1), login("shop", 2)
	var crowd []Link
	for i := range MaxLinks + 1 {
		crowd = append(crowd, Link{phone(1), phone(10 + i)})
	}
	var chain []Link
	for i := range MaxMembers {
		chain = append(chain, Link{phone(100 + i), phone(101 + i)})
	}
	for _, c := range []struct {
		name   string
		links  []Link
		people []int // visits that are seen from anna, from phone 1, and from phone 2; each identifier has one of its own
	}{
		{"nobody is linked", nil, []int{1, 1, 1}},
		{"a login on two phones", []Link{{anna, phone(1)}, {anna, phone(2)}}, []int{3, 3, 3}},
		{"a phone beside another", []Link{{anna, phone(1)}, {phone(1), phone(2)}}, []int{3, 3, 3}},
		{"two accounts of one person", []Link{{anna, phone(1)}, {anna2, phone(1)}, {anna2, phone(2)}}, []int{4, 4, 4}},
		{"a tablet of two people", []Link{{anna, phone(1)}, {bert, phone(1)}, {bert, phone(2)}}, []int{1, 1, 2}},
		{"phones of two people beside each other", []Link{{anna, phone(1)}, {phone(1), phone(2)}, {bert, phone(2)}}, []int{2, 2, 2}},
		{"an account of two people", []Link{{anna, anna2}, {anna2, bert}, {bert, phone(2)}}, []int{1, 1, 2}},
		{"too many links", append(crowd, Link{anna, phone(1)}, Link{anna, phone(2)}), []int{2, 1, 2}},
		{"too many phones in a row", append(chain, Link{phone(100), phone(1)}, Link{anna, phone(1)}), []int{2, 2, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := open(t, newStore(t), Config{})
			for _, id := range []ID{anna, anna2, bert, phone(1), phone(2)} {
				visit(t, p, id, 1)
			}
			for _, l := range c.links {
				must(t, p.Link(clock(), l))
			}
			for i, id := range []ID{anna, phone(1), phone(2)} {
				if got := visits(t, p, id); got != c.people[i] {
					t.Errorf("%s %s: %d visits, want %d", id.Type, id.Value, got, c.people[i])
				}
			}
			must(t, p.Link(clock(), c.links...)) // said again
			for _, id := range []ID{phone(1), phone(2)} {
				visit(t, p, id, 1)
			}
			for _, l := range c.links {
				for _, id := range []ID{l.A, l.B} {
					_, err := p.Unlink(clock(), id, ID{})
					must(t, err)
				}
			}
			for i, id := range []ID{anna, phone(1), phone(2)} {
				if got, want := visits(t, p, id), min(i+1, 2); got != want {
					t.Errorf("%s %s without links: %d visits, want %d", id.Type, id.Value, got, want)
				}
			}
		})
	}
}

// TestLinkRefuses checks links that cannot be.
func TestLinkRefuses(t *testing.T) {
	p := open(t, newStore(t), Config{})
	for _, l := range []Link{{}, {phone(1), ID{"ifa", ""}}, {phone(1), phone(1)}} {
		if err := p.Link(clock(), l); err == nil {
			t.Errorf("%v is accepted", l)
		}
	}
	if n, err := p.Unlink(clock(), phone(1), ID{}); n != 0 || err != nil {
		t.Errorf("unlink of a stranger: %d, %v", n, err)
	}
}

// identityGraph is a random history of the identity graph.
type identityGraph struct {
	p     *Profiles
	store Store
	ids   []ID
}

// drawIDs draws few or many identifiers, of which a part are logins.
func drawIDs(t *rapid.T) (ids []ID) {
	n := rapid.SampledFrom([]int{4, 8, 40, 180}).Draw(t, "ids")
	logins := rapid.IntRange(2, 6).Draw(t, "one in so many is a login")
	for i := range n {
		if i%logins == 0 {
			ids = append(ids, login([]string{"shop", "bank"}[i/logins%2], i))
		} else {
			ids = append(ids, phone(i))
		}
	}
	return ids
}

func drawLink(t *rapid.T, ids []ID) Link {
	a := rapid.IntRange(0, len(ids)-2).Draw(t, "a")
	b := rapid.IntRange(a+1, min(len(ids)-1, a+rapid.SampledFrom([]int{1, 3, 180}).Draw(t, "reach"))).Draw(t, "b")
	return Link{ids[a], ids[b]}
}

// check compares who is who in the store with what all links say at once, what is
// known of everybody with what came by their identifiers, and what Load returns
// with that.
func (g *identityGraph) check(t *rapid.T) {
	who, err := g.p.Graph()
	if err != nil {
		t.Fatal(err)
	}
	members := map[ad.PersonID]*Builder{}
	err = g.store.Scan(func(key ad.PersonID, value Record) error {
		if person := Leads(value); person != who[key] {
			return fmt.Errorf("%s leads to %s, by its links to %s", key, person, who[key])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range g.ids {
		key := id.Key()
		person := who[key]
		if person.IsZero() {
			person = key
		}
		if members[person] == nil {
			members[person] = NewBuilder(now)
		}
	}
	byKey := slices.Clone(g.ids)
	slices.SortFunc(byKey, func(a, b ID) int { x, y := a.Key(), b.Key(); return bytes.Compare(x[:], y[:]) })
	for _, id := range byKey {
		own, err := g.p.Record(id.Key(), nil)
		if err != nil {
			t.Fatal(err)
		}
		person := who[id.Key()]
		if person.IsZero() {
			person = id.Key()
		}
		if err := members[person].Merge(own); err != nil {
			t.Fatal(err)
		}
	}
	want := map[ad.PersonID]string{}
	for person, b := range members {
		if r := b.Append(nil); len(r) > 0 {
			want[person] = string(r)
		}
	}
	got := map[ad.PersonID]string{}
	err = g.p.People(func(key ad.PersonID, r Record) error {
		if len(r) > 0 {
			got[key] = string(r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, want) {
		t.Fatalf("%d people are stored, %d are what came by their identifiers, or they differ", len(got), len(want))
	}
	var s Scratch
	for _, id := range g.ids {
		r, o := g.p.Load(id.Key(), far(), &s)
		if o > Unknown || string(r) != want[s.Person] {
			t.Fatalf("Load of %v: %v, %d bytes, want %d", id, o, len(r), len(want[s.Person]))
		}
	}
}

// TestIdentityGraph makes, confirms and takes out links, adds what people do, and
// erases some, and compares with what all links say at once.
func TestIdentityGraph(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: vfs.NewMem(), MemTableSize: 64 << 10, CacheBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		// Only links expire here.
		p, err := Open(store, Config{CacheBytes: 1 << 20, Readers: 1, Retention: Retention{Touches: 3650 * daySeconds * time.Second, Behaviours: 3650 * daySeconds * time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		g := &identityGraph{p: p, store: store, ids: drawIDs(t)}
		ok := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		day := 0
		one := func() ID { return rapid.SampledFrom(g.ids).Draw(t, "id") }
		t.Repeat(map[string]func(*rapid.T){
			"":     g.check,
			"link": func(t *rapid.T) { ok(p.Link(clock().AddDate(0, 0, day), drawLink(t, g.ids))) },
			"links": func(t *rapid.T) {
				ok(p.Link(clock(), rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Link { return drawLink(t, g.ids) }), 1, 80).Draw(t, "links")...))
			},
			"visit": func(t *rapid.T) {
				ok(p.Update(one().Key(), clock(), func(b *Builder) error { return b.AddBehaviour(Visit, "cars", now-60, 1) }))
			},
			"touch": func(t *rapid.T) {
				at := now - rapid.Int64Range(0, 1000).Draw(t, "ago")
				ok(p.Update(one().Key(), clock(), func(b *Builder) error { return b.AddTouch(Touch{Kind: Impression, Time: at}) }))
			},
			"unlink": func(t *rapid.T) { _, err := p.Unlink(clock(), one(), ID{}); ok(err) },
			"part": func(t *rapid.T) {
				l := drawLink(t, g.ids)
				_, err := p.Unlink(clock(), l.A, l.B)
				ok(err)
			},
			"expire": func(t *rapid.T) {
				day = rapid.IntRange(0, 200).Draw(t, "day")
				_, err := p.ExpireLinks(clock().AddDate(0, 0, day))
				ok(err)
			},
			"forget": func(t *rapid.T) {
				id := one()
				_, err := p.Forget(clock(), id.Key(), AllEvents)
				ok(err)
				if _, err := p.Get(id.Key(), clock()); err == nil {
					t.Fatalf("%v is known after it was erased", id)
				}
			},
		})
	})
}

// TestLinksInAnyOrder gives the same facts in two orders, with some links said twice,
// and compares all that is stored.
func TestLinksInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := drawIDs(t)
		type fact struct {
			link Link
			id   ID
			what int64
		}
		var facts []fact
		for range rapid.IntRange(1, 240).Draw(t, "links") {
			facts = append(facts, fact{link: drawLink(t, ids)})
		}
		for i := range rapid.IntRange(0, 60).Draw(t, "deeds") {
			facts = append(facts, fact{id: rapid.SampledFrom(ids).Draw(t, "id"), what: int64(i)})
		}
		stored := func(facts []fact) map[string]string {
			store, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: vfs.NewMem(), MemTableSize: 64 << 10, CacheBytes: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			p, err := Open(store, Config{CacheBytes: 1 << 20, Readers: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			for _, f := range facts {
				if f.id == (ID{}) {
					err = p.Link(clock(), f.link)
				} else {
					err = p.Update(f.id.Key(), clock(), func(b *Builder) error {
						if err := b.AddTouch(Touch{Kind: Click, Time: now - f.what}); err != nil {
							return err
						}
						return b.AddBehaviour(Visit, "cars", now-f.what, 1)
					})
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			all := map[string]string{}
			err = store.Scan(func(key ad.PersonID, value Record) error { all[key.String()] = string(value); return nil })
			if err == nil {
				err = store.ScanMeta("link/", func(name string, value []byte) error { all[name] = string(value); return nil })
			}
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		a := stored(facts)
		again := slices.DeleteFunc(slices.Clone(facts), func(f fact) bool { return f.id != (ID{}) })
		again = again[:rapid.IntRange(0, len(again)).Draw(t, "links said again")]
		b := stored(rapid.Permutation(append(again, facts...)).Draw(t, "order"))
		for k, v := range a {
			if b[k] != v {
				t.Fatalf("%s differs: %x, %x", k, v, b[k])
			}
		}
		if len(a) != len(b) {
			t.Fatalf("%d values, in the other order %d", len(a), len(b))
		}
	})
}

// TestLinkBeside links and parts people while others write and read what is known
// of them: nothing is lost or doubled.
func TestLinkBeside(t *testing.T) {
	p := open(t, newStore(t), Config{})
	ids := []ID{phone(1), phone(2), phone(3), login("shop", 1)}
	const each = 200
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() {
			for range each {
				if err := p.Update(id.Key(), clock(), func(b *Builder) error { return b.AddBehaviour(Visit, "cars", now-60, 1) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 3 {
		wg.Go(func() {
			for range 40 {
				if err := p.Link(clock(), Link{ids[i], ids[3]}); err != nil {
					t.Error(err)
				}
				if _, err := p.Unlink(clock(), ids[i], ID{}); err != nil {
					t.Error(err)
				}
			}
			if err := p.Link(clock(), Link{ids[i], ids[3]}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		var s Scratch
		for range 1000 {
			if _, o := p.Load(ids[0].Key(), far(), &s); o > Unknown {
				t.Errorf("Load: %v", o)
			}
		}
	})
	wg.Wait()
	for _, id := range ids {
		if got := visits(t, p, id); got != each*len(ids) {
			t.Errorf("%d visits are seen from %s, want %d", got, id.Type, each*len(ids))
		}
	}
}

// TestLinkSurvives crashes after Link has returned.
func TestLinkSurvives(t *testing.T) {
	fs := disktest.New()
	openOn := func(fs vfs.FS) (*Profiles, func()) {
		s, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: fs})
		must(t, err)
		p, err := Open(s, Config{})
		must(t, err)
		<-p.Ready()
		return p, func() { must(t, p.Close()); must(t, s.Close()) }
	}
	p, end := openOn(fs)
	visit(t, p, phone(1), 1)
	must(t, p.Link(clock(), Link{phone(1), phone(2)}))
	disk := fs.CrashClone(vfs.CrashCloneCfg{})
	end()
	p, end = openOn(disk)
	defer end()
	if got := visits(t, p, phone(2)); got != 1 {
		t.Errorf("%d visits, want 1", got)
	}
}

// TestForgetLinked erases a person by one of several identifiers, and looks for
// what is left of them in all that is stored.
func TestForgetLinked(t *testing.T) {
	store := newStore(t)
	p := open(t, store, Config{})
	must(t, p.Link(clock(), Link{login("shop", 1), phone(1)}, Link{login("shop", 1), phone(2)}, Link{login("shop", 2), phone(3)}))
	visit(t, p, phone(1), 1)
	visit(t, p, phone(3), 1)
	found, err := p.Forget(clock(), phone(2).Key(), AllEvents)
	if err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	for _, id := range []ID{login("shop", 1), phone(1), phone(2)} {
		if got := visits(t, p, id); got != 0 {
			t.Errorf("%s %s has %d visits after the erasure", id.Type, id.Value, got)
		}
		if p.Forgotten(id.Key()) != (Mark{AllEvents, clock().Unix()}) {
			t.Errorf("%s %s would come back with the ledger's events", id.Type, id.Value)
		}
	}
	if got := visits(t, p, login("shop", 2)); got != 1 {
		t.Errorf("somebody else has %d visits, want 1", got)
	}
	must(t, store.ScanMeta("link/", func(name string, value []byte) error {
		for _, id := range []ID{login("shop", 1), phone(1), phone(2)} {
			if key := id.Key(); bytes.Contains(value, []byte(id.Value)) || bytes.Contains(value, key[:]) {
				t.Errorf("%s still holds %s", name, id.Value)
			}
		}
		return nil
	}))
}

// TestGetLinked shows a person of several identifiers.
func TestGetLinked(t *testing.T) {
	p := open(t, newStore(t), Config{})
	must(t, p.Link(clock(), Link{login("shop", 1), phone(1)}))
	visit(t, p, phone(1), 1)
	got, err := p.Get(login("shop", 1).Key(), clock())
	must(t, err)
	if len(got.IDs) != 2 || len(got.Links) != 1 || got.Links[0].ID != phone(1) || got.Shared || len(got.Behaviours) != 1 {
		t.Errorf("got %+v", got)
	}
}

// BenchmarkLink links new browsers with what an exchange calls them, on a disk,
// as many callers at once do. It is the cost of a cookie match.
func BenchmarkLink(b *testing.B) {
	s, err := pebblestore.Open(pebblestore.Config{Dir: b.TempDir()})
	must(b, err)
	defer s.Close()
	p, err := Open(s, Config{})
	must(b, err)
	defer p.Close()
	<-p.Ready()
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := int(n.Add(1))
			if err := p.Link(clock(), Link{phone(i), ID{"user:adx", fmt.Sprint(i)}}); err != nil {
				b.Error(err)
			}
		}
	})
}
