// Package arch holds the tests that keep the whole tree true to its word: the
// code in the layers that ARCHITECTURE.md draws, the documentation in step with
// the code. It has no code of its own.
package arch
