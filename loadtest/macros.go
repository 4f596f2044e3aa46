package loadtest

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"
)

// macros are the values of OpenRTB's substitution macros for one bid.
type macros struct {
	v    *verdict
	req  *openrtb2.BidRequest
	resp *openrtb2.BidResponse
	at   time.Time // of the impression; zero if there is none
}

const macroBegin = "${AUCTION_"

// fill replaces the macros in a URL or in markup. Those that do not apply become
// empty, as the specification says, and what is no macro stays. A macro with :B64
// before its brace is replaced by its value in base64.
func (m *macros) fill(text string) string {
	if !strings.Contains(text, macroBegin) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 64)
	for {
		before, rest, found := strings.Cut(text, macroBegin)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		name, code, coded := strings.Cut(name, ":")
		value, known := m.value(name)
		if !closed || !known || coded && code != "B64" {
			b.WriteString(macroBegin)
			text = rest
			continue
		}
		if coded {
			value = base64.StdEncoding.EncodeToString([]byte(value))
		}
		b.WriteString(url.QueryEscape(value))
		text = after
	}
}

// value returns what a macro stands for, by its name without AUCTION_.
func (m *macros) value(name string) (value string, known bool) {
	v := m.v
	switch name {
	case "ID":
		return m.req.ID, true
	case "BID_ID":
		return m.resp.BidID, true
	case "IMP_ID":
		return v.bid.ImpID, true
	case "SEAT_ID":
		return v.seat, true
	case "AD_ID":
		return v.bid.AdID, true
	case "CURRENCY":
		return currencyOr(m.resp.Cur, "USD"), true
	case "PRICE":
		return onlyIf(v.won, cpm(v.clearing)), true
	case "MBR": // market bid ratio: what is paid of what was bid
		return onlyIf(v.won && v.bid.Price > 0, cpm(v.clearing/v.bid.Price)), true
	case "LOSS":
		return strconv.Itoa(int(v.loss)), true
	case "MIN_TO_WIN", "MINIMUM_BID_TO_WIN":
		return onlyIf(v.minToWin > 0, cpm(v.minToWin)), true
	case "MULTIPLIER":
		return "1", true
	case "IMP_TS":
		return onlyIf(!m.at.IsZero(), strconv.FormatInt(m.at.UnixMilli(), 10)), true
	}
	return "", false
}

func onlyIf(applies bool, value string) string {
	if !applies {
		return ""
	}
	return value
}

// cpm writes a price with as many digits as it needs, at most six.
func cpm(price float64) string {
	s := strings.TrimRight(strconv.FormatFloat(price, 'f', 6, 64), "0")
	return strings.TrimSuffix(s, ".")
}
