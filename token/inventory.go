package token

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Inventory is one look at the modules, kept for a job: what was found is found again
// by every URI without another look, and the modules stay initialised until Close.
// It may be used by several goroutines.
type Inventory struct {
	ctx      context.Context
	held     []*module
	answered int // modules that answered
	errs     []error
	blanks   []Info // tokens that were never initialised
	closing  sync.Once

	mu       sync.Mutex
	infos    []Info
	unlocked []*Signer // that keep the login for CertificateWith
}

// Look looks at the named modules, or at all that Modules finds. It fails only when
// the context ends; what failed otherwise is told by Err.
func Look(ctx context.Context, named []string) (*Inventory, error) {
	names, refused := candidates(named)
	return lookAt(ctx, names, refused)
}

func lookAt(ctx context.Context, names []string, refused []error) (*Inventory, error) {
	v := &Inventory{ctx: ctx}
	for _, name := range names {
		v.held = append(v.held, lease(name))
	}
	v.look(ctx)
	if len(names) == 0 {
		v.errs = append(v.errs, &Error{Kind: NoModule})
	}
	v.errs = append(v.errs, refused...)
	if err := ctx.Err(); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// LookFor looks where the URIs say: at the modules that they name, and, where one names
// none, at those that Look looks at.
func LookFor(ctx context.Context, named []string, uris ...URI) (*Inventory, error) {
	var paths []string
	all := len(uris) == 0
	for _, u := range uris {
		if u.ModulePath == "" {
			all = true
		} else {
			paths = append(paths, asNamed(named, u.ModulePath)...)
		}
	}
	if !all {
		return Look(ctx, paths)
	}
	names, refused := candidates(named)
	return lookAt(ctx, unique(append(names, paths...)), refused)
}

// asNamed gives a module that a URI names the environments in which it was named besides.
func asNamed(named []string, path string) []string {
	var same []string
	for _, name := range named {
		if _, p := splitName(name); realPath(absolute(p)) == realPath(absolute(path)) {
			same = append(same, name)
		}
	}
	if len(same) == 0 {
		same = []string{path}
	}
	return same
}

// Renew looks once more through the modules that are loaded already: tokens come and go
// while a person reads a plan.
func (v *Inventory) Renew(ctx context.Context) error {
	v.look(ctx)
	return ctx.Err()
}

func (v *Inventory) look(ctx context.Context) {
	type view struct {
		infos, blanks []Info
		err           error
	}
	views := make([]view, len(v.held))
	failed := make([]error, len(v.held))
	var wg sync.WaitGroup
	for n, m := range v.held {
		wg.Go(func() {
			views[n], failed[n] = call(ctx, m, func(r *running) (view, error) {
				if err := r.renew(); err != nil {
					return view{}, err
				}
				infos, err := r.scan()
				return view{infos, r.blanks, err}, nil
			}, nil)
		})
	}
	wg.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.infos, v.blanks, v.answered, v.errs = nil, nil, 0, nil
	for n, w := range views {
		v.infos = append(v.infos, w.infos...)
		v.blanks = append(v.blanks, w.blanks...)
		if failed[n] == nil && !kindOfEnd(w.err) && (w.err == nil || len(w.infos)+len(w.blanks) > 0) {
			v.answered++
		}
		for _, err := range []error{failed[n], w.err} {
			if err != nil {
				v.errs = append(v.errs, err)
			}
		}
	}
}

// Tokens are those found, module by module.
func (v *Inventory) Tokens() []Info {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.infos)
}

// Blank are the tokens that were never initialised, module by module: for Init. They
// are not among Tokens.
func (v *Inventory) Blank() []Info { return slices.Clone(v.blanks) }

// Err joins the errors of single modules and tokens, nil when there was none.
func (v *Inventory) Err() error { return errors.Join(v.errs...) }

// Close gives the modules back.
func (v *Inventory) Close() {
	v.closing.Do(func() {
		for _, s := range v.unlocked {
			_ = s.Close() // never fails
		}
		var wg sync.WaitGroup
		for _, m := range v.held {
			wg.Go(func() { m.release(v.ctx) })
		}
		wg.Wait()
	})
}

// fitting lists the tokens that a URI fits, at least one.
func (v *Inventory) fitting(u URI) ([]match, error) {
	infos := v.Tokens()
	if fit := u.matches(infos); len(fit) > 0 {
		return fit, nil
	}
	return nil, notFound(u, infos, v.answered, v.errs, v.family())
}

// family is what all modules are, unknown where they differ.
func (v *Inventory) family() family {
	f := unknown
	for n, m := range v.held {
		if now := familyOf(m.spec.Path, "", ""); n == 0 {
			f = now
		} else if now != f {
			return unknown
		}
	}
	return f
}

// one is the one token that a URI names.
func (v *Inventory) one(u URI) (match, error) {
	fit, err := v.fitting(u)
	if err == nil && len(fit) > 1 {
		err = ambiguousTokens(fit)
	}
	if err != nil {
		return match{}, err
	}
	return fit[0], nil
}

// Find is the function Find on what was found.
func (v *Inventory) Find(u URI) (Info, error) {
	m, err := v.one(u)
	return m.use, err
}

// CertificateOf is the function CertificateOf on what was found.
func (v *Inventory) CertificateOf(u URI) (Info, Certificate, error) {
	m, err := v.one(u)
	if err != nil {
		return Info{}, Certificate{}, err
	}
	return m.choose(u)
}

// CertificateWith is CertificateOf for a token that shows its certificates after a
// login alone, too: the PIN is asked for once, and what is opened on the token until
// Close needs no other.
func (v *Inventory) CertificateWith(ctx context.Context, u URI, o Options) (Info, Certificate, error) {
	i, c, err := v.CertificateOf(u)
	if !errors.Is(err, NoCertificate) || !i.hidesCertificates() {
		return i, c, err
	}
	s := &Signer{ctx: v.ctx, uri: u, info: i, o: o, ask: o.asker(u), mod: v.moduleOf(i)}
	if err := s.begin(ctx, s.unlock); err != nil {
		s.mod.release(ctx)
		return i, Certificate{}, err
	}
	v.mu.Lock()
	v.unlocked = append(v.unlocked, s)
	for n := range v.infos {
		if v.infos[n].same(i) {
			v.infos[n] = s.info
		}
	}
	v.mu.Unlock()
	return v.CertificateOf(u)
}

// unlock logs in and reads the certificates. The lock is held.
func (s *Signer) unlock(r *running, needPIN bool, pin []byte) error {
	if err := s.enter(r, needPIN, pin); err != nil {
		return err
	}
	err := s.readAll()
	if err != nil {
		s.release()
	}
	return err
}

// moduleOf is the module that showed a token, with a lease of its own.
func (v *Inventory) moduleOf(i Info) *module {
	modules.Lock()
	defer modules.Unlock()
	for _, m := range v.held {
		if m.name == i.from {
			m.leases++
			return m
		}
	}
	return nil
}
