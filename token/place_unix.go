//go:build unix

package token

import (
	"os"
	"slices"
	"syscall"
)

// administrators are the groups that may write where modules are: root, wheel, and
// Debian's staff, to whom /usr/local belongs.
var administrators = []uint32{0, 10, 50}

// othersWrite tells whether others than the user and administrators can write to a file
// or folder. What is not there cannot be loaded either.
func othersWrite(path string) bool {
	info, err := os.Lstat(path)
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	mode := info.Mode()
	if mode&os.ModeSymlink != 0 {
		mode = 0 // a link has no permissions; its folder decides
	}
	return st.Uid != 0 && int(st.Uid) != os.Geteuid() || mode.Perm()&0o002 != 0 ||
		mode.Perm()&0o020 != 0 && !slices.Contains(administrators, st.Gid)
}
