package audience

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bidwell/internal/conf"
	"bidwell/openrtb"
	"bidwell/profile"
)

// lookup tests a row of a table, found by an attribute or a request field.
type lookup struct {
	table  *Table
	name   string // of the table
	field  *field // the key, or nil for an attribute
	attr   attribute
	index  *keyIndex
	cells  []uint32 // of the tested column by row; nil: the row need only exist
	column int
	truths []Truth // by the cell's number: the answer for each text of the column
	test   string  // in words
	id     string
}

func (p *lookup) cost() int          { return costLookup }
func (p *lookup) needsProfile() bool { return p.field == nil }
func (p *lookup) key() string        { return p.id }

func (p *lookup) eval(e *Eval) Truth {
	if p.field != nil && !p.field.applies(e.req) {
		return False
	}
	key := p.keyOf(e)
	if len(key) == 0 {
		return Unknown
	}
	row, ok := p.find(key)
	switch {
	case p.cells == nil:
		return truth(ok)
	case !ok:
		return Unknown
	}
	return p.truths[p.cells[row]]
}

func (p *lookup) find(key []byte) (uint32, bool) {
	row, ok := p.index.row(key)
	if ok || p.field == nil || p.field.match != matchDomain {
		return row, ok
	}
	for dot := bytes.IndexByte(key, '.'); dot >= 0; dot = bytes.IndexByte(key, '.') {
		key = key[dot+1:]
		if row, ok := p.index.row(key); ok {
			return row, ok
		}
	}
	return 0, false
}

// keyOf returns what the row is found by, empty if it is not known. It is valid
// until e is used again.
func (p *lookup) keyOf(e *Eval) []byte {
	if p.field != nil {
		return p.field.keyOf(e)
	}
	v, ok := e.attr(&p.attr)
	switch {
	case !ok:
		return nil
	case v.Type == profile.String:
		return v.Str
	case v.Type == profile.Number:
		e.lower = strconv.AppendFloat(e.lower[:0], v.Num, 'f', -1, 64)
		return e.lower
	}
	return nil
}

// keyOf returns the field as a table's key: domains in lower case, countries in
// three letters, enumerations by their names.
func (f *field) keyOf(e *Eval) []byte {
	if f.enum != nil {
		v, known := f.enum(e.req)
		if !known {
			return nil
		}
		for i := range f.names {
			if slices.Contains(f.names[i].values, v) {
				e.lower = append(e.lower[:0], f.names[i].name...)
				return e.lower
			}
		}
		return nil
	}
	v := f.text(e.req)
	switch f.match {
	case matchDomain:
		e.lower = appendLower(e.lower[:0], v)
		return e.lower
	case matchCountry:
		if c, ok := openrtb.Alpha3(v); ok {
			e.lower = append(e.lower[:0], c[:]...)
			return e.lower
		}
		return nil
	}
	return v
}

func (p *lookup) keyName() string {
	if p.field != nil {
		return p.field.name
	}
	return p.attr.attr
}

func (p *lookup) words() string {
	if p.cells == nil {
		return p.keyName() + " is listed in table " + p.name
	}
	return p.table.header[p.column] + " of " + p.keyName() + " in table " + p.name + " is " + p.test
}

func (p *lookup) found(e *Eval) string {
	if p.field != nil && !p.field.applies(e.req) {
		return "the impression is not " + where(p.field.scope)
	}
	key := p.keyOf(e)
	if len(key) == 0 {
		if p.field != nil {
			return "the request does not say " + p.field.name
		}
		return p.attr.attr + " is not known"
	}
	said := p.keyName() + " is " + printable(key)
	row, ok := p.find(key)
	switch {
	case !ok:
		return said + ", which is not in table " + p.name
	case p.cells == nil:
		return said + fmt.Sprintf(", which is in line %d of table %s", p.table.lines[row], p.name)
	}
	cell := p.table.columns[p.column].values.at(p.cells[row])
	if len(cell) == 0 {
		return said + ", of which table " + p.name + " has no " + p.table.header[p.column]
	}
	return said + ", whose " + p.table.header[p.column] + " is " + printable(cell)
}

// lookup compiles a look-up.
func (b *Builder) lookup(l *Lookup) predicate {
	t, ok := b.tables[l.Table]
	if !ok {
		b.unknownTable(l)
		return nil
	}
	if t == nil {
		return nil
	}
	p := &lookup{table: t, name: l.Table, column: -1}
	if !b.lookupKey(l, p) {
		return nil
	}
	if l.Column != "" {
		if p.column = t.column(l.Column); p.column < 0 {
			b.unknownColumn(l, t)
			return nil
		}
		p.cells = t.columns[p.column].cells
	}
	use := keyUse{column: max(0, t.column(p.keyName())), fold: p.field != nil && p.field.match == matchDomain}
	if p.column == use.column {
		b.ps.Errorf(l.At("column"), "leave column out to ask whether the row exists", "%s is the column by which the row is found", l.Column)
		return nil
	}
	if !b.lookupTest(l, p) {
		return nil
	}
	p.index = t.keyed(use, b.ps)
	return p
}

func (b *Builder) unknownTable(l *Lookup) {
	names := b.tables.names()
	hint := conf.DidYouMean(l.Table, names)
	switch {
	case hint == "" && len(names) == 0:
		hint = "there are no tables"
	case hint == "":
		hint = "the tables are " + strings.Join(names, ", ")
	}
	b.ps.Errorf(l.At("table"), hint, "there is no table %q", l.Table)
}

func (b *Builder) unknownColumn(l *Lookup, t *Table) {
	hint := conf.DidYouMean(l.Column, t.header)
	if hint == "" {
		hint = "the columns are " + strings.Join(t.header, ", ")
	}
	b.ps.Errorf(l.At("column"), hint, "table %s has no column %q", l.Table, l.Column)
}

func (b *Builder) lookupKey(l *Lookup, p *lookup) bool {
	switch {
	case l.Key != "" && l.Request != "":
		b.ps.Errorf(l.KeyAt("request"), "keep one of them", "the row is found by key or by request, not by both")
		return false
	case l.Request != "":
		if p.field = fieldOf(l.Request); p.field == nil {
			b.unknownField(l.At("request"), l.Request)
			return false
		}
	case l.Key == "":
		b.ps.Errorf(l.Pos(), "such as key: home.zip", "by what is the row found?")
		return false
	default:
		p.field = fieldOf(l.Key)
	}
	if p.field != nil {
		if p.field.lists != nil || p.field.match == matchKeyword {
			b.ps.Errorf(l.At("key"), "", "%s may have several values; a row is found by one", p.field.name)
			return false
		}
		return true
	}
	if err := profile.CheckName(l.Key); err != nil {
		b.ps.Errorf(l.At("key"), "", "attribute: %v", err)
		return false
	}
	if hint := conf.DidYouMean(l.Key, Fields()); hint != "" && requestPart(l.Key) {
		b.ps.Warnf(l.At("key"), hint, "a request has no field %q; it is taken for an attribute of the person", l.Key)
	}
	p.attr = b.attribute(l.Key)
	return true
}

// lookupTest answers the test for every text of the column.
func (b *Builder) lookupTest(l *Lookup, p *lookup) bool {
	p.id = fmt.Sprintf("lookup %q %q %v %d", p.name, p.keyName(), p.field != nil, p.column)
	tests := 0
	for _, key := range []string{"in", "between", "at_least", "at_most"} {
		if l.Has(key) {
			tests++
		}
	}
	switch {
	case p.cells == nil && tests == 0:
		return true
	case p.cells == nil:
		b.ps.Errorf(l.Pos(), "such as column: "+p.table.header[len(p.table.header)-1], "which column is tested?")
		return false
	case tests == 0:
		b.ps.Errorf(l.At("column"), "such as in: [affluent], or at_least: 3", "what must %s be?", l.Column)
		return false
	}
	lo, hi := -noBound, noBound
	if l.Between != nil {
		if len(l.Between) != 2 || l.Between[0] > l.Between[1] {
			b.ps.Errorf(l.At("between"), "write [lower, upper]", "between takes a lower and an upper bound")
			return false
		}
		lo, hi = l.Between[0], l.Between[1]
	}
	if l.AtLeast != nil {
		lo = max(lo, *l.AtLeast)
	}
	if l.AtMost != nil {
		hi = min(hi, *l.AtMost)
	}
	if lo > hi {
		b.ps.Errorf(l.Pos(), "", "no number is at least %s and at most %s", decimal(lo), decimal(hi))
		return false
	}
	numeric := l.Between != nil || l.AtLeast != nil || l.AtMost != nil
	var words []string
	if l.In != nil {
		words = append(words, orList(literalWords(l.In)))
		b.warnTwice(l.In)
		b.warnAbsent(l, p)
	}
	if numeric {
		words = append(words, rangeWords(lo, hi))
	}
	p.test = strings.Join(words, " and ")
	p.id += fmt.Sprintf("%s %v %v %v", literalKeys(l.In), numeric, lo, hi)
	values := p.table.columns[p.column].values
	p.truths = make([]Truth, values.len())
	for i := range p.truths {
		p.truths[i] = cellTruth(values.at(uint32(i)), l.In, numeric, lo, hi)
	}
	return true
}

func rangeWords(lo, hi float64) string {
	switch {
	case hi == noBound:
		return "at least " + decimal(lo)
	case lo == -noBound:
		return "at most " + decimal(hi)
	}
	return "from " + decimal(lo) + " to " + decimal(hi)
}

func cellTruth(cell []byte, in []Literal, numeric bool, lo, hi float64) Truth {
	if len(cell) == 0 {
		return Unknown
	}
	t := True
	if in != nil {
		t = truth(slices.ContainsFunc(in, func(l Literal) bool { return l.Text == string(cell) }))
	}
	if numeric {
		x, err := strconv.ParseFloat(string(cell), 64)
		if err != nil || x != x {
			return t.and(Unknown)
		}
		t = t.and(truth(x >= lo && x <= hi))
	}
	return t
}

// warnAbsent warns of values that no row has, which are likely misspelt.
func (b *Builder) warnAbsent(l *Lookup, p *lookup) {
	values := p.table.columns[p.column].values
	for i := range l.In {
		if _, ok := values.find([]byte(l.In[i].Text)); ok {
			continue
		}
		var some []string
		for n := range min(values.len(), 1000) {
			some = append(some, string(values.at(uint32(n))))
		}
		b.ps.Warnf(l.In[i].Pos, conf.DidYouMean(l.In[i].Text, some), "no row of table %s has the %s %q", l.Table, l.Column, l.In[i].Text)
	}
}
