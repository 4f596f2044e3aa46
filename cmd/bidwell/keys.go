package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"bidwell/notice"
	"bidwell/pricing"
)

// loadKeys reads the secrets that notices are signed with, one a line in
// hexadecimal, the one to sign with first. On the first start it makes one.
func loadKeys(path string) (notice.Keys, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(path, "# Keys that sign notices. To rotate, put a new line first and drop the last one a day later.", 32)
	}
	if err != nil {
		return notice.Keys{}, fmt.Errorf("read the notice keys: %w", err)
	}
	secrets, err := secretsIn(path, text)
	if err != nil {
		return notice.Keys{}, err
	}
	keys, err := notice.NewKeys(secrets...)
	if err != nil {
		return notice.Keys{}, fmt.Errorf("%s: %w; "+amends, path, err)
	}
	return keys, nil
}

// loadFeatureKey reads the secret that keys what models know features by, one line in
// hexadecimal. Unlike those of notices it is never rotated. If it is not there, one is
// made on request; else the key is zero.
func loadFeatureKey(path string, make bool) (pricing.Key, error) {
	text, err := os.ReadFile(path)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
	case !make:
		return pricing.Key{}, nil
	default:
		text, err = makeKey(path, "# Keys the hashes by which models know places and people. Do not change it: models would begin anew.", pricing.KeySize)
	}
	if err != nil {
		return pricing.Key{}, fmt.Errorf("read the key of features: %w", err)
	}
	secrets, err := secretsIn(path, text)
	if err != nil {
		return pricing.Key{}, err
	}
	if len(secrets) != 1 || len(secrets[0]) != pricing.KeySize {
		return pricing.Key{}, fmt.Errorf("%s: it must be one line of %d hexadecimal digits; "+amends, path, 2*pricing.KeySize)
	}
	return pricing.KeyOf([pricing.KeySize]byte(secrets[0])), nil
}

const amends = "restore the file, or remove it to begin with a new key"

// secretsIn reads secrets, one a line in hexadecimal, between comments.
func secretsIn(path string, text []byte) (secrets [][]byte, err error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		secret, err := hex.DecodeString(string(line))
		if err != nil {
			return nil, fmt.Errorf("%s:%d: a key is a line of hexadecimal digits; "+amends, path, n)
		}
		secrets = append(secrets, secret)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w; "+amends, path, err)
	}
	return secrets, nil
}

// makeKey writes a new key of so many bytes below a comment, readable by nobody else.
func makeKey(path, comment string, size int) ([]byte, error) {
	secret := make([]byte, size)
	rand.Read(secret) // never fails
	text := []byte(comment + "\n" + hex.EncodeToString(secret) + "\n")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path) // half a key would stop every start after this one
	}
	return text, err
}
