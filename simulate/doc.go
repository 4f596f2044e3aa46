// Package simulate tries spending in virtual time: a day in a second or less. It
// replays logs of auctions against the accounts, the book of reservations and the
// controller that live bidding uses, and compares what was bought with the best
// that the budget could have bought in hindsight.
//
// A replay is deterministic: the same log and options give the same report. It
// reads no clock, no file and no flag; the log is handed to it. Only commands
// import it.
package simulate
