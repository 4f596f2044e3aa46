package simulate

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"bidwell/ad"
)

func TestReadLog(t *testing.T) {
	cpm := func(x float64) ad.Money { m, _ := ad.FromCPM(x); return m }
	tests := map[string]struct {
		text, separator string
		columns         []string
		want            []auction
		length          time.Duration
	}{
		"tabs and hours": {
			"0\t51\t0.5\t3\n1\t0\t0\t4\n", "", []string{"click", "price", "pctr", "hour"},
			[]auction{{30 * time.Minute, cpm(51), 0.5, false, 0}, {90 * time.Minute, 1, 0, true, 0}}, 2 * time.Hour,
		},
		"over midnight": {
			"10,23\n20,0\n", "comma", []string{"price", "hour"},
			[]auction{{30 * time.Minute, cpm(10), 1, false, 0}, {90 * time.Minute, cpm(20), 1, false, 0}}, 2 * time.Hour,
		},
		"blanks, header, spare columns, no hours": {
			"price  what pctr\n 1.5   x   0.25  \r\n\n2 y 1 more\n", "space", []string{"price", "-", "pctr"},
			[]auction{{6 * time.Hour, cpm(1.5), 0.25, false, 0}, {18 * time.Hour, cpm(2), 1, false, 0}}, 24 * time.Hour,
		},
		"times in no order": {
			"2026-01-05T11:15:00Z;3\n2026-01-05 09:30:00;4\n", "auto", []string{"time", "price"},
			[]auction{{30 * time.Minute, cpm(4), 1, false, 0}, {135 * time.Minute, cpm(3), 1, false, 0}}, 3 * time.Hour,
		},
		"time stamps": {
			"20130606000104008 7\n1370476920 8\n1370477040000 9", "", []string{"time", "price"},
			[]auction{{64008 * time.Millisecond, cpm(7), 1, false, 0}, {2 * time.Minute, cpm(8), 1, false, 0}, {4 * time.Minute, cpm(9), 1, false, 0}}, time.Hour,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l, err := readLog(strings.NewReader(tt.text), tt.columns, tt.separator)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(l.auctions, tt.want) || l.length != tt.length {
				t.Errorf("got %v over %s, want %v over %s", l.auctions, l.length, tt.want, tt.length)
			}
		})
	}
}

func TestReadLogRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "no auction",
		"price\n":                "no auction",
		"0 5 0.1 3\n0 5 0.1\n":   "line 2: 3 columns, 4 are named",
		"0 5 0.1 3\n0 x 0.1 3\n": `line 2: price "x"`,
		"0 -5 0.1 3\n":           `line 1: price "-5"`,
		"0 NaN 0.1 3\n":          `price "NaN"`,
		"0 5 1.1 3\n":            `pctr "1.1"`,
		"2 5 0.1 3\n":            `click "2"`,
		"0 5 0.1 24\n":           `hour "24"`,
		"0 1e9 0.1 3\n":          `price "1e9"`,
	} {
		_, err := readLog(strings.NewReader(text), columns, "space")
		if !errors.Is(err, ErrLog) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want it to say %q", text, err, want)
		}
	}
	_, err := readLog(strings.NewReader("2026-01-01T00:00:00Z 5\n2027-01-01T00:00:00Z 5\n"), []string{"time", "price"}, "")
	if !errors.Is(err, ErrLog) || !strings.Contains(err.Error(), "days") {
		t.Errorf("a log of a year: got %v", err)
	}
	if _, err := readLog(strings.NewReader(strings.Repeat("1", maxLine+1)), columns, ""); err == nil {
		t.Error("a line without end was accepted")
	}
}

func TestShuffledHoursAreOneDay(t *testing.T) {
	var b strings.Builder
	for range 1000 {
		b.WriteString([]string{"5 3\n", "5 9\n", "5 17\n"}[rand.IntN(3)])
	}
	l, err := readLog(strings.NewReader(b.String()), []string{"price", "hour"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if l.length != 15*time.Hour || len(l.notes) != 1 {
		t.Errorf("got %s, notes %q; want 15h and a note", l.length, l.notes)
	}
}

func TestBurst(t *testing.T) {
	l := &priceLog{}
	for i := range 10 {
		l.auctions = append(l.auctions, auction{at: time.Duration(i) * time.Minute})
	}
	b := l.burst(2*time.Minute, 6*time.Minute, 2.5)
	if got, want := len(b.auctions), 10+6; got != want {
		t.Errorf("got %d auctions, want %d", got, want)
	}
	if !slices.IsSortedFunc(b.auctions, func(a, b auction) int { return int(a.at - b.at) }) {
		t.Error("the burst is out of order")
	}
}

// TestOptimumIsBest holds the knapsack against every choice of whole impressions.
func TestOptimumIsBest(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		offers := make([]offer, 10)
		for i := range offers {
			offers[i] = offer{float64(chance.IntN(5)), ad.Money(chance.IntN(6))}
		}
		budget := ad.Money(chance.IntN(20))
		best := 0.0
		for set := range 1 << len(offers) {
			worth, cost := 0.0, ad.Money(0)
			for i, o := range offers {
				if set>>i&1 == 1 {
					worth, cost = worth+o.worth, cost+o.cost
				}
			}
			if cost <= budget {
				best = max(best, worth)
			}
		}
		got := optimum(slices.Clone(offers), budget)
		if got < best-1e-9 || got > best+5 { // 5: less than one more impression
			t.Fatalf("%v under %d: got %g, want %g or a part of one more", offers, budget, got, best)
		}
	}
}

func FuzzReadLog(f *testing.F) {
	f.Add("0\t51\t0.000154\t0\n", "click,price,pctr,hour", "")
	f.Add("2026-01-05T11:15:00Z;3\n", "time,price", "auto")
	f.Add("price\n1e8\n", "price", "space")
	f.Fuzz(func(t *testing.T, text, names, separator string) {
		list := strings.Split(names, ",")
		if _, err := splitter(separator); checkColumns(list) != nil || err != nil {
			return
		}
		l, err := readLog(strings.NewReader(text), list, separator)
		if err != nil {
			return
		}
		for i, a := range l.auctions {
			if a.at < 0 || a.at >= l.length || i > 0 && a.at < l.auctions[i-1].at {
				t.Fatalf("auction %d at %s of %s is out of order", i, a.at, l.length)
			}
			if a.price < 0 || !(a.pctr >= 0 && a.pctr <= 1) {
				t.Fatalf("auction %d: %+v", i, a)
			}
		}
	})
}
