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
	if err := give(f, info); err != nil {
		return err
	}
	return f.Chmod(mode)
}

// likeFolder gives f, where permitted, the owner of its folder: what root sets up
// is read by the service's own user.
func likeFolder(f *os.File) error {
	info, err := os.Stat(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	return give(f, info)
}

// give makes f, where permitted, the property of like's owner.
func give(f *os.File, like fs.FileInfo) error {
	st, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if err := f.Chown(int(st.Uid), int(st.Gid)); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// notifyReload makes SIGHUP arrive at c.
func notifyReload(c chan<- os.Signal) { signal.Notify(c, syscall.SIGHUP) }
