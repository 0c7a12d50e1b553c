package provider

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"

	"ctlclient/internal/atomicfile"
)

// audit writes what happened as JSON lines: time, msg (the event) and its
// values. A file is 0600, is appended to, and can be moved away: reopen begins a
// new one.
type audit struct {
	file   string // "-": stderr
	logger *slog.Logger

	mu   sync.Mutex
	out  io.Writer
	open *os.File // out, where it is the file
}

func openAudit(file string, stderr io.Writer) (*audit, error) {
	a := &audit{file: file, out: stderr}
	a.logger = slog.New(slog.NewJSONHandler(a, nil))
	return a, a.reopen()
}

// reopen leaves the former file in use where the new one cannot be opened.
func (a *audit) reopen() error {
	if a.file == "-" {
		return nil
	}
	_, err := os.Lstat(a.file)
	fresh := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(a.file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil && fresh {
		if err = atomicfile.Private(f); err != nil {
			err = errors.Join(err, f.Close())
		}
	}
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	former := a.open
	a.out, a.open = f, f
	if former != nil {
		return former.Close()
	}
	return nil
}

// Write is the handler's: one whole line.
func (a *audit) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.out.Write(p)
}

func (a *audit) log(event string, kv ...any) { a.logger.Info(event, kv...) }

func (a *audit) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		return nil
	}
	return a.open.Close()
}
