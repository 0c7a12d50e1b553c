package door

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"ctlclient/cluster/meet"
)

// errMet ends an SSH handshake whose server has proved its identity, before a login.
var errMet = errors.New("met")

// SSH is what a handshake that ends with the host key needs of a client's options.
type SSH struct {
	Password func(ctx context.Context) ([]byte, error) // never asked
	HostKey  func(addr string, key ssh.PublicKey) error
}

// HelloSSH runs dial with options that end the handshake as soon as check has seen the
// host key. nil: it was the right one.
func HelloSSH(check meet.Check, dial func(SSH) error) error {
	var met atomic.Bool // a dial that was given up may still be answered
	err := dial(SSH{
		Password: func(context.Context) ([]byte, error) { return nil, errMet },
		HostKey: func(_ string, key ssh.PublicKey) error {
			if err := check(ssh.FingerprintSHA256(key), key); err != nil {
				return err
			}
			met.Store(true)
			return errMet
		},
	})
	if met.Load() {
		return nil
	}
	return err
}
