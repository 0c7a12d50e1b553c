// Package door has what the ways to a cluster share: connections that are made when they
// are needed and anew after they died, and the sorting of errors of SSH.
package door

import (
	"context"
	"sync"
)

// Link is one connection that is made when it is needed and made anew after it died.
type Link[C interface{ Close() error }] struct {
	// Dial makes the connection; its errors are returned as they are.
	Dial func(ctx context.Context) (C, error)
	// Answered tells an answer of the server from a fault of the connection.
	Answered func(error) bool

	mu   sync.Mutex
	conn C
	up   bool
}

// Use runs f on the connection. After a fault of the connection it is dropped, and
// where f may be repeated it is, once, if the connection was an old one: an idle
// connection that the server closed meanwhile is not worth an error.
func (l *Link[C]) Use(ctx context.Context, repeat bool, f func(C) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		old := l.up
		if !l.up {
			c, err := l.Dial(ctx)
			if err != nil {
				return err
			}
			l.conn, l.up = c, true
		}
		err := f(l.conn)
		if err == nil || l.Answered(err) {
			return err
		}
		// What closing a connection says that just failed tells nothing more.
		_ = l.drop()
		if !repeat || !old {
			return err
		}
	}
}

// drop closes the connection; the caller holds mu.
func (l *Link[C]) drop() error {
	if !l.up {
		return nil
	}
	var none C
	c := l.conn
	l.conn, l.up = none, false
	return c.Close()
}

// Close ends the connection, once what is under way on it has ended.
func (l *Link[C]) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.drop()
}

// Fetch reads a file over a node's connection: use lends it, and may do so again after it
// died. An empty file is none that is missing: its data is not nil.
func Fetch[C any](ctx context.Context, use func(ctx context.Context, repeat bool, f func(C) error) error, get func(C) ([]byte, error)) ([]byte, error) {
	var data []byte
	err := use(ctx, true, func(c C) (err error) {
		data, err = get(c)
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
