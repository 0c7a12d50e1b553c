package sftp

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"

	pkgsftp "github.com/pkg/sftp"

	"ctlclient/message"
)

// defaultMode of a file that had no predecessor: the TFTP service runs as
// another user and must read it.
const defaultMode fs.FileMode = 0o644

// place is a live name with all that decides whether a rename will be let in.
type place struct {
	target         string
	live           live
	folder, former fs.FileInfo // former is the one kept as NAME.previous; nil: none
}

// look is lookAround and the reading of the live file.
func (c *Client) look(target string, expect *[32]byte) (place, error) {
	p, info, err := c.lookAround(target)
	if err == nil {
		p.live, err = c.expected(target, info, expect)
	}
	return p, err
}

// lookAround finds out what is at a live name, nil for nothing, and at the names around
// it, in one round trip.
func (c *Client) lookAround(target string) (p place, info fs.FileInfo, err error) {
	p.target = target
	err = side(
		c.lookAt(target, &info),
		c.lookAt(target+previousSuffix, &p.former),
		func() (err error) {
			p.folder, err = c.sftp.Stat(path.Dir(target))
			return err
		})
	if err == nil && info != nil && p.former != nil && p.former.IsDir() {
		err = &KeepError{Path: target + previousSuffix}
	}
	return p, info, err
}

// mayReplace says whether a user may put other files in the place of those that are
// there, where the folder has the sticky bit: it allows that to their owners alone.
func (p place) mayReplace(user uint32) error {
	folder, ok := owner(p.folder)
	if !ok || user == 0 || folder.UID == user {
		return nil
	}
	names := []string{p.target, p.target + previousSuffix}
	for i, info := range []fs.FileInfo{p.live.info, p.former} {
		if is, ok := owner(info); ok && is.UID != user {
			return &StickyError{Path: names[i], Owner: is.UID}
		}
	}
	return nil
}

// write makes a new file with the live one's owner, group and permissions, whole or
// not at all. It returns when the server has confirmed it and it was read back.
func (c *Client) write(ctx context.Context, name string, data []byte, p place) (err error) {
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
	if p.live.info != nil && p.folder.Mode()&fs.ModeSticky != 0 {
		// Who we are is what a file of ours says before it is given away.
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if us, ok := owner(info); ok {
			if err := p.mayReplace(us.UID); err != nil {
				return err
			}
		}
	}
	if err := side(writeAll(f, data), c.dress(f, p.live.info)); err != nil {
		return err
	}
	var info fs.FileInfo
	var back *pkgsftp.File
	err = side(
		func() error { return c.flush(f) },
		// By name: the library has one request of a handle wait for a flush of it.
		func() (err error) {
			info, err = c.sftp.Lstat(name)
			return err
		},
		func() (err error) {
			back, err = c.sftp.Open(name)
			return err
		})
	if back != nil {
		defer c.closeLater(back)
	}
	if err != nil {
		return err
	}
	if err := c.checkDress(p.target, info, p.live.info); err != nil {
		return err
	}
	return side(f.Close, func() error { return c.holds(back, data, info) })
}

func writeAll(f *pkgsftp.File, data []byte) func() error {
	return func() error {
		_, err := f.WriteAt(data, 0)
		return err
	}
}

func (c *Client) flush(f *pkgsftp.File) error {
	if c.fsync {
		return f.Sync()
	}
	c.warn(message.Phrase("the server cannot be told to flush a file to disk (no fsync@openssh.com): a power cut there within some seconds may lose the new file"))
	return nil
}

// dress asks for the permissions and the owner of the file that is to be replaced.
// What the server made of it is looked at afterwards.
func (c *Client) dress(f *pkgsftp.File, like fs.FileInfo) func() error {
	return func() error {
		return side(
			func() error {
				mode := defaultMode
				if like != nil {
					mode = like.Mode().Perm()
				}
				if mode == 0 {
					return nil // the server does not tell permissions
				}
				return unlessRefused(f.Chmod(mode))
			},
			func() error {
				want, ok := owner(like)
				if !ok {
					return nil
				}
				err := f.Chown(int(want.UID), int(want.GID))
				if err == nil || !isRefusal(err) {
					return err
				}
				// The group alone may be ours to give; -1 leaves the owner, and the
				// protocol knows no such number, so that it is asked for.
				info, err := f.Stat()
				if err != nil {
					return err
				}
				if got, ok := owner(info); ok && got.GID != want.GID {
					return unlessRefused(f.Chown(int(got.UID), int(want.GID)))
				}
				return nil
			})
	}
}

func unlessRefused(err error) error {
	if isRefusal(err) {
		return nil
	}
	return err
}

// checkDress holds what a new file became against the live one: whoever may read that
// must be able to read this. The person is told before the commit, not by the phones.
func (c *Client) checkDress(target string, is, like fs.FileInfo) error {
	got, ok := owner(is)
	if !ok {
		return nil
	}
	want, ok := owner(like)
	if !ok {
		if mode := is.Mode().Perm(); mode != 0 && mode&0o004 == 0 {
			c.warn(message.Phrase("the new file's permissions are %v instead of %v: check that the TFTP service can read it", mode, defaultMode))
		}
		return nil
	}
	e := &AccessError{Path: target,
		Want: Access{UID: want.UID, GID: want.GID, Mode: like.Mode().Perm()},
		Got:  Access{UID: got.UID, GID: got.GID, Mode: is.Mode().Perm()}}
	switch {
	case e.Want.Mode == 0: // the server does not tell
	case e.Got.Mode != e.Want.Mode:
		return e
	case e.Want.Mode&0o004 != 0:
		if got.UID != want.UID || got.GID != want.GID {
			c.warn(message.Phrase("the new file could not be given to the former one's owner (user %d, group %d), it belongs to user %d, group %d; its permissions let everybody read it", want.UID, want.GID, got.UID, got.GID))
		}
	case got.GID != want.GID && e.Want.Mode&0o040 != 0,
		got.UID != want.UID && want.UID != 0 && e.Want.Mode&0o400 != 0:
		return e
	case got.UID != want.UID:
		c.warn(message.Phrase("the new file belongs to user %d instead of %d; its group %d and permissions are the former one's", got.UID, want.UID, got.GID))
	}
	return nil
}

// owner is what the server tells of a file's owner and group.
func owner(info fs.FileInfo) (*pkgsftp.FileStat, bool) {
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
