//go:build race

package profile_test

// raceEnabled says that the race detector is in, which allocates.
const raceEnabled = true
