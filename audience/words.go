package audience

import (
	"math"
	"strconv"
	"strings"
	"time"

	"bidwell/internal/conf"
	"bidwell/internal/prose"
	"bidwell/profile"
)

func number(n int) string { return strconv.Itoa(n) }

func times(n int) string { return prose.Count(n, "time") }

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// since says how long before now a moment lies.
func since(unix, now int64) string {
	switch age := now - unix; {
	case age < 0:
		return "in the future"
	case age == 0:
		return "just now"
	default:
		return length(age) + " ago"
	}
}

// length says how long a time is, to whole days or minutes where it is long.
func length(seconds int64) string {
	d := conf.Duration(min(seconds, math.MaxInt64/int64(time.Second))) * conf.Duration(time.Second)
	switch {
	case d >= conf.Day:
		d -= d % conf.Day
	case d >= conf.Duration(time.Hour):
		d -= d % conf.Duration(time.Minute)
	}
	return d.Text()
}

// deed says in words what a person did.
func deed(k profile.Kind, topics string) string {
	switch k {
	case profile.Visit:
		return "visited " + topics
	case profile.View:
		return "viewed " + topics
	case profile.Click:
		return "clicked on " + topics
	case profile.Search:
		return "searched for " + topics
	case profile.Cart:
		return "put " + topics + " into the cart"
	case profile.Purchase:
		return "purchased " + topics
	case profile.Conversion:
		return "converted on " + topics
	case profile.Impression:
		return "was shown " + topics
	case profile.Signup:
		return "signed up for " + topics
	case profile.Install:
		return "installed " + topics
	case profile.Seen:
		return "was seen on " + topics
	}
	return k.String() + " " + topics
}

// inTheLast says "in the last 10 days", and "in the last day" for one.
func inTheLast(seconds int64) string {
	text := durationText(seconds)
	if one, ok := strings.CutPrefix(text, "1 "); ok && !strings.Contains(one, " ") {
		text = one
	}
	return "in the last " + text
}

func durationText(seconds int64) string {
	return (conf.Duration(seconds) * conf.Duration(time.Second)).Text()
}
