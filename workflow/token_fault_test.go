//go:build unix

package workflow_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ctlclient/lab"
	"ctlclient/message"
	"ctlclient/softhsm"
	"ctlclient/softhsm/faulty"
	"ctlclient/token"
	"ctlclient/workflow"
)

// faultBench is a cluster whose tokens fail on request.
type faultBench struct {
	*bench
	*faulty.Control
}

// newFaultBench has SAST-1, made as sp says, and SAST-2 behind the module that fails.
func newFaultBench(t *testing.T, sp softhsm.Spec) *faultBench {
	t.Helper()
	missing := func(err error) {
		t.Helper()
		if errors.Is(err, softhsm.ErrMissing) || errors.Is(err, faulty.ErrNoCompiler) {
			needPart(t, err)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	store, err := softhsm.New(t.TempDir())
	missing(err)
	sp.Label = "SAST-1"
	tok := map[string]*softhsm.Token{}
	for _, sp := range []softhsm.Spec{sp, {Label: "SAST-2"}, {Label: "SAST-3"}} {
		tok[sp.Label], err = store.Create(sp)
		missing(err)
	}
	c, err := faulty.Build(t.TempDir())
	missing(err)
	b := newBenchOf(t, lab.Options{Phones: phonesThatAsk, Nodes: 1}, c.Module, tok).migrate()
	f := &faultBench{bench: b, Control: c}
	f.do(f.ForgetLogins())
	return f
}

// planned is an update agreed to, which SAST-1 is to sign.
func (f *faultBench) planned() (*workflow.Session, *workflow.Agreement) {
	f.t.Helper()
	s := f.connect()
	p, err := s.PlanUpdate(f.t.Context(), workflow.UpdateRequest{Signing: by(f.uri("SAST-1"), f.uri("SAST-3"))})
	f.do(err)
	a, err := s.Agree(f.t.Context(), p, workflow.ToWrite)
	f.do(err)
	return s, a
}

// fails signs, and checks the kind of failure, the attempts at PINs and that the
// cluster and the journals are, byte for byte, what they were.
func (f *faultBench) fails(kind token.Kind, attempts int) *token.Error {
	f.t.Helper()
	s, a := f.planned()
	before := f.files()
	_, err := s.Execute(f.t.Context(), a, workflow.ExecuteOptions{})
	var e *token.Error
	if !errors.As(err, &e) || e.Kind != kind {
		f.t.Fatalf("error %v, want %v", err, kind)
	}
	if message.Lines(e.Hints()).String() == "" {
		f.t.Errorf("%v has no hint", e)
	}
	f.untouched(before)
	f.attempts(attempts)
	for _, given := range f.who.given {
		if strings.Trim(string(given), "\x00") != "" {
			f.t.Error("the PIN was not wiped")
		}
	}
	return e
}

func (f *faultBench) attempts(want int) {
	f.t.Helper()
	l, err := f.Logins()
	f.do(err)
	if len(l) != want {
		f.t.Errorf("%d attempts reached the token, not %d: %+v", len(l), want, l)
	}
}

// works signs and writes, with SAST-2 where SAST-1 cannot.
func (f *faultBench) works(label string) {
	f.t.Helper()
	r := f.update(workflow.UpdateRequest{Signing: by(f.uri(label), f.uri("SAST-3"))})
	f.everywhere(r.List)
	if refused := f.boot(); len(refused) > 0 {
		f.t.Errorf("refused: %v", refused)
	}
}

func TestTokenPulledOutWhileItSigns(t *testing.T) {
	f := newFaultBench(t, softhsm.Spec{})
	f.do(f.Pull("C_Sign", "SAST-1"))
	f.fails(token.Removed, 1)
	f.works("SAST-2") // another token of the list takes over
}

func TestTokenGoneBeforeItSigns(t *testing.T) {
	t.Run("before the PIN is asked", func(t *testing.T) {
		f := newFaultBench(t, softhsm.Spec{})
		s, a := f.planned()
		f.do(f.Absent("SAST-1"))
		before := f.files()
		_, err := s.Execute(t.Context(), a, workflow.ExecuteOptions{})
		if !errors.Is(err, token.NotFound) || len(f.who.asked) > 0 {
			t.Errorf("error %v, asked %d times", err, len(f.who.asked))
		}
		f.untouched(before)
		f.attempts(0)
	})
	t.Run("while the person types", func(t *testing.T) {
		f := newFaultBench(t, softhsm.Spec{})
		f.who.whilePIN = func() { f.do(f.Absent("SAST-1")) }
		f.fails(token.Removed, 0)
	})
}

func TestWrongPINIsOneAttempt(t *testing.T) {
	f := newFaultBench(t, softhsm.Spec{})
	f.do(f.Tries("SAST-1", 15, 15))
	f.who.pins = map[string]string{"SAST-1": "wrong"}
	if e := f.fails(token.PINWrong, 1); !e.Flags.PINCountLow {
		t.Errorf("flags: %+v", e.Flags)
	}
	if len(f.who.asked) != 1 || f.who.asked[0].CountLow {
		t.Errorf("asked: %+v", f.who.asked)
	}
	if left, err := f.TriesLeft("SAST-1"); err != nil || left != 14 {
		t.Errorf("%d tries left, %v", left, err)
	}
	f.who.pins, f.who.asked = nil, nil
	f.works("SAST-1")
	if !f.who.asked[0].CountLow {
		t.Error("the person was not told that tries have been used up")
	}
	if left, err := f.TriesLeft("SAST-1"); err != nil || left != 15 {
		t.Errorf("%d tries left, %v", left, err)
	}
}

func TestFinalTryIsRefusedUnlessAllowed(t *testing.T) {
	f := newFaultBench(t, softhsm.Spec{})
	f.do(f.Tries("SAST-1", 15, 1))
	f.fails(token.PINFinalTry, 0)
	if len(f.who.asked) > 0 {
		t.Error("a PIN was asked for that was not to be used")
	}
	f.o.AllowFinalTry = true
	f.works("SAST-1")
	if !f.who.asked[0].FinalTry {
		t.Error("the person was not told that it is the last try")
	}
	f.attempts(1)
}

func TestLockedToken(t *testing.T) {
	f := newFaultBench(t, softhsm.Spec{})
	f.do(f.Tries("SAST-1", 15, 0))
	f.o.AllowFinalTry = true
	f.fails(token.PINLocked, 0)
	if len(f.who.asked) > 0 {
		t.Error("the PIN of a locked token was asked for")
	}
	f.works("SAST-2")
}

// The last try, and wrong: the token is locked, and nothing else happened.
func TestLastTryLocks(t *testing.T) {
	f := newFaultBench(t, softhsm.Spec{})
	f.do(f.Tries("SAST-1", 15, 1))
	f.o.AllowFinalTry = true
	f.who.pins = map[string]string{"SAST-1": "wrong"}
	f.fails(token.PINLocked, 1)
	f.who.pins = nil
	f.works("SAST-2")
}

func TestSessionLostWhileSigning(t *testing.T) {
	f := newFaultBench(t, softhsm.Spec{})
	f.do(f.Fail("C_Sign", 0xB3)) // CKR_SESSION_HANDLE_INVALID
	s, a := f.planned()
	before := f.files()
	_, err := s.Execute(t.Context(), a, workflow.ExecuteOptions{})
	var e *token.Error
	if !errors.As(err, &e) || message.Lines(e.Hints()).String() == "" {
		t.Fatalf("error %v", err)
	}
	f.untouched(before)
	f.attempts(1)
	f.do(f.Clear())
	f.works("SAST-1")
}

// A key that wants the PIN for each signature: the person is asked again, and told why.
func TestPINForEachSignature(t *testing.T) {
	f := newFaultBench(t, softhsm.Spec{AlwaysAuthenticate: true})
	f.works("SAST-1")
	if len(f.who.asked) != 2 || f.who.asked[0].Context || !f.who.asked[1].Context {
		t.Errorf("asked: %+v", f.who.asked)
	}
	f.attempts(2)
}

// A token with a keypad asks by itself; the person is told where to type.
func TestPINOnAKeypad(t *testing.T) {
	f := newFaultBench(t, softhsm.Spec{})
	f.do(f.Keypad(softhsm.DefaultPIN))
	f.works("SAST-1")
	if len(f.who.asked) > 0 {
		t.Error("the PIN was asked for here")
	}
	if !f.who.told(workflow.EventInfo, "enter the PIN of SAST-1 at the token") {
		t.Error("nobody was told to enter the PIN at the token")
	}
}

// A token that waits to be touched.
func TestSlowToken(t *testing.T) {
	f := newFaultBench(t, softhsm.Spec{})
	f.o.SlowAfter = time.Nanosecond
	waiting := make(chan struct{})
	s, err := workflow.Connect(t.Context(), f.load(), &toldOf{person: f.who, state: "waiting", told: waiting}, f.o)
	f.do(err)
	defer s.Close()
	p, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(f.uri("SAST-1"))})
	f.do(err)
	a, err := s.Agree(t.Context(), p, workflow.ToWrite)
	f.do(err)
	_, release, err := f.Block("C_Sign")
	f.do(err)
	defer release()
	go func() { <-waiting; release() }()
	if _, err := s.Execute(t.Context(), a, workflow.ExecuteOptions{}); err != nil {
		t.Fatal(err)
	}
	if !f.who.told(workflow.EventInfo, "waiting for SAST-1: it may have to be touched") {
		t.Error("nobody was told what is waited for")
	}
}

// toldOf closes told at the first event of a state.
type toldOf struct {
	*person
	state string
	told  chan struct{}
	done  bool
}

func (w *toldOf) Event(e workflow.Event) {
	w.person.Event(e)
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.State == w.state && !w.done {
		w.done = true
		close(w.told)
	}
}

// Between plan and signature somebody plugs in another token with the same label.
func TestAnotherTokenWithTheSameLabel(t *testing.T) {
	store, tok := ownTokens(t, softhsm.Spec{})
	b := newBenchOf(t, lab.Options{Phones: phonesThatAsk, Nodes: 1}, store.Own(), tok).migrate()
	s := b.connect()
	defer s.Close()
	p, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by("pkcs11:token=SAST-1")})
	b.do(err)
	a, err := s.Agree(t.Context(), p, workflow.ToWrite)
	b.do(err)
	b.do(store.Remove("SAST-1"))
	_, err = store.Create(softhsm.Spec{Label: "SAST-1"})
	b.do(err)
	before := b.files()
	_, err = s.Execute(t.Context(), a, workflow.ExecuteOptions{})
	if !errors.Is(err, token.Mismatch) {
		t.Errorf("error %v", err)
	}
	if len(b.who.asked) > 0 {
		t.Error("its PIN was asked for")
	}
	b.untouched(before)
}

// The PIN stands in nothing that is kept or told.
func TestPINIsNowhere(t *testing.T) {
	f := newFaultBench(t, softhsm.Spec{PIN: "needle-4711"})
	f.works("SAST-1")
	for name, data := range f.files() {
		if strings.Contains(data, "needle-4711") {
			t.Errorf("the PIN stands in %s", name)
		}
	}
	if slices.ContainsFunc(f.who.events, func(e workflow.Event) bool { return strings.Contains(e.Message, "needle-4711") }) {
		t.Error("an event tells the PIN")
	}
}
