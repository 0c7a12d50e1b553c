package sftp_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ctlclient/message"
	"ctlclient/protocol/sftp"
	"ctlclient/protocol/sshconn"
)

// startHostile starts a server that does with an SFTP channel what it likes; nil:
// there is no such subsystem.
func startHostile(t *testing.T, serve func(channel ssh.Channel)) server {
	t.Helper()
	key, _ := newKey(t)
	s := sshconn.NewServer(sshconn.ServerOptions{
		HostKey: key,
		Login:   func(string, []byte) bool { return true },
		Session: func(ctx context.Context, _ string, channel ssh.Channel, requests <-chan *ssh.Request) {
			for request := range requests {
				request.Reply(serve != nil && request.Type == "subsystem", nil)
				if serve != nil && request.Type == "subsystem" {
					serve(channel)
					<-ctx.Done() // the channel stays open for as long as the client does
					return
				}
			}
		},
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return server{l.Addr().String(), sftp.Options{
		User: "x", HostKey: pin(key.PublicKey()),
		Password: func(context.Context) ([]byte, error) { return []byte("x"), nil },
	}, 0}
}

// refuser answers SFTP: the version with posix-rename, then every request with one
// status. It stops answering, and leaves the channel open, after some of them.
func refuser(code uint32, message string, answers int) func(ssh.Channel) {
	return func(channel ssh.Channel) {
		for n := 0; ; n++ {
			var head [9]byte // length, type, request id
			if _, err := io.ReadFull(channel, head[:5]); err != nil {
				return
			}
			left := int64(binary.BigEndian.Uint32(head[:])) - 1
			if _, err := io.ReadFull(channel, head[5:]); err != nil {
				return
			}
			if _, err := io.CopyN(io.Discard, channel, left-4); err != nil {
				return
			}
			var answer []byte
			switch {
			case n > answers:
				return
			case head[4] == 1: // INIT
				answer = binary.BigEndian.AppendUint32([]byte{2}, 3)
				answer = text(text(answer, "posix-rename@openssh.com"), "1")
			default:
				answer = append([]byte{101}, head[5:]...)
				answer = binary.BigEndian.AppendUint32(answer, code)
				answer = text(text(answer, message), "")
			}
			if _, err := channel.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(answer))), answer...)); err != nil {
				return
			}
		}
	}
}

func text(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// within fails a test that would else wait for as long as the server likes.
func within(t *testing.T, what string, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(30 * time.Second):
		t.Fatalf("%s waits for a server that says no more", what)
		return nil
	}
}

// What a server says is put in words, also when it says nothing; and a server that then
// leaves the channel open is not waited for.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		code    uint32
		message string
		want    string
		is      error
	}{
		{4, "", "the server failed and gave no reason", nil},
		{4, "Failure", "the server failed and gave no reason", nil},
		{4, `sftp: "" (unknown)`, "the server failed and gave no reason", nil},
		{4, `sftp: "disk on fire" (SSH_FX_FAILURE)`, "the server failed: disk on fire", nil},
		{8, "", "the server does not support this operation", nil},
		{99, "", "the server refused with status 99 and gave no reason", nil},
		{99, "no \x1b[31mway\n", "the server refused with status 99: no  [31mway", nil},
		{4, strings.Repeat("x", 3000), strings.Repeat("x", 200) + "...", nil},
		{2, "", "file does not exist", fs.ErrNotExist},
		{3, "", "permission denied", fs.ErrPermission},
		{14, "", "no space left on the server", sftp.ErrNoSpace},
		{15, "", "quota", sftp.ErrNoSpace},
		{12, "", "write-protected", sftp.ErrReadOnly},
	} {
		client := startHostile(t, refuser(c.code, c.message, 2)).dial(t)
		_, err := client.Get(t.Context(), "/srv", name)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "/srv/"+name) {
			t.Errorf("status %d, %.40q: %v, want %q in it", c.code, c.message, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), `""`) || strings.Contains(err.Error(), "sftp:")) {
			t.Errorf("status %d, %.40q: %v says nothing", c.code, c.message, err)
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("status %d: %v is not %v", c.code, err, c.is)
		}
		if errors.Is(err, sftp.ErrUnreachable) || errors.Is(err, sshconn.ErrLogin) {
			t.Errorf("status %d: %v is an answer", c.code, err)
		}
		if c.code == 4 && c.message == "" {
			var typed *sftp.ServerError
			if !errors.As(err, &typed) || typed.Code != 4 {
				t.Errorf("%v is no *ServerError", err)
			}
		}
		if err := within(t, "Close", client.Close); err != nil {
			t.Errorf("status %d: close: %v", c.code, err)
		}
	}
}

// A server that falls silent in the middle, at the start of SFTP, or that lost the
// connection is unreachable, and says so within the time given.
func TestSilence(t *testing.T) {
	t.Run("in the middle", func(t *testing.T) {
		s := startHostile(t, refuser(4, "", 0))
		s.options.Timeout = 200 * time.Millisecond
		c := s.dial(t)
		err := within(t, "Get", func() error {
			_, err := c.Get(t.Context(), "/", name)
			return err
		})
		if !errors.Is(err, sftp.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 200ms") {
			t.Errorf("get: %v", err)
		}
		if err := within(t, "Close", c.Close); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Run("at the start", func(t *testing.T) {
		s := startHostile(t, func(ssh.Channel) {})
		s.options.Timeout = 2 * time.Second // logging in is within it
		err := within(t, "Dial", func() error {
			_, err := sftp.Dial(t.Context(), s.addr, s.options)
			return err
		})
		if !errors.Is(err, sftp.ErrUnreachable) || !strings.Contains(err.Error(), "no answer within 2s") {
			t.Errorf("dial: %v", err)
		}
	})
	t.Run("lost", func(t *testing.T) {
		s := startHostile(t, func(channel ssh.Channel) {
			refuser(4, "", 0)(channel)
			channel.Close()
		})
		c := s.dial(t)
		_, err := c.Get(t.Context(), "/", name)
		if !errors.Is(err, sftp.ErrUnreachable) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("get: %v", err)
		}
	})
	t.Run("no SFTP", func(t *testing.T) {
		s := startHostile(t, nil)
		_, err := sftp.Dial(t.Context(), s.addr, s.options)
		var typed *sftp.NoServiceError
		if !errors.As(err, &typed) || message.Lines(typed.Hints()).String() == "" || errors.Is(err, sftp.ErrUnreachable) {
			t.Errorf("dial: %v, want a *NoServiceError", err)
		}
	})
}

// What is gone is told from what is another, by its type.
func TestGone(t *testing.T) {
	folder := t.TempDir()
	live := filepath.Join(folder, name)
	put(t, live, oldBytes, 0o644)
	c := startOwn(t, folder).dial(t)
	_, err := c.Stage(t.Context(), "/", name, newBytes, digest(newBytes))
	if !errors.Is(err, sftp.ErrConflict) || errors.Is(err, sftp.ErrGone) {
		t.Errorf("another file: %v", err)
	}
	token, err := c.Stage(t.Context(), "/", name, newBytes, digest(oldBytes))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(live); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"commit": c.Commit(t.Context(), "/", name, token, digest(oldBytes)),
		"delete": c.Delete(t.Context(), "/", name, digest(oldBytes)),
	} {
		if !errors.Is(err, sftp.ErrConflict) || !errors.Is(err, sftp.ErrGone) || !strings.Contains(err.Error(), "gone") {
			t.Errorf("%s: %v, want ErrGone", what, err)
		}
	}
}

// A job knows the name of its stage beforehand, so that it can be removed after a
// connection that was lost at any moment: here before each packet.
func TestStageIsRemovedByItsToken(t *testing.T) {
	folder := t.TempDir()
	s := startOwn(t, folder)
	put(t, filepath.Join(folder, name), oldBytes, 0o644)
	again := s.dial(t)
	var tokens []string
	for packets := 0; ; packets++ {
		var link *cut
		cutting := s
		cutting.options.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			link = &cut{Conn: conn}
			return link, err
		}
		c := cutting.dial(t)
		link.arm(packets)
		token := sftp.NewToken(name)
		err := c.StageAs(t.Context(), "/", name, token, newBytes, digest(oldBytes))
		c.Close()
		if err != nil && !errors.Is(err, sftp.ErrUnreachable) {
			t.Errorf("cut before packet %d: %v", packets, err)
		}
		tokens = append(tokens, token)
		// What the server had heard of it may still be under way there: removed once more then.
		for try := 0; try < 1000 && (try == 0 || len(names(t, folder)) > 1); try++ {
			for _, token := range tokens {
				if err := again.Abort(t.Context(), "/", token); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err == nil {
			wantNames(t, folder, name)
			if packets < 5 {
				t.Errorf("a stage of %d packets", packets)
			}
			return
		}
		if packets > 200 {
			t.Fatal("a stage that never ends")
		}
	}
}

// Who replaces a link is told where it leads.
func TestLinkIsNamed(t *testing.T) {
	onBoth(t, func(t *testing.T, s server, folder, dir string) {
		put(t, filepath.Join(folder, "real"), oldBytes, 0o644)
		if err := os.Symlink("real", filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
		c := s.dial(t)
		_, err := c.Stage(t.Context(), dir, name, newBytes, digest(oldBytes))
		var link *sftp.LinkError
		if !errors.As(err, &link) || errors.Is(err, sftp.ErrUnreachable) || errors.Is(err, fs.ErrNotExist) || !strings.Contains(message.Lines(link.Hints()).String(), "link") {
			t.Errorf("stage over a link: %v, want a *LinkError", err)
		}
		if dir != "/" && link.To != "real" {
			t.Errorf("it leads to %q", link.To)
		}
	})
}

// What can be known before a stage is said without writing anything.
func TestCheck(t *testing.T) {
	onBoth(t, func(t *testing.T, s server, folder, dir string) {
		c := s.dial(t)
		live := filepath.Join(folder, name)
		if err := c.Check(t.Context(), dir, name); err != nil {
			t.Errorf("no file yet: %v", err)
		}
		put(t, live, oldBytes, 0o644)
		if err := c.Check(t.Context(), dir, name); err != nil {
			t.Errorf("a file: %v", err)
		}
		wantNames(t, folder, name)
		if err := c.Check(t.Context(), dir+"/missing", name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("no folder: %v", err)
		}
		if err := os.Mkdir(live+".previous", 0o755); err != nil {
			t.Fatal(err)
		}
		var keep *sftp.KeepError
		if err := c.Check(t.Context(), dir, name); !errors.As(err, &keep) {
			t.Errorf("a folder in the former file's place: %v", err)
		}
		if err := errors.Join(os.Remove(live+".previous"), os.Rename(live, live+".x"), os.Symlink(name+".x", live)); err != nil {
			t.Fatal(err)
		}
		var link *sftp.LinkError
		if err := c.Check(t.Context(), dir, name); !errors.As(err, &link) {
			t.Errorf("a link: %v", err)
		}
		if err := errors.Join(os.Remove(live), os.Mkdir(live, 0o755)); err != nil {
			t.Fatal(err)
		}
		if err := c.Check(t.Context(), dir, name); !errors.Is(err, sftp.ErrNotRegular) {
			t.Errorf("a folder: %v", err)
		}
	})
	folder := t.TempDir()
	put(t, filepath.Join(folder, name), oldBytes, 0o644)
	s := startSSHD(t, "-P posix-rename")
	if err := s.dial(t).Check(t.Context(), folder, name); !errors.Is(err, sftp.ErrNotAtomic) {
		t.Errorf("no posix-rename: %v", err)
	}
	s.options.AllowNonAtomic = true
	if err := s.dial(t).Check(t.Context(), folder, name); err != nil {
		t.Errorf("no posix-rename, allowed: %v", err)
	}
}

// The way out on a server that cannot replace a file is named, and it is no editor.
func TestNotAtomicNamesTheWayOut(t *testing.T) {
	if hint := message.Lines((&sftp.NotAtomicError{Path: "/x"}).Hints()).String(); !strings.Contains(hint, `transport = "by-hand"`) || !strings.Contains(hint, "sftp-server") {
		t.Errorf("hint %q", hint)
	}
}
