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
	"path/filepath"

	"go.uber.org/zap"

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

// tokenKeysFile is where the keys that sign notices are kept in a data directory.
func tokenKeysFile(data string) string { return filepath.Join(data, "token.keys") }

// lostMeans says what it means that a file of keys is new although there are events from
// before.
var lostMeans = map[string]string{
	"feature.key": "what models saw of earlier impressions can no longer be matched, and they learn about people and places anew",
	"token.keys":  "notices and clicks of bids that were made before are refused as forged",
}

// lostKeys returns the files of keys that are not there, and will be made.
func (m *Main) lostKeys() (files []string) {
	for _, file := range []string{featureKeyFile(m.dataDir()), tokenKeysFile(m.dataDir())} {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			files = append(files, file)
		}
	}
	return files
}

// warnOfNewKeys says what it means that these files were made anew, if there are events
// from before. On a first start there are none.
func (m *Main) warnOfNewKeys(files []string) {
	n := m.ledger.Durable()
	for _, file := range files {
		if n > 0 {
			m.Log.Warn(filepath.Base(file)+" was missing and a new one is used: "+lostMeans[filepath.Base(file)]+
				". If there is a backup of the file, stop, put it back and start",
				zap.String("file", file), zap.Uint64("earlier_events", n))
		}
	}
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
