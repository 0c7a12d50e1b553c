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

// keepOwner gives f the owner and group of former, or at least the group, where
// that is permitted; kept says that whoever read former by them reads f.
func keepOwner(f *os.File, former fs.FileInfo) (kept bool, err error) {
	want, ok := former.Sys().(*syscall.Stat_t)
	if !ok {
		return false, nil
	}
	err = f.Chown(int(want.Uid), int(want.Gid))
	if errors.Is(err, fs.ErrPermission) {
		err = f.Chown(-1, int(want.Gid))
	}
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return false, err
	}
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	got, ok := info.Sys().(*syscall.Stat_t)
	return ok && got.Uid == want.Uid && got.Gid == want.Gid, nil
}

// ours says that a file or folder belongs to the user of this program, or that this
// program may do everything.
func ours(info fs.FileInfo) bool {
	is, ok := info.Sys().(*syscall.Stat_t)
	us := os.Geteuid()
	return !ok || us == 0 || int64(is.Uid) == int64(us)
}

func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
