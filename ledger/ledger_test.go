package ledger

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
)

// noon is the time of the events of tests, in unix seconds.
const noon = 1_790_000_000

func bidOf(n uint64) (b ad.BidID) {
	for i := range 8 {
		b[i] = byte(n >> (8 * i))
	}
	b[15] = 1
	return b
}

// event returns an event of the n-th bid.
func event(kind ad.EventKind, n uint64, price ad.Money) *ad.Event {
	return &ad.Event{
		Kind: kind, Media: ad.Banner, Day: noon / 86400, Bid: bidOf(n), Time: noon*1000 + int64(n), BidTime: noon - 1,
		Exchange: ad.IDOf("x"), Advertiser: ad.IDOf("a"), Campaign: ad.IDOf("a", "c"), Line: ad.IDOf("a", "c", "l"), Creative: ad.IDOf("cr"),
		Price: price, Offer: 2 * price,
	}
}

func open(t testing.TB, c Config) *Ledger {
	t.Helper()
	if c.Dir == "" {
		c.Dir = "data"
	}
	l, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func closeIt(t testing.TB, l *Ledger) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustAppend(t testing.TB, l *Ledger, e *ad.Event, want ad.Reason) {
	t.Helper()
	got, err := l.Append(e)
	if err != nil || got != want {
		t.Fatalf("Append %s of bid %s: %v, %v; want %v", e.Kind, e.Bid, got, err, want)
	}
}

func figureOf(t testing.TB, l *Ledger, id ad.ID) (total Figure, days []Day) {
	t.Helper()
	err := l.Accounts(func(a *Account) error {
		if a.ID == id {
			total, days = a.Total, append(days, a.Days...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return total, days
}

func TestAppendChargesOnce(t *testing.T) {
	fs := vfs.NewMem()
	l := open(t, Config{FS: fs})
	mustAppend(t, l, event(ad.EventWin, 1, 0), ad.OK)
	mustAppend(t, l, event(ad.EventBilling, 1, 5), ad.OK)
	mustAppend(t, l, event(ad.EventBilling, 1, 5), ad.NoticeReplayed)
	mustAppend(t, l, event(ad.EventImpression, 1, 0), ad.OK)
	closeIt(t, l)
	l = open(t, Config{FS: fs})
	mustAppend(t, l, event(ad.EventBilling, 1, 5), ad.NoticeReplayed)
	mustAppend(t, l, event(ad.EventWin, 1, 0), ad.NoticeReplayed)
	second := event(ad.EventClick, 1, 7)
	mustAppend(t, l, second, ad.OK)
	if second.Price != 0 {
		t.Errorf("a bid that was charged is charged %v again", second.Price)
	}
	want := Figure{Spend: 5, Charges: 1, Wins: 1, Billings: 1, Impressions: 1}
	for _, id := range []ad.ID{second.Line, second.Campaign, second.Advertiser} {
		total, days := figureOf(t, l, id)
		if total != want || len(days) != 1 || days[0] != (Day{noon / 86400, want}) {
			t.Errorf("account %x has %+v and the days %+v, want %+v", id, total, days, want)
		}
	}
	if n := l.Next(); n != 4 {
		t.Errorf("the next event has number %d, want 4", n)
	}
	closeIt(t, l)
}
