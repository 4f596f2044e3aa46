package ad

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Money is an amount in nano-units (1e-9) of one currency, which the context
// names. A CPM counted in micro-units is numerically the price of one
// impression in nano-units, so accounting never divides and never rounds.
type Money int64

// Units of Money.
const (
	Nano  Money = 1
	Micro       = 1000 * Nano
	Unit        = 1_000_000 * Micro
)

// MaxMoney is the largest amount: about 9.2 billion units.
const MaxMoney = Money(math.MaxInt64)

// FromCPM returns the price of one impression for a price per thousand, rounded
// to the nearest nano-unit. It returns false if cpm is no finite number, is
// negative, or is too large to be a price.
func FromCPM(cpm float64) (Money, bool) {
	if !(cpm >= 0) || cpm > 1e9 {
		return 0, false
	}
	return Money(math.Round(cpm * 1e6)), true
}

// CPM returns the price per thousand impressions, in currency units.
func (m Money) CPM() float64 { return float64(m) / 1e6 }

// Units returns the amount in currency units.
func (m Money) Units() float64 { return float64(m) / 1e9 }

// Mul returns m × f, rounded to the nearest nano-unit and held within the range
// of Money. A product that is no number is zero.
func (m Money) Mul(f float64) Money {
	p := math.Round(float64(m) * f)
	switch {
	case p != p:
		return 0
	case p >= math.MaxInt64:
		return MaxMoney
	case p <= math.MinInt64:
		return math.MinInt64
	}
	return Money(p)
}

// AppendCPM appends the price per thousand as a decimal number with at most
// six digits after the point and none that are not needed, as in 2.5.
func (m Money) AppendCPM(dst []byte) []byte { return appendDecimal(dst, int64(m), 6) }

// AppendUnits appends the amount in currency units with at most nine digits
// after the point and none that are not needed.
func (m Money) AppendUnits(dst []byte) []byte { return appendDecimal(dst, int64(m), 9) }

// String returns the amount in currency units, as in 0.0025.
func (m Money) String() string { return string(m.AppendUnits(nil)) }

func appendDecimal(dst []byte, v int64, places int) []byte {
	u := uint64(v)
	if v < 0 {
		dst = append(dst, '-')
		u = -u
	}
	pow := uint64(1)
	for range places {
		pow *= 10
	}
	dst = strconv.AppendUint(dst, u/pow, 10)
	frac := u % pow
	if frac == 0 {
		return dst
	}
	dst = append(dst, '.')
	for frac > 0 {
		pow /= 10
		dst = append(dst, byte('0'+frac/pow))
		frac %= pow
	}
	return dst
}

// Currency is an ISO 4217 alphabetic code. The zero value stands for "none".
type Currency [3]byte

// Currencies that have a meaning of their own in OpenRTB or in examples.
var (
	USD = Currency{'U', 'S', 'D'}
	EUR = Currency{'E', 'U', 'R'}
)

// CurrencyOf reads a three-letter code in either case. It does not allocate.
func CurrencyOf[T string | []byte](s T) (Currency, bool) {
	if len(s) != 3 {
		return Currency{}, false
	}
	var c Currency
	for i := range 3 {
		b := s[i] &^ 0x20
		if b < 'A' || b > 'Z' {
			return Currency{}, false
		}
		c[i] = b
	}
	return c, true
}

// String returns the code, as in EUR.
func (c Currency) String() string {
	if c == (Currency{}) {
		return ""
	}
	return string(c[:])
}

// Amount is money with its currency, as a campaign manager writes it.
type Amount struct {
	Money    Money
	Currency Currency
}

// String returns the amount as ParseAmount reads it.
func (a Amount) String() string { return a.Money.String() + " " + a.Currency.String() }

// IsZero reports whether no amount was given.
func (a Amount) IsZero() bool { return a.Currency == Currency{} }

// ErrAmount is what ParseAmount's errors wrap.
var ErrAmount = errors.New(`an amount is a number and a currency, such as "2.50 EUR"`)

// ParseAmount reads an amount such as "2.50 EUR" or "50_000 USD", exactly. It
// takes at most nine digits after the point and no sign.
func ParseAmount(s string) (Amount, error) {
	num, cur, ok := strings.Cut(strings.TrimSpace(s), " ")
	c, valid := CurrencyOf(strings.TrimSpace(cur))
	if !ok || !valid {
		return Amount{}, fmt.Errorf("%q: %w", s, ErrAmount)
	}
	whole, frac, _ := strings.Cut(strings.ReplaceAll(num, "_", ""), ".")
	if whole == "" || len(frac) > 9 || !digits(whole) || !digits(frac) {
		return Amount{}, fmt.Errorf("%q: %w", s, ErrAmount)
	}
	w, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || w > int64(MaxMoney/Unit)-1 {
		return Amount{}, fmt.Errorf("%q is more than this engine can count: %w", s, ErrAmount)
	}
	f, _ := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
	return Amount{Money: Money(w)*Unit + Money(f), Currency: c}, nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
