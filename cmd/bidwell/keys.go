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
)

// loadKeys reads the secrets that notices are signed with, one a line in
// hexadecimal, the one to sign with first. On the first start it makes one.
func loadKeys(path string) (notice.Keys, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(path)
	}
	if err != nil {
		return notice.Keys{}, fmt.Errorf("read the notice keys: %w", err)
	}
	var secrets [][]byte
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		secret, err := hex.DecodeString(string(line))
		if err != nil {
			return notice.Keys{}, fmt.Errorf("%s:%d: a key is a line of hexadecimal digits; restore the file, or remove it to begin with a new key", path, n)
		}
		secrets = append(secrets, secret)
	}
	if err := lines.Err(); err != nil {
		return notice.Keys{}, fmt.Errorf("%s: %w; restore the file, or remove it to begin with a new key", path, err)
	}
	keys, err := notice.NewKeys(secrets...)
	if err != nil {
		return notice.Keys{}, fmt.Errorf("%s: %w; restore the file, or remove it to begin with a new key", path, err)
	}
	return keys, nil
}

// makeKey writes a new key, readable by nobody else.
func makeKey(path string) ([]byte, error) {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	text := []byte("# Keys that sign notices. To rotate, put a new line first and drop the last one a day later.\n" +
		hex.EncodeToString(secret) + "\n")
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
