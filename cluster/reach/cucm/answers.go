package cucm

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"ctlclient/protocol/axl"
)

// Answers reports whether AXL answers at addr (host:port). Nothing secret is sent, and who
// answers is not judged. err says why nobody answered.
func Answers(ctx context.Context, addr string, timeout time.Duration) (yes bool, err error) {
	client, err := axl.New(addr, axl.Options{Timeout: timeout, VerifyPeer: func(*x509.Certificate, []byte) error { return nil }})
	if err != nil {
		return false, err
	}
	defer client.Close()
	_, err = client.Version(ctx)
	switch {
	case err == nil, errors.Is(err, axl.ErrLogin), errors.Is(err, axl.ErrForbidden), errors.Is(err, axl.ErrBusy):
		return true, nil // it wants an account, as AXL does
	case answered(err):
		return false, nil
	}
	return false, err
}
