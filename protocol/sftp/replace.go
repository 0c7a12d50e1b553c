package sftp

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// previousSuffix is put after the name of the file that was there before.
const previousSuffix = ".previous"

// formerSuffix is put after a token: the copy of the live file that the commit will
// keep as NAME.previous.
const formerSuffix = "-former"

// A stage is named .NAME.ctlclient-<16 hex>; the name is the token.
var stageName = lazyregexp.New(`^\.(.+)\.ctlclient-[0-9a-f]{16}$`)

// NewToken makes a token for StageAs. A job that writes it down first can remove the
// stage later, whatever becomes of the connection.
func NewToken(name string) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return "." + name + ".ctlclient-" + hex.EncodeToString(random[:])
}

// checkToken refuses tokens that NewToken did not make for this name, so that
// nothing else is ever renamed or removed.
func checkToken(name, token string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if m := stageName.FindStringSubmatch(token); m == nil || m[1] != name {
		return message.Errorf("%q is not a stage of %s", token, name)
	}
	return nil
}

// Check says what is known beforehand of a stage to come, without writing anything: a
// live name that is no file, a server that cannot replace it, a folder that is not there
// or in the former file's place. The errors are StageAs's; nil is no promise.
func (c *Client) Check(ctx context.Context, dir, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	ctx, done := c.begin(ctx)
	defer done()
	target := path.Join(dir, name)
	_, info, err := c.lookAround(target)
	switch {
	case err != nil:
	case info != nil && !info.Mode().IsRegular():
		_, err = c.expected(target, info, &[32]byte{})
	case info != nil && !c.posixRename && !c.options.AllowNonAtomic:
		return &NotAtomicError{Path: target}
	}
	return c.explain(ctx, "look at", target, 0, err)
}

// Stage is StageAs with a new token.
func (c *Client) Stage(ctx context.Context, dir, name string, data []byte, expect *[32]byte) (token string, err error) {
	token = NewToken(name)
	if err := c.StageAs(ctx, dir, name, token, data, expect); err != nil {
		return "", err
	}
	return token, nil
}

// StageAs writes data to a temporary name beside the live file, flushed to disk
// where the server can, with the live file's permissions, owner and group; reads it
// back and compares. The live file is not touched; a copy of it, which Commit keeps as
// NAME.previous, is written too, so that a commit needs no room. expect is the SHA-256
// of the live file, nil for none; token, of NewToken, names the stage, also after a new
// Dial.
//
// Errors: ErrConflict (ErrGone: there is no live file any more), ErrNotAtomic (the live
// file could not be replaced later), *AccessError (who reads the live file could not
// read the new one), *StickyError and *KeepError (the commit would not be allowed),
// *LinkError and ErrNotRegular (the live name is no file), ErrNoSpace, ErrReadOnly,
// fs.ErrPermission, fs.ErrNotExist (no such folder), ErrCorrupted, ErrUnreachable. On
// an error nothing is left behind, unless it is ErrUnreachable: Abort removes that.
func (c *Client) StageAs(ctx context.Context, dir, name, token string, data []byte, expect *[32]byte) error {
	if err := checkToken(name, token); err != nil {
		return err
	}
	if len(data) > MaxFile {
		return ErrTooLarge
	}
	ctx, done := c.begin(ctx)
	defer done()
	target, staged := path.Join(dir, name), path.Join(dir, token)
	p, err := c.look(target, expect)
	if err != nil {
		return c.explain(ctx, "stage", target, 0, err)
	}
	if p.live.info == nil {
		return c.write(ctx, staged, data, p)
	}
	if !c.posixRename && !c.options.AllowNonAtomic {
		return &NotAtomicError{Path: target}
	}
	if !c.posixRename {
		return c.write(ctx, staged, data, p) // the live file itself is kept
	}
	former := staged + formerSuffix
	var stageErr, formerErr error
	_ = side(
		func() error { stageErr = c.write(ctx, staged, data, p); return nil },
		func() error { formerErr = c.write(ctx, former, p.live.data, p); return nil })
	switch {
	case stageErr == nil && formerErr == nil:
		return nil
	case stageErr == nil:
		_ = c.sftp.Remove(staged) // if it cannot be removed, Leftovers finds it
		return message.Errorf("keep the former file: %w", formerErr)
	case formerErr == nil:
		_ = c.sftp.Remove(former)
	case errors.Is(formerErr, ErrNoSpace) && !errors.Is(stageErr, ErrNoSpace):
		// The other one had made room again when it was asked why the stage failed.
		return message.Errorf("keep the former file: %w", formerErr)
	}
	return stageErr
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
	var info, former fs.FileInfo
	err := side(
		func() error {
			_, err := c.sftp.Lstat(staged)
			return err
		},
		c.lookAt(target, &info),
		c.lookAt(staged+formerSuffix, &former))
	if err != nil {
		return c.explain(ctx, "commit", staged, 0, err)
	}
	var old live
	var kept []byte
	err = side(
		func() (err error) {
			old, err = c.expected(target, info, expect)
			return err
		},
		func() (err error) {
			if former != nil && former.Mode().IsRegular() {
				kept, _, err = c.read(staged+formerSuffix, former)
			}
			return err
		})
	if err != nil {
		return c.explain(ctx, "commit", target, 0, err)
	}
	switch {
	case old.info == nil:
		// Version 3's rename fails if the target exists by now, which is right.
		err = c.sftp.Rename(staged, target)
	case c.posixRename:
		if err := c.keep(ctx, dir, name, token, old, former != nil && bytes.Equal(kept, old.data)); err != nil {
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

// keep makes the copy of the live file NAME.previous, itself replaced by rename. It is
// a copy and not a link, so that what is kept cannot change with the live file. The one
// that was staged is used where it is this file's; else one is written.
func (c *Client) keep(ctx context.Context, dir, name, token string, old live, staged bool) error {
	temporary := path.Join(dir, token) + formerSuffix
	if !staged {
		if err := c.sftp.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return c.explain(ctx, "remove", temporary, 0, err)
		}
		folder, err := c.sftp.Stat(path.Dir(temporary))
		if err != nil {
			return c.explain(ctx, "keep the former file in", dir, 0, err)
		}
		if err := c.write(ctx, temporary, old.data, place{target: path.Join(dir, name), live: old, folder: folder}); err != nil {
			return message.Errorf("keep the former file: %w", err)
		}
	}
	kept := path.Join(dir, name+previousSuffix)
	return c.explain(ctx, "keep the former file as", kept, 0, c.sftp.PosixRename(temporary, kept))
}

// swap replaces the live file on a server without posix-rename, by two renames;
// if the second one fails, the first is taken back.
func (c *Client) swap(ctx context.Context, target, staged string) error {
	kept := target + previousSuffix
	if err := c.moveAside(target, kept); err != nil {
		return c.explain(ctx, "keep the former file as", kept, 0, err)
	}
	if err := c.sftp.Rename(staged, target); err != nil {
		err = c.explain(ctx, "commit", target, 0, err)
		if back := c.sftp.Rename(kept, target); back != nil {
			return message.Errorf("%w; and the former file could not be put back, it is %s: %w", err, kept, back)
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
		return message.Errorf("%q is not a stage", token)
	}
	ctx, done := c.begin(ctx)
	defer done()
	staged := path.Join(dir, token)
	return side(c.remove(ctx, staged), c.remove(ctx, staged+formerSuffix))
}

// remove takes a temporary file away; one that is gone already is no error.
func (c *Client) remove(ctx context.Context, name string) func() error {
	return func() error {
		err := c.sftp.Remove(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return c.explain(ctx, "remove", name, 0, err)
	}
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
	p, err := c.look(target, expect)
	if err != nil {
		return c.explain(ctx, "remove", target, 0, err)
	}
	if p.live.info == nil {
		return nil
	}
	return c.explain(ctx, "remove", target, 0, c.moveAside(target, target+previousSuffix))
}

// Leftover is a stage that was neither committed nor aborted.
type Leftover struct {
	Token string
	Size  int64     // bytes, with the copy of the live file
	Time  time.Time // of the last write, server's clock
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
		token := strings.TrimSuffix(entry.Name(), formerSuffix)
		m := stageName.FindStringSubmatch(token)
		if m == nil || m[1] != name {
			continue
		}
		i := slices.IndexFunc(found, func(l Leftover) bool { return l.Token == token })
		if i < 0 {
			i = len(found)
			found = append(found, Leftover{Token: token})
		}
		found[i].Size += entry.Size()
		if t := entry.ModTime(); t.After(found[i].Time) {
			found[i].Time = t
		}
	}
	return found, nil
}
