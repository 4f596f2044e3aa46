package learn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A snapshot is a file that holds a learner's state: a line that says what it is, the
// length of the state, its checksum (CRC-32C), and the state. Its name tells up to
// which event it goes. The two newest are kept.
const (
	snapshotHead   = "bidwell models\n"
	snapshotPrefix = "models-"
	asideSuffix    = ".writing"
	keptSnapshots  = 2
	mostSnapshot   = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// snapshots are those in a directory.
type snapshots struct {
	fs  vfs.FS
	dir string
}

// make makes the directory, if it is not there.
func (s *snapshots) make() error { return s.fs.MkdirAll(s.dir, 0o755) }

func nameOf(position uint64) string { return fmt.Sprintf("%s%020d", snapshotPrefix, position) }

// list returns the positions of those that are there, the newest first.
func (s *snapshots) list() ([]uint64, error) {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return nil, err
	}
	var out []uint64
	for _, name := range names {
		digits, ours := strings.CutPrefix(name, snapshotPrefix)
		position, err := strconv.ParseUint(digits, 10, 64)
		if ours && err == nil && nameOf(position) == name {
			out = append(out, position)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out, nil
}

// errDamaged says that a snapshot is not what was written.
var errDamaged = errors.New("it is damaged or cut short")

// read returns the learner that a snapshot holds.
func (s *snapshots) read(position uint64) (*Learner, error) {
	f, err := s.fs.Open(s.fs.PathJoin(s.dir, nameOf(position)))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, mostSnapshot))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	state, ok := unframe(data)
	if !ok {
		return nil, errDamaged
	}
	l := NewLearner()
	if err := l.Restore(state); err != nil {
		return nil, err
	}
	if l.position != position {
		return nil, errDamaged
	}
	return l, nil
}

func frame(state []byte) []byte {
	out := append(make([]byte, 0, len(snapshotHead)+12+len(state)), snapshotHead...)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(state)))
	out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(state, castagnoli))
	return append(out, state...)
}

func unframe(data []byte) (state []byte, ok bool) {
	rest, ours := strings.CutPrefix(string(data[:min(len(data), len(snapshotHead))]), snapshotHead)
	if !ours || rest != "" || len(data) < len(snapshotHead)+12 {
		return nil, false
	}
	data = data[len(snapshotHead):]
	n, sum, state := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint32(data[8:]), data[12:]
	return state, uint64(len(state)) == n && crc32.Checksum(state, castagnoli) == sum
}

// write writes a snapshot: aside first, so that there is never half of one, and then
// drops the old ones.
func (s *snapshots) write(l *Learner) error {
	if err := s.make(); err != nil { // somebody may have removed it
		return err
	}
	name := s.fs.PathJoin(s.dir, nameOf(l.position))
	if err := s.put(name+asideSuffix, frame(l.AppendState(nil))); err != nil {
		s.fs.Remove(name + asideSuffix) // gives back the room; if that fails as well, tidy does it later
		return err
	}
	if err := s.fs.Rename(name+asideSuffix, name); err != nil {
		return err
	}
	if err := s.sync(); err != nil {
		return err
	}
	return s.tidy()
}

func (s *snapshots) put(name string, data []byte) error {
	f, err := s.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (s *snapshots) sync() error {
	d, err := s.fs.OpenDir(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// tidy drops all but the newest snapshots, and what was left half written.
func (s *snapshots) tidy() error {
	positions, err := s.list()
	if err != nil {
		return err
	}
	for _, p := range positions[min(len(positions), keptSnapshots):] {
		if err := s.drop(p); err != nil {
			return err
		}
	}
	names, err := s.fs.List(s.dir)
	for _, name := range names {
		if strings.HasPrefix(name, snapshotPrefix) && strings.HasSuffix(name, asideSuffix) {
			err = errors.Join(err, s.fs.Remove(s.fs.PathJoin(s.dir, name)))
		}
	}
	return err
}

func (s *snapshots) drop(position uint64) error {
	return s.fs.Remove(s.fs.PathJoin(s.dir, nameOf(position)))
}
