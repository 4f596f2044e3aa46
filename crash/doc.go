// Command crash proves that the bidder's money survives being killed. It runs
// the real binary under load from exchanges of its own, ends it with SIGKILL
// at random moments — while it bids, while it reloads, while it starts, while
// its disk is full, while hardly any budget is left — and holds what is then in
// the ledger against what the exchanges were told:
//
//   - every event that was acknowledged is in the ledger once, at its price, and
//     nothing is there that was not sent;
//   - ledger verify and ledger replay find nothing;
//   - after the restart the accounts are the sums of the ledger's prices;
//   - no budget is exceeded by more than was billed late, and no bid was made
//     that the budget had no room for;
//   - once the notice window is over, nothing is reserved;
//   - every notice that had to be refused was, and is counted by its reason;
//   - profiles have each impression, view and click of the ledger once;
//   - of the visits and conversions that an advertiser's server reports in batches,
//     over and over until they are acknowledged, each is in the ledger once, and in
//     the person's profile once.
//
// The exchanges bill on billing, win and impression notices; one encrypts its
// prices, and one is so slow that most of its notices reach the next process.
// They repeat, reorder, delay and lose notices; send tokens that are forged,
// cut, foreign, of another kind, expired and from the future; and prices that are
// missing, negative, absurd, above the bid, and encrypted for others. The same
// seed draws the same moments and fates; what the machine makes of them differs.
//
// After a kill it also damages copies of the data, a file cut here, a bit
// flipped there, and starts the bidder on them: that has to end with an advice,
// or ledger verify has to find it; what a kill may leave is no damage.
//
//	go run ./crash             dozens of kills, some minutes
//	go run ./crash --kills 3 --tight 1 --fills 2
//
// SIGKILL ends a process and not the machine: what was written and not synced
// survives it in the memory of the kernel. That an acknowledged event is synced
// is therefore not shown here but in the tests of package ledger, on a file
// system that forgets what was not (TestCrashAnywhere, TestHistories,
// TestFailedSync). Nor does the clock jump here, for it is the machine's: see
// TestHistories in ledger, and the tests of jumps in pacing.
//
// Everything happens on this machine, over loopback. The part with the full disk
// needs Linux and the right to mount a small memory file system; without it, it
// is left out with a message.
package main
