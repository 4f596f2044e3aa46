// Command crash proves that the bidder's money survives being killed. It runs
// the real binary under load from an exchange of its own, ends it with SIGKILL
// at random moments — while it bids, while it reloads, while it starts, while
// its disk is full — and holds what is then in the ledger against what the
// exchange was told:
//
//   - every event that was acknowledged is in the ledger once, and nothing is
//     there that was not sent;
//   - ledger verify and ledger replay find nothing;
//   - after the restart the accounts are the sums of the ledger's prices;
//   - no budget is exceeded by more than was open at a kill or billed late;
//   - once the notice window is over, nothing is reserved.
//
// The exchange repeats, reorders, delays and loses notices. The same seed draws
// the same moments and fates; what the machine makes of them differs.
//
//	go run ./crash             dozens of kills, some minutes
//	go run ./crash --kills 3 --fills 2
//
// Everything happens on this machine, over loopback. The part with the full disk
// needs Linux and the right to mount a small memory file system; without it, it
// is left out with a message.
package main
