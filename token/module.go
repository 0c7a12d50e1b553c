package token

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/ThalesIgnite/crypto11"
	"github.com/miekg/pkcs11"
)

// ErrInUse says that signers are open on a module that somebody wants for themselves.
var ErrInUse = errors.New("a signer is open on the module")

// module is one loaded PKCS#11 module. Everything below lock belongs to its holder.
type module struct {
	path string
	lib  *library
	p11  *pkcs11.Ctx
	init []pkcs11.InitializeOption

	lock chan struct{} // holds one: a mutex that can be waited for together with a context

	initialized bool
	foreign     bool // initialised by other code of this process: not ours to finalise
	pins        int  // those who want it to stay initialised but hold no handles (Watch)
	signers     int  // those who hold sessions
	logins      map[uint]int
	wrapped     []*crypto11.Context // closed when the last signer is
}

var loaded = struct {
	sync.Mutex
	modules map[string]*module
}{modules: map[string]*module{}}

// openModule loads a module, once for the process. Modules are never unloaded:
// several crash when they are.
func openModule(path string) (*module, error) {
	key := realPath(path)
	loaded.Lock()
	defer loaded.Unlock()
	if m := loaded.modules[key]; m != nil {
		return m, nil
	}
	lib, err := loadLibrary(path)
	if err != nil {
		return nil, &Error{Kind: NoModule, Detail: path, Err: err}
	}
	p := pkcs11.New(path)
	if p == nil {
		return nil, &Error{Kind: NoModule, Detail: path, Err: errors.New("cannot be loaded")}
	}
	m := &module{path: path, lib: lib, p11: p, lock: make(chan struct{}, 1), logins: map[uint]int{}}
	if r := reservedFor(key); r != "" {
		m.init = append(m.init, pkcs11.InitializeWithReserved(forever(r)))
	}
	loaded.modules[key] = m
	return m, nil
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
// while the module is still held. The secrets are wiped when f is done with them
// or will never run.
func call[T any](ctx context.Context, m *module, f func() (T, error), discard func(T), secrets ...[]byte) (T, error) {
	var zero T
	if err := m.acquire(ctx); err != nil {
		wipe(secrets...)
		return zero, err
	}
	type result struct {
		v   T
		err error
	}
	done, left := make(chan result), make(chan struct{})
	go func() {
		defer close(left)
		defer func() { <-m.lock }()
		var r result
		if r.err = m.enter(); r.err == nil {
			r.v, r.err = f()
			defer m.leave()
		}
		wipe(secrets...)
		select {
		case done <- r:
		case <-ctx.Done():
			if r.err == nil && discard != nil {
				discard(r.v)
			}
		}
	}()
	select {
	case r := <-done:
		select {
		case <-left:
		case <-ctx.Done():
		}
		return r.v, r.err
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}

// acquire takes the lock, unless ctx ends first.
func (m *module) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case m.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter initialises the module unless it is. The lock is held.
func (m *module) enter() error {
	if m.initialized {
		return nil
	}
	err := m.p11.Initialize(m.init...)
	m.foreign = errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED))
	if err != nil && !m.foreign {
		return &Error{Kind: NoModule, Detail: m.path, Err: fmt.Errorf("C_Initialize: %w", err)}
	}
	m.initialized = true
	return nil
}

// leave finalises the module when nobody needs it. The lock is held.
func (m *module) leave() {
	if m.signers > 0 {
		return
	}
	if len(m.wrapped) > 0 {
		m.finalize()
	}
	if m.pins == 0 {
		m.finalize()
	}
}

// finalize ends every session of the module. The lock is held and no signer is open.
func (m *module) finalize() {
	clear(m.logins)
	for _, c := range m.wrapped {
		// The last of them finalises the module. Its error would be that of a
		// token that has gone; there is nothing left to close then.
		_ = c.Close()
		m.initialized = false
	}
	m.wrapped = nil
	if m.initialized && !m.foreign {
		_ = m.p11.Finalize()
	}
	m.initialized = false
}

// Exclusive runs f on the module alone, after a fresh C_Initialize: for those who
// make tokens. It fails with ErrInUse while a signer is open on the module.
func Exclusive(path string, f func(*pkcs11.Ctx) error) error {
	m, err := openModule(path)
	if err != nil {
		return err
	}
	m.lock <- struct{}{}
	defer func() { <-m.lock }()
	if m.signers > 0 {
		return fmt.Errorf("%s: %w", path, ErrInUse)
	}
	m.finalize()
	if err := m.enter(); err != nil {
		return err
	}
	defer m.finalize()
	if m.foreign {
		return fmt.Errorf("%s: initialised by another part of the program: %w", path, ErrInUse)
	}
	return f(m.p11)
}
