package loadtest

import (
	"math"
	"testing"

	"github.com/prebid/openrtb/v20/openrtb2"
	"github.com/prebid/openrtb/v20/openrtb3"

	"bidwell/ad"
)

// clearOne holds an auction for one impression. Rivals bid the median or not at
// all; noRivals leaves them out.
func clearOne(req openrtb2.BidRequest, cur string, rivals Rivals, bids ...openrtb2.Bid) []verdict {
	req.ID = "r"
	req.Cur = []string{cur}
	for i := range bids {
		bids[i].ID, bids[i].AdM, bids[i].CrID, bids[i].ADomain = "b", "<img>", "c", []string{"motors.example"}
		if bids[i].ImpID == "" {
			bids[i].ImpID = "1"
		}
	}
	a := auctioneer{rates: ad.NewRates(ad.EUR, map[ad.Currency]float64{ad.USD: 0.5}), rivals: rivals}
	resp := &openrtb2.BidResponse{ID: "r", Cur: cur, SeatBid: []openrtb2.SeatBid{{Seat: "s", Bid: bids}}}
	return a.clear(newOffer(&req), resp)
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestAuctionTerms(t *testing.T) {
	noRivals := Rivals{}
	f := func(name string, imp openrtb2.Imp, at int64, cur string, bid openrtb2.Bid, won bool, clearing float64, loss openrtb3.LossReason) {
		t.Helper()
		imp.ID, imp.Banner = "1", &openrtb2.Banner{}
		v := clearOne(openrtb2.BidRequest{AT: at, Imp: []openrtb2.Imp{imp}}, cur, noRivals, bid)[0]
		if v.won != won || !near(v.clearing, clearing) || v.loss != loss {
			t.Errorf("%s: won %v at %v, loss %d, %q; want %v at %v, loss %d", name, v.won, v.clearing, v.loss, v.fault, won, clearing, loss)
		}
	}
	deal := func(at int64, floor float64) openrtb2.Imp {
		return openrtb2.Imp{BidFloor: 1, BidFloorCur: "EUR", PMP: &openrtb2.PMP{Deals: []openrtb2.Deal{{ID: "d", BidFloor: floor, BidFloorCur: "EUR", AT: at}}}}
	}
	floor := openrtb2.Imp{BidFloor: 1, BidFloorCur: "EUR"}
	f("first price", floor, 1, "EUR", openrtb2.Bid{Price: 3}, true, 3, 0)
	f("second price", floor, 2, "EUR", openrtb2.Bid{Price: 3}, true, 1.01, 0)
	f("second price if the request does not say", floor, 0, "EUR", openrtb2.Bid{Price: 3}, true, 1.01, 0)
	f("second price never above the bid", floor, 2, "EUR", openrtb2.Bid{Price: 1.005}, true, 1.005, 0)
	f("at the floor", floor, 1, "EUR", openrtb2.Bid{Price: 1}, true, 1, 0)
	f("below the floor", floor, 1, "EUR", openrtb2.Bid{Price: 0.99}, false, 0, openrtb3.LossBelowAuctionFloor)
	f("floor in another currency", openrtb2.Imp{BidFloor: 4, BidFloorCur: "USD"}, 2, "EUR", openrtb2.Bid{Price: 3}, true, 2.01, 0)
	f("a floor without a currency is in USD", openrtb2.Imp{BidFloor: 4}, 2, "EUR", openrtb2.Bid{Price: 3}, true, 2.01, 0)
	f("below a floor in another currency", openrtb2.Imp{BidFloor: 4}, 2, "EUR", openrtb2.Bid{Price: 1.9}, false, 0, openrtb3.LossBelowAuctionFloor)
	f("floor of an unknown currency", openrtb2.Imp{BidFloor: 4, BidFloorCur: "XXX"}, 2, "EUR", openrtb2.Bid{Price: 3}, false, 0, openrtb3.LossInternalError)
	f("bid of an unknown currency", floor, 1, "JPY", openrtb2.Bid{Price: 300}, false, 0, openrtb3.LossInvalidResponse)
	f("deal at a fixed price", deal(3, 2), 1, "EUR", openrtb2.Bid{Price: 3, DealID: "d"}, true, 2, 0)
	f("deal at second price", deal(2, 2), 1, "EUR", openrtb2.Bid{Price: 3, DealID: "d"}, true, 2.01, 0)
	f("deal like the request", deal(0, 2), 1, "EUR", openrtb2.Bid{Price: 3, DealID: "d"}, true, 3, 0)
	f("below the deal's floor", deal(1, 2), 1, "EUR", openrtb2.Bid{Price: 1.5, DealID: "d"}, false, 0, openrtb3.LossBelowDealFloor)
	f("open bid beside a deal", deal(1, 2), 1, "EUR", openrtb2.Bid{Price: 1.5}, true, 1.5, 0)
}

func TestAuctionAgainstRivals(t *testing.T) {
	imp := openrtb2.Imp{ID: "1", Banner: &openrtb2.Banner{}}
	rivals := Rivals{Most: 1, Median: 2} // none or one, who bids 2
	won, second := 0, 0
	a := auctioneer{rates: ad.NewRates(ad.EUR, nil), rivals: rivals}
	req := &openrtb2.BidRequest{ID: "r", AT: 2, Cur: []string{"EUR"}, Imp: []openrtb2.Imp{imp}}
	for seed := range uint64(100) {
		for _, price := range []float64{1, 2, 3} {
			resp := &openrtb2.BidResponse{ID: "r", Cur: "EUR", SeatBid: []openrtb2.SeatBid{{Bid: []openrtb2.Bid{{ID: "b", ImpID: "1", Price: price, AdM: "x", CrID: "c", ADomain: []string{"a.example"}}}}}}
			a.seed = seed
			v := a.clear(newOffer(req), resp)[0]
			switch {
			case v.rival == 0 && v.won && near(v.clearing, 0.01):
			case v.rival == 2 && price == 3 && v.won && near(v.clearing, 2.01) && v.minToWin == 2:
				second++
			case v.rival == 2 && price == 2 && v.won && near(v.clearing, 2) && v.minToWin == 2:
			case v.rival == 2 && price < 2 && !v.won && v.loss == openrtb3.LossLostToHigherBid && v.minToWin == 2:
			default:
				t.Fatalf("price %v: %+v", price, v)
			}
			if v.won {
				won++
			}
		}
	}
	if second < 20 || second > 80 || won < 220 || won > 280 {
		t.Errorf("%d of 100 had a rival, %d of 300 bids won", second, won)
	}
}

func TestAuctionTakesAsManyAdsAsThereIsRoomFor(t *testing.T) {
	f := func(imp openrtb2.Imp, want int) {
		t.Helper()
		imp.ID = "1"
		all := clearOne(openrtb2.BidRequest{AT: 1, Imp: []openrtb2.Imp{imp}}, "EUR", Rivals{},
			openrtb2.Bid{Price: 1}, openrtb2.Bid{Price: 4}, openrtb2.Bid{Price: 2}, openrtb2.Bid{Price: 3})
		won := 0
		for _, v := range all {
			if v.won {
				won++
			}
			if v.won != (v.bid.Price > float64(4-want)) {
				t.Errorf("bid of %v: won %v, want the best %d to win", v.bid.Price, v.won, want)
			}
		}
		if won != want {
			t.Errorf("%d won, want %d", won, want)
		}
	}
	f(openrtb2.Imp{Banner: &openrtb2.Banner{}}, 1)
	f(openrtb2.Imp{Video: &openrtb2.Video{}}, 1)
	f(openrtb2.Imp{Video: &openrtb2.Video{PodDur: 60, MaxSeq: 3}}, 3)
}

func TestChecks(t *testing.T) {
	w, h := int64(300), int64(250)
	banner := openrtb2.Imp{Banner: &openrtb2.Banner{W: &w, H: &h}}
	formats := openrtb2.Imp{Banner: &openrtb2.Banner{W: &w, H: &h, Format: []openrtb2.Format{{W: 728, H: 90}}}}
	f := func(name string, imp openrtb2.Imp, req openrtb2.BidRequest, bid openrtb2.Bid, want openrtb3.LossReason) {
		t.Helper()
		imp.ID = "1"
		bid.Price = 1
		req.Imp, req.AT = []openrtb2.Imp{imp}, 1
		if v := clearOne(req, "EUR", Rivals{}, bid)[0]; v.loss != want || (v.fault == "") != (want == 0) || v.won != (want == 0) {
			t.Errorf("%s: won %v, loss %d, %q; want loss %d", name, v.won, v.loss, v.fault, want)
		}
	}
	f("the size offered", banner, openrtb2.BidRequest{}, openrtb2.Bid{MType: 1, W: 300, H: 250}, 0)
	f("another size", banner, openrtb2.BidRequest{}, openrtb2.Bid{MType: 1, W: 320, H: 250}, openrtb3.LossSizeNotAllowed)
	f("a format", formats, openrtb2.BidRequest{}, openrtb2.Bid{MType: 1, W: 728, H: 90}, 0)
	f("not a format", formats, openrtb2.BidRequest{}, openrtb2.Bid{MType: 1, W: 300, H: 250}, openrtb3.LossSizeNotAllowed)
	f("other media", banner, openrtb2.BidRequest{}, openrtb2.Bid{MType: 2}, openrtb3.LossInvalidResponse)
	f("too long", openrtb2.Imp{Video: &openrtb2.Video{MaxDuration: 15}}, openrtb2.BidRequest{}, openrtb2.Bid{MType: 2, Dur: 30}, openrtb3.LossIncorrectFormat)
	f("too long to hear", openrtb2.Imp{Audio: &openrtb2.Audio{MaxDuration: 15}}, openrtb2.BidRequest{}, openrtb2.Bid{MType: 3, Dur: 30}, openrtb3.LossIncorrectFormat)
	f("blocked advertiser", banner, openrtb2.BidRequest{BAdv: []string{"motors.example"}}, openrtb2.Bid{}, openrtb3.LossAdvertiserExclusions)
	f("blocked category", banner, openrtb2.BidRequest{BCat: []string{"IAB25"}}, openrtb2.Bid{Cat: []string{"IAB1", "IAB25"}}, openrtb3.LossCategoryExclusions)
	private := banner
	private.PMP = &openrtb2.PMP{PrivateAuction: 1, Deals: []openrtb2.Deal{{ID: "d"}}}
	f("open bid for a private auction", private, openrtb2.BidRequest{}, openrtb2.Bid{}, openrtb3.LossInvalidDealID)
	f("deal in a private auction", private, openrtb2.BidRequest{}, openrtb2.Bid{DealID: "d"}, 0)
}
