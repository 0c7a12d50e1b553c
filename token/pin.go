package token

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/miekg/pkcs11"

	"ctlclient/internal/secret"
	"ctlclient/message"
)

// PINRequest tells the person what they are about to unlock.
type PINRequest struct {
	Token, Serial string
	CountLow      bool // tries have been used up
	FinalTry      bool // a wrong PIN locks the token for good
	Context       bool // context-specific login: the token wants the PIN again for this signature
	New           bool // the new PIN of ChangePIN or Init is asked for
	SO            bool // the security officer's (administrator's) PIN is asked for
}

// PINFunc asks for the PIN. Called once for one attempt; the slice is wiped after use.
type PINFunc func(ctx context.Context, r PINRequest) ([]byte, error)

// maxPIN bounds a PIN file, in bytes; PKCS#11 tokens take far less.
const maxPIN = 512

var (
	errNoPIN   = message.NewError("no PIN was entered")
	errNoAsker = message.NewError("nobody to ask")
)

// PINFile is a PINFunc that reads the PIN from the first line of a file: a path, or
// a file: URI as pin-source has it.
func PINFile(source string) PINFunc {
	return func(context.Context, PINRequest) ([]byte, error) {
		path, err := pinPath(source)
		if err != nil {
			return nil, err
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		pin, err := secret.Line(f, maxPIN)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return pin, nil
	}
}

// pinPath takes file:/p, file:///p, file:p and a plain absolute path (RFC 7512,
// section 2.4: what pin-source means is the application's business).
func pinPath(source string) (string, error) {
	rest, isFile := strings.CutPrefix(source, "file:")
	if !isFile {
		if filepath.IsAbs(source) {
			return source, nil
		}
		return "", message.Errorf("pin-source %q is not file:PATH", source)
	}
	if !strings.HasPrefix(rest, "//") {
		return rest, nil
	}
	u, err := url.Parse(source)
	if err != nil || u.Host != "" && u.Host != "localhost" {
		return "", message.Errorf("pin-source %q is not a file here", source)
	}
	return filepath.FromSlash(u.Path), nil
}

func wipe(secrets ...[]byte) {
	for _, b := range secrets {
		clear(b)
	}
}

// checkTries refuses, before anybody is asked, what would lock the token or is locked.
func checkTries(i Info, allowFinal bool) error {
	if i.Flags.PINLocked {
		return &Error{Kind: PINLocked, Token: i.Label, Module: i.Module, Flags: i.Flags}
	}
	if i.Flags.PINFinalTry && !allowFinal {
		return &Error{Kind: PINFinalTry, Token: i.Label, Module: i.Module, Flags: i.Flags}
	}
	return nil
}

// askPIN gets one PIN from the person, or nil from nobody where the token has a keypad.
func askPIN(ctx context.Context, i Info, o Options, r PINRequest, ask PINFunc) ([]byte, error) {
	r.Token, r.Serial = i.Label, i.Serial
	r.CountLow, r.FinalTry = i.Flags.PINCountLow, i.Flags.PINFinalTry
	if i.Flags.ProtectedAuthPath {
		tell := o.OnKeypad
		if tell == nil {
			tell = settingsOf(ctx).OnKeypad
		}
		if tell != nil {
			tell(r)
		}
		return nil, nil
	}
	if ask == nil {
		return nil, &Error{Kind: PINRequired, Token: i.Label, Module: i.Module, Err: errNoAsker}
	}
	pin, err := ask(ctx, r)
	if err == nil && len(pin) == 0 {
		err = errNoPIN
	}
	if err != nil {
		wipe(pin)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, context.Canceled) {
			return nil, err
		}
		return nil, &Error{Kind: PINRequired, Token: i.Label, Module: i.Module, Err: err}
	}
	return pin, nil
}

// asker is the PINFunc that goes with a URI: its pin-source comes before the person.
func (o Options) asker(u URI) PINFunc {
	if u.PINSource != "" {
		return PINFile(u.PINSource)
	}
	return o.PIN
}

// loginFailed sorts what C_Login or C_SetPIN returned, after asking the token anew
// what it says about the tries left. The lock is held.
func (r *running) loginFailed(i Info, doing message.Message, err error) error {
	err = classify(i, doing, err)
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	if now, viewErr := r.view(i.Slot); viewErr == nil {
		e.Flags = now.Flags
		if e.Kind == PINWrong && e.Flags.PINLocked {
			e.Kind, e.Detail = PINLocked, message.Phrase("that was the last try")
		}
		if e.Kind == PINUnfit {
			e.Detail = r.pinLengths(i.Slot)
		}
	} else if rv := pkcs11.Error(0); errors.As(viewErr, &rv) && kindOf(rv) == Removed {
		e.Kind = Removed
	}
	if e.unanswered() {
		e.hints = append(message.Hint("no second attempt was made; it is not known whether this one counts"), e.Hints()...)
	}
	return e
}

// unanswered tells an error after which it is not known what the token did.
func (e *Error) unanswered() bool {
	return e.Kind == Failed || e.Kind == ModuleFailed || e.Kind == Removed
}

// ChangePIN changes the user PIN of the token that a URI names: the old one is
// asked for by o.PIN, the new one by newPIN, and one C_SetPIN is made. The rules on
// last tries are those of Open.
func ChangePIN(ctx context.Context, u URI, o Options, newPIN PINFunc) error {
	v, err := LookFor(ctx, o.Modules, u)
	if err != nil {
		return err
	}
	defer v.Close()
	i, err := v.Find(u)
	if err != nil {
		return err
	}
	if err := checkTries(i, o.AllowFinalTry); err != nil {
		return err
	}
	m := v.moduleOf(i)
	defer m.release(ctx)
	old, err := askPIN(ctx, i, o, PINRequest{}, o.asker(u))
	if err != nil {
		return err
	}
	new, err := askPIN(ctx, i, o, PINRequest{New: true}, newPIN)
	if err != nil {
		wipe(old)
		return err
	}
	defer o.slow(ctx, i.Label)()
	_, err = call(ctx, m, func(r *running) (struct{}, error) {
		return struct{}{}, r.changePIN(i, o, old, new)
	}, nil, old, new)
	return err
}

// changePIN makes the one attempt. The lock is held.
func (r *running) changePIN(i Info, o Options, old, new []byte) error {
	now, err := r.again(i, nil)
	if err != nil {
		return err
	}
	if err := checkTries(now, o.AllowFinalTry); err != nil {
		return err
	}
	if now.Flags.WriteProtected {
		return &Error{Kind: Failed, Token: i.Label, Module: i.Module, Detail: message.Phrase("the token is write-protected"), hints: message.Hint("its PIN can only be changed with its own software")}
	}
	s, err := r.proc.OpenSession(now.Slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return classify(i, message.Phrase("opening it"), err)
	}
	defer r.proc.CloseSession(s)
	if i.family() == slotted && len(old) > 0 {
		// openCryptoki knows the key of the private objects after a login alone, and writes
		// an empty one otherwise: they would be lost.
		if err := r.proc.Login(s, pkcs11.CKU_USER, old); err != nil && !hasRV(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN) {
			return r.loginFailed(i, message.Phrase("login"), err)
		}
		defer r.proc.Logout(s)
	}
	if err := r.proc.SetPIN(s, old, new); err != nil {
		if hasRV(err, pkcs11.CKR_PIN_LEN_RANGE, pkcs11.CKR_PIN_INVALID) {
			return r.newPINRefused(now, err)
		}
		return changeFailed(r.loginFailed(i, message.Phrase("changing the PIN"), err))
	}
	return nil
}

// changeFailed says that the PIN may have been changed, where the token did not answer.
func changeFailed(err error) error {
	var e *Error
	if errors.As(err, &e) && e.unanswered() {
		e.hints = append(message.Hint("it is not known whether the PIN was changed: the former one or the new one holds, and a wrong entry is a try"), e.hints...)
	}
	return err
}

// newPINRefused says which PINs a token takes, where it was given one that it does not.
func (r *running) newPINRefused(i Info, err error) error {
	if !hasRV(err, pkcs11.CKR_PIN_LEN_RANGE, pkcs11.CKR_PIN_INVALID) {
		return classify(i, message.Phrase("setting the PIN"), err)
	}
	hint := message.Phrase("the PIN was not set; choose one of another length")
	if lengths := r.pinLengths(i.Slot); !lengths.IsZero() {
		hint = message.Phrase("the PIN was not set; choose one of another length: %s", lengths)
	}
	return &Error{Kind: Failed, Token: i.Label, Module: i.Module, Detail: message.Phrase("the token does not take the new PIN"), Flags: i.Flags, Err: err,
		hints: []message.Message{hint}}
}

// pinLengths says what the token takes, where it does.
func (r *running) pinLengths(slot uint) message.Message {
	t, err := r.proc.GetTokenInfo(slot)
	if err != nil || t.MaxPinLen == 0 || t.MaxPinLen < t.MinPinLen || t.MaxPinLen > 1024 {
		return message.Message{}
	}
	return message.Phrase("the token takes %d to %d bytes", t.MinPinLen, t.MaxPinLen)
}
