// Package tvs is the Trust Verification Service, TCP 2445 over TLS: what a phone
// asks when it meets a certificate that it does not know. The format is known
// from behaviour on the wire; nodes of a cluster and open-source services speak it.
//
// One connection carries one question and one answer. The service is
// authenticated by the TVS record of the phone's ITL (a whole certificate or its
// hash), not by an authority and not by a host name: Options.VerifyPeer is where
// the caller does that, before the question is sent.
//
// What always holds: an answer counts only when it is the answer to this
// question (session id, command and every length are checked); anything else is
// an error, never "valid".
package tvs

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/internal/tlsconn"
)

// DefaultTimeout of one question, connection included, and of a server's patience
// with a client.
const DefaultTimeout = 10 * time.Second

// Options of one question.
type Options struct {
	// VerifyPeer judges the service's certificate before the question is sent;
	// its error ends the connection and is found in Verify's by errors.As. Required.
	VerifyPeer func(cert *x509.Certificate, raw []byte) error
	// Certificate is the client's own, as phones show their LSC or MIC; nil: none.
	Certificate *tls.Certificate
	DeviceName  string        // CP-<4 digits>-SEP<12 hex>; empty: DefaultDeviceName
	Legacy      bool          // also TLS 1.0 and 1.1, RSA key exchange, 3DES
	Timeout     time.Duration // for all of it; 0: DefaultTimeout
	Dialer      func(ctx context.Context, network, addr string) (net.Conn, error)
}

// ErrNoAnswer is a connection that the service ended without an answer.
var ErrNoAnswer = message.NewError("the service closed the connection without an answer")

// slowError is a service that took the question and did not answer in time. It is a
// context.DeadlineExceeded in words.
type slowError time.Duration

// Error is Said in English.
func (e slowError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e slowError) Said() error {
	return message.Errorf("no answer within %v", time.Duration(e).Round(time.Second/10))
}
func (e slowError) Unwrap() error { return context.DeadlineExceeded }

// Verify asks the service at addr (host:port) about one certificate, on a
// connection of its own.
func Verify(ctx context.Context, addr string, certDER []byte, o Options) (Answer, error) {
	if certDER == nil {
		certDER = []byte{}
	}
	return Ask(ctx, addr, Request{Certificate: certDER}, o)
}

// Query asks for the certificate of these names, as phones do about the signer of a list
// or of a configuration file. Errors are as in Verify, and [ErrNames]. Nobody has compared
// the certificate in the answer with the names.
func Query(ctx context.Context, addr string, n Names, o Options) (Answer, error) {
	return Ask(ctx, addr, Request{Names: n}, o)
}

// Ask puts a question to a server: Verify where it has a certificate, else Query. The
// device name is that of the options.
func Ask(ctx context.Context, addr string, r Request, o Options) (Answer, error) {
	if o.DeviceName == "" {
		o.DeviceName = DefaultDeviceName
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	r.DeviceName = o.DeviceName
	asked, body, err := r.encode()
	if err != nil {
		return Answer{}, err
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	conn, err := tlsconn.DialAs(ctx, o.Certificate, o.Dialer, addr, o.Timeout, o.VerifyPeer, o.Legacy)
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	// Closing under a running read or write ends it, whatever the deadline.
	defer context.AfterFunc(ctx, func() { conn.NetConn().Close() })()

	answer, err := ask(conn, asked, body)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = slowError(time.Since(start))
	}
	if err != nil {
		return Answer{}, message.Errorf("TVS at %s: %w", addr, err)
	}
	return answer, nil
}

func ask(conn io.ReadWriter, asked command, body []byte) (Answer, error) {
	var id [4]byte
	rand.Read(id[:])
	q := frame{command: asked, session: binary.BigEndian.Uint32(id[:]), body: body}
	if _, err := conn.Write(q.bytes()); err != nil {
		return Answer{}, err
	}
	f, err := readFrame(conn)
	switch {
	case errors.Is(err, io.EOF):
		return Answer{}, ErrNoAnswer
	case err != nil:
		return Answer{}, err
	case f.command != asked+1:
		return Answer{}, malformed("answered with a %v", f.command)
	case f.session != q.session:
		return Answer{}, malformed("answer to session %08x, asked in %08x", f.session, q.session)
	}
	return decodeAnswer(f.body, asked == queryRequest)
}
