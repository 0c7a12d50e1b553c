package ctlp

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// syncDir does nothing: Windows opens no folder for flushing, and NTFS logs a
// rename itself.
func syncDir(*os.Root) error { return nil }

// keepOwner does nothing: a new file inherits the folder's access list.
func keepOwner(*os.File, fs.FileInfo) (bool, error) { return true, nil }

// ours is always so: folders have no sticky bit.
func ours(fs.FileInfo) bool { return true }

func isNoSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}
