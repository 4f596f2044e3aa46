package creative

import (
	"bytes"
	"encoding/hex"

	"bidwell/ad"
)

// bidIDMacro stands in a landing page for the id of the bid that leads there. An
// advertiser reports a conversion with it, and need not know who the person is.
const bidIDMacro = "BID_ID"

// FillLanding returns the address that a click on a bid's ad leads to. It is landing
// itself where nothing is to be filled in.
func FillLanding(landing []byte, bid ad.BidID) []byte {
	macro := []byte("${" + bidIDMacro + "}")
	if !bytes.Contains(landing, macro) {
		return landing
	}
	return bytes.ReplaceAll(landing, macro, hex.AppendEncode(nil, bid[:]))
}
