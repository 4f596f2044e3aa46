// Package pacing keeps the spend accounts: how much of each budget is spent,
// how much is promised in bids that are not yet decided, and whether one more
// bid may be made.
//
// An [Account] belongs to an advertiser, a campaign or a line item and has a
// limit in total and one per day of its time zone. A [Book] holds the open
// reservations. Before an answer leaves, the bidder reserves the whole bid on
// every account that it touches; a billing notice settles the reservation at
// the clearing price, a loss notice or the end of the notice window releases
// it. The gate is hard: on every account, in total and for the day of the bid,
//
//	confirmed + reserved + bid ≤ limit
//
// or the bid is refused. What can exceed a limit is late spend alone: a billing
// notice for a bid whose reservation was freed already. The exchange charges it
// all the same, so it is charged here too, once, and counted ([Stats].LateSpend
// and [Figures].Late): that count is the published bound on overspend. Limits
// may change at any moment; one below what is spent already closes the account.
//
// That a budget lasts, and is spent, is for the [Controller]: it lowers a campaign's
// bids by a factor κ. It also keeps what a click or a conversion costs on average near
// a target ([Plan].AverageCost). A [Pacer] holds the controllers and publishes κ to the request
// path. They can be wrong without harm to the gate.
//
// With [Accounts.Lease] no more is reserved at once than was granted, which whoever
// grants it has put on disk before. So after a crash it is known how much the bids
// that are undecided come to at most, and [Book.RecoverLease] holds it.
//
// Figures live in memory. Confirmed spend only ever grows, by exactly what
// Settle accepts, so a durable record of settlements is enough to rebuild it.
// Everything here is safe for concurrent use, allocates nothing in the steady
// state, and takes the time as an argument.
package pacing
