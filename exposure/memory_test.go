package exposure_test

import (
	"encoding/binary"
	"sync"
	"testing"

	"bidwell/ad"
	"bidwell/exposure"
	"bidwell/profile"
)

func someone(n int) (p ad.PersonID) {
	binary.LittleEndian.PutUint64(p[:], uint64(n)+1)
	return p
}

func bidOn(p ad.PersonID, n int) *exposure.Bid {
	b := &exposure.Bid{Person: p, Ad: adNumber(0, 0, 0), Until: noon + window}
	binary.LittleEndian.PutUint64(b.ID[:], uint64(n)+1)
	return b
}

// hold enters a bid, whatever was bid before.
func hold(m *exposure.Memory, b *exposure.Bid, now int64) ad.Reason {
	var h exposure.History
	h.Read(m, b.Person, nil, now)
	return m.Hold(b, &h, nil, nil, now)
}

// counted returns what a cap on the campaign of bidOn counts of a person.
func counted(m *exposure.Memory, p ad.PersonID, r profile.Record, now int64) (seen, open int) {
	var h exposure.History
	h.Read(m, p, r, now)
	c := exposure.NewCap(exposure.Campaign, 1, 86400, 0, []exposure.Shown{shown(0)})
	return c.Count(&h, now)
}

// TestManyAtOnce has 64 requests for one person at a time, again and again. As many
// bids are held as the cap allows: never one more, and none less.
func TestManyAtOnce(t *testing.T) {
	caps := []exposure.Cap{exposure.NewCap(exposure.Campaign, 7, 86400, 0, []exposure.Shown{shown(0)})}
	for round := range 50 {
		var m exposure.Memory
		var begin, all sync.WaitGroup
		begin.Add(1)
		held := make([]bool, 64)
		for i := range held {
			all.Go(func() {
				var h exposure.History
				begin.Wait()
				h.Read(&m, person, nil, noon)
				if exposure.Reached(caps, &h, noon) == nil {
					held[i] = m.Hold(bidOn(person, i), &h, caps, nil, noon) == ad.OK
				}
			})
		}
		begin.Done()
		all.Wait()
		n := 0
		for _, ok := range held {
			if ok {
				n++
			}
		}
		if n != 7 {
			t.Fatalf("round %d: %d bids are held, the cap allows 7", round, n)
		}
	}
}

// TestSeveralOfOneRequest enters bids one after the other with the same history.
func TestSeveralOfOneRequest(t *testing.T) {
	var m exposure.Memory
	var h exposure.History
	caps := []exposure.Cap{exposure.NewCap(exposure.Campaign, 2, 86400, 0, []exposure.Shown{shown(0)})}
	h.Read(&m, person, nil, noon)
	for i := range 3 {
		want := i == 2
		if got := exposure.Reached(caps, &h, noon) != nil; got != want {
			t.Fatalf("after %d bids the cap of 2 is reached: %v", i, got)
		}
		if !want && m.Hold(bidOn(person, i), &h, caps, nil, noon) != ad.OK {
			t.Fatalf("bid %d is not held", i)
		}
	}
}

// TestLateNotice shows the bound: an impression whose notice comes when its bid is
// held no more counts from then on, and not before.
func TestLateNotice(t *testing.T) {
	var m exposure.Memory
	b := bidOn(person, 1)
	hold(&m, b, noon)
	if seen, open := counted(&m, person, nil, b.Until-1); seen != 0 || open != 1 {
		t.Errorf("a second before the end of the window %d are seen and %d open, want 0 and 1", seen, open)
	}
	if seen, open := counted(&m, person, nil, b.Until); seen != 0 || open != 0 {
		t.Errorf("after the window %d are seen and %d open, want none", seen, open)
	}
	m.Show(b, b.Until+10)
	if seen, open := counted(&m, person, nil, b.Until+10); seen != 1 || open != 0 {
		t.Errorf("after a late notice %d are seen and %d open, want 1 and 0", seen, open)
	}
}

// TestUnknownBid takes notices of bids that another process made.
func TestUnknownBid(t *testing.T) {
	var m exposure.Memory
	won, shown, lost := bidOn(person, 1), bidOn(person, 2), bidOn(person, 3)
	m.Win(won, noon)
	m.Show(shown, noon)
	m.Drop(person, lost.ID)
	if seen, open := counted(&m, person, nil, noon); seen != 1 || open != 1 {
		t.Errorf("%d are seen and %d open, want 1 and 1", seen, open)
	}
	m.Win(shown, noon+1) // the notices in the other order
	m.Win(won, noon+1)
	if seen, open := counted(&m, person, nil, noon+1); seen != 1 || open != 1 {
		t.Errorf("after repeated wins %d are seen and %d open, want 1 and 1", seen, open)
	}
	m.Drop(person, shown.ID) // a loss notice does not undo what was shown
	if seen, _ := counted(&m, person, nil, noon+1); seen != 1 {
		t.Errorf("%d are seen after a loss notice for a shown bid, want 1", seen)
	}
	m.Forget(person)
	if seen, open := counted(&m, person, nil, noon+1); seen+open != 0 || m.Len() != 0 {
		t.Errorf("%d are seen and %d open of a person that is forgotten", seen, open)
	}
}

// TestTooManyOfAPerson bounds what is held of one person.
func TestTooManyOfAPerson(t *testing.T) {
	var m exposure.Memory
	for i := range exposure.MaxPerPerson {
		if r := hold(&m, bidOn(person, i), noon); r != ad.OK {
			t.Fatalf("bid %d: %s", i, r)
		}
	}
	if r := hold(&m, bidOn(person, 99), noon); r != ad.InFlight {
		t.Errorf("one more than %d: %s, want %s", exposure.MaxPerPerson, r, ad.InFlight)
	}
	if r := hold(&m, bidOn(someone(1), 99), noon); r != ad.OK {
		t.Errorf("another person: %s", r)
	}
}

// TestFlood floods a share of the memory with people. It takes as many as it may,
// refuses the others, and is empty again when their time is over.
func TestFlood(t *testing.T) {
	var m exposure.Memory
	held, n := 0, 0
	for ; held < exposure.PerShard; n++ {
		if p := someone(n); exposure.ShardOf(p) == 0 {
			if r := hold(&m, bidOn(p, n), noon); r != ad.OK {
				t.Fatalf("bid %d: %s", held, r)
			}
			held++
		}
	}
	for ; exposure.ShardOf(someone(n)) != 0; n++ {
	}
	if r := hold(&m, bidOn(someone(n), n), noon); r != ad.InFlight {
		t.Errorf("one more than there is room for: %s, want %s", r, ad.InFlight)
	}
	if m.Len() != exposure.PerShard {
		t.Errorf("%d are held, want %d", m.Len(), exposure.PerShard)
	}
	for range 61 {
		m.Expire(noon + window)
	}
	if m.Len() != 0 {
		t.Errorf("%d are held a minute after all have expired", m.Len())
	}
	if r := hold(&m, bidOn(someone(n), n), noon+window); r != ad.OK {
		t.Errorf("there is room again, and none is given: %s", r)
	}
}

// TestNothingIsAllocated holds what one request does.
func TestNothingIsAllocated(t *testing.T) {
	m, r, caps := busy(t)
	var h exposure.History
	b := bidOn(person, 1000)
	one := func() {
		h.Read(m, person, r, noon)
		exposure.Reached(caps, &h, noon)
		if m.Hold(b, &h, nil, nil, noon) != ad.OK {
			t.Fatal("a bid is not held")
		}
		m.Drop(person, b.ID)
	}
	one()
	if n := testing.AllocsPerRun(100, one); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// busy returns a memory with bids on many people, and a person who has seen and is
// about to see much, with caps none of which is reached.
func busy(tb testing.TB) (*exposure.Memory, profile.Record, []exposure.Cap) {
	m := new(exposure.Memory)
	for i := range 100_000 {
		hold(m, bidOn(someone(i), i), noon)
	}
	for i := range 3 {
		hold(m, bidOn(person, i), noon)
	}
	b := profile.NewBuilder(noon)
	for i := range profile.MaxTouches {
		touch := profile.Touch{Campaign: shown(i % 3).Campaign, Line: refOf("line", i%9), Creative: refOf("creative", i%7), Kind: profile.Impression, Time: noon - int64(i)*3600}
		if err := b.AddContact(touch, campaignNames[i%3]); err != nil {
			tb.Fatal(err)
		}
	}
	return m, b.Append(nil), []exposure.Cap{
		exposure.NewCap(exposure.Advertiser, 60, 86400, 0, []exposure.Shown{shown(0), shown(1)}),
		exposure.NewCap(exposure.Campaign, 30, 86400, 0, []exposure.Shown{shown(0)}),
		exposure.NewCap(exposure.Line, 30, 86400, refOf("line", 4), []exposure.Shown{shown(0)}),
		exposure.NewCap(exposure.Creative, 30, 86400, refOf("creative", 4), []exposure.Shown{shown(0)}),
	}
}

// BenchmarkRead reads what a person with a full record has seen, once a request.
func BenchmarkRead(b *testing.B) {
	m, r, _ := busy(b)
	var h exposure.History
	b.ReportAllocs()
	for b.Loop() {
		h.Read(m, person, r, noon)
	}
}

// BenchmarkReached tests four caps of a line item, one of each level.
func BenchmarkReached(b *testing.B) {
	m, r, caps := busy(b)
	var h exposure.History
	h.Read(m, person, r, noon)
	b.ReportAllocs()
	for b.Loop() {
		if exposure.Reached(caps, &h, noon) != nil {
			b.Fatal("reached")
		}
	}
}

// BenchmarkReachedUnseen tests the caps of line items of which the person has seen
// nothing, as most are.
func BenchmarkReachedUnseen(b *testing.B) {
	m, r, _ := busy(b)
	caps := []exposure.Cap{exposure.NewCap(exposure.Campaign, 3, 86400, 0, []exposure.Shown{{Campaign: 12345}})}
	var h exposure.History
	h.Read(m, person, r, noon)
	b.ReportAllocs()
	for b.Loop() {
		if exposure.Reached(caps, &h, noon) != nil {
			b.Fatal("reached")
		}
	}
}

// BenchmarkHold enters a bid and forgets it, one person after the other.
func BenchmarkHold(b *testing.B) {
	m, _, _ := busy(b)
	var h exposure.History
	bid := bidOn(person, 1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		bid.Person = someone(i % 100_000)
		h.Read(m, bid.Person, nil, noon)
		if m.Hold(bid, &h, nil, nil, noon) != ad.OK {
			b.Fatal("not held")
		}
		m.Drop(bid.Person, bid.ID)
	}
}
