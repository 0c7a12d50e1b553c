package door

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/protocol/sshconn"
)

// Own reports errors that are none of a server and stay as they are: of ctx, of a server
// that is not who it was, of a password that could not be had, and those that are sorted
// already.
func Own(ctx context.Context, err error) bool {
	var id *meet.IdentityError
	var password *meet.PasswordError
	var sorted *reach.Error
	return ctx.Err() != nil || errors.As(err, &id) || errors.As(err, &password) || errors.As(err, &sorted)
}

// Dialed sorts an error of connecting over SSH. A file of this machine that is missing,
// such as a key, must not be taken for a file that the node does not serve.
func Dialed(ctx context.Context, server string, d reach.Door, err error) error {
	if err == nil || Own(ctx, err) {
		return err
	}
	class := SSHClass(err)
	var algorithm *sshconn.AlgorithmError
	switch {
	case class != reach.Unreachable:
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		class, err = reach.Permanent, fmt.Errorf("%v", err)
	case errors.As(err, &algorithm):
		class = reach.Permanent
	}
	return &reach.Error{Class: class, Server: server, Door: d, Err: err}
}

// SSHClass is Login where the server refused the account, else Unreachable.
func SSHClass(err error) reach.Class {
	if errors.Is(err, sshconn.ErrLogin) {
		return reach.Login
	}
	return reach.Unreachable
}
