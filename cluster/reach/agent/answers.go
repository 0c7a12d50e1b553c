package agent

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"ctlclient/protocol/ctlp"
)

// Answers reports whether a CTL Provider of ours answers at addr (host:port). Cisco's own
// service of that name speaks something else, which nobody published: it does not count.
// Nothing secret is sent, and who answers is not judged. err says why nobody answered.
func Answers(ctx context.Context, addr string, timeout time.Duration) (ours bool, err error) {
	conn, err := ctlp.Dial(ctx, addr, ctlp.Options{Timeout: timeout, Client: "ctlclient",
		VerifyPeer: func(*x509.Certificate, []byte) error { return nil }})
	if err != nil {
		return false, err
	}
	defer conn.Close()
	_, err = conn.Cluster(ctx)
	var s *ctlp.StatusError
	return errors.As(err, &s), nil // "log in first"
}
