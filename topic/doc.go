// Package topic knows what a page, an app or a content category is about. A
// [Taxonomy] is compiled from the files of a configuration and immutable: it
// leads from an address, a bundle or an IAB category to a [Topic], and says which
// topics there are, so that nothing from outside makes names of its own.
//
// Topics are named like paths: automotive/luxury lies below automotive. Looking
// up does not allocate, and takes time by the length of what is looked up, not by
// the number of topics.
//
// Who compiles configurations and who takes in behaviour import it.
package topic
