package sshconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"ctlclient/protocol/sshconn"
)

// startFrozenAgent is an SSH agent that answers so many requests and then no more.
func startFrozenAgent(t *testing.T, keyring agent.Agent, answers int) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				a, b := net.Pipe()
				defer b.Close()
				go agent.ServeAgent(keyring, a)
				go io.Copy(b, conn)
				for range answers {
					var head [4]byte
					if _, err := io.ReadFull(b, head[:]); err != nil {
						return
					}
					body := make([]byte, int(head[2])<<8+int(head[3]))
					if _, err := io.ReadFull(b, body); err != nil {
						return
					}
					if _, err := conn.Write(append(head[:], body...)); err != nil {
						return
					}
				}
				_, _ = io.Copy(io.Discard, b) // until the client goes
			}()
		}
	}()
	return socket
}

// within fails a test that would else wait without end.
func within(t *testing.T, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("an SSH agent that does not answer is waited for")
		return nil
	}
}

// An agent that hangs, when it should tell its keys or when it should sign, is named;
// the login ends, or goes on with the password.
func TestFrozenAgent(t *testing.T) {
	signer, private := newKey(t)
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	for name, answers := range map[string]int{"telling its keys": 0, "signing": 1} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SSH_AUTH_SOCK", startFrozenAgent(t, keyring, answers))
			p := startPeer(t, keyLogin(signer.PublicKey()))
			o := sshconn.Options{User: "admin", HostKey: pin(p.key.PublicKey()), Agent: true,
				Timeout: 300 * time.Millisecond, AgentPatience: 300 * time.Millisecond}
			err := within(t, func() error {
				_, err := sshconn.Dial(t.Context(), p.addr, o)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "SSH agent") || !strings.Contains(err.Error(), "does not answer") || errors.Is(err, sshconn.ErrUnreachable) {
				t.Errorf("%v, want the agent named", err)
			}
			t.Run("interrupted", func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				slow := o
				slow.Timeout, slow.AgentPatience = time.Hour, time.Hour
				err := within(t, func() error {
					_, err := sshconn.Dial(ctx, p.addr, slow)
					return err
				})
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v, want the context's end", err)
				}
			})
		})
	}
	t.Run("with a password", func(t *testing.T) {
		t.Setenv("SSH_AUTH_SOCK", startFrozenAgent(t, keyring, 0))
		p := startPeer(t, passwordLogin)
		client, err := sshconn.Dial(t.Context(), p.addr, sshconn.Options{User: "admin", HostKey: pin(p.key.PublicKey()), Agent: true,
			Timeout:  300 * time.Millisecond,
			Password: func(context.Context) ([]byte, error) { return []byte(secret), nil }})
		if err != nil {
			t.Fatal(err)
		}
		client.Close()
	})
}

// One class for what may pass by itself: no connection, silence, a connection that
// ends in the middle. A refused login and a server without algorithms are answers.
func TestUnreachable(t *testing.T) {
	silent, _ := mute(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Write([]byte("SSH-2.0-gone\r\n"))
			conn.Close()
		}
	}()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	o := sshconn.Options{User: "admin", HostKey: func(string, ssh.PublicKey) error { return nil }, Timeout: 300 * time.Millisecond}
	for what, c := range map[string]struct{ addr, words string }{
		"nobody listens":     {gone.Addr().String(), "cannot connect"},
		"silence":            {silent, "no answer within 300ms"},
		"ends in the middle": {l.Addr().String(), ""},
	} {
		_, err := sshconn.Dial(t.Context(), c.addr, o)
		if !errors.Is(err, sshconn.ErrUnreachable) || errors.Is(err, sshconn.ErrLogin) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", what, err)
		}
	}
	p := startPeer(t, passwordLogin)
	o.Password = func(context.Context) ([]byte, error) { return []byte("wrong"), nil }
	if _, err := sshconn.Dial(t.Context(), p.addr, o); !errors.Is(err, sshconn.ErrLogin) || errors.Is(err, sshconn.ErrUnreachable) {
		t.Errorf("a wrong password: %v", err)
	}
}

// An agent without keys has tried none.
func TestEmptyAgent(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(agent.NewKeyring(), conn)
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", socket)
	p := startPeer(t, func(p *peer, c *ssh.ServerConfig) {
		passwordLogin(p, c)
		c.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, errors.New("no") }
	})
	_, err = sshconn.Dial(t.Context(), p.addr, sshconn.Options{User: "admin", HostKey: pin(p.key.PublicKey()), Agent: true,
		Password: func(context.Context) ([]byte, error) { return []byte("wrong"), nil }})
	var login *sshconn.LoginError
	if !errors.As(err, &login) || len(login.Tried) != 1 || login.Tried[0] != "password" {
		t.Errorf("%v, want one try, with the password", err)
	}
}
