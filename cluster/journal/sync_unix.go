//go:build !windows

package journal

import (
	"errors"
	"os"
)

// syncDir makes the names in a folder safe on disk.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
