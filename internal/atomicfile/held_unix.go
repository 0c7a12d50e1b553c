//go:build !windows

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// held: an open file is no obstacle here.
func held(string, error) bool { return false }

// syncFolder puts the new name on the disk. File systems that cannot sync a folder say so,
// and then there is nothing to be done.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return nil // a folder may be written to and yet not read
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, f.Close())
}
