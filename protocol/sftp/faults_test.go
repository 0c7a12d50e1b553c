package sftp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	pkgsftp "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"ctlclient/protocol/sftp"
)

// silent is a connection whose peer can fall silent: what is sent is swallowed,
// and nothing arrives.
type silent struct {
	net.Conn
	mu   sync.Mutex
	mute bool
	once sync.Once
	fell chan struct{} // closed when the first packet was swallowed
}

func (s *silent) fallSilent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = true
}

func (s *silent) Write(p []byte) (int, error) {
	s.mu.Lock()
	mute := s.mute
	s.mu.Unlock()
	if mute {
		s.once.Do(func() { close(s.fell) })
		return len(p), nil
	}
	return s.Conn.Write(p)
}

// cut is a connection that ends before the n-th packet from when it is armed.
type cut struct {
	net.Conn
	mu    sync.Mutex
	left  int
	armed bool
}

func (c *cut) arm(packets int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.armed = packets, true
}

func (c *cut) Write(p []byte) (int, error) {
	c.mu.Lock()
	over := c.armed && c.left == 0
	c.left--
	c.mu.Unlock()
	if over {
		c.Conn.Close()
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

// The connection is cut before each packet of a stage and its commit (with
// OpenSSH's server, whose logins are slow, before every eighth): at any time the
// live file is the old one or the new one, and another connection finishes the
// job and leaves nothing behind.
func TestCutAnywhere(t *testing.T) {
	onBoth(t, func(t *testing.T, s server, folder, dir string) {
		live := filepath.Join(folder, name)
		step := 1
		if dir != "/" {
			step = 8
		}
		cuts, finished := 0, false
		for ; !finished && cuts < 300; cuts += step {
			if err := os.RemoveAll(live + ".previous"); err != nil {
				t.Fatal(err)
			}
			put(t, live, oldBytes, 0o644)

			var link *cut
			cutting := s
			cutting.options.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
				link = &cut{Conn: conn}
				return link, err
			}
			c := cutting.dial(t)
			link.arm(cuts)
			token, err := c.Stage(t.Context(), dir, name, newBytes, digest(oldBytes))
			if err == nil {
				err = c.Commit(t.Context(), dir, name, token, digest(oldBytes))
			}
			finished = err == nil

			found, readErr := os.ReadFile(live)
			if readErr != nil || !bytes.Equal(found, oldBytes) && !bytes.Equal(found, newBytes) {
				t.Fatalf("cut before packet %d: the live file is neither the old nor the new one (%d bytes, %v)", cuts, len(found), readErr)
			}
			if finished && !bytes.Equal(found, newBytes) {
				t.Fatal("finished, and the live file is the old one")
			}
			again := s.dial(t)
			finish(t, again, dir)
			again.Close()
			wantFile(t, live, newBytes)
			wantFile(t, live+".previous", oldBytes)
			wantNames(t, folder, name, name+".previous")
			if t.Failed() {
				t.Fatalf("cut before packet %d", cuts)
			}
			c.Close()
		}
		if !finished || cuts < 10 {
			t.Errorf("%d cuts, finished: %v", cuts, finished)
		}
		t.Logf("a stage and its commit are %d packets or some less", cuts-step)
	})
}

// finish does what a job that is resumed does: look, and do the rest.
func finish(t *testing.T, c *sftp.Client, dir string) {
	t.Helper()
	file, err := c.Get(t.Context(), dir, name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file.Data, newBytes) {
		token, err := c.Stage(t.Context(), dir, name, newBytes, digest(oldBytes))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(t.Context(), dir, name, token, digest(oldBytes)); err != nil {
			t.Fatal(err)
		}
	}
	left, err := c.Leftovers(t.Context(), dir, name)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range left {
		if err := c.Abort(t.Context(), dir, l.Token); err != nil {
			t.Fatal(err)
		}
	}
}

// startMemory starts a server that has its files in memory and does with a session what
// the test's handlers do.
func startMemory(t *testing.T, handlers pkgsftp.Handlers) server {
	t.Helper()
	return startHostile(t, func(channel ssh.Channel) { pkgsftp.NewRequestServer(channel, handlers).Serve() })
}

// A server that stores something else than it was sent is found out before the
// live file is touched.
func TestCorruptingServer(t *testing.T) {
	memory := pkgsftp.InMemHandler()
	memory.FilePut = corrupter{memory.FilePut}
	c := startMemory(t, memory).dial(t)
	if _, err := c.Stage(t.Context(), "/", name, newBytes, nil); !errors.Is(err, sftp.ErrCorrupted) {
		t.Errorf("%v, want ErrCorrupted", err)
	}
	if left, err := c.Leftovers(t.Context(), "/", name); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// That a server sets no permissions is no error by itself, however it says no; what is no
// such answer is one.
func TestSetstatAnswers(t *testing.T) {
	for answer, ok := range map[error]bool{
		pkgsftp.ErrSSHFxFailure:          true,
		pkgsftp.ErrSSHFxOpUnsupported:    true,
		pkgsftp.ErrSSHFxPermissionDenied: true,
		pkgsftp.ErrSSHFxBadMessage:       false,
	} {
		memory := pkgsftp.InMemHandler()
		memory.FileCmd = noSetstat{memory.FileCmd, answer}
		_, err := startMemory(t, memory).dial(t).Stage(t.Context(), "/", name, newBytes, nil)
		if (err == nil) != ok {
			t.Errorf("%v: %v", answer, err)
		}
	}
}

// noSetstat answers the setting of permissions with an error.
type noSetstat struct {
	pkgsftp.FileCmder
	answer error
}

func (n noSetstat) Filecmd(r *pkgsftp.Request) error {
	if r.Method == "Setstat" {
		return n.answer
	}
	return n.FileCmder.Filecmd(r)
}

// corrupter flips a bit of what is written.
type corrupter struct{ pkgsftp.FileWriter }

func (c corrupter) Filewrite(r *pkgsftp.Request) (io.WriterAt, error) {
	w, err := c.FileWriter.Filewrite(r)
	return flipper{w}, err
}

type flipper struct{ io.WriterAt }

func (f flipper) WriteAt(p []byte, offset int64) (int, error) {
	p = bytes.Clone(p)
	p[len(p)/2] ^= 1
	return f.WriterAt.WriteAt(p, offset)
}
