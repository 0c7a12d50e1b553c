//go:build unix

package ctlp

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// syncDir makes renames within the folder last.
func syncDir(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// keepOwner gives f the owner and group of former where that is permitted: the
// program that serves the file may read it by them.
func keepOwner(f *os.File, former fs.FileInfo) error {
	st, ok := former.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	err := f.Chown(int(st.Uid), int(st.Gid))
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
