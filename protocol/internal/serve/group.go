// Package serve keeps the books of a server: its listeners, its connections, how many
// there may be, and their end. CTLP, TVS, SSH and TFTP servers share it.
//
// What always holds: Close ends every listener and connection and returns when the
// last handler has; a connection above a limit is never handled; a listener survives
// what passes by itself (no descriptor left, a client that hung up too early).
package serve

import (
	"cmp"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

var (
	// ErrServerClosed is what Serve returns after Close.
	ErrServerClosed = errors.New("server closed")
	// ErrFull is a connection above Group.Max.
	ErrFull = errors.New("all connections are in use")
	// ErrCrowded is a connection above Group.MaxStrangers.
	ErrCrowded = errors.New("too many connections from this address that nobody has logged in on")
)

// acceptPause is how long a listener rests when the system has run out of
// descriptors: they come back when connections end.
const acceptPause = 100 * time.Millisecond

// Group is what one server has open. Set the limits, then use it; it must not be
// copied.
type Group struct {
	Max int // connections at a time
	// MaxStrangers is how many connections one Source may have that Known has not
	// been called for; 0: as many as Max. It keeps one machine from taking all of
	// Max without a password.
	MaxStrangers int

	mu        sync.Mutex
	closed    chan struct{}
	held      map[io.Closer]struct{} // listeners
	conns     map[net.Conn]string    // their source, "" once known
	strangers map[string]int         // by source
	wg        sync.WaitGroup
}

func (g *Group) init() {
	if g.closed == nil {
		g.closed = make(chan struct{})
		g.held = make(map[io.Closer]struct{})
		g.conns = make(map[net.Conn]string)
		g.strangers = make(map[string]int)
	}
}

// Closed reports that Close was called.
func (g *Group) Closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.init()
	return g.isClosed()
}

func (g *Group) isClosed() bool {
	select {
	case <-g.closed:
		return true
	default:
		return false
	}
}

// Hold has Close end l, a listener of any kind. false: it is too late, and l is
// closed. Release ends it sooner.
func (g *Group) Hold(l io.Closer) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.init()
	if g.isClosed() {
		_ = l.Close() // nothing was done with it
		return false
	}
	g.held[l] = struct{}{}
	return true
}

// Release closes what Hold was called for, unless Close has.
func (g *Group) Release(l io.Closer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.held[l]; ok {
		delete(g.held, l)
		_ = l.Close() // Serve's error says why it ended
	}
}

// Serve accepts from l until Close, and calls handle for each connection on a
// goroutine of its own; the connection is closed when handle returns. One above a
// limit is closed at once, and refused is told of it and why: ErrFull, ErrCrowded.
// The error is ErrServerClosed after Close, else the listener's.
func (g *Group) Serve(l net.Listener, handle func(net.Conn), refused func(net.Conn, error)) error {
	if !g.Hold(l) {
		return ErrServerClosed
	}
	defer g.Release(l)
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
		if err := g.Start(conn, handle); err != nil {
			if refused != nil && !errors.Is(err, ErrServerClosed) {
				refused(conn, err)
			}
			conn.Close()
		}
	}
}

// transient tells an Accept that may succeed later from a listener that is lost.
func transient(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.ECONNABORTED) || errors.Is(err, syscall.ENOBUFS)
}

// Start calls handle for a connection on a goroutine of its own and closes it
// afterwards. On an error, which is ErrFull, ErrCrowded or ErrServerClosed, nothing
// has happened and the connection is the caller's.
func (g *Group) Start(conn net.Conn, handle func(net.Conn)) error {
	source := cmp.Or(Source(conn.RemoteAddr()), "?") // "" is for those who are known
	g.mu.Lock()
	defer g.mu.Unlock()
	g.init()
	switch {
	case g.isClosed():
		return ErrServerClosed
	case len(g.conns) >= g.Max:
		return ErrFull
	case g.MaxStrangers > 0 && g.strangers[source] >= g.MaxStrangers:
		return ErrCrowded
	}
	g.conns[conn] = source
	g.strangers[source]++
	g.wg.Go(func() {
		defer func() {
			conn.Close()
			g.mu.Lock()
			defer g.mu.Unlock()
			g.greet(conn)
			delete(g.conns, conn)
		}()
		handle(conn)
	})
	return nil
}

// Known tells that somebody has logged in on a connection: it no longer counts as a
// stranger's.
func (g *Group) Known(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.greet(conn)
}

// greet takes a connection from the strangers, once. g.mu is held.
func (g *Group) greet(conn net.Conn) {
	source := g.conns[conn]
	if source == "" {
		return
	}
	g.conns[conn] = ""
	if g.strangers[source]--; g.strangers[source] <= 0 {
		delete(g.strangers, source)
	}
}

// Close ends all listeners and connections and waits for the handlers; one must not
// call it. A second Close waits as well.
func (g *Group) Close() error {
	g.mu.Lock()
	g.init()
	var err error
	if !g.isClosed() {
		close(g.closed)
		for l := range g.held {
			err = errors.Join(err, l.Close())
		}
		clear(g.held)
		for c := range g.conns {
			// One that its handler closed first is as closed as it gets.
			if e := c.Close(); !errors.Is(e, net.ErrClosed) {
				err = errors.Join(err, e)
			}
		}
	}
	g.mu.Unlock()
	g.wg.Wait()
	return err
}

// Source is what counts as one machine: an IPv4 address, or the /64 of an IPv6 one,
// all of which one machine may use as it likes.
func Source(a net.Addr) string {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()
	}
	ip := ap.Addr().Unmap().WithZone("")
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}
