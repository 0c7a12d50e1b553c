package lab

import (
	"sync"
	"time"

	"ctlclient/trust"
)

// registry knows which phones are registered, and on which node.
type registry struct {
	mu     sync.Mutex
	phones map[string]registration
}

type registration struct {
	registered bool
	node       string // folder of the node, which a rename does not change
	since      time.Time
}

func (r *registry) set(phone string, is registration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phones == nil {
		r.phones = map[string]registration{}
	}
	is.since = time.Now()
	r.phones[phone] = is
}

func (r *registry) get(phone string) (registration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	is, ok := r.phones[phone]
	return is, ok
}

// booting: the phone lets go of its CallManager.
func (l *Lab) booting(p *Phone) {
	last, _ := l.phones.get(p.Name)
	l.phones.set(p.Name, registration{node: last.node})
}

// booted: a phone that believes its configuration registers with the first node of its
// CallManager group that runs.
func (l *Lab) booted(p *Phone, b *Boot) {
	if b.Err != nil || !b.Config.Accept {
		return
	}
	for _, n := range l.group(p.Name) {
		if n.Running() {
			l.phones.set(p.Name, registration{registered: true, node: n.st.Dir})
			return
		}
	}
}

// wakePhones registers the phones of a lab that comes back: they have their
// configuration.
func (l *Lab) wakePhones() {
	for _, p := range l.Phones {
		if len(p.st.TVS) > 0 {
			l.booted(p, &Boot{Config: trust.Verdict{Accept: true}})
		}
	}
}

// resetPhone makes a phone boot, and does not wait for it.
func (l *Lab) resetPhone(p *Phone) {
	leave, ok := l.enter()
	if !ok {
		return
	}
	l.booting(p)
	go func() {
		defer leave()
		if _, err := l.RestartPhone(l.ctx, p.Name); err != nil && l.ctx.Err() == nil {
			l.log.printf("%s: %v", p.Name, err)
		}
	}()
}
