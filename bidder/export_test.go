package bidder

import (
	"time"

	"bidwell/ad"
)

// Unshaded returns what would have been offered if the bid were not shaded.
func (b *Bid) Unshaded() ad.Money { return b.shade.offer }

// Auction returns how the bid is priced.
func (b *Bid) Auction() ad.Auction { return b.shade.auction }

// Explored reports whether another bid than the best was tried.
func (b *Bid) Explored() bool { return b.shade.tried }

// CreditDeadlines returns until when a batch that began at a time would wait for profiles
// that it asks for at others.
func CreditDeadlines(begun time.Time, asked ...time.Time) (until []time.Time) {
	c := (&Engine{Metrics: new(Metrics)}).creditor(new(reading), begun)
	for _, now := range asked {
		until = append(until, c.deadline(now))
	}
	return until
}

// MostDealNames is how many names of deals the ledger gets at most.
const MostDealNames = mostDealNames
