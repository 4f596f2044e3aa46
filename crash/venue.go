//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"
)

// venue is one exchange of the bidder's configuration.
type venue struct {
	name   string
	bills  string        // the kind of event that it bills on
	window time.Duration // for how long a budget stays reserved for its notice
	delay  time.Duration // of its notices, on average
	sealed bool          // its prices are encrypted
}

// venues are the exchanges. Those of the slow one have notices that arrive when
// the bidder that made the bid is gone.
var venues = [...]venue{
	{name: "billing", bills: "billing", window: noticeWindow, delay: 120 * time.Millisecond},
	{name: "winning", bills: "win", window: noticeWindow, delay: 120 * time.Millisecond},
	{name: "showing", bills: "impression", window: noticeWindow, delay: 200 * time.Millisecond},
	{name: "sealed", bills: "billing", window: noticeWindow, delay: 120 * time.Millisecond, sealed: true},
	{name: "slow", bills: "billing", window: longestWindow, delay: 700 * time.Millisecond},
}

// How long the bidder keeps a budget reserved for its notice, usually and at
// most.
const (
	noticeWindow  = 3 * time.Second
	longestWindow = 4 * time.Second
)

// windowOf returns the notice window of an exchange.
func windowOf(name string) time.Duration {
	for i := range venues {
		if venues[i].name == name {
			return venues[i].window
		}
	}
	return 0
}

// priceText returns what the exchange puts in place of its price macro.
func (v *venue) priceText(nanos int64) string {
	if v.sealed {
		return ourSeal.seal(nanos)
	}
	return cpm(nanos)
}

// cpm writes the price of an impression as a price per thousand.
func cpm(nanos int64) string { return fmt.Sprintf("%d.%06d", nanos/1e6, nanos%1e6) }

// writeProcess writes the configuration of the process below dir. Load shedding
// is off: an unread request would prove nothing.
func writeProcess(dir, listen, admin, data string) error {
	var exchanges strings.Builder
	for i := range venues {
		v := &venues[i]
		fmt.Fprintf(&exchanges, "  %s: {window: 2s, network: 1ms, settle_on: %s, notice_window: %v", v.name, v.bills, v.window)
		if v.sealed {
			fmt.Fprintf(&exchanges, ", price_keys: {encryption: %q, integrity: %q}", ourSeal.encryption, ourSeal.integrity)
		}
		exchanges.WriteString("}\n")
	}
	if err := writeFile(dir+"/topics/all.yaml", "topics: {"+visitTopic+": {}}\n"); err != nil {
		return err
	}
	return writeFile(dir+"/bidwell.yaml", fmt.Sprintf(`listen: %s
admin: %s
data: %s
currency: EUR
urls: {public: "https://%[1]s", notices: "http://%[1]s"}
exchanges:
%[4]sadvertisers:
  %[5]s: {key: %[6]s, conversions: [%[7]s]}
store: {cache_mb: 16, block_mb: 8}
limits: {shed_above: 10s, slow_client: 10s, drain: 1s}
`, listen, admin, data, exchanges.String(), shop, shopKey, orderTopic))
}
