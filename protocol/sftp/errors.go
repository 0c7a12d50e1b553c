package sftp

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	pkgsftp "github.com/pkg/sftp"
)

var (
	// ErrConflict: the live file is not the expected one. See ConflictError.
	ErrConflict = errors.New("the live file is not the expected one")
	// ErrNoSpace: no room for the file, by disk, inodes or quota.
	ErrNoSpace = errors.New("no space left on the server")
	// ErrReadOnly: the file system is mounted read-only. It is fs.ErrPermission too.
	ErrReadOnly = fmt.Errorf("the file system is mounted read-only: %w", fs.ErrPermission)
	// ErrTooLarge: a file longer than MaxFile.
	ErrTooLarge = fmt.Errorf("file is larger than %d bytes", MaxFile)
	// ErrCorrupted: what was read back is not what was written.
	ErrCorrupted = errors.New("what the server stored is not what was sent")
	// ErrNotAtomic: the server cannot replace a file in one step. See NotAtomicError.
	ErrNotAtomic = errors.New("the server cannot replace a file in one step")
	// ErrNotRegular: the live name is a link, a folder or a device, which a
	// rename would replace by a file.
	ErrNotRegular = errors.New("not a regular file (a link, a folder or a device)")
)

// ConflictError is ErrConflict with the digests; nil: no file.
type ConflictError struct {
	Path      string
	Want, Got *[32]byte
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s: %s: expected %s, found %s", e.Path, ErrConflict, digestWords(e.Want), digestWords(e.Got))
}

func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// Hint names the next action.
func (e *ConflictError) Hint() string {
	return "somebody changed the file since it was read; look at what is there now, then start again"
}

func digestWords(digest *[32]byte) string {
	if digest == nil {
		return "no file"
	}
	return "SHA-256 " + hex.EncodeToString(digest[:8]) + "..."
}

// NotAtomicError is ErrNotAtomic for one file; nothing was changed.
type NotAtomicError struct{ Path string }

func (e *NotAtomicError) Error() string {
	return fmt.Sprintf("%s: %s: its SFTP service lacks posix-rename@openssh.com", e.Path, ErrNotAtomic)
}

func (e *NotAtomicError) Is(target error) bool { return target == ErrNotAtomic }

// Hint names the next action.
func (e *NotAtomicError) Hint() string {
	return "use OpenSSH's sftp-server on that machine (and allow posix-rename in it),\n" +
		"or put the file there by hand; nothing was changed"
}

// Codes of SSH_FXP_STATUS that have no error of their own in the library. 14 and
// 15 are of later versions of the protocol, sent by some servers all the same.
const (
	fxFailure     = 4
	fxUnsupported = 8
	fxNoSpace     = 14
	fxQuota       = 15
)

// explain says what was done to which file and, as far as can be found out, why
// it failed: most servers answer the bare word "Failure". size is how much was
// to be written there.
func (c *Client) explain(ctx context.Context, verb, name string, size int, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*ConflictError](err); ok {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", verb, name, ctx.Err())
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, pkgsftp.ErrSSHFxConnectionLost) || errors.Is(err, pkgsftp.ErrSSHFxNoConnection) {
		return fmt.Errorf("%s %s: connection lost: %w", verb, name, err)
	}
	if status, ok := errors.AsType[*pkgsftp.StatusError](err); ok {
		switch status.Code {
		case fxNoSpace, fxQuota:
			err = fmt.Errorf("%w (%w)", ErrNoSpace, err)
		case fxFailure:
			if reason := c.reason(path.Dir(name), size); reason != nil {
				err = fmt.Errorf("%w (%w)", reason, err)
			}
		}
	}
	return fmt.Errorf("%s %s: %w", verb, name, err)
}

// reason asks the server's file system why a write may have failed; nil: it does
// not tell. It is asked while the partly written file is still there.
func (c *Client) reason(dir string, size int) error {
	if !c.statvfs {
		return nil
	}
	vfs, err := c.sftp.StatVFS(dir)
	if err != nil {
		return nil
	}
	const readOnly = 1 // ST_RDONLY of OpenSSH's statvfs reply
	switch {
	case vfs.Flag&readOnly != 0:
		return ErrReadOnly
	case vfs.Frsize > 0 && vfs.Bavail < (uint64(size)+vfs.Frsize-1)/vfs.Frsize, vfs.Files > 0 && vfs.Favail == 0:
		return ErrNoSpace
	}
	return nil
}
