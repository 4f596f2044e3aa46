// Package ledger keeps every event for good: what was won, charged, shown,
// clicked, and what that makes of the budgets. It is one Pebble database in one
// directory.
//
// Events are written in groups. Whatever waits is put into one batch, with the
// marks that tell a repeated notice, the figures of the accounts and the hourly
// roll-ups, and the batch is synced to disk as a whole. So
//
//   - an event that Append accepted survives a crash, and is there once, however
//     often, late and in whatever order its notices come;
//   - at any moment, also after a crash, the figures are exactly those that the
//     events add up to. Replay proves it: it makes them again from the events
//     alone and compares the bytes;
//   - opening reads figures and replays nothing.
//
// Events have a sequence number without gaps, which orders them; the clock
// does not. Trim drops the oldest, and keeps what they add up to as a base on
// which a replay begins.
//
// While the disk cannot be written, Append fails at once and Health says why;
// both mend themselves. Everything is safe for concurrent use. The package
// reads no clock: time comes with the events and with Trim. Only what nobody waits for is
// synced by a timer.
package ledger
