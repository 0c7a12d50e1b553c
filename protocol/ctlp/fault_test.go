package ctlp

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ctlclient/message"
)

// cutter passes bytes between a client and a node and cuts both ways after so
// many bytes of one way; a negative limit never cuts.
type cutter struct {
	up, down int // limits: to the node, to the client

	mu    sync.Mutex
	sizes [2][]int // where each piece ended, up and down
}

func (c *cutter) copy(way, limit int, dst, src net.Conn) {
	defer dst.Close()
	defer src.Close()
	buf := make([]byte, 64<<10)
	total := 0
	for {
		n, err := src.Read(buf)
		cut := limit >= 0 && total+n >= limit
		if cut {
			n = limit - total
		}
		if _, e := dst.Write(buf[:n]); e != nil || err != nil || cut {
			return
		}
		total += n
		c.mu.Lock()
		c.sizes[way] = append(c.sizes[way], total)
		c.mu.Unlock()
	}
}

// dialer connects to addr through the cutter.
func (c *cutter) dialer(t testing.TB, wg *sync.WaitGroup) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		back, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			back.Close()
			return nil, err
		}
		defer l.Close()
		client, err := d.DialContext(ctx, network, l.Addr().String())
		if err != nil {
			back.Close()
			return nil, err
		}
		front, err := l.Accept()
		if err != nil {
			t.Error(err)
			return nil, err
		}
		wg.Go(func() { c.copy(0, c.up, back, front) })
		wg.Go(func() { c.copy(1, c.down, front, back) })
		return client, nil
	}
}

// job logs in, reads, stages and commits; committed says that the node's answer
// to COMMIT arrived.
func job(ctx context.Context, n *node, o Options, new []byte) (committed bool, err error) {
	c, err := Dial(ctx, n.addr, o)
	if err != nil {
		return false, err
	}
	defer c.Close()
	if _, err := c.Login(ctx, testUser, []byte(testPassword)); err != nil {
		return false, err
	}
	f, err := c.Get(ctx, ctlFile)
	if err != nil {
		return false, err
	}
	id, err := c.Stage(ctx, ctlFile, new, &f.SHA256)
	if err != nil {
		return false, err
	}
	_, sum, err := c.Commit(ctx, id)
	if err != nil {
		return false, err
	}
	if sum != sha256.Sum256(new) {
		return false, errors.New("the node committed other bytes")
	}
	return true, nil
}

// The connection is cut at every boundary between two pieces on the wire, just
// before and after, and at many places between: the live file is the old one or
// the new one, the former is kept, and nothing else stays behind.
func TestCut(t *testing.T) {
	old, new := strings.Repeat("old ", 3000), strings.Repeat("new! ", 5000)
	run := func(c *cutter) (committed, changed bool) {
		n := startNode(t, nil)
		n.put(t, ctlFile, old)
		var wg sync.WaitGroup
		o := n.options()
		o.Dialer = c.dialer(t, &wg)
		committed, _ = job(t.Context(), n, o, []byte(new))
		wg.Wait()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		live, err := os.ReadFile(filepath.Join(n.dir, ctlFile))
		if err != nil {
			t.Fatal(err)
		}
		changed = string(live) == new
		if changed {
			wantFiles(t, n.dir, map[string]string{ctlFile: new, ctlFile + ".previous": old})
		} else {
			wantFiles(t, n.dir, map[string]string{ctlFile: old})
		}
		if committed && !changed {
			t.Errorf("cut at %d up, %d down: the client was told of a commit that is none", c.up, c.down)
		}
		return committed, changed
	}
	whole := &cutter{up: -1, down: -1}
	if committed, changed := run(whole); !committed || !changed {
		t.Fatal("the job fails without a cut")
	}
	counts := map[[2]bool]int{}
	for way, sizes := range whole.sizes {
		places := map[int]bool{0: true}
		for _, at := range sizes {
			// The handshake's signature has not always the same length: well within a
			// piece is -40 alone.
			for _, d := range []int{-40, -1, 0, 1} {
				places[max(0, at+d)] = true
			}
		}
		total := sizes[len(sizes)-1]
		for at := 0; at < total; at += total/20 + 1 {
			places[at] = true
		}
		for at := range places {
			c := &cutter{up: -1, down: -1}
			if way == 0 {
				c.up = at
			} else {
				c.down = at
			}
			committed, changed := run(c)
			counts[[2]bool{committed, changed}]++
		}
	}
	t.Logf("old file: %d cuts; new file, and the client knows: %d; new file, and it does not: %d",
		counts[[2]bool{}], counts[[2]bool{true, true}], counts[[2]bool{false, true}])
	if counts[[2]bool{}] == 0 || counts[[2]bool{true, true}] == 0 || counts[[2]bool{false, true}] == 0 {
		t.Error("the cuts miss one of the three outcomes")
	}
}

// What a connection staged goes with it, however it ends.
func TestStageEndsWithConnection(t *testing.T) {
	for name, end := range map[string]func(c *Client) error{
		"logout": func(c *Client) error { return c.Close() },
		"cut":    func(c *Client) error { return c.conn.NetConn().Close() },
	} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t, nil)
			c := n.login(t)
			id, err := c.Stage(t.Context(), ctlFile, []byte("new"), nil)
			if err != nil {
				t.Fatal(err)
			}
			// Another connection can neither commit nor end it.
			other := n.login(t)
			_, _, err = other.Commit(t.Context(), id)
			wantStatus(t, err, NotFound)
			wantStatus(t, other.Abort(t.Context(), id), NotFound)
			if err := end(c); err != nil {
				t.Fatal(err)
			}
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, n.dir, nil)
		})
	}
}

// Two administrators stage the same file; the second learns it at COMMIT.
func TestTwoClients(t *testing.T) {
	n := startNode(t, nil)
	old := n.put(t, ctlFile, "old")
	ctx := t.Context()
	a, b := n.login(t), n.login(t)
	idA, errA := a.Stage(ctx, ctlFile, []byte("a"), old)
	idB, errB := b.Stage(ctx, ctlFile, []byte("b"), old)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Commit(ctx, idB); err != nil {
		t.Fatal(err)
	}
	_, _, err := a.Commit(ctx, idA)
	if se := wantStatus(t, err, Conflict); message.Lines(se.Hints()).String() == "" {
		t.Error("no hint for a conflict")
	}
	if err := a.Abort(ctx, idA); err != nil {
		t.Error(err)
	}
	wantFiles(t, n.dir, map[string]string{ctlFile: "b", ctlFile + ".previous": "old"})
}

// The backend's words and statuses reach the client; what it does not name is
// an internal error.
func TestBackendErrors(t *testing.T) {
	n := startNode(t, nil)
	c := n.login(t)
	for _, e := range []struct {
		err  error
		want Status
		text string
	}{
		{refuse(BadList, "signed by a stranger"), BadList, "signed by a stranger"},
		{errors.Join(errors.New("x"), refuse(Busy, "in a moment")), Busy, "in a moment"},
		{errors.New("out of order"), Internal, "out of order"},
	} {
		n.be.checkErr = e.err
		_, err := c.Stage(t.Context(), ctlFile, []byte("new"), nil)
		if se := wantStatus(t, err, e.want); se.Message != e.text {
			t.Errorf("%q, want %q", se.Message, e.text)
		}
	}
	wantFiles(t, n.dir, nil)
	n.be.refuse = refuse(ExportRefused, "no licence")
	_, err := c.SetMode(t.Context(), true)
	if se := wantStatus(t, err, ExportRefused); message.Lines(se.Hints()).String() == "" {
		t.Error("no hint")
	}
	// A login that nobody could judge is neither right nor wrong.
	n.be.loginErr = refuse(Busy, "later")
	for range 2 * maxWrong {
		_, err := n.dial(t).Login(t.Context(), testUser, []byte(testPassword))
		wantStatus(t, err, Busy)
	}
}

func TestConnectionLimit(t *testing.T) {
	n := startNode(t, func(o *ServerOptions) { o.MaxConns = 2 })
	n.login(t)
	first := n.login(t)
	if c, err := Dial(t.Context(), n.addr, n.options()); err == nil {
		_, err = c.Login(t.Context(), testUser, []byte(testPassword))
		t.Fatal("a third connection:", err)
	}
	if !strings.Contains(n.log.all(), "connection-refused") {
		t.Error("the log does not tell of it")
	}
	if _, err := first.Cluster(t.Context()); err != nil {
		t.Error("those who are in are disturbed:", err)
	}
}

// A cancelled request ends at once, and the connection with it.
func TestCancel(t *testing.T) {
	arrived := make(chan struct{})
	n := startNode(t, func(o *ServerOptions) { o.Backend = &waiting{backend: &backend{}, arrived: arrived} })
	c := n.login(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := c.Cluster(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	if _, err := c.Cluster(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

// waiting never answers CLUSTER before its server ends.
type waiting struct {
	*backend
	arrived chan struct{}
}

func (w *waiting) Cluster(ctx context.Context) (Cluster, error) {
	close(w.arrived)
	<-ctx.Done()
	return Cluster{}, ctx.Err()
}

// pipes is a network without time: connections within a synctest bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	return client, nil
}

// inBubble runs f against a node whose clock and network are the bubble's.
func inBubble(t *testing.T, be Backend, f func(t *testing.T, n *node, o Options)) {
	pair := newCertificate(t, "node")
	synctest.Test(t, func(t *testing.T) {
		n := &node{dir: t.TempDir(), cert: pair.Certificate[0], log: &auditLog{}}
		s, err := NewServer(ServerOptions{Certificate: pair, Backend: be, Dir: n.dir, Log: n.log.log})
		if err != nil {
			t.Fatal(err)
		}
		p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		go s.Serve(p)
		n.Server = s
		o := n.options()
		o.Dialer = p.dial
		f(t, n, o)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestIdleConnectionEnds(t *testing.T) {
	inBubble(t, &backend{}, func(t *testing.T, n *node, o Options) {
		ctx := t.Context()
		c, err := Dial(ctx, "node", o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Login(ctx, testUser, []byte(testPassword)); err != nil {
			t.Fatal(err)
		}
		for range 3 { // each request begins the minute anew
			time.Sleep(DefaultIdleTimeout - time.Second)
			if _, err := c.Cluster(ctx); err != nil {
				t.Fatal(err)
			}
		}
		id, err := c.Stage(ctx, ctlFile, []byte("new"), nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(DefaultIdleTimeout + time.Second)
		synctest.Wait()
		wantFiles(t, n.dir, nil)
		if _, _, err := c.Commit(ctx, id); !errors.Is(err, ErrClosed) {
			t.Errorf("%v, want ErrClosed", err)
		}
	})
}

// Somebody who connects and says nothing, or half of something, is sent away.
func TestSilentConnectionEnds(t *testing.T) {
	inBubble(t, &backend{}, func(t *testing.T, n *node, o Options) {
		conn, err := o.Dialer(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if b, err := io.ReadAll(conn); len(b) != 0 || err != nil {
			t.Errorf("%x, %v", b, err)
		}
		if took := time.Since(start); took != DefaultIdleTimeout {
			t.Errorf("ended after %v", took)
		}
	})
}

func TestTimeout(t *testing.T) {
	be := &waiting{backend: &backend{}, arrived: make(chan struct{})}
	inBubble(t, be, func(t *testing.T, n *node, o Options) {
		ctx := t.Context()
		c, err := Dial(ctx, "node", o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Login(ctx, testUser, []byte(testPassword)); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = c.Cluster(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 30s") {
			t.Error("error:", err)
		}
		if took := time.Since(start); took != DefaultTimeout {
			t.Errorf("gave up after %v, want %v", took, DefaultTimeout)
		}
	})
}
