package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"ctlclient/ctlbuild"
	"ctlclient/protocol/httpfile"
	"ctlclient/protocol/tftp"
)

const fileHint = "FILE is a path, -, tftp://host[:port]/NAME or http://host[:6970]/NAME"

// readSource reads a FILE argument, bounded.
func (a *app) readSource(ctx context.Context, arg string) ([]byte, error) {
	switch {
	case arg == "-":
		return bounded(a.in, "standard input")
	case strings.HasPrefix(arg, "tftp://"), strings.HasPrefix(arg, "http://"):
		return fetch(ctx, arg)
	case strings.Contains(arg, "://"):
		return nil, usagef(fileHint, "%q is not a place that files can be read from", withoutLogin(arg))
	}
	return readPath(arg)
}

// readPath reads a local file, bounded.
func readPath(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, plainPath(err)
	}
	defer f.Close()
	return bounded(f, path)
}

// plainPath says what is wrong with a file without naming system calls.
func plainPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return &fs.PathError{Op: "cannot open", Path: pe.Path, Err: pe.Err}
	}
	return err
}

func bounded(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, ctlbuild.MaxFile+1))
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // the path is named already
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	if len(data) > ctlbuild.MaxFile {
		return nil, usagef("", "%s is longer than %d bytes, which no trust list is", name, ctlbuild.MaxFile)
	}
	return data, nil
}

// fetchError is a file that a server does not have or that could not be asked for. The
// error beneath names the place.
type fetchError struct{ err error }

func (e *fetchError) Error() string { return e.err.Error() }
func (e *fetchError) Unwrap() error { return e.err }

// Hint says what there is to ask for.
func (e *fetchError) Hint() string {
	if errors.Is(e.err, fs.ErrNotExist) {
		return "a node serves CTLFile.tlv, ITLFile.tlv and, for one phone, CTLSEP<MAC>.tlv, ITLSEP<MAC>.tlv, SEP<MAC>.cnf.xml.sgn"
	}
	return ""
}

var loginPart = regexp.MustCompile(`//.*@`)

// withoutLogin is what may be repeated of an address: not a password that was put there
// in vain.
func withoutLogin(arg string) string { return loginPart.ReplaceAllString(arg, "//...@") }

// fetch gets a file over TFTP or HTTP, on the ports that phones use.
func fetch(ctx context.Context, arg string) ([]byte, error) {
	u, err := url.Parse(arg)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" || u.User != nil {
		return nil, usagef(fileHint, "%q names no host and file", withoutLogin(arg))
	}
	port := map[string]string{"tftp": "69", "http": "6970"}[u.Scheme]
	if p := u.Port(); p != "" {
		port = p
	}
	u.Host = net.JoinHostPort(u.Hostname(), port)
	var data []byte
	if u.Scheme == "tftp" {
		data, err = tftp.Get(ctx, u.Host, strings.TrimPrefix(u.Path, "/"), tftp.Options{})
	} else {
		data, err = httpfile.Get(ctx, u.String(), ctlbuild.MaxFile)
	}
	if err != nil {
		return nil, &fetchError{err}
	}
	return data, nil
}

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
	if path == "-" {
		return nil
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return plainPath(err)
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return existsAlready(path)
	}
	return nil
}

func existsAlready(path string) error {
	return usagef("choose another name, or --force to replace it", "%s exists already", path)
}

// createFile writes a new file, exclusively: what is there already is kept unless
// force. Mode is 0600 where it holds anything of a cluster.
func createFile(path string, data []byte, force bool, mode fs.FileMode) (err error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, mode)
	if errors.Is(err, fs.ErrExist) {
		return existsAlready(path)
	}
	if err != nil {
		return plainPath(err)
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}
