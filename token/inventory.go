package token

import (
	"context"
	"errors"
	"sync"
)

// Inventory is one look at the modules, kept for a job: what was found is found again
// by every URI without another look, and the modules stay initialised until Close.
// It may be used by several goroutines.
type Inventory struct {
	ctx      context.Context
	held     []*module
	infos    []Info
	answered int // modules that answered
	errs     []error
	closing  sync.Once
}

// Look looks at the named modules, or at all that Modules finds. It fails only when
// the context ends; what failed otherwise is told by Err.
func Look(ctx context.Context, named []string) (*Inventory, error) {
	v := &Inventory{ctx: ctx}
	paths := candidates(named)
	for _, p := range paths {
		v.held = append(v.held, lease(p))
	}
	v.look(ctx)
	if len(paths) == 0 {
		v.errs = append(v.errs, &Error{Kind: NoModule})
	}
	if err := ctx.Err(); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// lookFor looks where a URI says.
func lookFor(ctx context.Context, named []string, u URI) (*Inventory, error) {
	if u.ModulePath != "" {
		named = []string{u.ModulePath}
	}
	return Look(ctx, named)
}

func (v *Inventory) look(ctx context.Context) {
	type view struct {
		infos []Info
		err   error
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
				return view{infos, err}, nil
			}, nil)
		})
	}
	wg.Wait()
	v.infos, v.answered, v.errs = nil, 0, nil
	for n, w := range views {
		v.infos = append(v.infos, w.infos...)
		if failed[n] == nil {
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
func (v *Inventory) Tokens() []Info { return v.infos }

// Err joins the errors of single modules and tokens, nil when there was none.
func (v *Inventory) Err() error { return errors.Join(v.errs...) }

// Close gives the modules back.
func (v *Inventory) Close() {
	v.closing.Do(func() {
		var wg sync.WaitGroup
		for _, m := range v.held {
			wg.Go(func() { m.release(v.ctx) })
		}
		wg.Wait()
	})
}

// fitting lists the tokens that a URI fits, at least one. A token that two modules
// show (OpenSC and the maker's own, say) counts once, in the module that comes first.
func (v *Inventory) fitting(u URI) ([]Info, error) {
	var fit []Info
	for _, i := range Distinct(v.infos) {
		if u.fitsToken(i) && u.fitsModule(i.Module) {
			fit = append(fit, i)
		}
	}
	if len(fit) > 0 {
		return fit, nil
	}
	return nil, notFound(u, v.infos, v.answered, v.errs)
}

// Find is the function Find on what was found.
func (v *Inventory) Find(u URI) (Info, error) {
	infos, err := v.fitting(u)
	if err != nil {
		return Info{}, err
	}
	if len(infos) > 1 {
		return Info{}, ambiguousTokens(infos)
	}
	return infos[0], nil
}

// CertificateOf is the function CertificateOf on what was found.
func (v *Inventory) CertificateOf(u URI) (Info, Certificate, error) {
	i, err := v.Find(u)
	if err != nil {
		return Info{}, Certificate{}, err
	}
	c, err := i.choose(u)
	return i, c, err
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
