// Package tlsconn is what the TLS protocols of a cluster's node share: CTLP
// (TCP 2444) and TVS (TCP 2445) authenticate a server by the certificate that is
// known beforehand, not by an authority and not by a host name, and both meet
// machines of an age that knows TLS 1.0 only.
//
// What always holds: a client's caller sees the server's certificate before one
// byte of the protocol leaves, and may end the connection there; without a
// caller that looks, there is no connection. Sessions are never resumed, so
// that each connection looks again.
package tlsconn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/internal/reach"
)

// ErrNoVerify is a client that names nobody to judge the server's certificate.
var ErrNoVerify = message.NewError("nothing given to verify the server's certificate with")

// VerifyFunc judges a server's certificate, given parsed and as DER.
type VerifyFunc func(cert *x509.Certificate, raw []byte) error

// legacyMin is what legacy peers are met with: Cisco's phones and servers before
// 2016 speak nothing newer.
const legacyMin = tls.VersionTLS10

// legacySuites are all cipher suites that the library has but RC4: the usual
// ones, those with RSA key exchange and 3DES.
func legacySuites() []uint16 {
	var ids []uint16
	for _, s := range tls.CipherSuites() {
		ids = append(ids, s.ID)
	}
	for _, s := range tls.InsecureCipherSuites() {
		switch s.ID {
		case tls.TLS_RSA_WITH_RC4_128_SHA,
			tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA,
			tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA:
		default:
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func config(legacy bool) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true}
	if legacy {
		c.MinVersion = legacyMin
		c.CipherSuites = legacySuites()
	}
	return c
}

// ServerConfig is a server's side. certificate is asked at each handshake, so
// that a certificate can be changed under a running server.
func ServerConfig(certificate func() (*tls.Certificate, error), legacy bool) *tls.Config {
	c := config(legacy)
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate() }
	return c
}

// Dialer opens TCP connections; (*net.Dialer).DialContext is one.
type Dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// Dial connects and shakes hands within timeout. An error of verify is wrapped:
// errors.As finds it.
func Dial(ctx context.Context, dial Dialer, addr string, timeout time.Duration, verify VerifyFunc, legacy bool) (*tls.Conn, error) {
	return DialAs(ctx, nil, dial, addr, timeout, verify, legacy)
}

// DialAs is Dial by a client that shows a certificate where the server asks for one; nil
// shows none.
func DialAs(ctx context.Context, own *tls.Certificate, dial Dialer, addr string, timeout time.Duration, verify VerifyFunc, legacy bool) (*tls.Conn, error) {
	if verify == nil {
		return nil, ErrNoVerify
	}
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	raw, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, reach.Failed(whole, addr, err)
	}
	c := config(legacy)
	// The certificate is judged by verify alone: it is self-signed in practice
	// and its names mean nothing.
	c.InsecureSkipVerify = true
	if own != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own, nil }
	}
	c.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return message.NewError("the server shows no certificate")
		}
		cert := state.PeerCertificates[0]
		return verify(cert, cert.Raw)
	}
	conn := tls.Client(raw, c)
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, message.Errorf("TLS with %s: %w", addr, describe(whole, tooOld(err, legacy), timeout))
	}
	return conn, nil
}

// describe makes silence and the end of a connection what they are for reach; the end
// of the caller's own context stays it.
func describe(whole context.Context, err error, timeout time.Duration) error {
	var ne net.Error
	switch {
	case whole.Err() != nil:
		return whole.Err()
	case errors.As(err, &ne) && ne.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return reach.Silent(timeout)
	case reach.IsLoss(err):
		return reach.Lost(err)
	}
	return err
}

// OldPeerError: the two sides have no version of TLS or no cipher suite in common.
type OldPeerError struct {
	Legacy bool // the old ones were offered already
	Err    error
}

// Error is Said in English.
func (e *OldPeerError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *OldPeerError) Said() error {
	return message.Errorf("no version of TLS or no cipher suite in common: %w", e.Err)
}
func (e *OldPeerError) Unwrap() error { return e.Err }

// Hints name the next action.
func (e *OldPeerError) Hints() []message.Message {
	if e.Legacy {
		return message.Hint("the server speaks nothing we know, TLS 1.0 and RSA key exchange included; it needs an update")
	}
	return message.Hint("if this is an old server, set legacy = true for this node in the profile: TLS 1.0, TLS 1.1 and RSA key exchange are then allowed for it")
}

// apart are the library's words for what OldPeerError is; it has no types for them.
var apart = []string{
	"protocol version not supported",               // alert 70
	"server selected unsupported protocol version", // it answered with an old one
	"handshake failure",                            // alert 40
	"insufficient security level",                  // alert 71
	"unconfigured cipher suite",
}

// tooOld recognises a handshake that failed for want of something in common.
func tooOld(err error, legacy bool) error {
	for _, words := range apart {
		if strings.Contains(err.Error(), words) {
			return &OldPeerError{Legacy: legacy, Err: err}
		}
	}
	return err
}
