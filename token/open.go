package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
)

// defaultSlowAfter is how long a token may take before the person is told that it is waited for.
const defaultSlowAfter = 3 * time.Second

// Options of opening a signer.
type Options struct {
	Modules       []string // paths; none: all that Modules finds
	PIN           PINFunc  // a pin-source in the URI comes before it
	AllowFinalTry bool     // go on where a wrong PIN would lock the token
	// ExpectCertificate, when set, is the DER that the token must hold: a token with the same label but another key is a Mismatch.
	ExpectCertificate []byte
	// OnKeypad is told that the PIN has to be entered at the token or its reader; nil:
	// Settings.OnKeypad of the context.
	OnKeypad func(PINRequest)
	// OnSlow is called once for a login or signature that takes longer than
	// SlowAfter (3 s when zero): the token may wait to be touched. It is called on
	// another goroutine. nil: Settings.OnSlow of the context.
	OnSlow    func(token string)
	SlowAfter time.Duration
}

// slow arranges for OnSlow; the function returned ends it.
func (o Options) slow(ctx context.Context, label string) (done func()) {
	s := settingsOf(ctx)
	tell, after := o.OnSlow, o.SlowAfter
	if tell == nil {
		tell = s.OnSlow
	}
	if after <= 0 {
		after = s.SlowAfter
	}
	if tell == nil {
		return func() {}
	}
	t := time.AfterFunc(after, func() { tell(label) })
	return func() { t.Stop() }
}

// Signer signs through a token. It is a crypto.Signer and a crypto.MessageSigner that
// knows its certificate.
type Signer struct {
	ctx  context.Context // that of Open: it governs the signer's life
	mod  *module         // with a lease
	run  *running        // the process that the signer lives in
	uri  URI
	info Info
	cert Certificate // without DER until it is known: it may be seen after the login alone
	pub  *rsa.PublicKey
	o    Options
	ask  PINFunc

	session    pkcs11.SessionHandle // keeps the login
	keys       []privateKey         // those that may be the certificate's, the likeliest first
	mechanisms []uint               // that the token lists
	askAlways  atomic.Bool          // CKA_ALWAYS_AUTHENTICATE
	wrapped    bool                 // signs through crypto11, not through pkcs11 directly
	loggedIn   bool
	closed     bool

	closing sync.Once
}

// Open finds the one token and certificate that the URI names, asks for the PIN
// once and logs in once. A certificate that is seen after the login alone is found
// then. The context also governs the signer: when it ends, Sign returns its error and
// Close does not wait.
func Open(ctx context.Context, u URI, o Options) (*Signer, error) {
	v, err := LookFor(ctx, o.Modules, u)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	return v.Open(ctx, u, o)
}

// Open is the function Open on what was found; Options.Modules is not looked at.
func (v *Inventory) Open(ctx context.Context, u URI, o Options) (*Signer, error) {
	i, c, err := v.locate(u, o)
	if err != nil {
		return nil, err
	}
	s := &Signer{ctx: ctx, uri: u, info: i, cert: c, o: o, ask: o.asker(u)}
	if len(c.DER) > 0 {
		if err := s.takeKey(); err != nil {
			return nil, err
		}
	}
	if s.mod = v.moduleOf(i); s.mod == nil {
		return nil, &Error{Kind: NoModule, Detail: message.Plain(i.Module)}
	}
	if err := s.begin(ctx, s.open); err != nil {
		s.mod.release(ctx)
		return nil, err
	}
	return s, nil
}

// takeKey takes the public key from the certificate.
func (s *Signer) takeKey() error {
	var ok bool
	if s.pub, ok = s.cert.PublicKey().(*rsa.PublicKey); !ok {
		return &Error{Kind: NoKey, Token: s.info.Label, Module: s.info.Module, Detail: message.Phrase("the certificate's key is not RSA"),
			hints: message.Hint("trust lists are signed with RSA keys; use another token")}
	}
	return nil
}

// begin asks for the PIN where one is needed, and opens the token with it.
func (s *Signer) begin(ctx context.Context, open func(r *running, needPIN bool, pin []byte) error) error {
	needPIN, err := call(ctx, s.mod, s.needsLogin, nil)
	if err != nil {
		return err
	}
	var pin []byte
	if needPIN {
		if err := checkTries(s.info, s.o.AllowFinalTry); err != nil {
			return err
		}
		if pin, err = askPIN(ctx, s.info, s.o, PINRequest{}, s.ask); err != nil {
			return err
		}
	}
	defer s.o.slow(ctx, s.info.Label)()
	_, err = call(ctx, s.mod, func(r *running) (struct{}, error) {
		return struct{}{}, open(r, needPIN, pin)
	}, func(*running, struct{}) { s.release() }, pin)
	return err
}

// locate finds token and certificate, without a PIN. The certificate is empty where
// the token has to be logged in to before its certificates can be seen.
func (v *Inventory) locate(u URI, o Options) (Info, Certificate, error) {
	fit, err := v.fitting(u)
	if err != nil {
		return Info{}, Certificate{}, err
	}
	expected := o.ExpectCertificate
	if len(expected) > 0 {
		fit = holders(fit, expected)
		if m := fit[0]; len(fit) == 1 && !m.use.mayHold(expected) {
			return Info{}, Certificate{}, mismatch(m.use, expected)
		}
	}
	if len(fit) > 1 {
		return Info{}, Certificate{}, ambiguousTokens(fit)
	}
	m := fit[0]
	if c, ok := m.use.holding(expected); ok {
		return m.use, c, nil
	}
	i, c, err := m.choose(u)
	if errors.Is(err, NoCertificate) && i.hidesCertificates() {
		return i, Certificate{}, nil
	}
	return i, c, err
}

// hidesCertificates tells a token that may show certificates after a login that it
// does not show before.
func (i Info) hidesCertificates() bool { return i.Flags.LoginRequired && !i.unlocked }

// mayHold tells whether a certificate is on the token, or may be seen after a login.
func (i Info) mayHold(der []byte) bool {
	_, ok := i.holding(der)
	return ok || len(i.Certificates) == 0 && i.hidesCertificates()
}

// holders narrows tokens down to those that hold a certificate, where any does; else
// to those that may; else to the first.
func holders(all []match, der []byte) []match {
	for _, fits := range []func(Info) bool{
		func(i Info) bool { _, ok := i.holding(der); return ok },
		func(i Info) bool { return i.mayHold(der) },
	} {
		if fit := slices.DeleteFunc(slices.Clone(all), func(m match) bool { return !fits(m.use) }); len(fit) > 0 {
			return fit
		}
	}
	return all[:1]
}

func mismatch(i Info, expected []byte) error {
	e := &Error{Kind: Mismatch, Token: i.Label, Module: i.Module, Detail: message.Phrase("it does not hold the expected certificate")}
	c, _, err := parseCertificate(expected)
	switch {
	case err != nil || c.Subject == "":
	case len(i.Certificates) != 1:
		e.Detail = message.Phrase("it does not hold the expected certificate of %s", c.Subject)
	case i.Certificates[0].Subject == c.Subject:
		e.Detail = message.Phrase("it does not hold the expected certificate of %s but that of %s with another key or serial number", c.Subject, c.Subject)
	default:
		e.Detail = message.Phrase("it does not hold the expected certificate of %s but that of %s", c.Subject, i.Certificates[0].Subject)
	}
	return e
}

// again looks for the token a second time: the person may have taken minutes over the
// PIN, the slots may be numbered anew, another token may be in its place. It is the
// same token where it says the same of itself and, where der is given, holds that
// certificate. The lock is held.
func (r *running) again(i Info, der []byte) (Info, error) {
	ids, err := r.proc.GetSlotList(true)
	if err != nil {
		return Info{}, classify(i, message.Phrase("looking for it"), err)
	}
	gone := error(&Error{Kind: Removed, Token: i.Label, Module: i.Module, Detail: message.Phrase("looking for it")})
	if n := slices.Index(ids, i.Slot); n > 0 { // where it was comes first
		ids = slices.Insert(slices.Delete(ids, n, n+1), 0, i.Slot)
	}
	for _, id := range ids {
		now, err := r.view(id)
		switch {
		case kindOfEnd(err):
			return Info{}, classify(i, message.Phrase("looking for it"), err)
		case err != nil && id == i.Slot:
			gone = classify(i, message.Phrase("looking for it"), err)
		case err != nil:
		case !now.alike(i):
			if id == i.Slot {
				gone = &Error{Kind: Mismatch, Token: i.Label, Module: i.Module, Detail: message.Phrase("another token is in its place now: %s", now.URI())}
			}
		case len(der) == 0:
			now.take(i)
			return now, nil
		default:
			now.take(i)
			if now.Certificates, err = r.certificates(id); err != nil {
				return Info{}, classify(i, message.Phrase("reading certificates"), err)
			}
			c, ok := now.holding(der)
			if ok || i.unlocked {
				return now, nil
			}
			c, _, _ = parseCertificate(der)
			gone = &Error{Kind: Mismatch, Token: i.Label, Module: i.Module, Detail: message.Phrase("it no longer holds the certificate of %s", c.Subject)}
		}
	}
	return Info{}, gone
}

// take keeps what an earlier look knew and a view of the slot does not tell.
func (i *Info) take(o Info) {
	i.Library, i.Certificates, i.twin, i.unlocked = o.Library, o.Certificates, o.twin, o.unlocked
}

// needsLogin tells whether a PIN is needed: not where somebody has logged in already
// in this program. The token is asked, since one that was out for a moment has
// forgotten it. The lock is held.
func (s *Signer) needsLogin(r *running) (bool, error) {
	now, err := r.again(s.info, s.cert.DER)
	if err != nil {
		return false, err
	}
	s.info = now
	if !now.Flags.LoginRequired {
		return false, nil
	}
	session, err := r.proc.OpenSession(now.Slot, pkcs11.CKF_SERIAL_SESSION)
	if hasRV(err, pkcs11.CKR_SESSION_COUNT) {
		return r.logins[now.Slot] == 0, nil
	}
	if err != nil {
		return false, classify(s.info, message.Phrase("opening it"), err)
	}
	defer r.proc.CloseSession(session)
	in, err := r.loggedIn(session)
	return !in, classify(s.info, message.Phrase("asking for its state"), err)
}

// loggedIn tells whether the user is logged in on a session's token. The lock is held.
func (r *running) loggedIn(session pkcs11.SessionHandle) (bool, error) {
	i, err := r.proc.GetSessionInfo(session)
	return i.State == pkcs11.CKS_RO_USER_FUNCTIONS || i.State == pkcs11.CKS_RW_USER_FUNCTIONS, err
}

// open logs in and finds the key. The lock is held.
func (s *Signer) open(r *running, needPIN bool, pin []byte) error {
	if err := s.enter(r, needPIN, pin); err != nil {
		return err
	}
	err := s.findCertificate()
	if err == nil {
		err = s.findKeys()
	}
	if err == nil && r.wrapped && r.signers == 1 && !s.askAlways.Load() {
		s.wrapped, err = r.proc.WrappedKey(s.cert.ID, s.pub.N.Bytes())
	}
	if err != nil {
		s.release()
	}
	return classify(s.info, message.Phrase("looking for the key"), err)
}

// enter opens the session and makes the login. The lock is held.
func (s *Signer) enter(r *running, needPIN bool, pin []byte) error {
	now, err := r.again(s.info, s.cert.DER)
	if err != nil {
		return err
	}
	if needPIN {
		if err := checkTries(now, s.o.AllowFinalTry); err != nil {
			return err
		}
	}
	if _, now, err = r.wrap(now, s.cert); err != nil {
		return classify(now, message.Phrase("opening it"), err)
	}
	s.info, s.run = now, r
	r.signers++
	if s.session, err = r.proc.OpenSession(s.info.Slot, pkcs11.CKF_SERIAL_SESSION); err != nil {
		s.leave()
		return classify(now, message.Phrase("opening it"), err)
	}
	if err = s.login(needPIN, pin); err != nil {
		s.release()
		return err
	}
	// A token that lists no mechanisms is tried with all.
	s.mechanisms, _ = r.proc.GetMechanismList(s.info.Slot)
	return nil
}

// login makes the one C_Login. The lock is held.
func (s *Signer) login(needPIN bool, pin []byte) error {
	if !needPIN && s.info.Flags.LoginRequired {
		if in, err := s.run.loggedIn(s.session); err != nil || !in {
			return &Error{Kind: Removed, Token: s.info.Label, Module: s.info.Module, Detail: message.Phrase("it has forgotten the login"), Err: err}
		}
	}
	if needPIN {
		err := s.run.proc.Login(s.session, pkcs11.CKU_USER, pin)
		if hasRV(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN) {
			err = nil
		}
		if err != nil {
			return s.run.loginFailed(s.info, message.Phrase("login"), err)
		}
	}
	if s.info.Flags.LoginRequired {
		s.run.logins[s.info.Slot]++
		s.loggedIn = true
	}
	return nil
}

// findCertificate reads the certificates again where the one that is meant was not
// seen before the login. The lock is held.
func (s *Signer) findCertificate() error {
	if len(s.cert.DER) > 0 {
		return nil
	}
	err := s.readAll()
	if err != nil {
		return err
	}
	if c, ok := s.info.holding(s.o.ExpectCertificate); ok {
		s.cert = c
	} else if len(s.o.ExpectCertificate) > 0 {
		return mismatch(s.info, s.o.ExpectCertificate)
	} else if s.cert, err = s.info.choose(s.uri); err != nil {
		return err
	}
	return s.takeKey()
}

// readAll reads the certificates that are seen after the login. The lock is held.
func (s *Signer) readAll() error {
	certs, err := s.run.certificates(s.info.Slot)
	if err != nil {
		return classify(s.info, message.Phrase("reading certificates"), err)
	}
	s.info.Certificates, s.info.unlocked = certs, true
	return nil
}

// release gives back session and login. The lock is held. Errors are those of a
// token that has gone; there is nothing left to close then.
func (s *Signer) release() {
	r := s.run
	if s.loggedIn {
		s.loggedIn = false
		if r.logins[s.info.Slot]--; r.logins[s.info.Slot] <= 0 {
			delete(r.logins, s.info.Slot)
			_ = r.proc.Logout(s.session)
		}
	}
	_ = r.proc.CloseSession(s.session)
	s.leave()
}

// leave ends the signer's hold on the module's process. The lock is held.
func (s *Signer) leave() {
	r := s.run
	if r.signers--; r.signers == 0 && r.wrapped {
		r.wrapped = false
		_ = r.proc.Unwrap()
	}
}

// Public is the certificate's key, an *rsa.PublicKey.
func (s *Signer) Public() crypto.PublicKey { return s.pub }

// Certificate is the DER as the token gives it.
func (s *Signer) Certificate() []byte { return bytes.Clone(s.cert.DER) }

// Info is the token as it was when it was opened.
func (s *Signer) Info() Info { return s.info }

// Close logs out and gives the token back. It waits for a signature under way
// unless the context of Open has ended; then it is closed when that comes back.
func (s *Signer) Close() error {
	s.closing.Do(func() {
		select {
		case s.mod.lock <- struct{}{}:
			s.giveBack(context.WithoutCancel(s.ctx))
			return
		default:
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.mod.lock <- struct{}{}
			s.giveBack(s.ctx)
		}()
		select {
		case <-done:
		case <-s.ctx.Done():
		}
	})
	return nil
}

// giveBack ends the signer's hold on the module. The lock is held, and given up.
func (s *Signer) giveBack(ctx context.Context) {
	s.closed = true
	s.release()
	<-s.mod.lock
	s.mod.release(ctx)
}
