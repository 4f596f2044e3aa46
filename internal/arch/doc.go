// Package arch holds the test that keeps the code in the layers that
// ARCHITECTURE.md draws. It has no code of its own.
package arch
