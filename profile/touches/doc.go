// Package touches brings what the ledger knows of contacts (impressions, views
// and clicks) into the profiles of the people who had them.
//
// A [Follower] reads events as they become durable and writes touches in batches.
// The number of the next event is written with them, atomically, so that every
// event is applied exactly once, however often the process is killed in between.
// What it makes is a function of the events alone (and of names that the ledger
// keeps): [Replay] makes it again from the beginning, compares, and mends.
//
// An event has a person only where consent permits. People who were erased stay
// so: what happened before is not applied again.
package touches
