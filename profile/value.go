package profile

import (
	"strconv"
	"time"
)

// ValueType says what a Value holds.
type ValueType uint8

// The types of an attribute's value.
const (
	NoValue ValueType = iota
	String
	Number
	Bool
	Date
)

// String returns the name of the type, as messages use it.
func (t ValueType) String() string {
	switch t {
	case String:
		return "string"
	case Number:
		return "number"
	case Bool:
		return "bool"
	case Date:
		return "date"
	}
	return "none"
}

// Value is the value of an attribute. Num holds a number, a date in unix
// seconds, or 1 for true; Str holds a string, as a view into the record.
type Value struct {
	Type ValueType
	Num  float64
	Str  []byte
}

// StringValue returns a string as a Value.
func StringValue(s string) Value { return Value{Type: String, Str: []byte(s)} }

// NumberValue returns a number as a Value.
func NumberValue(f float64) Value { return Value{Type: Number, Num: f} }

// DateValue returns a moment, in unix seconds, as a Value.
func DateValue(unix int64) Value { return Value{Type: Date, Num: float64(unix)} }

// BoolValue returns true or false as a Value.
func BoolValue(b bool) Value {
	if b {
		return Value{Type: Bool, Num: 1}
	}
	return Value{Type: Bool}
}

// True reports whether v is the bool true.
func (v Value) True() bool { return v.Type == Bool && v.Num != 0 }

// String returns v for people: a date as YYYY-MM-DD, with the time of day in
// UTC where it is not midnight.
func (v Value) String() string {
	switch v.Type {
	case String:
		return string(v.Str)
	case Number:
		return strconv.FormatFloat(v.Num, 'f', -1, 64)
	case Bool:
		return strconv.FormatBool(v.True())
	case Date:
		return formatDate(int64(v.Num))
	}
	return ""
}

func formatDate(unix int64) string {
	t := time.Unix(unix, 0).UTC()
	if unix%86400 == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}
