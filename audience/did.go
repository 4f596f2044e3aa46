package audience

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"bidwell/internal/conf"
	"bidwell/internal/prose"
	"bidwell/profile"
)

const secondsPerDay = 86400

// did tests what a person did, of one kind, on some topics together.
type did struct {
	kind      profile.Kind
	topics    []string
	names     []profile.Name
	atLeast   int
	atMost    int // math.MaxInt: not bounded
	within    int64
	notWithin int64 // seconds; 0: not given, as within
	first     ageTest
	last      ageTest
}

// ageTest bounds how many seconds ago something was; 0 is no bound.
type ageTest struct{ over, under int64 }

func (a ageTest) holds(at, now int64) bool {
	return (a.over == 0 || now-at > a.over) && (a.under == 0 || now-at < a.under)
}

func (p *did) cost() int          { return costDid * len(p.names) }
func (p *did) needsProfile() bool { return true }

func (p *did) eval(e *Eval) Truth {
	if len(e.rec) == 0 {
		return Unknown
	}
	since, until := p.window(e.now)
	if n := p.count(e, since, until); n < p.atLeast || n > p.atMost {
		return False
	}
	if p.notWithin > 0 && p.count(e, until, e.now+1) > 0 {
		return False
	}
	if p.first != (ageTest{}) {
		at, ok := p.firstTime(e)
		if !ok || !p.first.holds(at, e.now) {
			return False
		}
	}
	if p.last != (ageTest{}) {
		at, ok := p.lastTime(e)
		if !ok || !p.last.holds(at, e.now) {
			return False
		}
	}
	return True
}

// window is the time in which what happened is counted: [since, until).
func (p *did) window(now int64) (since, until int64) {
	since, until = 0, now+1
	if p.within > 0 {
		since = now - p.within
	}
	if p.notWithin > 0 {
		until = now - p.notWithin
	}
	return since, until
}

func (p *did) count(e *Eval, since, until int64) int {
	return e.rec.CountAny(p.kind, p.names, since, until)
}

func (p *did) firstTime(e *Eval) (first int64, ok bool) { return e.rec.FirstAny(p.kind, p.names) }

func (p *did) lastTime(e *Eval) (last int64, ok bool) { return e.rec.LastAny(p.kind, p.names) }

func (p *did) key() string {
	return fmt.Sprintf("did %d %q %d %d %d %d %v %v", p.kind, p.topics, p.atLeast, p.atMost, p.within, p.notWithin, p.first, p.last)
}

func (p *did) words() string {
	w := deed(p.kind, orList(p.topics))
	switch {
	case p.atMost == 0:
		w = "never " + w
	case p.atMost != 1 && p.atMost != math.MaxInt || p.atLeast != 1:
		w += " " + p.needs() + " " + prose.Noun(max(p.atLeast, p.atMost%math.MaxInt), "time")
	case p.atMost == 1:
		w += " once"
	}
	w += p.period()
	return w + p.first.words("the first time") + p.last.words("the last time")
}

func (a ageTest) words(when string) string {
	w := ""
	if a.over > 0 {
		w += ", " + when + " more than " + durationText(a.over) + " ago"
	}
	if a.under > 0 {
		w += ", " + when + " less than " + durationText(a.under) + " ago"
	}
	return w
}

// needs says how often it must have happened, in numbers.
func (p *did) needs() string {
	switch {
	case p.atMost == math.MaxInt:
		return "at least " + number(p.atLeast)
	case p.atLeast == 0:
		return "at most " + number(p.atMost)
	case p.atLeast == p.atMost:
		return "exactly " + number(p.atLeast)
	}
	return number(p.atLeast) + " to " + number(p.atMost)
}

func (p *did) period() string {
	switch {
	case p.within > 0 && p.notWithin > 0:
		return " " + inTheLast(p.within) + " but not " + inTheLast(p.notWithin)
	case p.within > 0:
		return " " + inTheLast(p.within)
	case p.notWithin > 0:
		return " but not " + inTheLast(p.notWithin)
	}
	return ""
}

func (p *did) found(e *Eval) string {
	if len(e.rec) == 0 {
		return e.nobody()
	}
	from, until := p.window(e.now)
	n := p.count(e, from, until)
	var b strings.Builder
	b.WriteString(deed(p.kind, orList(p.topics)) + " " + times(n))
	if p.within > 0 {
		b.WriteString(" " + inTheLast(p.within))
	}
	if p.notWithin > 0 {
		b.WriteString(" up to " + durationText(p.notWithin) + " ago and " + times(p.count(e, until, e.now+1)) + " since")
	}
	b.WriteString(", needs " + p.needs())
	switch {
	case n > 0 && n < p.atLeast:
		b.WriteString(", so " + number(p.atLeast-n) + " more")
	case n > p.atMost && p.atMost > 0:
		b.WriteString(", so " + number(n-p.atMost) + " too many")
	}
	if at, ok := p.lastTime(e); ok {
		b.WriteString("; the last time " + since(at, e.now))
	}
	if p.first != (ageTest{}) {
		if at, ok := p.firstTime(e); ok {
			b.WriteString("; the first time " + since(at, e.now))
		}
	}
	return b.String()
}

// did compiles a test of behaviour.
func (b *Builder) did(d *Did) predicate {
	if d.Then != nil {
		return b.sequence(d)
	}
	p := &did{atLeast: 1, atMost: math.MaxInt}
	if !b.didKind(d, p) {
		return nil
	}
	ok := b.didCounts(d, p)
	ok = b.didWindow(d, p) && ok
	// The first time is remembered for as long as anything of the kind is.
	ok = b.age(d.First, conf.Duration(math.MaxInt64), &p.first) && ok
	ok = b.age(d.Last, b.reach(), &p.last) && ok
	if (p.first != ageTest{} || p.last != ageTest{}) && p.atLeast == 0 {
		b.ps.Errorf(d.At("at_most"), "", "first and last need that it happened at least once")
		ok = false
	}
	if !ok {
		return nil
	}
	b.checkCapacity(d, p)
	return p
}

// checkCapacity warns of counts that profiles do not keep so exactly.
func (b *Builder) checkCapacity(d *Did, p *did) {
	span := b.reach().Seconds()
	if p.within > 0 {
		span = p.within
	}
	count := max(p.atLeast, p.atMost%math.MaxInt)
	key := "at_least"
	if p.atLeast < count {
		key = "at_most"
	}
	days := int(span/secondsPerDay) + 1
	switch {
	case p.atLeast/profile.MaxCount >= days*len(p.names):
		b.ps.Warnf(d.At("at_least"), "", "of one topic a profile counts at most %d a day", profile.MaxCount)
	case count > profile.MaxRecent && span%secondsPerDay != 0:
		b.ps.Warnf(d.At(key), "", "a profile knows the newest %d times of each topic to the second, and of the others only the day: so many within %s are counted roughly",
			profile.MaxRecent, durationText(span))
	}
}

func (b *Builder) didKind(d *Did, p *did) bool {
	given := 0
	for _, k := range []struct {
		kind   profile.Kind
		topics []conf.Value[string]
	}{
		{profile.Visit, d.Visit}, {profile.View, d.View}, {profile.Click, d.Click}, {profile.Search, d.Search},
		{profile.Cart, d.Cart}, {profile.Purchase, d.Purchase}, {profile.Conversion, d.Conversion},
		{profile.Impression, d.Impression}, {profile.Signup, d.Signup}, {profile.Install, d.Install}, {profile.Seen, d.Seen},
	} {
		if !d.Has(k.kind.String()) {
			continue
		}
		given++
		if given > 1 {
			b.ps.Errorf(d.KeyAt(k.kind.String()), "write two rules", "one kind of behaviour is tested at a time")
			return false
		}
		p.kind = k.kind
		p.topics = b.names(k.topics, "topic")
		for _, topic := range k.topics {
			if b.Mention != nil && slices.Contains(p.topics, topic.Value) {
				b.Mention(k.kind, topic)
			}
		}
	}
	if given == 0 {
		b.ps.Errorf(d.Pos(), "such as {visit: automotive, at_least: 3, within: 10d}; the kinds are "+strings.Join(profile.KindNames(), ", "), "which kind of behaviour is meant?")
		return false
	}
	for _, t := range p.topics {
		p.names = append(p.names, profile.NameOf(t))
	}
	return len(p.names) > 0
}

// names checks names of segments or topics and leaves out those given twice.
func (b *Builder) names(list []conf.Value[string], what string) []string {
	var out []string
	seen := make(map[string]bool, len(list))
	for _, v := range list {
		if err := profile.CheckName(v.Value); err != nil {
			b.ps.Errorf(v.Pos, "", "%s: %v", what, err)
			continue
		}
		if seen[v.Value] {
			b.ps.Warnf(v.Pos, "", "%s is in the list twice", v.Value)
			continue
		}
		seen[v.Value] = true
		out = append(out, v.Value)
	}
	return out
}

func (b *Builder) didCounts(d *Did, p *did) bool {
	if d.AtMost != nil {
		p.atMost = *d.AtMost
		if d.AtLeast == nil {
			p.atLeast = 0
		}
	}
	if d.AtLeast != nil {
		p.atLeast = *d.AtLeast
	}
	switch {
	case p.atLeast < 0:
		b.ps.Errorf(d.At("at_least"), "", "nothing happens %d times", p.atLeast)
	case p.atMost < 0:
		b.ps.Errorf(d.At("at_most"), "", "nothing happens %d times", p.atMost)
	case p.atLeast > p.atMost:
		b.ps.Errorf(d.At("at_least"), "", "nothing happens at least %s and at most %s", times(p.atLeast), times(p.atMost))
	case p.atLeast == 0 && p.atMost == math.MaxInt:
		b.ps.Errorf(d.At("at_least"), "for never write at_most: 0", "everybody did it at least 0 times")
	default:
		return true
	}
	return false
}

func (b *Builder) didWindow(d *Did, p *did) bool {
	ok := true
	for _, w := range []struct {
		key string
		d   *conf.Duration
		to  *int64
	}{{"within", d.Within, &p.within}, {"not_within", d.NotWithin, &p.notWithin}} {
		if w.d == nil {
			continue
		}
		*w.to = w.d.Seconds()
		ok = b.checkReach(d.At(w.key), *w.d, b.reach()) && ok
	}
	if p.within > 0 && p.notWithin >= p.within {
		b.ps.Errorf(d.At("not_within"), "make it shorter than within", "nothing happened in the last %s but not in the last %s", d.Within.Text(), d.NotWithin.Text())
		return false
	}
	return ok
}

// reach is how long behaviour is remembered.
func (b *Builder) reach() conf.Duration {
	if b.Retention.Behaviours > 0 {
		return conf.Duration(b.Retention.Behaviours)
	}
	return conf.Duration(profile.DefaultRetention().Behaviours)
}

// checkReach reports a length of time that is shorter than a second, or longer
// than what it is about is kept.
func (b *Builder) checkReach(at conf.Pos, d, kept conf.Duration) bool {
	switch {
	case d.Seconds() < 1:
		b.ps.Errorf(at, "", "the shortest length of time here is 1s")
		return false
	case d > kept:
		b.ps.Errorf(at, "write at most "+kept.String(), "%s is longer than behaviour is remembered, which is %s", d.Text(), kept.Text())
		return false
	}
	return true
}

// age compiles the test of how long ago something was, if there is one.
func (b *Builder) age(a *Age, kept conf.Duration, t *ageTest) bool {
	if a == nil {
		return true
	}
	ok := true
	if a.Over != nil {
		ok = b.checkReach(a.At("over"), *a.Over, kept)
		t.over = a.Over.Seconds()
	}
	if a.Under != nil {
		ok = b.checkReach(a.At("under"), *a.Under, kept) && ok
		t.under = a.Under.Seconds()
	}
	switch {
	case a.Over == nil && a.Under == nil:
		b.ps.Errorf(a.Pos(), "such as {over: 30d}", "the test is empty")
		return false
	case a.Over != nil && a.Under != nil && *a.Over >= *a.Under:
		b.ps.Errorf(a.At("under"), "", "nothing is both more than %s and less than %s ago", a.Over.Text(), a.Under.Text())
		return false
	}
	return ok
}
