// Package disktest provides disks in memory that tests can take power from.
package disktest

import (
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Disk is a file system in memory of which CrashClone makes what a disk holds
// after a crash of the machine, also while it is written.
type Disk struct{ *vfs.MemFS }

// New returns an empty disk.
func New() Disk { return Disk{vfs.NewCrashableMem()} }

// CrashClone returns the disk as it is after a crash now.
func (d Disk) CrashClone(c vfs.CrashCloneCfg) Disk { return Disk{d.MemFS.CrashClone(c)} }

// ReuseForWrite implements vfs.FS. That of MemFS takes a lock which it holds
// already, and so hangs for ever if CrashClone waits for it in between.
func (d Disk) ReuseForWrite(oldName, newName string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := d.Rename(oldName, newName); err != nil {
		return nil, err
	}
	return d.OpenReadWrite(newName, c)
}
