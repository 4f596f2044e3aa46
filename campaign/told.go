package campaign

import (
	"cmp"
	"slices"

	"bidwell/ad"
	"bidwell/audience"
)

// Told is an audience of which response models are told whether the person is in it.
type Told struct {
	Ref  audience.Ref
	Name ad.ID // hash of its name: it outlives the configuration
}

// mostTold is how many audiences are told of: each costs every request that somebody
// may be in it.
const mostTold = 16

// tell returns the audiences that the most line items are for, as far as they say
// something of people.
func tell(lines []Line, set *audience.Set) []Told {
	uses := map[string]int{}
	for i := range lines {
		if l := &lines[i]; l.HasAudience {
			uses[l.Spec.Audience]++
		}
	}
	names := set.Names()
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(uses[b], uses[a]) })
	var list []Told
	for _, name := range names {
		ref, _ := set.Ref(name)
		if uses[name] > 0 && set.NeedsProfile(ref) && len(list) < mostTold {
			list = append(list, Told{ref, ad.IDOf(name)})
		}
	}
	return list
}
