// Package simulate tries spending in virtual time: a day in seconds. It compares
// what was bought with the best that the budget could have bought in hindsight.
//
// Run replays logs of auctions against the accounts, the book of reservations and
// the controller that live bidding uses. Market lets the whole bidder trade, with a
// compiled configuration, on a synthetic market: generated people and requests, and
// rivals whose bids are drawn from distributions. Diff and Plan say what a change of
// configuration does: what differs, and what each campaign would buy before and
// after, on the same market.
//
// Everything is deterministic: the same input, options and seed give the same
// report. The package reads no clock and no flag, and no file but those of file
// systems that it is handed. Only commands import it.
package simulate
