// Package atomicfile puts a file in the place of another in one step: whoever reads it
// finds the former one or the new one, whole, also after a power cut.
//
// On Windows a file that another program holds open cannot be replaced; virus scanners and
// backup programs do that for a moment after each write. Such a replacement is tried again
// for some seconds before it is an error, a [HeldError].
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ctlclient/message"
)

// Write puts data in the place of the file at path, with permissions mode whatever the
// former one had. On an error the former file stands as it was and nothing is left beside
// it. On Windows a mode that lets only the owner read makes the file private; any other says nothing.
func Write(path string, data []byte, mode fs.FileMode) error {
	return Replace(path, data, func(f *os.File) error {
		if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
		if mode&0o077 == 0 {
			return private(f)
		}
		return nil
	})
}

// Replace is Write for a caller that gives the new file its permissions and owner: prepare
// is handed it before anything is in it, private to this user (0600). A nil prepare leaves
// it so.
func Replace(path string, data []byte, prepare func(*os.File) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			_ = os.Remove(f.Name()) // err is the cause
		}
	}()
	if prepare == nil {
		prepare = private
	}
	if err := prepare(f); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := Retry(path, func() error { return os.Rename(f.Name(), path) }); err != nil {
		return err
	}
	return syncFolder(dir)
}

// HeldError is a file that another program held open all the time.
type HeldError struct {
	Path string
	Err  error
}

// Error is Said in English.
func (e *HeldError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *HeldError) Said() error {
	return message.Errorf("%s: another program holds it open: %v", e.Path, e.Err)
}

func (e *HeldError) Unwrap() error { return e.Err }

// Hints name the next action.
func (e *HeldError) Hints() []message.Message {
	return message.Hint("close the program that has the file open (a virus scanner may hold it for a while), then try again")
}

// patience is how long Retry goes on, and pause how long it waits each time.
const (
	patience = 5 * time.Second
	pause    = 100 * time.Millisecond
)

// Retry does something to the file at path, a rename or a removal, and does it again for
// some seconds while it fails because another program holds the file: on Windows alone.
func Retry(path string, do func() error) error {
	return retry(path, do, held, time.Sleep)
}

func retry(path string, do func() error, held func(path string, err error) bool, sleep func(time.Duration)) error {
	for waited := time.Duration(0); ; waited += pause {
		err := do()
		switch {
		case err == nil || !held(path, err):
			return err
		case waited >= patience:
			return &HeldError{path, err}
		}
		sleep(pause)
	}
}
