package creative

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"bidwell/internal/conf"
)

// compiler compiles one creative.
type compiler struct {
	spec   *Spec
	ctx    CompileContext
	ps     *conf.Problems
	failed bool
}

func (k *compiler) errorf(pos conf.Pos, hint, format string, args ...any) {
	k.failed = true
	k.ps.Errorf(pos, hint, format, args...)
}

// text checks a text that people will see, and reports whether it is usable.
func (k *compiler) text(pos conf.Pos, key, s string) bool {
	switch {
	case strings.TrimSpace(s) == "":
		k.errorf(pos, "", "%s is empty", key)
	case strings.ContainsFunc(s, unprintable):
		k.errorf(pos, "write it on one line", "%s contains a line break or another control character", key)
	case len(s) > maxText:
		k.errorf(pos, "", "%s is longer than %d bytes", key, maxText)
	default:
		return true
	}
	return false
}

// unprintable reports whether neither XML nor people could read a character.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF || r == 0x2028 || r == 0x2029
}

// maxText bounds each text and address.
const maxText = 4096

// macroName matches the macros that an address may hold.
var macroName = regexp.MustCompile(`\$\{[A-Z_]+\}`)

// address checks an https address, which may hold the named macros, and reports
// whether it is usable.
func (k *compiler) address(pos conf.Pos, key, s string, macros ...string) bool {
	plain := macroName.ReplaceAllStringFunc(s, func(m string) string {
		for _, known := range macros {
			if m == "${"+known+"}" {
				return "1"
			}
		}
		return m
	})
	switch i := strings.IndexFunc(plain, notInURL); {
	case len(s) > maxText:
		k.errorf(pos, "", "%s is longer than %d bytes", key, maxText)
		return false
	case s == "":
		k.errorf(pos, "write an address such as https://motors.example/roadster", "%s is empty", key)
		return false
	case i >= 0:
		hint := "write it percent-encoded"
		if strings.Contains(plain, "${") {
			hint = "no macros can be used here"
			if len(macros) > 0 {
				hint = "the macros here are ${" + strings.Join(macros, "}, ${") + "}"
			}
		}
		k.errorf(pos, hint, "%s contains %q, which no address may", key, []rune(plain[i:])[0])
		return false
	}
	u, err := url.Parse(plain)
	host := strings.TrimPrefix(s, "https://")
	if end := strings.IndexAny(host, "/?#"); end >= 0 {
		host = host[:end]
	}
	switch {
	case strings.Contains(host, "${"):
		k.errorf(pos, "write macros behind the host, as in https://motors.example/?x=${…}", "%s has a macro in the host", key)
	case err != nil || u.Host == "":
		k.errorf(pos, "write an address such as https://motors.example/roadster", "%s %q is no address", key, s)
	case u.Scheme != "https":
		k.errorf(pos, "exchanges refuse markup with http addresses; write https", "%s must be an https address, not %s", key, u.Scheme)
	default:
		return true
	}
	return false
}

// notInURL reports whether a character must be percent-encoded in an address.
func notInURL(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r)
}

// words returns the non-empty texts of a list, nil if there is no list.
func (k *compiler) words(key string, list []word) []string {
	var out []string
	for _, w := range list {
		if k.text(w.Pos, key, w.Value) {
			out = append(out, strings.TrimSpace(w.Value))
		}
	}
	return out
}

var domainForm = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)+$`)

func (k *compiler) domains(list []word) []string {
	var out []string
	for _, w := range list {
		d := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(w.Value)), "www.")
		if !domainForm.MatchString(d) {
			k.errorf(w.Pos, "write the bare domain, such as motors.example", "%q is no domain", w.Value)
			continue
		}
		out = append(out, d)
	}
	return out
}

// codes checks a list of numbers out of an AdCOM list that ends at last;
// numbers from 500 are agreed with exchanges.
func (k *compiler) codes(key string, list []conf.Value[int32], last int32) []int32 {
	var out []int32
	for _, v := range list {
		if v.Value < 1 || v.Value > last && v.Value < 500 {
			k.errorf(v.Pos, "", "%s %d is not in the AdCOM list, which has 1 to %d", key, v.Value, last)
			continue
		}
		if !has(out, v.Value) {
			out = append(out, v.Value)
		}
	}
	return out
}

func (k *compiler) language() string {
	l := strings.ToLower(k.spec.Language)
	if l == "" || len(l) == 2 && strings.Trim(l, "abcdefghijklmnopqrstuvwxyz") == "" {
		return l
	}
	k.errorf(k.spec.At("language"), "write two letters (ISO 639-1), such as de", "%q is no language code", k.spec.Language)
	return ""
}

// exactlyOne reports which of several keys was given, as an index into keys, or
// the problem and -1.
func (k *compiler) exactlyOne(what string, l conf.Located, keys []string, given []bool) int {
	one := -1
	for i := range keys {
		if !given[i] {
			continue
		}
		if one >= 0 {
			k.errorf(l.At(keys[i]), "keep one of them", "%s has both %s and %s", what, keys[one], keys[i])
			return -1
		}
		one = i
	}
	if one < 0 {
		k.errorf(l.Pos(), "add one of "+strings.Join(keys, ", "), "%s has no content", what)
	}
	return one
}
