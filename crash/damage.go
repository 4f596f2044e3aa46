//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"bidwell/internal/diskguard"
)

// outcome is what has to become of a start on damaged data.
type outcome uint8

const (
	refuses  outcome = iota // the bidder ends with status 1 and says what to do
	finds                   // it ends so, or it starts, and ledger verify finds the damage
	unharmed                // it starts, and nothing is missing
	copes                   // it ends so or starts: what is damaged is not money
)

// damage is one way to damage a data directory.
type damage struct {
	what   string
	of     string // the directory below the data
	suffix string // of the file: the largest is taken
	do     func(name string) error
	want   outcome
	says   string
}

// damages are the ways to damage a data directory.
var damages = [...]damage{
	{"a bit is flipped early in a sorted file", "ledger", ".sst", flip(5), finds, diskguard.Restore},
	{"a bit is flipped in a sorted file", "ledger", ".sst", flip(50), finds, diskguard.Restore},
	{"a bit is flipped at the end of a sorted file", "ledger", ".sst", flip(100), finds, diskguard.Restore},
	{"a sorted file is cut", "ledger", ".sst", cut(50), finds, diskguard.Restore},
	{"a sorted file is empty", "ledger", ".sst", cut(0), finds, diskguard.Restore},
	{"a sorted file is gone", "ledger", ".sst", os.Remove, finds, diskguard.Restore},
	{"a bit is flipped early in the log", "ledger", ".log", flip(10), refuses, "restore the directory from a backup"},
	{"a bit is flipped in the log", "ledger", ".log", flip(50), refuses, "restore the directory from a backup"},
	{"the log is cut", "ledger", ".log", cut(50), refuses, "restore the directory from a backup"},
	{"the log is gone", "ledger", ".log", os.Remove, refuses, "restore the directory from a backup"},
	{"the log ends with half a record", "ledger", ".log", tear, unharmed, ""},
	{"a bit is flipped in the manifest", "ledger", "", onManifest(flip(50)), refuses, diskguard.Restore},
	{"the manifest is cut", "ledger", "", onManifest(cut(30)), refuses, "restore the directory from a backup"},
	{"the manifest is gone", "ledger", "", onManifest(os.Remove), refuses, "restore the directory from a backup"},
	{"what says which manifest is in use is gone", "ledger", "marker.manifest", os.Remove, refuses, "restore the directory from a backup"},
	{"the ledger is of a newer version", "ledger", "", newer, refuses, "run the newer version"},
	{"the ledger is a file", "ledger", "", beFile, refuses, "choose another data directory"},
	{"the directory is read-only", "", "", readOnly, refuses, "writable"},
	{"the keys are damaged", "", "token.keys", cut(60), refuses, "restore the file"},
	{"the key of features is damaged", "", "feature.key", cut(90), refuses, "restore the file"},
	{"the models are a file", "models", "", beFile, unharmed, ""},
	{"a bit is flipped in the profiles", "profiles", ".sst", flip(5), copes, ""},
	{"the profiles are cut", "profiles", ".sst", cut(50), copes, ""},
	{"a bit is flipped in the profiles' log", "profiles", ".log", flip(50), copes, ""},
	{"what says which manifest of the profiles is in use is gone", "profiles", "marker.manifest", os.Remove, refuses, "restore the directory from a backup"},
	{"the profiles are of a newer version", "profiles", "", newer, refuses, "run the newer version"},
}

// damaged starts the bidder on copies of the data that are damaged in one way
// each. The data are those of a bidder that was killed a moment ago.
func (s *stage) damaged(ctx context.Context) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	s.x.gate.Unlock()
	s.work(ctx, 200, 4*time.Second)
	s.kill()
	if err := s.checkCopy(ctx); err != nil {
		return err
	}
	var errs []error
	for i := range damages {
		d := &damages[i]
		if err := s.damage(ctx, d); err != nil {
			errs = append(errs, fmt.Errorf("when %s: %w", d.what, err))
		}
		s.figures.Damaged++
	}
	return errors.Join(errs...)
}

// damage damages one copy, and looks what becomes of it.
func (s *stage) damage(ctx context.Context, d *damage) (err error) {
	dir := filepath.Join(s.dir, "damaged")
	if err := errors.Join(os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(s.bidder.data))); err != nil {
		return err
	}
	name := filepath.Join(dir, d.of)
	if d.suffix != "" {
		if name, err = largest(name, d.suffix); err != nil {
			return err
		}
	}
	if err := d.do(name); err != nil {
		return err
	}
	b := *s.bidder
	b.data = dir
	starts, err := s.tryStart(ctx, &b, d.says)
	err = errors.Join(err, writable(dir))
	switch {
	case err != nil:
		return err
	case !starts && d.want == unharmed:
		return fmt.Errorf("the bidder does not start: %s", b.words())
	case starts && d.want == refuses:
		return errors.New("the bidder starts as if nothing had happened")
	case starts && d.want == unharmed:
		return s.check(ctx, dir)
	case d.want == finds:
		if _, err := s.bidder.ledger(ctx, dir, "verify"); err == nil {
			return errors.New("ledger verify finds nothing")
		} else if strings.Contains(err.Error(), "panic") {
			return err
		}
	}
	return nil
}

// tryStart starts a bidder and reports whether it serves. One that does not has to
// end in good order, with an advice. One that does is killed.
func (s *stage) tryStart(ctx context.Context, b *bidder, advice string) (starts bool, err error) {
	if err := b.start(); err != nil {
		return false, err
	}
	defer b.kill()
	err = poll(ctx, "the bidder to end or to serve", startLimit, func() (bool, error) {
		select {
		case <-b.ended:
			return true, b.endedWell(advice)
		default:
		}
		_, _, err := b.get(ctx, "/readyz")
		starts = err == nil
		return starts, nil
	})
	return starts, err
}

// largest returns the largest file of a kind.
func largest(dir, suffix string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"+suffix+"*"))
	if err != nil || len(files) == 0 {
		return "", errors.Join(err, fmt.Errorf("there is no *%s in %s", suffix, dir))
	}
	size := func(name string) int64 {
		info, err := os.Stat(name)
		if err != nil {
			return -1
		}
		return info.Size()
	}
	return slices.MaxFunc(files, func(a, b string) int { return int(size(a) - size(b)) }), nil
}

// written returns what was written to a file: a log is made longer in advance.
func written(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	return bytes.TrimRight(text, "\x00"), err
}

// flip flips a bit so many hundredths into a file.
func flip(percent int) func(string) error {
	return func(name string) error {
		text, err := written(name)
		if err != nil || len(text) == 0 {
			return err
		}
		text[(len(text)-1)*percent/100] ^= 0x10
		return os.WriteFile(name, text, 0o644)
	}
}

// cut cuts a file after so many hundredths.
func cut(percent int) func(string) error {
	return func(name string) error {
		text, err := written(name)
		if err != nil {
			return err
		}
		return os.WriteFile(name, text[:len(text)*percent/100], 0o644)
	}
}

// tear adds to a log what a write that was not finished leaves: the beginning of
// a record that says that it is longer.
func tear(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	end := endOfLog(text)
	return os.WriteFile(name, append(text[:end:end], text[:min(40, end)]...), 0o644)
}

// endOfLog returns the end of the last record in a log of Pebble's. What follows
// are zeros; so may be what a record ends with. A log is divided into blocks.
// Every chunk of a record begins with a checksum, its length, and its type, and
// lies within one block (pebble: record/record.go).
func endOfLog(text []byte) int {
	const block, kind = 32 << 10, 6
	headers := [...]int{0, 7, 7, 7, 7, 11, 11, 11, 11, 19, 19, 19, 19} // by type
	at, end := 0, 0
	for at+kind < len(text) {
		left := block - at%block
		switch t := int(text[at+kind]); {
		case left < 19 && (left <= kind || t == 0): // too little for another chunk
			at += left
		case t == 0 || t >= len(headers):
			return end
		default:
			at += headers[t] + int(binary.LittleEndian.Uint16(text[at+4:]))
			end = min(at, len(text))
		}
	}
	return end
}

// onManifest does something to the manifest in use.
func onManifest(do func(string) error) func(string) error {
	return func(dir string) error {
		marker, err := largest(dir, "marker.manifest")
		if err != nil {
			return err
		}
		_, name, _ := strings.Cut(filepath.Base(marker), "MANIFEST")
		return do(filepath.Join(dir, "MANIFEST"+name))
	}
}

// newer makes a database say that a version wrote it that does not exist yet.
func newer(dir string) error {
	marker, err := largest(dir, "marker.format-version")
	if err != nil {
		return err
	}
	return os.Rename(marker, strings.TrimSuffix(marker, filepath.Ext(marker))+".999")
}

// beFile puts a file in place of a directory.
func beFile(dir string) error {
	return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o644))
}

// readOnly makes a directory one that cannot be written, by its mode, and where
// this user may, by a mount: modes do not hold root back.
func readOnly(dir string) error {
	if err := os.Chmod(dir, 0o555); err != nil {
		return err
	}
	if os.Getuid() != 0 {
		return nil
	}
	return errors.Join(syscall.Mount(dir, dir, "", syscall.MS_BIND, ""),
		syscall.Mount(dir, dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
}

// writable undoes readOnly, if it was done.
func writable(dir string) error {
	if err := syscall.Unmount(dir, 0); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("unmount %s: %w", dir, err)
	}
	return os.Chmod(dir, 0o755)
}
