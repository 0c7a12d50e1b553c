package sftp

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"unicode"

	pkgsftp "github.com/pkg/sftp"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
	"ctlclient/protocol/internal/reach"
)

var (
	// ErrConflict: the live file is not the expected one. See ConflictError.
	ErrConflict = message.NewError("the live file is not the expected one")
	// ErrGone: the live file is not there any more. It is an ErrConflict.
	ErrGone = message.NewError("the live file is gone")
	// ErrNoSpace: no room for the file, by disk, inodes or quota.
	ErrNoSpace = message.NewError("no space left on the server")
	// ErrReadOnly: the file system is mounted read-only. It is fs.ErrPermission too.
	ErrReadOnly = message.Errorf("the file system is mounted read-only: %w", fs.ErrPermission)
	// ErrTooLarge: a file longer than MaxFile.
	ErrTooLarge = message.Errorf("file is larger than %d bytes", MaxFile)
	// ErrCorrupted: what was read back is not what was written.
	ErrCorrupted = message.NewError("what the server stored is not what was sent")
	// ErrNotAtomic: the server cannot replace a file in one step. See NotAtomicError.
	ErrNotAtomic = message.NewError("the server cannot replace a file in one step")
	// ErrNotRegular: the live name is a link, a folder or a device, which a
	// rename would replace by a file. A link is a *LinkError.
	ErrNotRegular = message.NewError("not a regular file (a link, a folder or a device)")
)

// ConflictError is ErrConflict with the digests; nil: no file.
type ConflictError struct {
	Path      string
	Want, Got *[32]byte
}

// Error is Said in English.
func (e *ConflictError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *ConflictError) Said() error {
	if e.Got == nil {
		return message.Errorf("%s: %s: expected %s", e.Path, ErrGone, digestWords(e.Want))
	}
	return message.Errorf("%s: %s: expected %s, found %s", e.Path, ErrConflict, digestWords(e.Want), digestWords(e.Got))
}

func (e *ConflictError) Is(target error) bool {
	return target == ErrConflict || target == ErrGone && e.Got == nil
}

// Hints name the next action.
func (e *ConflictError) Hints() []message.Message {
	if e.Got == nil {
		return message.Hint("look why the file is not there any more; what it held is kept beside it as %s, if a job put it there", path.Base(e.Path)+previousSuffix)
	}
	return message.Hint("somebody changed the file since it was read; look at what is there now, then start again")
}

func digestWords(digest *[32]byte) string {
	if digest == nil {
		return "no file"
	}
	return "SHA-256 " + hex.EncodeToString(digest[:8]) + "..."
}

// NotAtomicError is ErrNotAtomic for one file; nothing was changed.
type NotAtomicError struct{ Path string }

// Error is Said in English.
func (e *NotAtomicError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *NotAtomicError) Said() error {
	return message.Errorf("%s: %s: its SFTP service lacks posix-rename@openssh.com", e.Path, ErrNotAtomic)
}

func (e *NotAtomicError) Is(target error) bool { return target == ErrNotAtomic }

// Hints name the next action.
func (e *NotAtomicError) Hints() []message.Message {
	return []message.Message{
		message.Phrase("use OpenSSH's sftp-server on that machine (and allow posix-rename in it);"),
		message.Phrase("or set transport = \"by-hand\" for this node in the profile: you put the file there, ctlclient says which and checks what the node then serves"),
	}
}

// LinkError is a live name that is a symbolic link; it is ErrNotRegular.
type LinkError struct {
	Path, To string // To: where it leads; "" when the server does not tell
}

// Error is Said in English.
func (e *LinkError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *LinkError) Said() error {
	if e.To == "" {
		return message.Errorf("%s is a symbolic link, which replacing the file would destroy", e.Path)
	}
	return message.Errorf("%s is a symbolic link to %s, which replacing the file would destroy", e.Path, e.To)
}

func (e *LinkError) Is(target error) bool { return target == ErrNotRegular }

// Hints name the next action.
func (e *LinkError) Hints() []message.Message {
	return message.Hint("give the folder that the link leads to as this node's path in the profile, or put the file itself in the link's place on that machine")
}

// Access is who may read a file, as the server tells it.
type Access struct {
	UID, GID uint32
	Mode     fs.FileMode // permissions
}

func (a Access) String() string { return fmt.Sprintf("user %d, group %d, %v", a.UID, a.GID, a.Mode) }

// AccessError: the server would not give a new file the live one's group, owner or
// permissions, so that the TFTP service might not be able to read it. It is
// fs.ErrPermission; nothing was changed.
type AccessError struct {
	Path      string // of the live file
	Want, Got Access
}

// Error is Said in English.
func (e *AccessError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *AccessError) Said() error {
	return message.Errorf("a new %s would have %v; the one there has %v: the TFTP service might not be able to read it", e.Path, e.Got, e.Want)
}

func (e *AccessError) Is(target error) bool { return target == fs.ErrPermission }

// Hints name the next action.
func (e *AccessError) Hints() []message.Message {
	switch {
	case e.Got.Mode != e.Want.Mode:
		return message.Hint("allow the login's user to set permissions (setstat) in the server's SFTP configuration, or set those of the live file to %v on that machine, then repeat", e.Got.Mode)
	case e.Got.GID != e.Want.GID:
		return message.Hint("on that machine, add the login's user to group %d, or give the folder that group and the setgid bit (chgrp %d FOLDER; chmod g+s FOLDER); or let everybody read the live file (chmod o+r): it holds no secret; then repeat", e.Want.GID, e.Want.GID)
	}
	return message.Hint("log in as user %d (its sftp-user in the profile), or let everybody read the live file on that machine (chmod o+r): it holds no secret; then repeat", e.Want.UID)
}

// StickyError: a file belongs to somebody else, and its folder allows nobody else to
// replace it. It is fs.ErrPermission; nothing was changed.
type StickyError struct {
	Path  string
	Owner uint32
}

// Error is Said in English.
func (e *StickyError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *StickyError) Said() error {
	return message.Errorf("%s belongs to user %d, and its folder has the sticky bit: nobody else may replace it", e.Path, e.Owner)
}

func (e *StickyError) Is(target error) bool { return target == fs.ErrPermission }

// Hints name the next action.
func (e *StickyError) Hints() []message.Message {
	return message.Hint("on that machine, give the file to the login's user (chown), or take the bit from the folder (chmod -t), then repeat")
}

// KeepError: the former file could not be kept, because its name is a folder's.
// Nothing was changed.
type KeepError struct{ Path string }

// Error is Said in English.
func (e *KeepError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *KeepError) Said() error {
	return message.Errorf("%s is a folder: the former file could not be kept under that name", e.Path)
}

// Hints name the next action.
func (e *KeepError) Hints() []message.Message {
	return message.Hint("move that folder away on that machine, then repeat")
}

// NoServiceError: the server let the user in and offers no SFTP.
type NoServiceError struct{ Err error }

// Error is Said in English.
func (e *NoServiceError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *NoServiceError) Said() error {
	return message.Errorf("the server does not offer SFTP to this user: %w", e.Err)
}
func (e *NoServiceError) Unwrap() error { return e.Err }

// Hints name the next action.
func (e *NoServiceError) Hints() []message.Message {
	return message.Hint("allow SFTP for this user in the server's configuration (sshd_config: Subsystem sftp), or give another user in the profile")
}

// Codes of SSH_FXP_STATUS that have no error of their own in the library. 9 to 31 are
// of later versions of the protocol, sent by some servers all the same.
const (
	fxFailure     = 4
	fxBadMessage  = 5
	fxUnsupported = 8
	fxExists      = 11
	fxReadOnly    = 12
	fxNoSpace     = 14
	fxQuota       = 15
	fxLocked      = 17
)

var codeWords = map[uint32]error{
	fxFailure:     message.NewError("the server failed"),
	fxBadMessage:  message.NewError("the server did not understand the request"),
	fxUnsupported: message.NewError("the server does not support this operation"),
	fxExists:      message.NewError("a file of this name exists already"),
	fxReadOnly:    message.NewError("the server's file system is write-protected"),
	fxNoSpace:     message.NewError("the server has no space left"),
	fxQuota:       message.NewError("the user's quota on the server is used up"),
	fxLocked:      message.NewError("the file is locked on the server"),
}

// ServerError is an answer that says no, in words.
type ServerError struct {
	Code    uint32 // of SSH_FXP_STATUS
	Message string // the server's own words, made safe to print; "" when it gave none
}

// Error is Said in English.
func (e *ServerError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *ServerError) Said() error {
	meaning, ok := codeWords[e.Code]
	switch {
	case !ok && e.Message == "":
		return message.Errorf("the server refused with status %d and gave no reason", e.Code)
	case !ok:
		return message.Errorf("the server refused with status %d: %s", e.Code, e.Message)
	case e.Message != "":
		return fmt.Errorf("%w: %s", meaning, e.Message)
	case e.Code == fxFailure:
		return message.Errorf("%w and gave no reason", meaning)
	}
	return meaning
}

// libraryWords is how the library words a status; the message is quoted in it, and that
// of a server made with the same library may be such words again.
var libraryWords = lazyregexp.New(`^sftp: ("(?:[^"\\]|\\.)*") \([^()]*\)$`)

// empty are messages that only repeat the code.
var empty = map[string]bool{"failure": true, "unknown": true, "error": true, "general failure": true, "operation unsupported": true}

// serverError makes words of a status.
func serverError(status *pkgsftp.StatusError) *ServerError {
	return words(status.Code, status.Error())
}

func words(code uint32, message string) *ServerError {
	for { // each turn makes it shorter
		m := libraryWords.FindStringSubmatch(message)
		if m == nil {
			break
		}
		unquoted, err := strconv.Unquote(m[1])
		if err != nil {
			break
		}
		message = unquoted
	}
	message = printable(message)
	if empty[strings.ToLower(strings.Trim(message, ". "))] {
		message = ""
	}
	return &ServerError{Code: code, Message: message}
}

// maxWords is how much of a server's text is shown, in bytes.
const maxWords = 200

// printable keeps what a terminal may be shown of a stranger's text.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= maxWords {
			b.WriteString("...")
			break
		}
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// explain says what was done to which file and, as far as can be found out, why
// it failed: most servers answer the bare word "Failure". size is how much was
// to be written there.
func (c *Client) explain(ctx context.Context, verb, name string, size int, err error) error {
	if err == nil {
		return nil
	}
	for _, whole := range []any{new(*ConflictError), new(*LinkError), new(*AccessError), new(*StickyError), new(*KeepError)} {
		if errors.As(err, whole) {
			return err // it names the file
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", verb, name, context.Cause(ctx))
	}
	if reach.IsLoss(err) || errors.Is(err, pkgsftp.ErrSSHFxConnectionLost) || errors.Is(err, pkgsftp.ErrSSHFxNoConnection) {
		return fmt.Errorf("%s %s: %w", verb, name, reach.Lost(err))
	}
	if status, ok := errors.AsType[*pkgsftp.StatusError](err); ok {
		err = serverError(status)
		switch status.Code {
		case fxNoSpace, fxQuota:
			err = fmt.Errorf("%w (%w)", ErrNoSpace, err)
		case fxReadOnly:
			err = fmt.Errorf("%w (%w)", ErrReadOnly, err)
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
