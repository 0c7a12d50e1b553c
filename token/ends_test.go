//go:build linux

package token_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ctlclient/message"
	"ctlclient/softhsm"
	"ctlclient/softhsm/faulty"
	"ctlclient/token"
)

// behind is a module with a gate in front of it, and what is killed behind the gate.
type behind struct {
	*real
	t     *testing.T
	gate  *faulty.Control
	other string // a module that has nothing to do with it
	watch *watched
	made  int // tokens
	kind
}

// kind is what a backend is, and how its end is told.
type kind struct {
	name   string
	make   func(t *testing.T) *real
	kinds  []token.Kind // of the errors
	advice string       // what their hints have
	// goesOn tells the points at which a step may succeed: what it needs was read before.
	goesOn func(step, point string) bool
	steps  string // those that it can do
	so     string // the security officer's PIN, where a token can be made
	stays  bool   // the token is there all the time: the module alone is started anew
}

// throughGate puts a module in front of r's that passes its calls on: it can be stopped in
// each of them, and counts the PINs.
func throughGate(t *testing.T, k kind) *behind {
	t.Helper()
	r := k.make(t)
	path := r.module[strings.LastIndex(r.module, "|")+1:]
	dir, err := os.MkdirTemp("", "gate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a process that is ending may write into it still
	gate, err := faulty.Over(dir, path)
	if err == nil {
		err = gate.Odd("same-slots")
	}
	if err != nil {
		t.Fatal(err)
	}
	r.module = strings.TrimSuffix(r.module, path) + gate.Module
	other, err := softhsm.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	create(t, other, softhsm.Spec{Label: "OTHER"})
	b := &behind{real: r, t: t, gate: gate, other: other.Own(), kind: k}
	if b.kill == nil {
		b.kill, b.revive = b.killHost, func() {}
	}
	return b
}

// killHost kills the process that the module lives in, and waits until it has ended.
func (b *behind) killHost() {
	pid, err := b.gate.PID()
	if err != nil {
		b.t.Fatal(err)
	}
	if end := whenEnded(b.t, pid); end != nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		end()
	}
}

// whenEnded gives a function that waits for the end of a process, nil where it has ended.
func whenEnded(t *testing.T, pid int) func() {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		defer unix.Close(fd)
		for {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
			if n > 0 {
				return
			}
			if err != nil && !errors.Is(err, unix.EINTR) {
				t.Error(err)
				return
			}
		}
	}
}

// watched is a watcher that looks when it is told to.
type watched struct {
	idle, look chan time.Time
	mu         sync.Mutex
	present    map[string]bool // labels
	failing    bool
}

func watch(t *testing.T, module string) *watched {
	w := &watched{idle: make(chan time.Time), look: make(chan time.Time), present: map[string]bool{}}
	ctx, cancel := context.WithCancel(token.WithSettings(t.Context(), token.Settings{Timeout: 3 * time.Second}))
	token.PauseWith(t, func(time.Duration) <-chan time.Time {
		select {
		case w.idle <- time.Time{}:
		case <-ctx.Done():
		}
		return w.look
	})
	ended := make(chan error, 1)
	go func() {
		ended <- token.Watch(ctx, []string{module}, w.told)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	<-w.idle
	return w
}

func (w *watched) told(e token.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing = e.Err != nil; !w.failing {
		w.present[e.Token.Label] = e.Inserted
	}
}

// until looks until a token is there, or is not.
func (w *watched) until(t *testing.T, label string, there bool) {
	t.Helper()
	for range 500 { // pcscd needs a moment
		w.look <- time.Time{}
		<-w.idle
		w.mu.Lock()
		is := w.present[label]
		w.mu.Unlock()
		if is == there {
			return
		}
	}
	t.Errorf("watch does not tell that %q is there: %v", label, there)
}

// backends are what stands behind a module.
var backends = []kind{
	{
		name: "module host", make: realSoftHSM, kinds: []token.Kind{token.ModuleFailed}, advice: "repeat", stays: true,
		goesOn: func(_, point string) bool { return point == before || point == typing },
		steps:  "list export open sign pin make", so: "Cisco123-SO",
	},
	{
		name: "p11-kit server", make: realRemote, kinds: []token.Kind{token.NoModule, token.Failed, token.NotFound}, advice: "p11-kit server runs",
		goesOn: func(step, point string) bool { return step == "list" && point == before },
		steps:  "list export open sign pin", so: "Cisco123-SO",
	},
	{
		name: "swtpm", make: realTPM, kinds: []token.Kind{token.NoModule, token.Failed}, advice: "TPM can be reached",
		goesOn: func(step, point string) bool {
			return point != before && (step == "list" || step == "export" || point == "C_GetMechanismList" || strings.HasPrefix(point, "C_CreateObject"))
		},
		steps: "list export open sign pin make", so: "security-officer",
	},
	{
		name: "pkcsslotd", make: realOpenCryptoki, kinds: []token.Kind{token.NoModule}, advice: "pkcsslotd runs",
		goesOn: func(_, point string) bool { return point != before },
		steps:  "list export open sign pin make", so: "87654321",
	},
	{
		name: "card", make: realOpenSC, kinds: []token.Kind{token.NotFound, token.Removed, token.Failed}, advice: "plug",
		goesOn: func(step, point string) bool {
			return step == "list" || step == "export" || point == "C_GetMechanismList"
		},
		steps: "list export open sign",
	},
	{
		name: "pcscd", make: realReader, kinds: []token.Kind{token.NotFound, token.NoModule, token.Removed, token.Failed}, advice: "plug",
		goesOn: func(step, point string) bool {
			return step == "list" || step == "export" || point == "C_GetMechanismList"
		},
		steps: "list export open sign",
	},
}

// step is something that a person has done with a token; points are the calls of the module
// in the middle of it. run calls arm when what comes before the points is over.
type step struct {
	name   string
	points []string
	run    func(b *behind, ctx context.Context, a *asker, arm func()) error
}

var looking = []string{"C_GetSlotList", "C_GetTokenInfo", "C_GetMechanismList", "C_OpenSession", "C_FindObjectsInit", "C_GetAttributeValue"}

// The points that are no calls of the module.
const (
	before = "before" // while the module is in use already
	typing = "typing" // while the person enters the PIN
)

var steps = []step{
	{"list", looking, func(b *behind, ctx context.Context, _ *asker, arm func()) error {
		arm()
		_, err := token.List(ctx, []string{b.module})
		return err
	}},
	{"export", looking, func(b *behind, ctx context.Context, _ *asker, arm func()) error {
		arm()
		_, _, err := token.CertificateOf(ctx, []string{b.module}, uri(b.t, b.uri))
		return err
	}},
	{"open", []string{typing, "C_GetSlotList", "C_GetTokenInfo", "C_OpenSession", "C_Login", "C_GetMechanismList", "C_FindObjectsInit", "C_GetAttributeValue", "C_Login request", "C_Login answer"},
		func(b *behind, ctx context.Context, a *asker, arm func()) error {
			a.before = arm
			s, err := token.Open(ctx, uri(b.t, b.uri), token.Options{Modules: []string{b.module}, PIN: a.ask})
			if err == nil {
				_ = s.Close()
			}
			return err
		}},
	{"sign", []string{"C_SignInit", "C_Sign", "C_Sign request", "C_Sign answer"},
		func(b *behind, ctx context.Context, a *asker, arm func()) error {
			s, err := token.Open(ctx, uri(b.t, b.uri), token.Options{Modules: []string{b.module}, PIN: a.ask})
			if err != nil {
				return err
			}
			defer s.Close()
			arm()
			_, err = s.Sign(nil, digest[:], crypto.SHA1)
			return err
		}},
	{"pin", []string{typing, "C_GetSlotList", "C_GetTokenInfo", "C_OpenSession", "C_SetPIN", "C_SetPIN request", "C_SetPIN answer"},
		func(b *behind, ctx context.Context, a *asker, arm func()) error {
			next := b.nextPIN()
			n := &asker{pin: next, before: arm}
			err := token.ChangePIN(ctx, uri(b.t, b.uri), token.Options{Modules: []string{b.module}, PIN: a.ask}, n.ask)
			if err == nil {
				b.pin = next
			}
			return err
		}},
	{"make", []string{"C_InitToken", "C_Login", "C_InitPIN", "C_GenerateKeyPair", "C_Sign", "C_CreateObject", "C_InitToken request", "C_GenerateKeyPair answer", "C_CreateObject answer"},
		func(b *behind, ctx context.Context, a *asker, arm func()) error {
			a.before = arm
			return b.makeToken(ctx, a)
		}},
}

func TestBackendEnds(t *testing.T) {
	for _, k := range backends {
		t.Run(k.name, func(t *testing.T) {
			b := throughGate(t, k)
			b.watch = watch(t, b.module)
			for _, s := range steps {
				if !strings.Contains(k.steps, s.name) {
					continue
				}
				for _, point := range append([]string{before}, s.points...) {
					if strings.Contains(point, " ") && b.wire == nil {
						continue
					}
					t.Run(s.name+" "+point, func(t *testing.T) { b.t = t; b.endsIn(s, point) })
				}
			}
		})
	}
}

// makeToken makes a token anew where the store has an empty slot, and else erases it.
func (b *behind) makeToken(ctx context.Context, a *asker) error {
	a.pin = b.so
	b.made++
	u, m := token.URI{}, token.Make{Serial: []byte{0x45, 2}, Label: fmt.Sprintf("SAST-2.%d", b.made)}
	o := token.MakeOptions{Options: token.Options{Modules: []string{b.module}, PIN: (&asker{pin: b.pin}).ask},
		SOPIN: a.ask, NewPIN: (&asker{pin: b.pin}).ask, Erasing: func(token.Info) (bool, error) { return true, nil }}
	v, err := token.Look(ctx, o.Modules)
	if err != nil {
		return err
	}
	defer v.Close()
	if err := v.Err(); err != nil {
		return err
	}
	if blank := v.Blank(); len(blank) > 0 {
		u = blank[0].URI()
	} else {
		u, m.Erase, m.Label = uri(b.t, b.uri), true, uri(b.t, b.uri).Token
	}
	_, _, err = token.Init(ctx, u, m, o)
	return err
}

// interrupted runs a step whose backend ends at a point, and gives the step's error.
func (b *behind) interrupted(s step, point string, a *asker) error {
	t := b.t
	t.Helper()
	ctx, cancel := context.WithTimeout(token.WithSettings(t.Context(), token.Settings{Timeout: 10 * time.Second}), time.Minute)
	defer cancel()
	hit, release := make(chan bool), func() {}
	var struck atomic.Bool
	kill := func() { struck.Store(true); b.kill(); close(hit) }
	arm := func() {}
	function, way, _ := strings.Cut(point, " ")
	switch point {
	case before:
		kill()
	case typing:
		arm = kill
	default:
		arm = func() {
			entered, goOn, err := b.gate.Block(function)
			if err != nil {
				t.Error(err)
				return
			}
			release = goOn
			go func() {
				if entered() != nil {
					return
				}
				switch way {
				case "":
					kill()
				case "request":
					b.wire.cutAt(request, kill)
				case "answer":
					b.wire.cutAt(answer, kill)
				}
				goOn()
			}()
		}
	}
	err := s.run(b, ctx, a, arm)
	release()
	if !struck.Load() {
		t.Fatalf("the step ended before %s: %v", point, err)
	}
	<-hit
	return err
}

// endsIn is one cell of the table.
func (b *behind) endsIn(s step, point string) {
	t := b.t
	label := uri(t, b.uri).Token
	b.watch.until(t, label, true)
	if err := b.gate.ForgetLogins(); err != nil {
		t.Fatal(err)
	}
	a := &asker{pin: b.pin}
	err := b.interrupted(s, point, a)
	b.rightError(s, point, err)
	if len(a.asked) > 1 {
		t.Errorf("asked for %d PINs", len(a.asked))
	}
	a.wiped(t)
	b.oneTry()
	if !b.stays {
		b.watch.until(t, label, false)
	}
	infos, err := token.List(t.Context(), []string{b.module, b.other})
	if !slices.ContainsFunc(infos, func(i token.Info) bool { return i.Label == "OTHER" }) {
		t.Errorf("another module's tokens: %+v, %v", infos, err)
	}
	b.revive()
	if s.name == "make" {
		if err := b.makeToken(t.Context(), &asker{}); err != nil {
			t.Fatalf("a token that was left half made: %v", err)
		}
	}
	b.watch.until(t, label, true)
	b.signs()
}

// rightError checks what is said of the end.
func (b *behind) rightError(s step, point string, err error) {
	t := b.t
	t.Helper()
	if err == nil {
		if !b.goesOn(s.name, point) {
			t.Errorf("the end was not noticed")
		}
		return
	}
	var e *token.Error
	if !errors.As(err, &e) || !slices.Contains(b.kinds, e.Kind) {
		t.Fatalf("%v", err)
	}
	if !strings.Contains(message.Lines(e.Hints()).String(), b.advice) {
		t.Errorf("%v\nhint: %s", err, message.Lines(e.Hints()).String())
	}
	for at, words := range map[string]string{
		"open C_Login": "not known whether this one counts", "pin C_SetPIN": "the former one or the new one holds",
		"make C_InitToken": "make it anew: erase-token", "make C_GenerateKeyPair": "make it anew: erase-token",
	} {
		if strings.HasPrefix(s.name+" "+point, at) && !strings.Contains(message.Lines(e.Hints()).String(), words) {
			t.Errorf("the hint does not say %q: %s", words, message.Lines(e.Hints()).String())
		}
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	if name := filepath.Base(b.gate.Module); !strings.Contains(line, name) && e.Kind != token.NotFound {
		t.Errorf("%q does not name %s", line, name)
	}
	if s.name != "list" && s.name != "make" && !strings.Contains(line, uri(t, b.uri).Token) {
		t.Errorf("%q does not name the token", line)
	}
}

// oneTry checks that no PIN was tried again.
func (b *behind) oneTry() {
	b.t.Helper()
	logins, err := b.gate.Logins()
	if err != nil {
		b.t.Fatal(err)
	}
	failed, tried := 0, map[string]int{}
	for _, l := range logins {
		tried[fmt.Sprint(l.Function, l.User)]++
		if l.RV != 0 {
			failed++
		}
	}
	for what, n := range tried {
		if n > 1 || failed > 1 {
			b.t.Errorf("%s: %d attempts; %+v", what, n, logins)
		}
	}
}

// signs checks that the token is as good as before.
func (b *behind) signs() {
	t := b.t
	t.Helper()
	o := token.Options{Modules: []string{b.module}, PIN: (&asker{pin: b.pin}).ask}
	s, err := token.Open(t.Context(), uri(t, b.uri), o)
	if errors.Is(err, token.PINWrong) { // it was changed, and the answer did not arrive
		b.pin = b.nextPIN()
		o.PIN = (&asker{pin: b.pin}).ask
		s, err = token.Open(t.Context(), uri(t, b.uri), o)
	}
	if err != nil {
		t.Fatalf("after the end: %v", err)
	}
	mustSign(t, s)
	_ = s.Close()
}

// nextPIN is the PIN that a change sets.
func (b *behind) nextPIN() string {
	if b.pin == "Cisco123" {
		return "Other123"
	}
	return "Cisco123"
}
