//go:build unix

package token_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"testing"

	"github.com/miekg/pkcs11"

	"ctlclient/softhsm"
	"ctlclient/softhsm/faulty"
	"ctlclient/token"
)

func build(t testing.TB) *faulty.Control {
	t.Helper()
	c, err := faulty.Build(t.TempDir())
	if errors.Is(err, softhsm.ErrMissing) || errors.Is(err, faulty.ErrNoCompiler) {
		needPart(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// bench is a token behind the module that fails on request.
type bench struct {
	*faulty.Control
	tok   *softhsm.Token
	store *softhsm.Store
	t     *testing.T
}

func newBench(t *testing.T, sp softhsm.Spec) *bench {
	s := store(t)
	if sp.Label == "" {
		sp.Label = "SAST-1"
	}
	return &bench{Control: build(t), tok: create(t, s, sp), store: s, t: t}
}

func (b *bench) options(a *asker) token.Options {
	return token.Options{Modules: []string{b.Module}, PIN: a.ask}
}

func (b *bench) do(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// attempts checks how many PINs ever reached the token.
func (b *bench) attempts(want int) []faulty.Login {
	b.t.Helper()
	l, err := b.Logins()
	b.do(err)
	if len(l) != want {
		b.t.Errorf("%d attempts reached the token, not %d: %+v", len(l), want, l)
	}
	return l
}

// paths runs a test on a token that signs through crypto11 and on one that does not.
func paths(t *testing.T, f func(t *testing.T, b *bench)) {
	for name, sp := range map[string]softhsm.Spec{"crypto11": {}, "direct": {NoPublicKey: true}} {
		t.Run(name, func(t *testing.T) { f(t, newBench(t, sp)) })
	}
}

func TestOneEntryOneAttempt(t *testing.T) {
	paths(t, func(t *testing.T, b *bench) {
		b.do(b.Tries(b.tok.Label, 15, 15))
		a := &asker{pin: "wrong"}
		_, err := token.Open(t.Context(), uri(t, b.tok.URI), b.options(a))
		e := wantKind(t, err, token.PINWrong)
		if !e.Flags.PINCountLow || e.Flags.PINFinalTry {
			t.Errorf("flags after a wrong PIN: %+v", e.Flags)
		}
		if len(a.asked) != 1 || a.asked[0].CountLow {
			t.Errorf("asked %+v", a.asked)
		}
		a.wiped(t)
		b.attempts(1)

		a = &asker{pin: b.tok.PIN}
		s := open(t, b.tok.URI, b.options(a))
		if !a.asked[0].CountLow {
			t.Error("the person was not told that tries have been used up")
		}
		mustSign(t, s)
		mustSign(t, s)
		b.do(s.Close())
		for _, l := range b.attempts(2) {
			if l.User != pkcs11.CKU_USER || l.NullPIN {
				t.Errorf("login %+v", l)
			}
		}
		if left, err := b.TriesLeft(b.tok.Label); err != nil || left != 15 {
			t.Errorf("tries left: %d, %v", left, err)
		}
	})
}

func TestFinalTry(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	b.do(b.Tries(b.tok.Label, 15, 2))
	o := b.options(&asker{pin: "wrong"})
	_, err := token.Open(t.Context(), uri(t, b.tok.URI), o)
	if e := wantKind(t, err, token.PINWrong); !e.Flags.PINFinalTry {
		t.Errorf("flags with one try left: %+v", e.Flags)
	}
	b.attempts(1)

	a := &asker{pin: b.tok.PIN}
	_, err = token.Open(t.Context(), uri(t, b.tok.URI), b.options(a))
	wantKind(t, err, token.PINFinalTry)
	err = token.ChangePIN(t.Context(), uri(t, b.tok.URI), b.options(a), a.ask)
	wantKind(t, err, token.PINFinalTry)
	if len(a.asked) != 0 {
		t.Error("the PIN was asked for although it was not to be used")
	}
	b.attempts(1)

	o = b.options(a)
	o.AllowFinalTry = true
	mustSign(t, open(t, b.tok.URI, o))
	if !a.asked[0].FinalTry {
		t.Error("the person was not told that it is the final try")
	}
	b.attempts(2)
}

func TestLastTryLocks(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	b.do(b.Tries(b.tok.Label, 15, 1))
	a := &asker{pin: "wrong"}
	o := b.options(a)
	o.AllowFinalTry = true
	_, err := token.Open(t.Context(), uri(t, b.tok.URI), o)
	if e := wantKind(t, err, token.PINLocked); !e.Flags.PINLocked {
		t.Errorf("flags of a locked token: %+v", e.Flags)
	}
	_, err = token.Open(t.Context(), uri(t, b.tok.URI), o)
	wantKind(t, err, token.PINLocked)
	err = token.ChangePIN(t.Context(), uri(t, b.tok.URI), o, a.ask)
	wantKind(t, err, token.PINLocked)
	if len(a.asked) != 1 {
		t.Errorf("PIN asked for %d times", len(a.asked))
	}
	b.attempts(1)
}

// A token that does not show its flags says that it is locked only when tried.
func TestLockedWithoutFlag(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	b.do(b.Fail("C_Login", pkcs11.CKR_PIN_LOCKED))
	_, err := token.Open(t.Context(), uri(t, b.tok.URI), b.options(&asker{pin: b.tok.PIN}))
	wantKind(t, err, token.PINLocked)
	b.attempts(1)
}

// What changes while the person types is seen before the PIN is used.
func TestChangesWhileThePersonTypes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(b *bench) error
		want   token.Kind
	}{
		"taken out":       {func(b *bench) error { return b.Absent(b.tok.Label) }, token.Removed},
		"final try":       {func(b *bench) error { return b.Tries(b.tok.Label, 15, 1) }, token.PINFinalTry},
		"locked meantime": {func(b *bench) error { return b.Tries(b.tok.Label, 15, 0) }, token.PINLocked},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, softhsm.Spec{})
			a := &asker{pin: b.tok.PIN, before: func() { b.do(c.change(b)) }}
			_, err := token.Open(t.Context(), uri(t, b.tok.URI), b.options(a))
			if e := wantKind(t, err, c.want); e.Token != b.tok.Label || e.Module != b.Module {
				t.Errorf("%v is said of token %q in %s", err, e.Token, e.Module)
			}
			a.wiped(t)
			b.attempts(0)
		})
	}
}

func TestPulledOutWhileSigning(t *testing.T) {
	paths(t, func(t *testing.T, b *bench) {
		s := open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN}))
		mustSign(t, s)
		b.do(b.Pull("C_Sign", b.tok.Label))
		_, err := s.Sign(nil, digest[:], crypto.SHA1)
		wantKind(t, err, token.Removed)
		_, err = s.Sign(nil, digest[:], crypto.SHA1)
		wantKind(t, err, token.Removed)
		b.do(s.Close())
		_, err = token.Open(t.Context(), uri(t, b.tok.URI), b.options(&asker{pin: b.tok.PIN}))
		wantKind(t, err, token.NotFound)
		b.attempts(1)

		b.do(b.Clear())
		again := open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN}))
		mustSign(t, again)
		b.attempts(2)
	})
}

func TestPulledOutBetween(t *testing.T) {
	paths(t, func(t *testing.T, b *bench) {
		s := open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN}))
		b.do(b.Absent(b.tok.Label))
		_, err := s.Sign(nil, digest[:], crypto.SHA1)
		wantKind(t, err, token.Removed)
		// Back in its slot, but its sessions are gone and so is the login: the
		// signer does not come back to life.
		b.do(b.Clear())
		_, err = s.Sign(nil, digest[:], crypto.SHA1)
		var e *token.Error
		if !errors.As(err, &e) {
			t.Errorf("signed with a token that was out: %v", err)
		}
		b.attempts(1)
	})
}

// A token that was out and is back wants its PIN again, also while the signer that
// lost it is still open.
func TestBackInItsSlot(t *testing.T) {
	paths(t, func(t *testing.T, b *bench) {
		lost := open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN}))
		b.do(b.Pull("C_Sign", b.tok.Label))
		_, err := lost.Sign(nil, digest[:], crypto.SHA1)
		wantKind(t, err, token.Removed)
		b.do(b.Clear())
		a := &asker{pin: b.tok.PIN}
		s := open(t, b.tok.URI, b.options(a))
		if len(a.asked) != 1 {
			t.Errorf("PIN asked for %d times", len(a.asked))
		}
		mustSign(t, s)
		b.do(lost.Close())
		mustSign(t, s)
		b.attempts(2)
	})
}

func TestAnotherTokenTakesOver(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	other := create(t, b.store, softhsm.Spec{Label: "SAST-2"})
	s := open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN}))
	b.do(b.Pull("C_Sign", b.tok.Label))
	_, err := s.Sign(nil, digest[:], crypto.SHA1)
	wantKind(t, err, token.Removed)
	mustSign(t, open(t, other.URI, b.options(&asker{pin: other.PIN})))
}

func TestErrorsWhileSigning(t *testing.T) {
	signing := []struct {
		function string
		rv       uint
		want     token.Kind
	}{
		{"C_Sign", pkcs11.CKR_SESSION_HANDLE_INVALID, token.Removed},
		{"C_SignInit", pkcs11.CKR_SESSION_CLOSED, token.Removed},
		{"C_SignInit", pkcs11.CKR_KEY_HANDLE_INVALID, token.Removed},
		{"C_Sign", pkcs11.CKR_TOKEN_NOT_PRESENT, token.Removed},
		{"C_Sign", pkcs11.CKR_DEVICE_ERROR, token.Failed},
		{"C_Sign", pkcs11.CKR_FUNCTION_CANCELED, token.PINRequired},
	}
	paths(t, func(t *testing.T, b *bench) {
		for n, c := range signing {
			s := open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN}))
			b.do(b.Fail(c.function, c.rv))
			_, err := s.Sign(nil, digest[:], crypto.SHA1)
			e := wantKind(t, err, c.want)
			if !errors.Is(err, pkcs11.Error(c.rv)) {
				t.Errorf("%v does not wrap the return value", e)
			}
			// Nothing is left behind: the same signer signs when the token is well again.
			b.do(b.Clear())
			mustSign(t, s)
			b.do(s.Close())
			b.attempts(n + 1)
		}
	})
}

func TestErrorsWhileOpening(t *testing.T) {
	opening := []struct {
		function string
		rv       uint
		want     token.Kind
	}{
		{"C_Initialize", pkcs11.CKR_GENERAL_ERROR, token.NoModule},
		{"C_Login", pkcs11.CKR_DEVICE_REMOVED, token.Removed},
		{"C_Login", pkcs11.CKR_PIN_EXPIRED, token.Failed},
		{"C_Login", pkcs11.CKR_USER_PIN_NOT_INITIALIZED, token.Failed},
		{"C_Login", pkcs11.CKR_FUNCTION_FAILED, token.Failed},
	}
	paths(t, func(t *testing.T, b *bench) {
		for _, c := range opening {
			b.do(b.ForgetLogins())
			b.do(b.Fail(c.function, c.rv))
			_, err := token.Open(t.Context(), uri(t, b.tok.URI), b.options(&asker{pin: b.tok.PIN}))
			wantKind(t, err, c.want)
			if l, err := b.Logins(); err != nil || len(l) > 1 {
				t.Errorf("%s: attempts %+v, %v", c.function, l, err)
			}
			b.do(b.Clear())
			s := open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN}))
			mustSign(t, s)
			b.do(s.Close())
		}
	})
}

func TestKeypad(t *testing.T) {
	paths(t, func(t *testing.T, b *bench) {
		b.do(b.Keypad(b.tok.PIN))
		a := &asker{pin: "not asked"}
		o := b.options(a)
		var told []token.PINRequest
		o.OnKeypad = func(r token.PINRequest) { told = append(told, r) }
		mustSign(t, open(t, b.tok.URI, o))
		if len(a.asked) != 0 || len(told) != 1 || told[0].Token != b.tok.Label {
			t.Errorf("asked %+v, told %+v", a.asked, told)
		}
		if l := b.attempts(1); len(l) == 1 && !l[0].NullPIN {
			t.Error("the token was given a PIN instead of a null pointer")
		}
	})
}

// A signature that hangs does not hold a cancelled caller, and what it held is given
// back when it ends.
func TestCancelWhileSigning(t *testing.T) {
	paths(t, func(t *testing.T, b *bench) {
		entered, release, err := b.Block("C_Sign")
		b.do(err)
		defer release()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		o := b.options(&asker{pin: b.tok.PIN})
		slow := make(chan string, 4)
		o.OnSlow, o.SlowAfter = func(label string) { slow <- label }, 1
		s, err := token.Open(ctx, uri(t, b.tok.URI), o)
		b.do(err)
		done := make(chan error)
		go func() {
			_, err := s.Sign(nil, digest[:], crypto.SHA1)
			done <- err
		}()
		b.do(entered())
		if label := <-slow; label != b.tok.Label {
			t.Errorf("slow token %q", label)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled signature: %v", err)
		}
		b.do(s.Close())
		release()
		mustSign(t, open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN})))
		b.attempts(2)
	})
}

func TestCancelWhileLoggingIn(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	entered, release, err := b.Block("C_Login")
	b.do(err)
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	a := &asker{pin: b.tok.PIN}
	done := make(chan error)
	go func() {
		_, err := token.Open(ctx, uri(t, b.tok.URI), b.options(a))
		done <- err
	}()
	b.do(entered())
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled login: %v", err)
	}
	release()
	// The login that was left behind ends, and is undone: the PIN is asked for again.
	again := &asker{pin: b.tok.PIN}
	s := open(t, b.tok.URI, b.options(again))
	mustSign(t, s)
	if len(again.asked) != 1 {
		t.Error("an abandoned login was used")
	}
	a.wiped(t)
	b.attempts(2)
}

func TestCancelledBeforeItBegan(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	ctx, cancel := context.WithCancel(t.Context())
	a := &asker{pin: b.tok.PIN, before: cancel}
	_, err := token.Open(ctx, uri(t, b.tok.URI), b.options(a))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while the PIN was asked for: %v", err)
	}
	a.wiped(t)
	b.attempts(0)
}

func TestChangePINIsOneAttempt(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	b.do(b.Tries(b.tok.Label, 15, 15))
	a := &asker{pin: "wrong"}
	err := token.ChangePIN(t.Context(), uri(t, b.tok.URI), b.options(a), (&asker{pin: "Neu12345"}).ask)
	if e := wantKind(t, err, token.PINWrong); !e.Flags.PINCountLow {
		t.Errorf("flags %+v", e.Flags)
	}
	if l := b.attempts(1); len(l) == 1 && l[0].Function != "C_SetPIN" {
		t.Errorf("attempt %+v", l[0])
	}
}

func TestWatch(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	other := create(t, b.store, softhsm.Spec{Label: "SAST-2"})
	b.do(b.Absent(other.Label))
	ctx, cancel := context.WithCancel(t.Context())
	events, ended := make(chan token.Event), make(chan error)
	go func() {
		ended <- token.Watch(ctx, []string{b.Module}, func(e token.Event) {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		})
	}()
	expect := func(inserted bool, tok *softhsm.Token) {
		t.Helper()
		e := <-events
		if e.Inserted != inserted || e.Token.Label != tok.Label || e.Token.Serial != tok.Serial {
			t.Fatalf("event %v %q; want %v %q", e.Inserted, e.Token.Label, inserted, tok.Label)
		}
		if len(e.Token.Certificates) != 1 || !bytes.Equal(e.Token.Certificates[0].DER, tok.Certificate) {
			t.Fatalf("certificates of %q: %+v", tok.Label, e.Token.Certificates)
		}
	}
	expect(true, b.tok)
	b.do(b.Clear())
	expect(true, other)
	// The watcher does not disturb a signer, and sees its token go.
	s := open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN}))
	mustSign(t, s)
	b.do(b.Absent(b.tok.Label))
	expect(false, b.tok)
	b.do(b.Clear())
	expect(true, b.tok)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("watch ended with %v", err)
	}
}

// A key that wants the PIN for each signature is given it once: where the token then refuses the
// way of signing, no other way is tried with the same entry.
func TestRefusedSignatureIsOneEntry(t *testing.T) {
	b := newBench(t, softhsm.Spec{AlwaysAuthenticate: true})
	a := &asker{pin: b.tok.PIN}
	s := open(t, b.tok.URI, b.options(a))
	b.do(b.Fail("C_Sign", pkcs11.CKR_MECHANISM_INVALID))
	if _, err := s.Sign(nil, digest[:], crypto.SHA1); err == nil {
		t.Error("it signed")
	}
	if len(a.asked) != 2 || !a.asked[1].Context {
		t.Errorf("asked %+v", a.asked)
	}
	b.attempts(2)
	b.do(b.Clear())
	mustSign(t, s)
	b.attempts(3)
}
