package serve

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
)

func TestSource(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7:40000":              "192.0.2.7",
		"[::ffff:192.0.2.7]:1":         "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:1":     "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::1%eth]:2": "2001:db8:1:2::/64",
	} {
		addr, err := net.ResolveTCPAddr("tcp", in)
		if err != nil {
			t.Fatal(err)
		}
		if got := Source(addr); got != want {
			t.Errorf("%s counts as %s, want %s", in, got, want)
		}
	}
	if got := Source(&net.UnixAddr{Name: "/run/x", Net: "unix"}); got != "/run/x" {
		t.Errorf("an address without a port counts as %s", got)
	}
}

// serving is a group at work; connections are handed to the test.
type serving struct {
	*Group
	addr    string
	handled chan net.Conn
	refused chan error
	end     chan struct{} // lets the handlers go
	done    chan error    // what Serve returned
}

func start(t *testing.T, g *Group) *serving {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{g, l.Addr().String(), make(chan net.Conn, 9), make(chan error, 9), make(chan struct{}), make(chan error, 1)}
	go func() {
		s.done <- g.Serve(l, func(c net.Conn) {
			s.handled <- c
			<-s.end
		}, func(_ net.Conn, why error) { s.refused <- why })
	}()
	return s
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// idle returns when no connection is left.
func (s *serving) idle() {
	for {
		s.Group.mu.Lock()
		left := len(s.conns)
		s.Group.mu.Unlock()
		if left == 0 {
			return
		}
		runtime.Gosched()
	}
}

// closed reports that the other side ended a connection.
func closed(c net.Conn) bool {
	_, err := c.Read(make([]byte, 1))
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}

// One above the limit is turned away with the reason, and there is room again when
// one has ended.
func TestMax(t *testing.T) {
	s := start(t, &Group{Max: 2})
	dial(t, s.addr)
	dial(t, s.addr)
	<-s.handled
	<-s.handled
	third := dial(t, s.addr)
	if why := <-s.refused; why != ErrFull {
		t.Errorf("refused with %v", why)
	}
	if !closed(third) {
		t.Error("a connection that was refused stays open")
	}
	close(s.end)
	s.idle()
	dial(t, s.addr)
	<-s.handled
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-s.done; err != ErrServerClosed {
		t.Errorf("Serve returned %v", err)
	}
}

// Nobody takes all of the room without a password; who logged in makes room for the
// next of the same address, once.
func TestStrangers(t *testing.T) {
	s := start(t, &Group{Max: 9, MaxStrangers: 2})
	dial(t, s.addr)
	dial(t, s.addr)
	first := <-s.handled
	<-s.handled
	dial(t, s.addr)
	if why := <-s.refused; why != ErrCrowded {
		t.Errorf("refused with %v", why)
	}
	s.Known(first)
	s.Known(first) // counts once
	dial(t, s.addr)
	<-s.handled
	dial(t, s.addr)
	if why := <-s.refused; why != ErrCrowded {
		t.Errorf("refused with %v", why)
	}
	close(s.end)
	s.idle()
	if len(s.strangers) != 0 || len(s.conns) != 0 {
		t.Errorf("after the end of all %v, %v are remembered", s.strangers, s.conns)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Close cuts what is open and returns after the last handler, also a second time.
func TestClose(t *testing.T) {
	g := &Group{Max: 9}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	ended := false
	inside := make(chan struct{})
	go func() {
		_ = g.Serve(l, func(c net.Conn) {
			close(inside)
			_, _ = io.Copy(io.Discard, c) // until it is cut
			mu.Lock()
			defer mu.Unlock()
			ended = true
		}, nil)
	}()
	dial(t, l.Addr().String())
	<-inside
	for range 2 {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		mu.Lock()
		if !ended {
			t.Error("Close returned before a handler had")
		}
		mu.Unlock()
	}
	if !g.Closed() {
		t.Error("a closed group says that it is not")
	}
	late, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Serve(late, nil, nil); err != ErrServerClosed {
		t.Errorf("Serve after Close: %v", err)
	}
	if err := late.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a listener that came too late is left open: %v", err)
	}
}

// flaky is a listener that fails in passing before it accepts.
type flaky struct {
	net.Listener
	errs []error
}

func (l *flaky) Accept() (net.Conn, error) {
	if len(l.errs) == 0 {
		return l.Listener.Accept()
	}
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

func TestAcceptErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &Group{Max: 1}
	handled := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- g.Serve(&flaky{l, []error{syscall.EMFILE, syscall.ECONNABORTED}}, func(net.Conn) { close(handled) }, nil)
	}()
	dial(t, l.Addr().String())
	<-handled
	// What does not pass ends Serve with its error.
	l.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a listener that was lost: %v", err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}
