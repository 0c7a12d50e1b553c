package main

import (
	"context"
	"encoding/json"
	"fmt"

	"ctlclient/token"
	"ctlclient/workflow"
)

// jsonUI writes every event as a line of its own on standard output. Questions are
// asked on the terminal all the same, if there is one.
type jsonUI struct{ app *app }

// Event writes one line.
func (u *jsonUI) Event(e workflow.Event) {
	line, err := json.Marshal(e)
	if err != nil {
		return // an event is plain data; a UI has no one to tell
	}
	u.app.encode.Lock()
	defer u.app.encode.Unlock()
	fmt.Fprintf(u.app.out, "%s\n", escaped(line))
}

func (u *jsonUI) flush() {}

// PIN is asked as in text.
func (u *jsonUI) PIN(ctx context.Context, r token.PINRequest) ([]byte, error) {
	return (&questions{app: u.app}).PIN(ctx, r)
}

// Password is asked as in text.
func (u *jsonUI) Password(ctx context.Context, node, user string) ([]byte, error) {
	return (&questions{app: u.app}).Password(ctx, node, user)
}

// Identity is asked as in text.
func (u *jsonUI) Identity(ctx context.Context, node, kind, fingerprint string) (bool, error) {
	return (&questions{app: u.app}).Identity(ctx, node, kind, fingerprint)
}

// IdentityChanged is asked as in text.
func (u *jsonUI) IdentityChanged(ctx context.Context, node, kind, known, fingerprint string) (bool, error) {
	return (&questions{app: u.app}).IdentityChanged(ctx, node, kind, known, fingerprint)
}

// Confirm is asked as in text.
func (u *jsonUI) Confirm(ctx context.Context, c workflow.Confirmation) (bool, error) {
	return (&questions{app: u.app}).Confirm(ctx, c)
}
