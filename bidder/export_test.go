package bidder

import "bidwell/ad"

// Unshaded returns what would have been offered if the bid were not shaded.
func (b *Bid) Unshaded() ad.Money { return b.shade.offer }

// Auction returns how the bid is priced.
func (b *Bid) Auction() ad.Auction { return b.shade.auction }

// Explored reports whether another bid than the best was tried.
func (b *Bid) Explored() bool { return b.shade.tried }
