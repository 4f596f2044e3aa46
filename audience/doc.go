// Package audience turns rules that campaign managers write into predicates
// over one person's profile and one bid request.
//
// A [Builder] checks and compiles named audiences and conditions; its [Set] is
// immutable and safe for concurrent use. An [Eval] is one request's scratch: it
// evaluates what it is asked for and nothing else, each shared subexpression at
// most once, and allocates nothing. Rules that cannot be meant, because they
// contradict themselves or refer to nothing, are reported with their place.
//
// It imports profile, openrtb, ad and internal/conf.
//
// # Rules
//
// A rule has one or more of these keys; with several, all of them must hold.
//
//	all:  [rules]       each of them holds
//	any:  [rules]       at least one holds
//	none: [rules]       none of them holds
//	has:  {attribute: test}                     what is known of the person
//	segment: name, or [names]                   in one of these segments now
//	did:  {visit: topic, at_least: 3, within: 10d}
//	did:  {visit: topic, then: {click: topic, within: 7d}}
//	lookup: {table: t, key: attribute, column: c, in: [values]}
//	context: {site.domain: [a.example]}         what the request says
//	audience: name, or [names]                  in one of these audiences
//
// The test of an attribute is a value, a list of values, or a mapping of: in,
// not, between, at_least, at_most, before, after, over, under, known. Values
// equal as they are written, capitals included. between, at_least and at_most
// include their bounds; before and after do not. A date without a time is the
// whole day, in UTC.
//
// over and under speak of age. On a date it is the time since then: bought:
// {over: 3y} holds from the moment three years have passed. On a number it is
// that number in years: age: {over: 3y} holds for 3.5 and 4, not for 3.
//
// did counts what the person did of one kind on a topic, or on several together,
// each time once; automotive includes automotive/luxury.
// at_least is 1 unless at_most alone is given. within looks only at that much
// time up to now. not_within asks that nothing of it happened in that much time
// up to now, and counts what happened before: {purchase: shoes, not_within: 30d}
// is somebody who did buy, but not lately. first and last test when it happened
// for the first or last time. then asks for another deed, later by a second or
// more, and with within at most that much later; it has no other tests.
//
// lookup takes the value of the key (the name of a request field, else of an
// attribute) and finds its row in a table: by the column that is named like the
// key, else by the first column. Without a column it asks whether the row
// exists. A domain that is not in the table is looked for without its first
// label, and so on, so www.a.example finds a.example.
//
// In context, a * at the beginning or end of a text stands for anything. A
// domain includes its subdomains, with or without www. in front; a category its
// subcategories (IAB2 includes IAB2-2), a language its regional forms. Capitals
// do not matter, but in paths, addresses and ids.
//
// # What is not known
//
// Every rule is [True], [False] or [Unknown], and only True joins an audience.
//
//   - Of a person without a profile everything is Unknown but "known" itself.
//   - has: Unknown if the attribute is missing or cannot be compared so, such as
//     a text with at_least. {known: true} and {known: false} are never Unknown.
//   - segment, did: of a person with a profile, what is not recorded is False:
//     it did not happen.
//   - lookup: Unknown if the key is missing, if its row is missing, or if the
//     cell is empty or no number where one is needed. Without a column, a
//     missing row is False.
//   - context: Unknown if the request does not say; False if the field belongs
//     to another kind of inventory, such as site.domain in an app.
//   - all, any: False in all decides, True in any decides; otherwise one Unknown
//     makes the whole Unknown.
//   - none: excludes on evidence only. It is False if one of its rules is True,
//     and True otherwise, be it that they are False or Unknown: to exclude those
//     who converted does not exclude everybody of whom nothing is known. Who
//     wants to be certain asks for it: {conversion: test-drive, at_most: 0}, or
//     {not: luxury}, is Unknown where nothing is known. The one exception is a
//     profile that could not be read in time (see Eval.Unread): what it may hold
//     against somebody is not taken for absent, and none is Unknown.
package audience
