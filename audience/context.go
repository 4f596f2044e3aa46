package audience

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/openrtb"
)

// context tests one field of the request against values.
type context struct {
	field  *field
	values []Literal
	match  matcher
}

func (p *context) needsProfile() bool { return false }

func (p *context) cost() int {
	if p.field.lists != nil || p.field.match == matchKeyword {
		return costList
	}
	return costField
}

func (p *context) eval(e *Eval) Truth {
	f := p.field
	if f.personal && e.anonymous {
		return Unknown
	}
	if !f.applies(e.req) {
		return False
	}
	switch {
	case f.enum != nil:
		v, known := f.enum(e.req)
		if !known {
			return Unknown
		}
		return truth(p.match.enums&(1<<uint(v&31)) != 0 && v >= 0 && v < 32)
	case f.lists != nil:
		known := false
		lists := f.lists(e.req)
		for i := range lists {
			for _, v := range lists[i] {
				known = known || len(v) > 0
				if p.match.holds(e, v) {
					return True
				}
			}
		}
		if !known {
			return Unknown
		}
		return False
	}
	v := f.text(e.req)
	switch {
	case len(v) == 0:
		return Unknown
	case f.match == matchKeyword:
		return truth(p.match.anyOf(e, v))
	case f.match == matchCountry:
		c, ok := openrtb.Alpha3(v)
		if !ok {
			return Unknown
		}
		return truth(slices.Contains(p.match.countries, c))
	}
	return truth(p.match.holds(e, v))
}

func (p *context) key() string {
	return "context " + p.field.name + literalKeys(p.values)
}

func (p *context) words() string { return p.field.name + " is " + orList(literalWords(p.values)) }

func (p *context) found(e *Eval) string { return p.field.found(e.req) }

// found says what the request has in the field.
func (f *field) found(r *request) string {
	if !f.applies(r) {
		return "the impression is not " + where(f.scope)
	}
	var got []string
	switch {
	case f.enum != nil:
		if v, known := f.enum(r); known {
			got = append(got, enumText(f.names, v))
		}
	case f.lists != nil:
		for _, list := range f.lists(r) {
			for _, v := range list {
				got = append(got, printable(v))
			}
		}
	default:
		if v := f.text(r); len(v) > 0 {
			got = append(got, printable(v))
		}
	}
	if len(got) == 0 {
		return "the request does not say " + f.name
	}
	if len(got) > 10 {
		got = append(got[:10], "…")
	}
	return f.name + " is " + strings.Join(got, ", ")
}

func where(i ad.Inventory) string {
	if i == ad.App {
		return "in an app"
	}
	return "on a " + i.String()
}

func enumText(names []enumName, v int32) string {
	for _, n := range names {
		if slices.Contains(n.values, v) {
			return n.name
		}
	}
	return fmt.Sprintf("of another kind (%d)", v)
}

// printable returns what a request says as text that cannot upset a terminal.
func printable(v []byte) string {
	const longest = 200
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(string(v[:min(len(v), longest)]), "\uFFFD"))
	if len(v) > longest {
		s += "…"
	}
	return s
}

// context compiles the test of one request field.
func (b *Builder) context(entry *conf.Entry[Values]) predicate {
	f := fieldOf(entry.Key)
	if f == nil {
		b.unknownField(entry.KeyPos, entry.Key)
		return nil
	}
	p := &context{field: f, values: entry.Value}
	b.warnTwice(entry.Value)
	ok := true
	for i := range entry.Value {
		ok = b.contextValue(p, &entry.Value[i]) && ok
	}
	if !ok {
		return nil
	}
	p.match.finish()
	return p
}

func (b *Builder) unknownField(at conf.Pos, name string) {
	hint := conf.DidYouMean(name, Fields())
	if hint == "" {
		hint = "the fields are " + strings.Join(Fields(), ", ")
	}
	b.ps.Errorf(at, hint, "a request has no field %q", name)
}

func (b *Builder) contextValue(p *context, l *Literal) bool {
	m, text := &p.match, strings.TrimSpace(l.Text)
	if text == "" {
		b.ps.Errorf(l.Pos, "", "the text is empty")
		return false
	}
	switch p.field.match {
	case matchEnum:
		return b.enumValue(p, l)
	case matchCountry:
		c, ok := openrtb.Alpha3([]byte(text))
		if !ok {
			b.ps.Errorf(l.Pos, "write an ISO 3166 code such as DEU or DE", "there is no country %q", text)
			return false
		}
		m.countries = append(m.countries, c)
		return true
	case matchExact:
		if p.field.name == "page.path" && !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "*") || p.field.name == "page.path" && strings.ContainsAny(text, "?#") {
			b.ps.Errorf(l.Pos, `a path begins with "/" and ends before "?"`, "%q is no path of a page", text)
			return false
		}
	case matchDomain:
		m.labels, m.fold = true, true
		if strings.ContainsAny(text, "/: ") {
			b.ps.Errorf(l.Pos, "write it as in news.example", "%q is no domain", text)
			return false
		}
		text = strings.TrimPrefix(text, "www.")
	case matchCategory:
		m.sub, m.fold = "-", true
	case matchLanguage:
		m.sub, m.fold = "-_", true
	default:
		m.fold = true
	}
	return b.pattern(m, l, text)
}

func (b *Builder) enumValue(p *context, l *Literal) bool {
	known := make([]string, len(p.field.names))
	for i, n := range p.field.names {
		known[i] = n.name
		if n.name == l.Text {
			for _, v := range n.values {
				p.match.enums |= 1 << v
			}
			return true
		}
	}
	hint := conf.DidYouMean(l.Text, known)
	if hint == "" {
		hint = "it is one of " + strings.Join(known, ", ")
	}
	b.ps.Errorf(l.Pos, hint, "unknown %s %q", p.field.name, l.Text)
	return false
}

// pattern adds a text with perhaps a * at its beginning or end.
func (b *Builder) pattern(m *matcher, l *Literal, text string) bool {
	if m.fold {
		text = string(appendLower(nil, []byte(text)))
	}
	core := strings.TrimSuffix(strings.TrimPrefix(text, "*"), "*")
	switch {
	case core == "" || text == "*":
		b.ps.Errorf(l.Pos, "", "%q is true of everything", l.Text)
		return false
	case strings.Contains(core, "*"):
		b.ps.Errorf(l.Pos, "", "a * may stand only at the beginning or the end")
		return false
	case strings.HasPrefix(text, "*") && strings.HasSuffix(text, "*"):
		m.inner = append(m.inner, []byte(core))
	case strings.HasPrefix(text, "*"):
		m.suffixes = append(m.suffixes, []byte(core))
	case strings.HasSuffix(text, "*"):
		m.prefixes = append(m.prefixes, []byte(core))
	default:
		m.texts = append(m.texts, []byte(text))
	}
	return true
}

// matcher compares a text of the request with the values of a rule.
type matcher struct {
	fold   bool   // compare in lower case
	labels bool   // a text stands for its subdomains too
	sub    string // bytes that begin a part for which the text stands too

	texts     [][]byte
	many      map[string]struct{} // in the place of texts where these are many
	prefixes  [][]byte
	suffixes  [][]byte
	inner     [][]byte
	countries [][3]byte
	enums     uint32 // a bit for each value
}

func (m *matcher) finish() {
	if len(m.texts) <= fewValues {
		return
	}
	m.many = make(map[string]struct{}, len(m.texts))
	for _, t := range m.texts {
		m.many[string(t)] = struct{}{}
	}
	m.texts = nil
}

func (m *matcher) holds(e *Eval, v []byte) bool {
	for _, t := range m.texts {
		if m.covers(t, v) {
			return true
		}
	}
	if m.many == nil && m.prefixes == nil && m.suffixes == nil && m.inner == nil {
		return false
	}
	if m.fold {
		e.lower = appendLower(e.lower[:0], v)
		v = e.lower
	}
	return m.hasAffix(v) || m.many != nil && m.isOneOfMany(v)
}

// covers reports whether v is t, or a part of what t stands for: a subdomain, a
// subcategory, a regional form.
func (m *matcher) covers(t, v []byte) bool {
	rest := len(v) - len(t)
	switch {
	case rest < 0:
		return false
	case rest == 0:
		return m.same(t, v)
	case m.labels:
		return v[rest-1] == '.' && m.same(t, v[rest:])
	}
	return strings.IndexByte(m.sub, v[len(t)]) >= 0 && m.same(t, v[:len(t)])
}

// same compares texts of the same length.
func (m *matcher) same(t, v []byte) bool {
	if !m.fold {
		return bytes.Equal(t, v)
	}
	for i, c := range v {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != t[i] {
			return false
		}
	}
	return true
}

func (m *matcher) hasAffix(v []byte) bool {
	for _, p := range m.prefixes {
		if bytes.HasPrefix(v, p) {
			return true
		}
	}
	for _, s := range m.suffixes {
		if bytes.HasSuffix(v, s) {
			return true
		}
	}
	for _, s := range m.inner {
		if bytes.Contains(v, s) {
			return true
		}
	}
	return false
}

// isOneOfMany reports the same as covers does of one text.
func (m *matcher) isOneOfMany(v []byte) bool {
	if _, ok := m.many[string(v)]; ok {
		return true
	}
	for i, c := range v {
		part := v[:i]
		switch {
		case m.labels && c == '.':
			part = v[i+1:]
		case strings.IndexByte(m.sub, c) < 0:
			continue
		}
		if _, ok := m.many[string(part)]; ok {
			return true
		}
	}
	return false
}

// anyOf reports whether one of the words in a comma-separated list matches.
func (m *matcher) anyOf(e *Eval, list []byte) bool {
	for len(list) > 0 {
		word := list
		if comma := bytes.IndexByte(list, ','); comma >= 0 {
			word, list = list[:comma], list[comma+1:]
		} else {
			list = nil
		}
		if word = bytes.TrimSpace(word); len(word) > 0 && m.holds(e, word) {
			return true
		}
	}
	return false
}

// appendLower appends v with the letters A to Z in lower case. Other letters
// are compared as they are.
func appendLower(dst, v []byte) []byte {
	for _, c := range v {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
