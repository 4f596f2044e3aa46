// Package catalogue generates a configuration of any size: campaigns whose line
// items target as line items do, audiences over what the people of loadtest have,
// and the table that they look up. It is what measurements and tests bid with
// where the few examples of configs say too little.
//
// What it promises: the same Size gives the same text on every machine, and
// `bidwell validate` finds no error in it; nor a warning, if every campaign has
// six line items at least.
package catalogue
