package token

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
	"ctlclient/token/host"
)

// Kind says what went wrong with a token. It is an error itself, so that
// errors.Is(err, token.PINWrong) asks for it.
type Kind uint8

const (
	NoModule      Kind = iota + 1 // no module found, or a named one does not load
	NotFound                      // no token fits the URI
	Ambiguous                     // more than one token or certificate fits
	NoCertificate                 // the token holds no certificate that fits
	NoKey                         // the token holds no private key for the certificate
	PINWrong                      // the token refused the PIN; Error.Flags says what it tells about the tries left
	PINUnfit                      // the token takes no PIN of this length or of these characters; Error.Flags as with PINWrong
	PINLocked                     // the PIN is locked: no attempt was made, or the last one locked it
	PINFinalTry                   // refused: only one try left and AllowFinalTry not set; no attempt was made
	PINRequired                   // there was no way to ask, or nothing was entered; no attempt was made
	Removed                       // the token is gone, or was taken out for a moment
	Mismatch                      // another token (or key) than expected
	Failed                        // anything else that a module reports
	NotEmpty                      // Init was given a token that holds something
	DigestRefused                 // the token makes no signature over this digest
	ModuleFailed                  // the module crashed, hung or ended its process
)

var kindText = [...]error{
	NoModule:      message.NewError("no usable PKCS#11 module"),
	NotFound:      message.NewError("token not found"),
	Ambiguous:     message.NewError("more than one fits"),
	NoCertificate: message.NewError("no certificate on the token"),
	NoKey:         message.NewError("no private key for the certificate"),
	PINWrong:      message.NewError("the PIN is wrong"),
	PINUnfit:      message.NewError("the token takes no PIN like this"),
	PINLocked:     message.NewError("the PIN is locked"),
	PINFinalTry:   message.NewError("only one PIN try is left"),
	PINRequired:   message.NewError("a PIN is needed"),
	Removed:       message.NewError("the token was removed"),
	Mismatch:      message.NewError("not the expected token"),
	Failed:        message.NewError("the token failed"),
	NotEmpty:      message.NewError("the token is not empty"),
	DigestRefused: message.NewError("the token does not sign with this digest"),
	ModuleFailed:  message.NewError("the token's module failed"),
}

// String is the kind in plain words.
func (k Kind) String() string { return k.Said().Error() }

// Said is the kind, for [message.Voice.Tell].
func (k Kind) Said() error {
	if int(k) < len(kindText) && kindText[k] != nil {
		return kindText[k]
	}
	return message.Errorf("token error %d", uint8(k))
}

// Error makes a Kind usable with errors.Is.
func (k Kind) Error() string { return k.String() }

// Error is what every function here returns for a token or module at fault.
// Test with errors.As, or with errors.Is and a Kind.
type Error struct {
	Kind   Kind
	Token  string          // label; empty when none is known
	Module string          // path; empty when none is known, or Detail has it
	Detail message.Message // what exactly, a few words
	Flags  Flags           // of the token after the failure, where PINs are concerned
	Err    error           // underlying PKCS#11 error, never a PIN

	hints  []message.Message
	family family
}

func (e *Error) Error() string { return e.Say(message.Voice{}) }

// Say implements [message.Speaker].
func (e *Error) Say(v message.Voice) string {
	var b strings.Builder
	switch {
	case e.Token != "" && e.Module != "":
		b.WriteString(v.Say(message.Phrase("token %q in %s: ", e.Token, filepath.Base(e.Module))))
	case e.Token != "":
		b.WriteString(v.Say(message.Phrase("token %q: ", e.Token)))
	case e.Module != "" && !kindOfEnd(e.Err): // that names it
		b.WriteString(v.Say(message.Phrase("a token in %s: ", filepath.Base(e.Module))))
	}
	var parts []string
	if e.Kind != ModuleFailed || e.Err == nil { // the error says it better
		parts = append(parts, v.Tell(e.Kind))
	}
	if !e.Detail.IsZero() {
		parts = append(parts, v.Say(e.Detail))
	}
	if e.Err != nil {
		parts = append(parts, v.Tell(e.Err))
	}
	b.WriteString(strings.Join(parts, ": "))
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Is tells an error of the kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// Hints name the next steps.
func (e *Error) Hints() []message.Message {
	if e.hints != nil {
		return e.hints
	}
	var deeper message.Advisor
	if e.Err != nil && errors.As(e.Err, &deeper) {
		if hints := deeper.Hints(); len(hints) > 0 {
			return hints
		}
	}
	list := message.Action{Do: message.ListTokens}
	switch e.Kind {
	case NoModule:
		return []message.Message{e.family.install()}
	case NotFound:
		if e.family.serves() && e.family != softHSM {
			return []message.Message{e.family.install()}
		}
		return message.Hint("plug the token in, wait for its light, and look whether it is listed: %s", list)
	case Ambiguous:
		return message.Hint("name one of them with more of its URI, e.g. pkcs11:token=SAST-1;serial=...: %s", list)
	case NoCertificate:
		return message.Hint("see what each token holds: %s", list)
	case NoKey:
		return message.Hint("a token that signs holds the private key beside the certificate, with the same id; this one may be a copy of the certificate alone")
	case PINWrong:
		return message.Hint("no second attempt was made; %s", e.Flags.triesLeft(e.family))
	case PINUnfit:
		return append(message.Hint("no second attempt was made; enter the PIN of the token, not that of another"), e.Flags.triesLeft(e.family))
	case PINLocked:
		if e.family == tpm {
			return message.Hint("a TPM refuses every PIN for some time after several wrong ones, or after it was switched off several times without a shutdown; wait, or use another token")
		}
		return message.Hint("too many wrong PINs were entered; use another token of the trust list, or have this one unlocked with its administrator password")
	case PINFinalTry:
		return []message.Message{
			message.Phrase("a wrong PIN now locks the token for good; the PIN was not asked for"),
			message.Phrase("use another token of the trust list; only if the PIN is certain: %s", message.Action{Do: message.LastTry}),
		}
	case PINRequired:
		return message.Hint("enter the PIN: %s", message.Action{Do: message.GivePIN})
	case Removed:
		if e.family.serves() {
			return append(message.Hint("what is behind the module has ended or forgotten the login; repeat"), e.family.install())
		}
		return message.Hint("plug the token in again and repeat")
	case ModuleFailed:
		return message.Hint("repeat; if it stays, see whether the token's own software can open it, or use another module: %s", message.Action{Do: message.NameModule})
	case Mismatch:
		return message.Hint("plug in the token that holds the expected certificate; see what each holds: %s", list)
	}
	if e.family.serves() {
		return message.Hint("repeat; if it stays: %s", e.family.install())
	}
	return message.Hint("take the token out, plug it in again and repeat; if it stays, see whether the token's own software can open it")
}

// triesLeft is what the token says about the tries left, for a hint.
func (f Flags) triesLeft(kind family) message.Message {
	switch {
	case f.PINLocked:
		return message.Phrase("the token says that the PIN is locked now")
	case f.PINFinalTry:
		return message.Phrase("the token says that ONE try is left: a wrong PIN then locks it for good")
	case f.PINCountLow:
		return message.Phrase("the token says that tries have been used up; a right PIN resets the count")
	}
	return kind.tries()
}

// kindOf sorts a PKCS#11 return value.
func kindOf(rv pkcs11.Error) Kind {
	switch rv {
	case pkcs11.CKR_PIN_INCORRECT:
		return PINWrong
	case pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE:
		return PINUnfit
	case pkcs11.CKR_PIN_LOCKED:
		return PINLocked
	case pkcs11.CKR_FUNCTION_CANCELED, pkcs11.CKR_CANCEL:
		return PINRequired
	case pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_TOKEN_NOT_RECOGNIZED,
		pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_SLOT_ID_INVALID,
		pkcs11.CKR_KEY_HANDLE_INVALID, pkcs11.CKR_OBJECT_HANDLE_INVALID:
		return Removed
	}
	return Failed
}

// classify wraps an error of a module. An *Error and a context's error pass as they are.
func classify(i Info, doing message.Message, err error) error {
	var te *Error
	if err == nil || errors.As(err, &te) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &Error{Kind: Failed, Token: i.Label, Module: i.Module, Detail: doing, Err: err, family: i.family()}
	if kindOfEnd(err) {
		e.Kind = ModuleFailed
	}
	var rv pkcs11.Error
	if !errors.As(err, &rv) {
		return e
	}
	e.Kind = kindOf(rv)
	switch rv {
	case pkcs11.CKR_USER_NOT_LOGGED_IN:
		e.hints = message.Hint("the token has forgotten the login, as after a reset by another program; repeat")
	case pkcs11.CKR_PIN_EXPIRED:
		e.hints = message.Hint("the token wants a new PIN first: %s", message.Action{Do: message.ChangePIN})
	case pkcs11.CKR_USER_PIN_NOT_INITIALIZED:
		e.hints = message.Hint("the token was not initialised, or has no user PIN yet; make it ready, here or with the token's own software: %s", message.Action{Do: message.InitToken})
	case pkcs11.CKR_TOKEN_WRITE_PROTECTED:
		e.hints = message.Hint("nothing can be put on this token; a practice token of the practice cluster's own stays as it was made")
	case pkcs11.CKR_FUNCTION_CANCELED, pkcs11.CKR_CANCEL:
		e.hints = message.Hint("it was cancelled at the token or its reader; repeat when ready")
	}
	return e
}

// kindOfEnd tells an error of a module that has ended its process, or was ended since
// it did not answer.
func kindOfEnd(err error) bool {
	var ended *host.EndedError
	var late *host.TimeoutError
	return errors.As(err, &ended) || errors.As(err, &late)
}
