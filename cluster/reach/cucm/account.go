package cucm

import (
	"context"
	"sync"

	"ctlclient/cluster/reach"
)

// account is one of the cluster's two. Until its password was taken once, one door of one
// node at a time may try it; one that was refused is tried nowhere else, since every
// further attempt may lock the account.
type account struct {
	name, user, source string
	service            string // under which its password is asked for
	tools              reach.Tools

	mu      sync.Mutex
	proven  bool
	refused error
}

// use runs f, which may send the password.
func (a *account) use(f func() error) error {
	a.mu.Lock()
	if a.refused != nil {
		defer a.mu.Unlock()
		return a.refused
	}
	if a.proven {
		a.mu.Unlock()
		return f()
	}
	defer a.mu.Unlock()
	err := f()
	switch {
	case reach.ClassOf(err) == reach.Login:
		a.refused = err
		a.tools.Secrets.Forget(a.source, a.service, a.user)
	case err == nil:
		a.proven = true
	}
	return err
}

// password gives the account's password for a node; it is wiped by who takes it.
func (a *account) password(node string) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		return a.tools.Secrets.Get(ctx, a.source, a.service, node, a.user)
	}
}
