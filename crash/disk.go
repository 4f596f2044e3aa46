//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// disk is a small file system in memory that can be filled.
type disk struct {
	dir    string
	filled chan struct{} // closed to stop filling; nil if it is not full
	ended  chan struct{}
}

// errNoMount says that this process may not mount.
var errNoMount = errors.New("this user may not mount a file system")

// mountDisk makes a file system of so many bytes at dir.
func mountDisk(dir string, size int) (*disk, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	err := syscall.Mount("bidwell-crash", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size))
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return nil, errNoMount
	}
	if err != nil {
		return nil, fmt.Errorf("mount a small disk: %w", err)
	}
	return &disk{dir: dir}, nil
}

// fill fills the disk, and what becomes free on it, until free is called.
func (d *disk) fill() error {
	f, err := os.Create(filepath.Join(d.dir, "filler"))
	if err != nil {
		return err
	}
	d.filled, d.ended = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(d.ended)
		defer f.Close()
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		block := make([]byte, 4096)
		for {
			for err := error(nil); err == nil; { // until there is no space
				_, err = f.Write(block)
			}
			select {
			case <-tick.C:
			case <-d.filled:
				return
			}
		}
	}()
	return nil
}

// free gives back what fill took.
func (d *disk) free() error {
	if d.filled == nil {
		return nil
	}
	close(d.filled)
	<-d.ended
	d.filled = nil
	return os.Remove(filepath.Join(d.dir, "filler"))
}

// unmount removes the disk with all that is on it.
func (d *disk) unmount() error {
	return errors.Join(d.free(), syscall.Unmount(d.dir, 0))
}
