package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"
	"sync/atomic"

	"ctlclient/cluster/site"
	"ctlclient/protocol/ctlp"
	"ctlclient/protocol/sftp"
)

// Node is anything that can take one named file. Its methods may be called again
// after an error: a connection that died is made anew. They may be called from
// several goroutines, and then wait for each other.
type Node interface {
	Name() string
	Profile() site.Node
	// Fetch returns the live file; fs.ErrNotExist when there is none.
	Fetch(ctx context.Context, name string) ([]byte, error)
	// Stage puts data beside the live file, on disk, not yet live. expect is the
	// SHA-256 of the live file, nil for none; another live file is ErrConflict.
	Stage(ctx context.Context, name string, data []byte, expect *[32]byte) (stage string, err error)
	// Commit puts a staged file in the live one's place by rename and returns the
	// path of the live file. fs.ErrNotExist: the stage is gone. After any error the
	// live file is the old or the new one; only Fetch tells which.
	Commit(ctx context.Context, name, stage string, expect *[32]byte) (path string, err error)
	// Abort removes a staged file; one that is gone already is no error.
	Abort(ctx context.Context, name, stage string) error
	// Restore puts former back (nil: removes the file) where the live file is
	// current (nil: none).
	Restore(ctx context.Context, name string, former []byte, current *[32]byte) error
	Close() error
}

// link is one connection that is made when it is needed and made anew after it died.
type link[C interface{ Close() error }] struct {
	dial    func(ctx context.Context) (C, error)
	refused func(error) bool // an answer of the server, not a fault of the connection

	mu   sync.Mutex
	conn C
	up   bool
}

// use runs f on the connection. After a fault of the connection it is dropped, and
// where f may be repeated it is, once, if the connection was an old one: an idle
// connection that the server closed meanwhile is not worth an error.
func (l *link[C]) use(ctx context.Context, repeat bool, f func(C) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		old := l.up
		if !l.up {
			c, err := l.dial(ctx)
			if err != nil {
				return err
			}
			l.conn, l.up = c, true
		}
		err := f(l.conn)
		if err == nil || l.refused(err) {
			return err
		}
		l.drop()
		if !repeat || !old {
			return err
		}
	}
}

// drop closes the connection; the caller holds mu. The error of closing a
// connection that just failed tells nothing more.
func (l *link[C]) drop() error {
	if !l.up {
		return nil
	}
	var none C
	c := l.conn
	l.conn, l.up = none, false
	return c.Close()
}

func (l *link[C]) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.drop()
}

// digest of a file's content; nil for no file.
func digest(data []byte) *[32]byte {
	if data == nil {
		return nil
	}
	sum := sha256.Sum256(data)
	return &sum
}

func sameDigest(a, b *[32]byte) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// ctlpNode speaks CTLP, port 2444.
type ctlpNode struct {
	profile site.Node
	link[*ctlp.Client]
}

func (n *ctlpNode) Name() string       { return n.profile.Name }
func (n *ctlpNode) Profile() site.Node { return n.profile }
func (n *ctlpNode) Close() error       { return n.close() }

func isCTLPAnswer(err error) bool {
	var s *ctlp.StatusError
	return errors.As(err, &s)
}

// ctlpError gives an answer the meaning that Node promises.
func ctlpError(err error) error {
	var s *ctlp.StatusError
	if !errors.As(err, &s) {
		return err
	}
	switch s.Status {
	case ctlp.NotFound:
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	case ctlp.Conflict:
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

func (n *ctlpNode) Fetch(ctx context.Context, name string) (data []byte, err error) {
	err = n.use(ctx, true, func(c *ctlp.Client) error {
		f, err := c.Get(ctx, name)
		data = f.Data
		return err
	})
	if err != nil {
		return nil, ctlpError(err)
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

func (n *ctlpNode) Stage(ctx context.Context, name string, data []byte, expect *[32]byte) (stage string, err error) {
	// A stage whose connection ended is gone, so that staging may be repeated.
	err = n.use(ctx, true, func(c *ctlp.Client) error {
		id, err := c.Stage(ctx, name, data, expect)
		stage = fmt.Sprintf("%x", id[:])
		return err
	})
	return stage, ctlpError(err)
}

func (n *ctlpNode) Commit(ctx context.Context, name, stage string, expect *[32]byte) (path string, err error) {
	id, err := parseStage(stage)
	if err != nil {
		return "", err
	}
	err = n.use(ctx, false, func(c *ctlp.Client) error {
		path, _, err = c.Commit(ctx, id)
		return err
	})
	return path, ctlpError(err)
}

func (n *ctlpNode) Abort(ctx context.Context, name, stage string) error {
	id, err := parseStage(stage)
	if err != nil {
		return err
	}
	err = ctlpError(n.use(ctx, true, func(c *ctlp.Client) error { return c.Abort(ctx, id) }))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (n *ctlpNode) Restore(ctx context.Context, name string, former []byte, current *[32]byte) error {
	if former == nil {
		return ctlpError(n.use(ctx, false, func(c *ctlp.Client) error {
			_, err := c.Delete(ctx, name, current)
			return err
		}))
	}
	return replace(ctx, n, name, former, current)
}

func parseStage(stage string) (id ctlp.StageID, err error) {
	var b []byte
	if _, err = fmt.Sscanf(stage, "%x", &b); err == nil && len(b) != len(id) {
		err = errors.New("wrong length")
	}
	if err != nil {
		return id, fmt.Errorf("stage %q: %w", stage, err)
	}
	copy(id[:], b)
	return id, nil
}

// replace stages and commits.
func replace(ctx context.Context, n Node, name string, data []byte, current *[32]byte) error {
	stage, err := n.Stage(ctx, name, data, current)
	if err != nil {
		return err
	}
	if _, err := n.Commit(ctx, name, stage, current); err != nil {
		return errors.Join(err, n.Abort(ctx, name, stage))
	}
	return nil
}

// sftpNode speaks SFTP.
type sftpNode struct {
	profile site.Node
	link[*sftp.Client]
	// broken: a connection was lost while something was staged, which may be there yet.
	broken atomic.Bool
}

func (n *sftpNode) Name() string       { return n.profile.Name }
func (n *sftpNode) Profile() site.Node { return n.profile }
func (n *sftpNode) Close() error       { return n.close() }

func isSFTPAnswer(err error) bool {
	for _, answer := range []error{fs.ErrNotExist, fs.ErrPermission, sftp.ErrNoSpace, sftp.ErrConflict, sftp.ErrNotAtomic, sftp.ErrTooLarge} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

func sftpError(err error) error {
	if errors.Is(err, sftp.ErrConflict) {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

func (n *sftpNode) Fetch(ctx context.Context, name string) (data []byte, err error) {
	err = n.use(ctx, true, func(c *sftp.Client) error {
		f, err := c.Get(ctx, n.profile.Path, name)
		data = f.Data
		return err
	})
	if err != nil {
		return nil, err
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

func (n *sftpNode) Stage(ctx context.Context, name string, data []byte, expect *[32]byte) (stage string, err error) {
	err = n.use(ctx, true, func(c *sftp.Client) error {
		if stage, err = c.Stage(ctx, n.profile.Path, name, data, expect); err != nil && !n.refused(err) {
			n.broken.Store(true)
		}
		return err
	})
	return stage, sftpError(err)
}

func (n *sftpNode) Commit(ctx context.Context, name, stage string, expect *[32]byte) (string, error) {
	err := n.use(ctx, false, func(c *sftp.Client) error {
		return c.Commit(ctx, n.profile.Path, name, stage, expect)
	})
	return path.Join(n.profile.Path, name), sftpError(err)
}

func (n *sftpNode) Abort(ctx context.Context, name, stage string) error {
	err := n.use(ctx, true, func(c *sftp.Client) error { return c.Abort(ctx, n.profile.Path, stage) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (n *sftpNode) Restore(ctx context.Context, name string, former []byte, current *[32]byte) error {
	if former == nil {
		return sftpError(n.use(ctx, false, func(c *sftp.Client) error {
			return c.Delete(ctx, n.profile.Path, name, current)
		}))
	}
	return replace(ctx, n, name, former, current)
}

// leftovers are stages in the node's folder that nobody committed; they outlive their
// connection, unlike those of CTLP.
func (n *sftpNode) leftovers(ctx context.Context, name string) (stages []string, err error) {
	err = n.use(ctx, true, func(c *sftp.Client) error {
		found, err := c.Leftovers(ctx, n.profile.Path, name)
		for _, l := range found {
			stages = append(stages, l.Token)
		}
		return err
	})
	return stages, err
}
