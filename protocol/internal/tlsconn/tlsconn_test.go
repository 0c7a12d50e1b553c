package tlsconn

import (
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"ctlclient/message"
)

// serverHello10 is what a server of 2005 answers, whatever it is offered: TLS 1.0,
// TLS_RSA_WITH_AES_128_CBC_SHA.
var serverHello10 = bytes.Join([][]byte{
	{22, 3, 1, 0, 42}, // record: handshake, TLS 1.0, 42 bytes
	{2, 0, 0, 38},     // ServerHello, 38 bytes
	{3, 1},            // version
	make([]byte, 32),  // random
	{0},               // no session
	{0, 0x2f},         // cipher suite
	{0},               // no compression
}, nil)

func alert(description byte) []byte { return []byte{21, 3, 3, 0, 2, 2, description} }

// An old server is told apart from any other failure, with a hint that says how it is
// let in; what is no matter of age has no such hint.
func TestOldPeer(t *testing.T) {
	for name, c := range map[string]struct {
		answer []byte
		old    bool
	}{
		"answers with TLS 1.0":  {serverHello10, true},
		"protocol version":      {alert(70), true},
		"handshake failure":     {alert(40), true},
		"insufficient security": {alert(71), true},
		"internal error":        {alert(80), false},
		"no TLS at all":         {[]byte("SSH-2.0-x\r\n"), false},
		"hangs up":              {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				if _, err := conn.Read(make([]byte, 4096)); err != nil {
					return
				}
				if _, err := conn.Write(c.answer); err == nil && c.answer != nil {
					_, _ = io.Copy(io.Discard, conn) // until the client has read it
				}
			}()
			verify := func(*x509.Certificate, []byte) error {
				t.Error("a certificate was judged")
				return nil
			}
			_, err = Dial(t.Context(), nil, l.Addr().String(), 30*time.Second, verify, false)
			var old *OldPeerError
			if errors.As(err, &old) != c.old || err == nil {
				t.Fatalf("%v", err)
			}
			if c.old && (old.Legacy || !strings.Contains(message.Lines(old.Hints()).String(), "legacy = true")) {
				t.Errorf("%+v: %s", old, message.Lines(old.Hints()).String())
			}
		})
	}
	if h := message.Lines((&OldPeerError{Legacy: true}).Hints()).String(); strings.Contains(h, "legacy = true") {
		t.Errorf("told to set what is set: %s", h)
	}
}
