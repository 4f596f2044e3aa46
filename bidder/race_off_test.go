//go:build !race

package bidder_test

const raceEnabled = false
