package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Private keeps other users away from f, a new file with nothing in it yet. The mode 0600
// does that elsewhere; on Windows the access list then has this user and SYSTEM alone.
func Private(f *os.File) error { return private(f) }

// MakeFolder makes a folder for this user alone (0700; see Private), and those above it that
// are missing. A folder that is there stays as it is.
func MakeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := MakeFolder(parent); err != nil {
			return err
		}
	}
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		return privateFolder(dir)
	}
	if info, statErr := os.Stat(dir); errors.Is(err, fs.ErrExist) && statErr == nil && info.IsDir() {
		return nil // another process made it just now
	}
	return err
}
