package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ctlclient/ctlbuild"
	"ctlclient/internal/atomicfile"
	"ctlclient/source"
)

var fileHint = source.Forms.String()

// readSource reads a FILE argument, bounded to what a trust list can be.
func (a *app) readSource(ctx context.Context, arg string) ([]byte, error) {
	return a.readUpTo(ctx, arg, ctlbuild.MaxFile)
}

// readUpTo reads a FILE argument of at most limit bytes.
func (a *app) readUpTo(ctx context.Context, arg string, limit int) ([]byte, error) {
	if source.IsAddress(arg) {
		defer a.passing("fetching %s", source.Redact(arg))()
	}
	return source.Read(ctx, arg, source.Options{Stdin: a.in, Limit: limit, Note: func(text string) { a.note("%s", text) }})
}

// readPath reads a local file, bounded.
func readPath(path string) ([]byte, error) {
	return source.Read(context.Background(), path, source.Options{})
}

// plainPath says what is wrong with a file without naming system calls.
func plainPath(err error) error { return source.PlainError(err) }

// readCertificate reads a PEM or DER certificate from a file and returns its DER.
func (a *app) readCertificate(ctx context.Context, arg string) ([]byte, error) {
	data, err := a.readSource(ctx, arg)
	if err != nil {
		return nil, err
	}
	c, err := ctlbuild.ParseCertificate(data)
	if err != nil {
		return nil, usagef("a certificate is PEM or DER", "%s is no certificate: %v", arg, err)
	}
	return c.DER, nil
}

// readList reads a trust list.
func (a *app) readList(ctx context.Context, arg string) (*ctlbuild.List, error) {
	data, err := a.readSource(ctx, arg)
	if err != nil {
		return nil, err
	}
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	return l, nil
}

// creatable finds out whether createFile would be refused, before a PIN is asked for and
// a token is used.
func creatable(path string, force bool) error {
	if there, err := isThere(path); err != nil || !there || force {
		return err
	}
	return usagef("choose another name, or --force to replace it", "%s exists already", path)
}

// creatableNew is creatable for a command that has no --force.
func creatableNew(path string) error {
	if there, err := isThere(path); err != nil || !there {
		return err
	}
	return usagef("choose another name, or move the file away", "%s exists already", path)
}

// isThere says whether a path names something; its folder must be there. - is standard output.
func isThere(path string) (bool, error) {
	if path == "-" {
		return false, nil
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return false, plainPath(err)
	}
	_, err := os.Lstat(path)
	return err == nil, nil
}

// createNew is createFile for a command that has no --force.
func createNew(path string, data []byte, mode fs.FileMode) error {
	if err := creatableNew(path); err != nil {
		return err
	}
	return createFile(path, data, false, mode)
}

// createFile writes a new file, exclusively: what is there already is kept unless
// force, and then replaced in one step. Mode is 0600 where it holds anything of a cluster.
func createFile(path string, data []byte, force bool, mode fs.FileMode) (err error) {
	if info, err := os.Stat(path); force && err == nil && info.Mode().IsRegular() {
		return plainPath(atomicfile.Write(path, data, mode))
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC // a device or a pipe
	}
	f, err := os.OpenFile(path, flags, mode)
	if errors.Is(err, fs.ErrExist) {
		return creatable(path, force)
	}
	if err != nil {
		return plainPath(err)
	}
	if mode&0o077 == 0 && !force {
		err = atomicfile.Private(f)
	}
	if err == nil {
		_, err = f.Write(data)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}
