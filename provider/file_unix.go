//go:build unix

package provider

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// likeFormer gives f the mode of the file that it replaces and, where permitted,
// its owner, or that of the folder where there is no such file: root adds users
// to a file that the service's own user reads.
func likeFormer(f *os.File, file string) error {
	info, err := os.Stat(file)
	mode := fs.FileMode(0o600)
	switch {
	case err == nil:
		mode = info.Mode().Perm()
	case errors.Is(err, fs.ErrNotExist):
		if info, err = os.Stat(filepath.Dir(file)); err != nil {
			return err
		}
	default:
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := f.Chown(int(st.Uid), int(st.Gid)); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return f.Chmod(mode)
}

// notifyReload makes SIGHUP arrive at c.
func notifyReload(c chan<- os.Signal) { signal.Notify(c, syscall.SIGHUP) }
