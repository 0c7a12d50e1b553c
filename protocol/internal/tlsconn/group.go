package tlsconn

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// ErrServerClosed is what Serve returns after Close.
var ErrServerClosed = errors.New("server closed")

// acceptPause is how long a listener rests when the system has run out of
// descriptors: they come back when connections end.
const acceptPause = 100 * time.Millisecond

// Group is the listeners and connections of one server: at most Max connections
// at a time, all ended and waited for by Close. The zero value with Max set is
// ready.
type Group struct {
	Max int // connections at a time

	mu        sync.Mutex
	closed    chan struct{}
	listeners map[net.Listener]struct{}
	conns     map[net.Conn]struct{}
	wg        sync.WaitGroup
}

func (g *Group) init() {
	if g.closed == nil {
		g.closed = make(chan struct{})
		g.listeners = make(map[net.Listener]struct{})
		g.conns = make(map[net.Conn]struct{})
	}
}

func (g *Group) isClosed() bool {
	select {
	case <-g.closed:
		return true
	default:
		return false
	}
}

// Serve accepts from l until Close, and calls handle for each connection on a
// goroutine of its own; the connection is closed when handle returns. One above
// Max is closed at once, and refused is told of it. The error is
// ErrServerClosed after Close, else the listener's.
func (g *Group) Serve(l net.Listener, handle, refused func(net.Conn)) error {
	defer l.Close()
	g.mu.Lock()
	g.init()
	if g.isClosed() {
		g.mu.Unlock()
		return ErrServerClosed
	}
	g.listeners[l] = struct{}{}
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.listeners, l)
		g.mu.Unlock()
	}()

	for {
		conn, err := l.Accept()
		if err != nil {
			if g.isClosed() {
				return ErrServerClosed
			}
			if !transient(err) {
				return err
			}
			select {
			case <-g.closed:
				return ErrServerClosed
			case <-time.After(acceptPause):
			}
			continue
		}
		if !g.start(conn, handle) {
			refused(conn)
			conn.Close()
		}
	}
}

// transient tells an Accept that may succeed later from a listener that is lost.
func transient(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.ECONNABORTED) || errors.Is(err, syscall.ENOBUFS)
}

func (g *Group) start(conn net.Conn, handle func(net.Conn)) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isClosed() || len(g.conns) >= g.Max {
		return false
	}
	g.conns[conn] = struct{}{}
	g.wg.Go(func() {
		defer func() {
			conn.Close()
			g.mu.Lock()
			delete(g.conns, conn)
			g.mu.Unlock()
		}()
		handle(conn)
	})
	return true
}

// Close ends all listeners and connections and waits for their handlers.
func (g *Group) Close() error {
	g.mu.Lock()
	g.init()
	var err error
	if !g.isClosed() {
		close(g.closed)
		for l := range g.listeners {
			err = errors.Join(err, l.Close())
		}
		for c := range g.conns {
			c.Close()
		}
	}
	g.mu.Unlock()
	g.wg.Wait()
	return err
}
