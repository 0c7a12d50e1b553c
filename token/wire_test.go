//go:build linux

package token_test

import (
	"net"
	"sync"
	"syscall"
	"testing"
)

// wire stands between a module and what is behind it, and is cut in the middle of a request
// or of an answer.
type wire struct {
	t     *testing.T
	pairs []pair

	mu        sync.Mutex
	listeners []net.Listener
	cut       [2]func() // for what comes from the module, and from behind it; nil: it passes
}

// pair is where a wire listens, and what it leads to.
type pair struct{ network, from, to string }

func newWire(t *testing.T, pairs ...pair) *wire {
	w := &wire{t: t, pairs: pairs}
	t.Cleanup(w.down)
	return w
}

// up takes connections.
func (w *wire) up() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.pairs {
		l, err := net.Listen(p.network, p.from)
		if err != nil {
			w.t.Fatal(err)
		}
		w.listeners = append(w.listeners, l)
		go w.accept(l, p)
	}
}

// down refuses connections, as where nobody listens.
func (w *wire) down() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.listeners {
		_ = l.Close()
	}
	w.listeners = nil
}

func (w *wire) isUp() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.listeners) > 0
}

func (w *wire) accept(l net.Listener, p pair) {
	for {
		module, err := l.Accept()
		if err != nil {
			return
		}
		behind, err := net.Dial(p.network, p.to)
		for err != nil && w.isUp() { // about to listen
			behind, err = net.Dial(p.network, p.to)
		}
		if err != nil {
			_ = module.Close()
			continue
		}
		go w.pass(behind, module, request)
		go w.pass(module, behind, answer)
	}
}

// The ways of a message.
const (
	request = iota
	answer
)

// pass copies until an end is closed, or the wire is cut.
func (w *wire) pass(to, from net.Conn, way int) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		acknowledge(from)
		if err != nil {
			return
		}
		w.mu.Lock()
		cut := w.cut[way]
		w.cut[way] = nil
		w.mu.Unlock()
		if cut != nil {
			cut()
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// acknowledge keeps those waiting no longer who send in two parts, as vpcd does.
func acknowledge(c net.Conn) {
	if c, ok := c.(*net.TCPConn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1) })
		}
	}
}

// cutAt cuts off the next request or answer, after f.
func (w *wire) cutAt(way int, f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut[way] = f
}
