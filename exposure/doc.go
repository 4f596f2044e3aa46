// Package exposure knows which ads a person has seen and is about to see, so that
// frequency caps are exact.
//
// What was seen stands in the person's profile, as touches, some milliseconds
// after its notice. [Memory] holds what the profile cannot know yet: bids that are
// undecided, each of which may become an impression, and impressions whose touch
// is on its way. A [History] unites both, each impression once, and is read as of
// one moment; [Memory.Hold] enters a further bid, and looks at the caps again if
// anything of the person was entered since. So of any number of requests at a time
// for one person, each decides with the bids of all the others known to it.
//
// The promise: if every notice arrives while its bid is held, no window of a cap
// ever sees more impressions than the cap allows. An impression whose notice comes
// later than that still counts, from then on. A profile remembers the last
// [profile.MaxTouches] contacts; where later ones have pushed out some of a window,
// what the campaign is known to have shown counts against the cap in their place.
package exposure
