package lab

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"ctlclient/protocol/phoneweb"
)

// registry knows which phones are registered and on which node, and what each tells on
// its page.
type registry struct {
	mu      sync.Mutex
	phones  map[string]registration
	flashes map[string]flash
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

func (r *registry) flashOf(phone string) flash {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.flashes[phone]
}

// keep changes what a phone keeps.
func (r *registry) keep(phone string, change func(*flash)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flashes == nil {
		r.flashes = map[string]flash{}
	}
	f := r.flashes[phone]
	change(&f)
	r.flashes[phone] = f
}

func (r *registry) setPage(phone string, at netip.AddrPort) {
	r.keep(phone, func(f *flash) { f.page = at })
}

// note adds status messages, the newest last.
func (r *registry) note(phone string, texts ...string) {
	r.keep(phone, func(f *flash) {
		messages := slices.Clone(f.messages)
		for _, text := range texts {
			messages = append(messages, phoneweb.Message{Time: time.Now(), Text: text})
		}
		f.messages = messages[max(0, len(messages)-maxMessages):]
	})
}

// booting: the phone lets go of its CallManager.
func (l *Lab) booting(p *Phone) {
	last, _ := l.phones.get(p.Name)
	l.phones.set(p.Name, registration{node: last.node})
	ctl, itl := p.held()
	l.phones.keep(p.Name, func(f *flash) { f.ctl, f.itl = ctl, itl })
}

// booted: a phone that believes its configuration registers with the first node of its
// CallManager group that runs.
func (l *Lab) booted(p *Phone, b *Boot) {
	ctl, itl := p.held()
	before := l.phones.flashOf(p.Name)
	l.phones.note(p.Name, before.statusMessages(b, ctl, itl)...)
	if b.Err == nil && b.Config.Accept {
		l.register(p)
	}
}

func (l *Lab) register(p *Phone) {
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
			l.register(p)
		}
	}
}

// resetPhone makes a phone boot, and does not wait for it.
func (l *Lab) resetPhone(p *Phone) {
	leave, ok := l.enter()
	if !ok {
		return
	}
	last, _ := l.phones.get(p.Name)
	l.phones.set(p.Name, registration{node: last.node})
	l.phones.note(p.Name, "Restart requested by Cisco Unified Communications Manager")
	go func() {
		defer leave()
		if _, err := l.RestartPhone(l.ctx, p.Name); err != nil && l.ctx.Err() == nil {
			l.log.printf("%s: %v", p.Name, err)
		}
	}()
}
