package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// What Windows says of a file that another program has open.
const (
	accessDenied     = syscall.Errno(5)
	sharingViolation = syscall.Errno(32)
	lockViolation    = syscall.Errno(33)
)

// held tells whether it is worth to try again. Access is also denied to a file that is
// marked read-only, and to a folder: that stays so.
func held(path string, err error) bool {
	switch {
	case errors.Is(err, sharingViolation), errors.Is(err, lockViolation):
		return true
	case errors.Is(err, accessDenied):
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o200 != 0
	}
	return false
}

// syncFolder: Windows has no such thing; NTFS keeps a rename in its journal.
func syncFolder(string) error { return nil }
