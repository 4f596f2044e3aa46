package notice

import (
	"errors"
	"testing"

	"bidwell/ad"
)

// The keys and vectors that Google publishes with its scheme.
const (
	testEncryption = "skU7Ax_NL5pPAFyKdkfZjZz2-VhIN8bjj1rVFOaJ_5o="
	testIntegrity  = "arO23ykdNqUQ5LEoQ0FVmPkBd7xB5CO89PDZlSjpFxo="
)

func TestPublishedPrices(t *testing.T) {
	keys, err := NewPriceKeys(testEncryption, testIntegrity)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]ad.Money{
		"YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCce_6msaw":   100,
		"YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCAWJRxOgA":   1900,
		"YWJjMTIzZGVmNDU2Z2hpN7fhCuPemC32prpWWw":   2700,
		"YWJjMTIzZGVmNDU2Z2hpN7fhCuPemC32prpWWw==": 2700,
	} {
		if got, ok := keys.Price([]byte(text)); !ok || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, ok, want)
		}
	}
}

func TestEncryptedPriceRefusals(t *testing.T) {
	keys, _ := NewPriceKeys(testEncryption, testIntegrity)
	good := "YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCce_6msaw"
	for i := range good {
		other := []byte(good)
		other[i] ^= 1
		if m, ok := keys.Price(other); ok && i < len(good)-1 {
			t.Errorf("byte %d changed: got %d, want a refusal", i, m)
		}
	}
	for _, text := range []string{"", "1.25", "${AUCTION_PRICE}", good[:20], good + "AAAA", "%%WINNING_PRICE%%"} {
		if m, ok := keys.Price([]byte(text)); ok {
			t.Errorf("%q: got %d, want a refusal", text, m)
		}
	}
}

func TestPriceKeysAreChecked(t *testing.T) {
	for _, key := range []string{"", "short", "c2hvcnQ=", testEncryption + "x"} {
		if _, err := NewPriceKeys(key, testIntegrity); !errors.Is(err, ErrPriceKey) {
			t.Errorf("encryption key %q: got %v, want %v", key, err, ErrPriceKey)
		}
		if _, err := NewPriceKeys(testEncryption, key); !errors.Is(err, ErrPriceKey) {
			t.Errorf("integrity key %q: got %v, want %v", key, err, ErrPriceKey)
		}
	}
}
