// Package learn teaches prices what the ledger knows.
//
// A [Learner] takes events one by one: it finds out what became of each impression
// and each bid, however late that is told, and teaches the response models and the
// win rates of package pricing. What it knows is a function of the events alone: the
// same events give the same bytes, on the same kind of machine. So all that decides
// is a constant here, and time is that of the events.
//
// A [Follower] feeds a learner with a ledger's events as they become durable,
// publishes models, and writes what is known to disk now and then. After a crash it
// takes up the newest of these snapshots that is sound and reads the events after it;
// without one it begins with the first event.
package learn
