package sftp

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"sync"

	pkgsftp "github.com/pkg/sftp"
)

// side runs requests side by side, so that they cost one round trip; the error is the
// first one in their order.
func side(requests ...func() error) error {
	errs := make([]error, len(requests))
	var wg sync.WaitGroup
	for i, request := range requests {
		wg.Go(func() { errs[i] = request() })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// closeLater gives a handle back that was only read from: nothing can be lost, so that
// nobody waits for the answer.
func (c *Client) closeLater(f *pkgsftp.File) {
	c.closing.Go(func() { _ = f.Close() })
}

// read reads a whole file, following a link as the TFTP service would. seen is what
// is known of it already, nil: nothing.
func (c *Client) read(name string, seen fs.FileInfo) ([]byte, fs.FileInfo, error) {
	var f *pkgsftp.File
	err := side(
		func() (err error) {
			f, err = c.sftp.Open(name)
			return err
		},
		func() error {
			if seen == nil {
				// The handle is asked again; a server that cannot say is no error.
				seen, _ = c.sftp.Stat(name)
			}
			return nil
		})
	if err != nil {
		return nil, nil, err
	}
	defer c.closeLater(f)
	return readAll(f, seen)
}

// readAll reads an open file whose length is probably that of seen, in one round trip
// where that is so.
func readAll(f *pkgsftp.File, seen fs.FileInfo) ([]byte, fs.FileInfo, error) {
	var size int64
	if seen != nil && seen.Size() <= MaxFile {
		size = seen.Size()
	}
	data, more := make([]byte, size), 0
	var info fs.FileInfo
	err := side(
		func() (err error) {
			info, err = f.Stat()
			if err == nil {
				err = readable(info)
			}
			return err
		},
		func() error {
			n, err := f.ReadAt(data, 0)
			data = data[:n]
			return orEnd(err)
		},
		func() (err error) {
			more, err = f.ReadAt(make([]byte, 1), size)
			return orEnd(err)
		})
	switch {
	case err != nil:
		return nil, nil, err
	case int64(len(data)) == size && more == 0:
		return data, info, nil
	}
	// It has another length by now, or the server does not tell lengths.
	data, err = io.ReadAll(io.NewSectionReader(f, 0, MaxFile+1))
	if err != nil {
		return nil, nil, err
	}
	if len(data) > MaxFile {
		return nil, nil, ErrTooLarge
	}
	return data, info, nil
}

// readable says whether an open file is one to be read whole.
func readable(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return ErrNotRegular
	}
	if info.Size() > MaxFile {
		return ErrTooLarge
	}
	return nil
}

// orEnd leaves out the end of a file, which is no error.
func orEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// live is the live file as it was found; info is nil when there is none.
type live struct {
	data []byte
	info fs.FileInfo
}

// lookAt tells what a name is, itself and not what a link points to; nil: there is
// nothing.
func (c *Client) lookAt(name string, info *fs.FileInfo) func() error {
	return func() (err error) {
		*info, err = c.sftp.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			*info, err = nil, nil
		}
		return err
	}
}

// expected reads the live file, as info describes it, and compares it with what the
// caller expects: nil, no file. A link is refused: a rename would replace the link, and
// the file that it points to would no longer be the one served.
func (c *Client) expected(name string, info fs.FileInfo, expect *[32]byte) (live, error) {
	switch {
	case info == nil && expect == nil:
		return live{}, nil
	case info == nil:
		return live{}, &ConflictError{Path: name, Want: expect}
	case info.Mode()&fs.ModeSymlink != 0:
		to, _ := c.sftp.ReadLink(name) // words only
		return live{}, &LinkError{Path: name, To: printable(to)}
	case !info.Mode().IsRegular():
		return live{}, ErrNotRegular
	}
	data, info, err := c.read(name, info)
	if err != nil {
		return live{}, err
	}
	digest := sha256.Sum256(data)
	if expect == nil || *expect != digest {
		return live{}, &ConflictError{Path: name, Want: expect, Got: &digest}
	}
	return live{data, info}, nil
}

// holds tells whether a file has these bytes.
func (c *Client) holds(f *pkgsftp.File, want []byte, info fs.FileInfo) error {
	got, _, err := readAll(f, info)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return ErrCorrupted
	}
	return nil
}
