package sftp

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"time"

	pkgsftp "github.com/pkg/sftp"
)

// previousSuffix is put after the name of the file that was there before.
const previousSuffix = ".previous"

// defaultMode of a file that had no predecessor: the TFTP service runs as
// another user and must read it.
const defaultMode fs.FileMode = 0o644

// A stage is named .NAME.ctlclient-<16 hex>; the name is the token.
var stageName = regexp.MustCompile(`^\.(.+)\.ctlclient-[0-9a-f]{16}$`)

func newStageName(name string) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return "." + name + ".ctlclient-" + hex.EncodeToString(random[:])
}

// checkToken refuses tokens that Stage did not make for this name, so that
// nothing else is ever renamed or removed.
func checkToken(name, token string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if m := stageName.FindStringSubmatch(token); m == nil || m[1] != name {
		return fmt.Errorf("%q is not a stage of %s", token, name)
	}
	return nil
}

// Stage writes data to a temporary name beside the live file, flushed to disk
// where the server can, with the live file's permissions and, where allowed, its
// owner; reads it back and compares. The live file is not touched. expect is
// the SHA-256 of the live file, nil for none; token names the stage, also after
// a new Dial.
//
// Errors: ErrConflict, ErrNotAtomic (the live file could not be replaced later),
// ErrNoSpace, ErrReadOnly, fs.ErrPermission, fs.ErrNotExist (no such folder),
// ErrCorrupted. On an error nothing is left behind, unless the connection was
// lost: see Leftovers.
func (c *Client) Stage(ctx context.Context, dir, name string, data []byte, expect *[32]byte) (token string, err error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	if len(data) > MaxFile {
		return "", ErrTooLarge
	}
	ctx, done := c.begin(ctx)
	defer done()
	target := path.Join(dir, name)
	old, err := c.expected(target, expect)
	if err != nil {
		return "", c.explain(ctx, "stage", target, 0, err)
	}
	if old.info != nil && !c.posixRename && !c.options.AllowNonAtomic {
		return "", &NotAtomicError{Path: target}
	}
	token = newStageName(name)
	if err := c.write(ctx, path.Join(dir, token), data, old.info); err != nil {
		return "", err
	}
	return token, nil
}

// write makes a new file, whole or not at all.
func (c *Client) write(ctx context.Context, name string, data []byte, like fs.FileInfo) (err error) {
	f, err := c.sftp.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return c.explain(ctx, "create", name, len(data), err)
	}
	defer func() {
		if err != nil {
			// The reason is looked for before the partly written file, which may
			// be what fills the disk, is removed.
			err = c.explain(ctx, "write", name, len(data), err)
			_ = f.Close()
			_ = c.sftp.Remove(name) // if it cannot be removed, Leftovers finds it
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := c.attributes(f, like); err != nil {
		return err
	}
	if c.fsync {
		if err := f.Sync(); err != nil {
			return err
		}
	} else {
		c.warn("the server cannot be told to flush a file to disk (no fsync@openssh.com): a power cut there within some seconds may lose the new file")
	}
	if err := f.Close(); err != nil {
		return err
	}
	return c.same(name, data)
}

// attributes gives a new file the permissions and owner of the one that it will
// replace. A server that refuses is not an error, as long as the TFTP service
// can read the file; who owns it is the administrator's to know.
func (c *Client) attributes(f *pkgsftp.File, like fs.FileInfo) error {
	mode := defaultMode
	if like != nil {
		mode = like.Mode().Perm()
	}
	if err := f.Chmod(mode); err != nil && !isRefusal(err) {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Mode().Perm() != mode {
		c.warn("the new file's permissions are %v instead of %v: check that the TFTP service can read it", info.Mode().Perm(), mode)
	}
	want, ok := stat(like)
	if !ok {
		return nil
	}
	if got, ok := stat(info); !ok || got.UID == want.UID && got.GID == want.GID {
		return nil
	}
	if err := f.Chown(int(want.UID), int(want.GID)); err != nil {
		if !isRefusal(err) {
			return err
		}
		c.warn("the new file could not be given to the former one's owner (user %d, group %d), it belongs to the user who logged in%s", want.UID, want.GID, readers(mode))
	}
	return nil
}

// readers adds to a warning about the owner what makes it urgent.
func readers(mode fs.FileMode) string {
	if mode&0o004 == 0 {
		return ": its permissions let no one else read it, so the TFTP service may not be able to"
	}
	return ""
}

func stat(info fs.FileInfo) (*pkgsftp.FileStat, bool) {
	if info == nil {
		return nil, false
	}
	s, ok := info.Sys().(*pkgsftp.FileStat)
	return s, ok
}

// isRefusal: the server answered, and said no.
func isRefusal(err error) bool {
	if errors.Is(err, fs.ErrPermission) {
		return true
	}
	status, ok := errors.AsType[*pkgsftp.StatusError](err)
	return ok && (status.Code == fxFailure || status.Code == fxUnsupported)
}

// Commit checks the live file again, keeps it as NAME.previous and puts the
// stage in its place in one step. A stage that is gone is fs.ErrNotExist.
//
// If Commit fails or the connection is lost in it, the live file is the old one
// or the new one; Get tells which.
func (c *Client) Commit(ctx context.Context, dir, name, token string, expect *[32]byte) error {
	if err := checkToken(name, token); err != nil {
		return err
	}
	ctx, done := c.begin(ctx)
	defer done()
	target, staged := path.Join(dir, name), path.Join(dir, token)
	if _, err := c.sftp.Lstat(staged); err != nil {
		return c.explain(ctx, "commit", staged, 0, err)
	}
	old, err := c.expected(target, expect)
	if err != nil {
		return c.explain(ctx, "commit", target, 0, err)
	}
	switch {
	case old.info == nil:
		// Version 3's rename fails if the target exists by now, which is right.
		err = c.sftp.Rename(staged, target)
	case c.posixRename:
		if err := c.keep(ctx, dir, name, old); err != nil {
			return err
		}
		err = c.sftp.PosixRename(staged, target)
	case c.options.AllowNonAtomic:
		return c.swap(ctx, target, staged)
	default:
		return &NotAtomicError{Path: target}
	}
	return c.explain(ctx, "commit", target, 0, err)
}

// keep copies the live file to NAME.previous, itself replaced by rename. A copy
// and not a link, so that what is kept cannot change with the live file.
func (c *Client) keep(ctx context.Context, dir, name string, old live) error {
	temporary := path.Join(dir, newStageName(name))
	if err := c.write(ctx, temporary, old.data, old.info); err != nil {
		return fmt.Errorf("keep the former file: %w", err)
	}
	kept := path.Join(dir, name+previousSuffix)
	if err := c.sftp.PosixRename(temporary, kept); err != nil {
		err = c.explain(ctx, "keep the former file as", kept, 0, err)
		_ = c.sftp.Remove(temporary)
		return err
	}
	return nil
}

// swap replaces the live file on a server without posix-rename, by two renames;
// if the second one fails, the first is undone.
func (c *Client) swap(ctx context.Context, target, staged string) error {
	kept := target + previousSuffix
	if err := c.moveAside(target, kept); err != nil {
		return c.explain(ctx, "keep the former file as", kept, 0, err)
	}
	if err := c.sftp.Rename(staged, target); err != nil {
		err = c.explain(ctx, "commit", target, 0, err)
		if back := c.sftp.Rename(kept, target); back != nil {
			return fmt.Errorf("%w; and the former file could not be put back, it is %s: %w", err, kept, back)
		}
		return err
	}
	return nil
}

// moveAside renames a live file to its .previous name.
func (c *Client) moveAside(target, kept string) error {
	if c.posixRename {
		return c.sftp.PosixRename(target, kept)
	}
	if err := c.sftp.Remove(kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return c.sftp.Rename(target, kept)
}

// Abort removes a stage. One that is gone already is no error.
func (c *Client) Abort(ctx context.Context, dir, token string) error {
	if m := stageName.FindStringSubmatch(token); m == nil || CheckName(m[1]) != nil {
		return fmt.Errorf("%q is not a stage", token)
	}
	ctx, done := c.begin(ctx)
	defer done()
	staged := path.Join(dir, token)
	if err := c.sftp.Remove(staged); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c.explain(ctx, "remove", staged, 0, err)
	}
	return nil
}

// Delete takes the live file away, in one step, and keeps it as NAME.previous.
// expect is its SHA-256; nil: there should be no file, and then there is nothing
// to do.
func (c *Client) Delete(ctx context.Context, dir, name string, expect *[32]byte) error {
	if err := CheckName(name); err != nil {
		return err
	}
	ctx, done := c.begin(ctx)
	defer done()
	target := path.Join(dir, name)
	old, err := c.expected(target, expect)
	if err != nil {
		return c.explain(ctx, "remove", target, 0, err)
	}
	if old.info == nil {
		return nil
	}
	return c.explain(ctx, "remove", target, 0, c.moveAside(target, target+previousSuffix))
}

// Leftover is a stage that was neither committed nor aborted.
type Leftover struct {
	Token string
	Size  int64
	Time  time.Time
}

// Leftovers lists the stages of name in dir, those of a job at work included;
// Abort removes one.
func (c *Client) Leftovers(ctx context.Context, dir, name string) ([]Leftover, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	ctx, done := c.begin(ctx)
	defer done()
	if dir == "" {
		dir = "."
	}
	entries, err := c.sftp.ReadDirContext(ctx, dir)
	if err != nil {
		return nil, c.explain(ctx, "list", dir, 0, err)
	}
	var found []Leftover
	for _, entry := range entries {
		if m := stageName.FindStringSubmatch(entry.Name()); m != nil && m[1] == name {
			found = append(found, Leftover{Token: entry.Name(), Size: entry.Size(), Time: entry.ModTime()})
		}
	}
	return found, nil
}
