package loadtest

import (
	"encoding/json"
	"fmt"

	"github.com/prebid/openrtb/v20/openrtb2"
)

// Validate checks a bidder's answer, the body of a 200, against the request
// that it answers. It returns how many bids the answer has and what an exchange
// would first find wrong with it or one of them, or "".
func Validate(request, answer []byte) (bids int, wrong string) {
	var req openrtb2.BidRequest
	if err := json.Unmarshal(request, &req); err != nil {
		return 0, "our own request cannot be read: " + err.Error()
	}
	var resp openrtb2.BidResponse
	if err := json.Unmarshal(answer, &resp); err != nil {
		return 0, fmt.Sprintf("the answer cannot be read: %v", err)
	}
	o := newOffer(&req)
	wrong = o.checkResponse(&resp)
	for i := range resp.SeatBid {
		for k := range resp.SeatBid[i].Bid {
			bids++
			if f := o.check(&resp.SeatBid[i].Bid[k]); wrong == "" {
				wrong = f.text
			}
		}
	}
	return bids, wrong
}
