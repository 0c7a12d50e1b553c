package ctlp

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"ctlclient/protocol/internal/tlsconn"
)

// changedError is what a caller that pins certificates reports.
type changedError struct{ want, got string }

func (e *changedError) Error() string { return e.want + " became " + e.got }

// listenTCP accepts one connection and hands it to serve; the result is what
// serve returns.
func listenTCP[T any](t testing.TB, serve func(net.Conn) T) (addr string, result <-chan T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := make(chan T, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		c <- serve(conn)
	}()
	return l.Addr().String(), c
}

// A server with another certificate than the pinned one gets nothing: not one
// byte of the protocol, in any version of TLS.
func TestChangedCertificate(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			pair := newCertificate(t, "other")
			type seen struct {
				bytes []byte
				err   error
			}
			addr, result := listenTCP(t, func(raw net.Conn) seen {
				conn := tls.Server(raw, &tls.Config{
					Certificates: []tls.Certificate{pair}, MinVersion: version, MaxVersion: version,
				})
				b, err := io.ReadAll(conn)
				return seen{b, err}
			})
			known := Fingerprint(newCertificate(t, "node").Certificate[0])
			other := Fingerprint(pair.Certificate[0])
			c, err := Dial(t.Context(), addr, Options{
				Legacy: version < tls.VersionTLS12,
				VerifyPeer: func(cert *x509.Certificate, raw []byte) error {
					if cert.Subject.CommonName != "other" {
						t.Errorf("asked about %v", cert.Subject)
					}
					if got := Fingerprint(raw); got != known {
						return &changedError{known, got}
					}
					return nil
				},
			})
			var changed *changedError
			if !errors.As(err, &changed) || changed.want != known || changed.got != other {
				t.Errorf("dial: %v, %v; want both fingerprints", c, err)
			}
			if s := <-result; len(s.bytes) != 0 || s.err == nil {
				t.Errorf("the server saw %q, %v", s.bytes, s.err)
			}
		})
	}
}

func TestDialNeedsVerifyPeer(t *testing.T) {
	n := startNode(t, nil)
	if _, err := Dial(t.Context(), n.addr, Options{}); !errors.Is(err, tlsconn.ErrNoVerify) {
		t.Errorf("%v, want ErrNoVerify", err)
	}
}

// A machine in the middle passes everything on to the real node, with a
// certificate of its own in front: it sees no password.
func TestMachineInTheMiddle(t *testing.T) {
	n := startNode(t, nil)
	pair := newCertificate(t, "node") // the same name
	addr, result := listenTCP(t, func(raw net.Conn) []byte {
		var seen bytes.Buffer
		front := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{pair}})
		back, err := tls.Dial("tcp", n.addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Error(err)
			return nil
		}
		defer back.Close()
		if _, err := io.Copy(io.MultiWriter(back, &seen), front); err == nil {
			t.Error("the client ended the connection as if nothing were wrong")
		}
		return seen.Bytes()
	})
	o := n.options()
	if _, err := Dial(t.Context(), addr, o); err == nil || !strings.Contains(err.Error(), "another certificate") {
		t.Error("dial:", err)
	}
	if seen := <-result; len(seen) != 0 {
		t.Errorf("the machine in the middle saw %q", seen)
	}
	if n.be.logins != 0 {
		t.Error("the node saw a login")
	}
}

// Where a profile says legacy, servers and clients of that age are met; else not.
func TestLegacy(t *testing.T) {
	for _, legacyServer := range []bool{false, true} {
		n := startNode(t, func(o *ServerOptions) { o.Legacy = legacyServer })
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
			name := fmt.Sprintf("server legacy %v, client %s", legacyServer, tls.VersionName(version))
			conn, err := tls.Dial("tcp", n.addr, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
			if err == nil {
				conn.Close()
			}
			if want := legacyServer || version >= tls.VersionTLS12; (err == nil) != want {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	pair := newCertificate(t, "old")
	for _, legacyClient := range []bool{false, true} {
		addr, result := listenTCP(t, func(raw net.Conn) error {
			return tls.Server(raw, &tls.Config{
				Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10,
			}).HandshakeContext(t.Context())
		})
		c, err := Dial(t.Context(), addr, Options{Legacy: legacyClient, VerifyPeer: func(*x509.Certificate, []byte) error { return nil }})
		if (err == nil) != legacyClient {
			t.Errorf("client legacy %v: %v", legacyClient, err)
		}
		if c != nil {
			if got := c.ConnectionState().Version; got != tls.VersionTLS10 {
				t.Errorf("met in %s", tls.VersionName(got))
			}
			c.Close()
		}
		<-result
	}
}

// A changed certificate and a changed backend reach a running server, and do not
// end the connections that are there.
func TestReload(t *testing.T) {
	n := startNode(t, nil)
	n.put(t, ctlFile, "old")
	before := n.login(t)

	next := newCertificate(t, "next")
	n.SetCertificate(next)
	n.SetBackend(&backend{mixed: false, refuse: refuse(NotSupported, "a subscriber")})

	if _, err := before.Get(t.Context(), ctlFile); err != nil {
		t.Error("a connection from before:", err)
	}
	_, err := before.Cluster(t.Context())
	if se := wantStatus(t, err, NotSupported); se.Message != "a subscriber" {
		t.Errorf("%q", se.Message)
	}
	if _, err := Dial(t.Context(), n.addr, n.options()); err == nil {
		t.Error("the former certificate is still shown")
	}
	n.cert = next.Certificate[0]
	n.login(t)
}

// revoker lets one user less in.
type revoker struct{ backend }

func (*revoker) Allowed(user string) bool { return user != testUser }

// A user who was removed loses connections that are open, too.
func TestRevoked(t *testing.T) {
	n := startNode(t, nil)
	n.put(t, ctlFile, "old")
	c := n.login(t)
	n.SetBackend(&revoker{})
	for range 2 {
		_, err := c.Get(t.Context(), ctlFile)
		wantStatus(t, err, LoginFirst)
	}
	n.SetBackend(n.be)
	_, err := c.Get(t.Context(), ctlFile)
	wantStatus(t, err, LoginFirst)
}
