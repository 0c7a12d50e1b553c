//go:build unix

package token_test

import (
	"context"
	"crypto"
	"errors"
	"strings"
	"testing"
	"time"

	"ctlclient/softhsm"
	"ctlclient/softhsm/faulty"
	"ctlclient/token"
)

// A module that crashes, exits or hangs anywhere between being loaded and the last
// look at a token costs its own tokens and nothing else.
func TestOthersGoOn(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	named := []string{b.Module, b.store.Module}
	for _, function := range []string{faulty.Loading, "C_Initialize", "C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo", "C_OpenSession", "C_FindObjectsInit", "C_GetAttributeValue"} {
		for how, fault := range map[string]func() error{
			"crash": func() error { return b.Crash(function) },
			"exit":  func() error { return b.Exit(function, 0) },
		} {
			b.do(b.Clear())
			b.do(fault())
			infos, err := token.List(t.Context(), named)
			if len(infos) != 1 || infos[0].Module != b.store.Module {
				t.Fatalf("%s in %s: tokens %+v, %v", how, function, infos, err)
			}
			e := wantKind(t, err, token.ModuleFailed)
			if !strings.Contains(e.Error(), "faultyp11.so") {
				t.Errorf("%v does not name the module", err)
			}
		}
	}
	b.do(b.Clear())
	_, release, err := b.Block("C_GetTokenInfo")
	b.do(err)
	defer release()
	waiting := make(chan string, 99)
	ctx := token.WithSettings(t.Context(), token.Settings{Timeout: 3 * time.Second, SlowAfter: 1, Waiting: func(m string) { waiting <- m }})
	infos, err := token.List(ctx, named)
	if len(infos) != 1 {
		t.Errorf("tokens %+v", infos)
	}
	if e := wantKind(t, err, token.ModuleFailed); !strings.Contains(e.Error(), "3s in C_GetTokenInfo") {
		t.Error(err)
	}
	for m := <-waiting; m != b.Module; m = <-waiting {
	}
}

// A module that ends while it logs in or signs gives that error; no second PIN is
// tried, and the next job is as good as the first.
func TestModuleEndsInAJob(t *testing.T) {
	paths(t, func(t *testing.T, b *bench) {
		for _, function := range []string{"C_OpenSession", "C_Login", "C_FindObjectsInit", "C_GetAttributeValue"} {
			b.do(b.Clear())
			a := &asker{pin: b.tok.PIN, before: func() { b.do(b.Crash(function)) }}
			_, err := token.Open(t.Context(), uri(t, b.tok.URI), b.options(a))
			e := wantKind(t, err, token.ModuleFailed)
			if !strings.Contains(e.Error(), "crashed (segmentation fault)") {
				t.Error(err)
			}
			if len(a.asked) != 1 {
				t.Errorf("%s: asked for %d PINs", function, len(a.asked))
			}
			a.wiped(t)
		}
		b.do(b.Clear())
		b.do(b.ForgetLogins())
		s := open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN}))
		b.do(b.Crash("C_Sign"))
		_, err := s.Sign(nil, digest[:], crypto.SHA1)
		wantKind(t, err, token.ModuleFailed)
		b.do(b.Clear())
		_, err = s.Sign(nil, digest[:], crypto.SHA1)
		if e := wantKind(t, err, token.Removed); !strings.Contains(e.Error(), "started anew") {
			t.Error(err)
		}
		b.do(s.Close())
		if _, err = s.Sign(nil, digest[:], crypto.SHA1); err == nil {
			t.Error("a signer that is closed has signed")
		}
		mustSign(t, open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN})))
		b.attempts(2)
	})
}

// A signature that hangs ends when its context does, and so does the module, which
// the next job gets anew.
func TestHungSignature(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	entered, release, err := b.Block("C_Sign")
	b.do(err)
	defer release()
	ctx, cancel := context.WithCancel(token.WithSettings(t.Context(), token.Settings{Timeout: 3 * time.Second}))
	s, err := token.Open(ctx, uri(t, b.tok.URI), b.options(&asker{pin: b.tok.PIN}))
	b.do(err)
	done := make(chan error)
	go func() {
		_, err := s.Sign(nil, digest[:], crypto.SHA1)
		done <- err
	}()
	b.do(entered())
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled signature: %v", err)
	}
	b.do(s.Close())
	if _, err := token.List(t.Context(), []string{b.Module}); err != nil {
		t.Error(err) // the module is free although its signature never came back
	}
}

// The watcher tells of a module that fails, of its tokens, and of their return.
func TestWatchModuleThatFails(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	ctx, cancel := context.WithCancel(t.Context())
	events, ended := make(chan token.Event), make(chan error)
	go func() {
		ended <- token.Watch(ctx, []string{b.Module}, func(e token.Event) { events <- e })
	}()
	if e := <-events; !e.Inserted || e.Token.Label != b.tok.Label {
		t.Fatalf("event %+v", e)
	}
	b.do(b.Crash("C_GetSlotList"))
	if e := <-events; e.Inserted || e.Err != nil || e.Token.Label != b.tok.Label {
		t.Fatalf("event %+v", e)
	}
	if e := <-events; !errors.Is(e.Err, token.ModuleFailed) || e.Token.Module != b.Module {
		t.Fatalf("event %+v", e)
	}
	b.do(b.Clear())
	if e := <-events; !e.Inserted || e.Token.Label != b.tok.Label || len(e.Token.Certificates) != 1 {
		t.Fatalf("event %+v", e)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
