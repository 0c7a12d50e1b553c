// Package serve asks a node what phones ask it: a file over TFTP or HTTP, and a question
// to its Trust Verification Service. Nothing is told to a node here, and no account is
// used.
package serve

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"time"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/protocol/httpfile"
	"ctlclient/protocol/tftp"
	"ctlclient/protocol/tvs"
	"ctlclient/trust"
)

// The doors.
const (
	DoorTFTP reach.Door = "TFTP"
	DoorHTTP reach.Door = "HTTP"
	DoorTVS  reach.Door = "TVS"
)

// A node that does not answer TFTP is waited for silence*(repeats+1).
const (
	silence = 2 * time.Second
	repeats = 2
)

// Fetch reads a file as a phone does, at most ctlbuild.MaxFile bytes: over TFTP, and over
// HTTP where TFTP is silent or not run. It says which door gave the answer.
// fs.ErrNotExist: the node has no such file. errors.ErrUnsupported: it runs neither.
// Other errors are *reach.Error, of class Permanent where the node has the file and does
// not give it away. timeout bounds one answer.
func Fetch(ctx context.Context, n site.Node, name string, timeout time.Duration) ([]byte, reach.Door, error) {
	var silent error
	if n.Port(site.PortTFTP) != 0 {
		data, err := tftp.Get(ctx, n.Addr(site.PortTFTP), name, tftp.Options{Timeout: min(timeout, silence), Retries: repeats, MaxSize: ctlbuild.MaxFile})
		if err == nil || errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
			return data, DoorTFTP, err
		}
		silent = sorted(n, DoorTFTP, err)
		if reach.ClassOf(silent) != reach.Unreachable {
			return nil, DoorTFTP, silent
		}
	}
	if n.Port(site.PortHTTP) == 0 {
		if silent == nil {
			silent = message.Errorf("it runs no TFTP: %w", errors.ErrUnsupported)
		}
		return nil, DoorTFTP, silent
	}
	data, err := httpfile.Get(ctx, "http://"+n.Addr(site.PortHTTP)+"/"+name, ctlbuild.MaxFile)
	if err == nil || errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
		return data, DoorHTTP, err
	}
	if silent != nil {
		return nil, DoorTFTP, silent // the first door's word, as phones know TFTP better
	}
	return nil, DoorHTTP, sorted(n, DoorHTTP, err)
}

// OverHTTP reads a file as newer phones do, over HTTP; nil: the node has none there. answered
// is false where it runs no such service, or does not answer within a moment: phones then ask
// TFTP, so that nobody waits for it.
func OverHTTP(ctx context.Context, n site.Node, name string) (data []byte, answered bool) {
	if n.Port(site.PortHTTP) == 0 {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	data, err := httpfile.Get(ctx, "http://"+n.Addr(site.PortHTTP)+"/"+name, ctlbuild.MaxFile)
	if err == nil && data == nil {
		data = []byte{}
	}
	return data, err == nil || errors.Is(err, fs.ErrNotExist)
}

// sorted gives an error one of the classes.
func sorted(n site.Node, d reach.Door, err error) error {
	class := reach.Unreachable
	var t *tftp.ServerError
	var h *httpfile.StatusError
	if errors.As(err, &t) || errors.As(err, &h) || errors.Is(err, tftp.ErrTooLarge) || errors.Is(err, httpfile.ErrTooLarge) {
		class = reach.Permanent
	}
	return &reach.Error{Class: class, Server: n.Name, Door: d, Err: err}
}

// Question to the TVS at Addr.
type Question struct {
	trust.Question
	Addr    string // host:port
	Device  string // how the phone introduces itself; "": as the protocol does
	Legacy  bool   // old TLS too
	Timeout time.Duration
	// Lists vouch for the service's own certificate: the first that knows it decides.
	Lists []*ctlbuild.List
	// Peer judges that certificate (DER) in place of Lists; nil: Lists do.
	Peer func(certificate []byte) error
}

// Ask puts a question to a TVS.
func Ask(ctx context.Context, q Question) (trust.Answer, error) {
	peer := q.Peer
	if peer == nil {
		peer = func(raw []byte) error { return vouched(q.Lists, raw) }
	}
	r := tvs.Request{Certificate: q.Certificate}
	if q.ByName() {
		r = tvs.Request{Names: tvs.Names{Subject: q.Subject, Issuer: q.Issuer, Serial: q.Serial}}
	}
	a, err := tvs.Ask(ctx, q.Addr, r, tvs.Options{
		DeviceName: q.Device, Legacy: q.Legacy, Timeout: q.Timeout,
		VerifyPeer: func(_ *x509.Certificate, raw []byte) error { return peer(raw) },
	})
	if err != nil {
		return trust.Answer{}, err
	}
	return trust.Answer{Valid: a.Valid, Certificate: a.Certificate, Roles: a.Roles, TTL: a.TTL}, nil
}

// vouched authenticates a TVS server's certificate by the first list that knows it.
func vouched(lists []*ctlbuild.List, raw []byte) error {
	var errs []error
	for _, l := range lists {
		if l == nil {
			continue
		}
		_, err := trust.CheckTVSCertificate(l, raw)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return message.NewError("no trust list is held that could vouch for the TVS server")
	}
	return errors.Join(errs...)
}

// errShown ends a handshake once the certificate was seen.
var errShown = errors.New("the certificate was seen")

// Presented is the certificate (DER) that the TVS at addr shows. Nothing is asked, and
// nothing is judged.
func Presented(ctx context.Context, addr string, legacy bool, timeout time.Duration) ([]byte, error) {
	seen := make(chan []byte, 1)
	question := []byte{0} // never sent
	_, err := tvs.Verify(ctx, addr, question, tvs.Options{Legacy: legacy, Timeout: timeout,
		VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
			seen <- raw
			return errShown
		}})
	select {
	case raw := <-seen:
		return raw, nil
	default:
		return nil, err
	}
}

// SameAddr compares two host:port.
func SameAddr(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	return errA == nil && errB == nil && portA == portB && ctlbuild.SameHost(hostA, hostB)
}
