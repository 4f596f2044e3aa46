package conf

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Suggest returns the word of known that word was most likely meant to be, or
// "" if none is near: the nearest by the number of letters changed, added, left
// out or swapped, of which there may be one in three. An ending too many or too
// few counts as one letter. Among equals the one with the fewest letters apart
// is returned, then the shortest, then the first of known.
func Suggest(word string, known []string) string {
	const longest = 64
	w := fold(word)
	if w == "" || len(w) > longest {
		return ""
	}
	most := max(1, utf8.RuneCountInString(w)/3)
	best, bestRank := "", [...]int{most, longest, longest}
	for _, k := range known {
		f := fold(k)
		if len(f) > longest || k == word {
			continue
		}
		apart := distance([]rune(w), []rune(f))
		if apart >= len(f) {
			continue // nothing in common
		}
		cost := apart
		if len(w) >= 4 && (strings.HasPrefix(f, w) || strings.HasPrefix(w, f) && len(f) >= 4) {
			cost = min(cost, 1)
		}
		if rank := [...]int{cost, apart, len(f)}; slices.Compare(rank[:], bestRank[:]) < 0 {
			best, bestRank = k, rank
		}
	}
	return best
}

// DidYouMean returns a hint that names the likeliest of known, or "" if none is
// near.
func DidYouMean(word string, known []string) string {
	if s := Suggest(word, known); s != "" {
		return `did you mean "` + s + `"?`
	}
	return ""
}

// fold makes words alike that differ only in case or in how they are joined.
func fold(s string) string {
	return strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(strings.ToValidUTF8(s, "?")))
}

// distance is the optimal string alignment distance.
func distance(a, b []rune) int {
	before := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
