package token

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
	"ctlclient/token/host"
)

// ErrInUse says that signers are open on a module that somebody wants for themselves.
var ErrInUse = message.NewError("a signer is open on the module")

// module is one PKCS#11 module in one environment. It is initialised, in a process of
// its own, while somebody holds a lease on it.
type module struct {
	name string // as it was named first
	spec host.Spec
	lock chan struct{} // holds one: a mutex that can be waited for together with a context

	run *running // belongs to the holder of lock

	printed sync.Map // lines that were passed on

	leases int // belongs to the holder of modules.Mutex
}

// running is a module's process and what is open there. It belongs to the holder of
// the module's lock; a signer whose process has ended keeps the old one.
type running struct {
	path, name  string // of the module: its file, and as it was named
	proc        *host.Process
	initialized bool
	looked      bool   // the slots were looked at since the last C_Initialize
	blanks      []Info // slots with a token that was never initialised, at the last look
	removable   bool   // a token can come and go while the module is initialised
	signers     int    // those who hold sessions
	logins      map[uint]int
	wrapped     bool // crypto11 is set up
}

var modules = struct {
	sync.Mutex
	known map[string]*module
}{known: map[string]*module{}}

// lease finds the module of a name, and keeps it initialised from its first use until
// the lease is released. The same file in the same environment is the same module.
func lease(name string) *module {
	env, path := splitName(name)
	path = absolute(path)
	key := realPath(path) + "\x00" + strings.Join(effective(env), "\x00")
	modules.Lock()
	defer modules.Unlock()
	m := modules.known[key]
	if m == nil {
		m = &module{name: name, spec: host.Spec{Path: path, Env: env, Reserved: reservedFor(realPath(path))}, lock: make(chan struct{}, 1)}
		modules.known[key] = m
	}
	m.leases++
	return m
}

// effective is the environment that a module gets, in order.
func effective(more []string) []string {
	env := map[string]string{}
	for _, v := range slices.Concat(os.Environ(), more) {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	var all []string
	for name, value := range env {
		all = append(all, name+"="+value)
	}
	slices.Sort(all)
	return all
}

// release ends a lease. With the last one the module is finalised and its process
// ends; that is waited for unless ctx ends.
func (m *module) release(ctx context.Context) {
	modules.Lock()
	m.leases--
	last := m.leases == 0
	modules.Unlock()
	if !last {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.lock <- struct{}{}
		defer func() { <-m.lock }()
		modules.Lock()
		wanted := m.leases > 0
		modules.Unlock()
		if !wanted {
			m.shut()
		}
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// shut finalises the module and ends its process. The lock is held.
func (m *module) shut() {
	if m.run == nil {
		return
	}
	if m.run.proc.Dead() == nil {
		m.run.finalize()
	}
	m.run.proc.Close()
	m.run = nil
}

// realPath is what tells two modules apart.
func realPath(path string) string {
	if r, err := filepath.EvalSymlinks(path); err == nil {
		path = r
	}
	if a, err := filepath.Abs(path); err == nil {
		path = a
	}
	return path
}

// call runs f on the initialised module, alone. When ctx ends first it returns
// ctx's error at once; f goes on, and discard, where given, gets its result
// while the module is still held; an f that does not come back then within the
// timeout loses the process. The secrets are wiped when f is done with them or will
// never run. The caller holds a lease.
func call[T any](ctx context.Context, m *module, f func(*running) (T, error), discard func(*running, T), secrets ...[]byte) (T, error) {
	var zero T
	if err := m.acquire(ctx); err != nil {
		wipe(secrets...)
		return zero, err
	}
	type result struct {
		v   T
		err error
	}
	var working atomic.Pointer[host.Process]
	done, left := make(chan result), make(chan struct{})
	go func() {
		defer close(left)
		defer func() { <-m.lock }()
		var r result
		if r.err = m.enter(ctx); r.err == nil {
			working.Store(m.run.proc)
			r.v, r.err = f(m.run)
		}
		wipe(secrets...)
		select {
		case done <- r:
		case <-ctx.Done():
			if r.err == nil && discard != nil {
				discard(m.run, r.v)
			}
		}
	}()
	select {
	case r := <-done:
		<-left
		return r.v, r.err
	case <-ctx.Done():
		go func() {
			t := time.NewTimer(settingsOf(ctx).Timeout)
			defer t.Stop()
			select {
			case <-left:
			case <-t.C:
				if p := working.Load(); p != nil {
					p.Kill()
				}
			}
		}()
		return zero, ctx.Err()
	}
}

// acquire takes the lock, unless ctx ends first.
func (m *module) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := settingsOf(ctx)
	if s.Waiting != nil {
		t := time.AfterFunc(s.SlowAfter, func() { s.Waiting(m.spec.Path) })
		defer t.Stop()
	}
	select {
	case m.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter starts the module's process and initialises the module, unless that is done.
// The lock is held.
func (m *module) enter(ctx context.Context) error {
	s := settingsOf(ctx)
	if m.run != nil && m.run.proc.Dead() != nil {
		m.shut()
	}
	if m.run == nil {
		p, err := host.Start(m.spec, s.limits(m.spec.Path), m.said(s))
		if err != nil {
			return m.broken(err)
		}
		m.run = &running{path: m.spec.Path, name: m.name, proc: p, logins: map[uint]int{}}
	}
	m.run.proc.SetLimits(s.limits(m.spec.Path))
	err := m.run.initialize()
	if err != nil {
		m.startAnew() // a module that failed once may go on failing
	}
	return err
}

// said passes on what the module prints, each different line once: a module that is
// started again and again says the same each time.
func (m *module) said(s Settings) func(string) {
	if s.Printed == nil {
		return nil
	}
	return func(line string) {
		if _, known := m.printed.LoadOrStore(line, true); !known {
			s.Printed(m.spec.Path, line)
		}
	}
}

// startAnew ends the process of a module that has stopped answering, so that the next
// look gets a new one: unless signers live in it. The lock is held.
func (m *module) startAnew() {
	if m.run.signers == 0 {
		m.run.proc.Kill()
	}
}

// broken wraps the error of a module that cannot be used.
func (m *module) broken(err error) error {
	var unloadable *host.LoadError
	if errors.As(err, &unloadable) {
		return loadError(unloadable)
	}
	e := &Error{Kind: NoModule, Detail: message.Plain(m.spec.Path), Err: err}
	if kindOfEnd(err) {
		e.Kind = ModuleFailed
	}
	return e
}

// initialize calls C_Initialize unless that is done, and C_GetSlotList: some modules
// know no slot before they were asked for all. The lock is held.
func (r *running) initialize() error {
	if r.initialized {
		return nil
	}
	doing := "C_Initialize"
	err := r.proc.Initialize()
	if err == nil {
		r.initialized, r.looked = true, false
		doing = "C_GetSlotList"
		_, err = r.proc.GetSlotList(true)
	}
	if err == nil {
		r.removable = r.anyRemovable()
		return nil
	}
	e := &Error{Kind: NoModule, Detail: message.Plain(r.path), Err: fmt.Errorf("%s: %w", doing, err), hints: []message.Message{initializeHint(r.name, err)}}
	if kindOfEnd(err) {
		e.Kind, e.Detail, e.Err, e.hints = ModuleFailed, message.Message{}, err, nil
	} else if r.initialized {
		r.finalize()
	}
	return e
}

// renew initialises the module again where that is the only way to see what was
// plugged in since the last look, and where nothing is lost by it. The lock is held.
func (r *running) renew() error {
	if !r.looked || r.removable || r.signers > 0 {
		return nil
	}
	r.finalize()
	return r.initialize()
}

// anyRemovable tells whether a token can come and go in a slot that is there now. The
// lock is held.
func (r *running) anyRemovable() bool {
	ids, err := r.proc.GetSlotList(false)
	if err != nil {
		return false
	}
	for _, id := range ids {
		if s, err := r.proc.GetSlotInfo(id); err == nil && s.Flags&pkcs11.CKF_REMOVABLE_DEVICE != 0 {
			return true
		}
	}
	return false
}

// finalize ends every session of the module. The lock is held and no signer is open.
func (r *running) finalize() {
	if r.wrapped {
		r.wrapped = false
		_ = r.proc.Unwrap()
	}
	clear(r.logins)
	if r.initialized {
		r.initialized = false
		// A module that fails here has nothing left to close.
		_ = r.proc.Finalize()
	}
}

// Exclusive runs f on the module alone, after a fresh C_Initialize: for those who
// make tokens. It fails with ErrInUse while a signer is open on the module.
func Exclusive(ctx context.Context, name string, f func(*host.Process) error) error {
	m := lease(name)
	defer m.release(ctx)
	_, err := call(ctx, m, func(r *running) (struct{}, error) {
		if r.signers > 0 {
			return struct{}{}, fmt.Errorf("%s: %w", m.spec.Path, ErrInUse)
		}
		r.finalize()
		if err := r.initialize(); err != nil {
			return struct{}{}, err
		}
		defer r.finalize()
		return struct{}{}, f(r.proc)
	}, nil)
	return err
}

// ModuleWith names a module that is to be loaded with environment variables of its
// own: NAME=VALUE. The name goes wherever the path of a module goes. A module in
// another environment is another module, in a process of its own: so one program has
// SoftHSM2 with practice tokens and with others.
func ModuleWith(path string, env ...string) string {
	return strings.Join(append(slices.Clone(env), path), "|")
}

// splitName takes apart what ModuleWith made; a path alone has no environment.
func splitName(name string) (env []string, path string) {
	parts := strings.Split(name, "|")
	last := len(parts) - 1
	for _, v := range parts[:last] {
		if k, _, ok := strings.Cut(v, "="); !ok || k == "" {
			return nil, name
		}
	}
	return parts[:last], parts[last]
}
