package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"io"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/miekg/pkcs11"
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
	// OnKeypad is told that the PIN has to be entered at the token or its reader.
	OnKeypad func(PINRequest)
	// OnSlow is called once for a login or signature that takes longer than
	// SlowAfter (3 s when zero): the token may wait to be touched. It is called on
	// another goroutine.
	OnSlow    func(token string)
	SlowAfter time.Duration
}

// slow arranges for OnSlow; the function returned ends it.
func (o Options) slow(label string) (done func()) {
	if o.OnSlow == nil {
		return func() {}
	}
	after := o.SlowAfter
	if after <= 0 {
		after = defaultSlowAfter
	}
	t := time.AfterFunc(after, func() { o.OnSlow(label) })
	return func() { t.Stop() }
}

// Signer signs through a token. It is a crypto.Signer that knows its certificate.
type Signer struct {
	ctx  context.Context // that of Open: it governs the signer's life
	mod  *module         // with a lease
	run  *running        // the process that the signer lives in
	info Info
	cert Certificate
	pub  *rsa.PublicKey
	o    Options
	ask  PINFunc

	session   pkcs11.SessionHandle // keeps the login
	key       pkcs11.ObjectHandle
	askAlways bool // CKA_ALWAYS_AUTHENTICATE
	wrapped   bool // signs through crypto11, not through pkcs11 directly
	loggedIn  bool
	closed    bool

	closing sync.Once
}

// Open finds the one token and certificate that the URI names, asks for the PIN
// once and logs in once. The context also governs the signer: when it ends, Sign
// returns its error and Close does not wait.
func Open(ctx context.Context, u URI, o Options) (*Signer, error) {
	v, err := lookFor(ctx, o.Modules, u)
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
	s := &Signer{ctx: ctx, info: i, cert: c, o: o, ask: o.asker(u)}
	var ok bool
	if s.pub, ok = c.PublicKey().(*rsa.PublicKey); !ok {
		return nil, &Error{Kind: NoKey, Token: i.Label, Detail: "the certificate's key is not RSA",
			hint: "trust lists are signed with RSA keys; use another token"}
	}
	if s.mod = v.moduleOf(i); s.mod == nil {
		return nil, &Error{Kind: NoModule, Detail: i.Module}
	}
	if err := s.start(ctx); err != nil {
		s.mod.release(ctx)
		return nil, err
	}
	return s, nil
}

// start asks for the PIN, logs in and finds the key.
func (s *Signer) start(ctx context.Context) error {
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
	defer s.o.slow(s.info.Label)()
	_, err = call(ctx, s.mod, func(r *running) (struct{}, error) {
		return struct{}{}, s.open(r, needPIN, pin)
	}, func(*running, struct{}) { s.release() }, pin)
	return err
}

// locate finds token and certificate, without a PIN.
func (v *Inventory) locate(u URI, o Options) (Info, Certificate, error) {
	infos, err := v.fitting(u)
	if err != nil {
		return Info{}, Certificate{}, err
	}
	if len(o.ExpectCertificate) > 0 {
		var holders []Info
		for _, i := range infos {
			if _, ok := i.holding(o.ExpectCertificate); ok {
				holders = append(holders, i)
			}
		}
		if len(holders) == 0 {
			return Info{}, Certificate{}, &Error{Kind: Mismatch, Token: infos[0].Label,
				Detail: "it does not hold the expected certificate" + mismatchDetail(infos[0], o.ExpectCertificate)}
		}
		infos = holders
	}
	if len(infos) > 1 {
		return Info{}, Certificate{}, ambiguousTokens(infos)
	}
	i := infos[0]
	if c, ok := i.holding(o.ExpectCertificate); ok {
		return i, c, nil
	}
	c, err := i.choose(u)
	return i, c, err
}

func mismatchDetail(i Info, expected []byte) string {
	c, _, err := parseCertificate(expected)
	if err != nil || c.Subject == "" {
		return ""
	}
	d := " of " + c.Subject
	if len(i.Certificates) == 1 {
		d += " but that of " + i.Certificates[0].Subject
		if i.Certificates[0].Subject == c.Subject {
			d += " with another key or serial number"
		}
	}
	return d
}

// again looks for the token a second time: the person may have taken minutes over the
// PIN, the slots may be numbered anew, another token may be in its place. It is the
// same token where it says the same of itself and, where der is given, holds that
// certificate. The lock is held.
func (r *running) again(i Info, der []byte) (Info, error) {
	ids, err := r.proc.GetSlotList(true)
	if err != nil {
		return Info{}, classify(i.Label, "looking for it", err)
	}
	gone := error(&Error{Kind: Removed, Token: i.Label, Detail: "looking for it"})
	if n := slices.Index(ids, i.Slot); n > 0 { // where it was comes first
		ids = slices.Insert(slices.Delete(ids, n, n+1), 0, i.Slot)
	}
	for _, id := range ids {
		now, err := r.view(id)
		switch {
		case err != nil && id == i.Slot:
			gone = classify(i.Label, "looking for it", err)
		case err != nil:
		case !now.alike(i):
			if id == i.Slot {
				gone = &Error{Kind: Mismatch, Token: i.Label, Detail: "another token is in its place now: " + now.URI().String()}
			}
		case der == nil:
			now.Library, now.Certificates = i.Library, i.Certificates
			return now, nil
		default:
			now.Library = i.Library
			if now.Certificates, err = r.certificates(id); err != nil {
				return Info{}, classify(i.Label, "reading certificates", err)
			}
			c, ok := now.holding(der)
			if ok {
				return now, nil
			}
			c, _, _ = parseCertificate(der)
			gone = &Error{Kind: Mismatch, Token: i.Label, Detail: "it no longer holds the certificate of " + c.Subject}
		}
	}
	return Info{}, gone
}

// needsLogin tells whether a PIN is needed: not where another signer has logged in
// already. The token is asked, since one that was out for a moment has forgotten
// it. The lock is held.
func (s *Signer) needsLogin(r *running) (bool, error) {
	if !s.info.Flags.LoginRequired {
		return false, nil
	}
	now, err := r.again(s.info, s.cert.DER)
	if err != nil {
		return false, err
	}
	s.info = now
	session, err := r.proc.OpenSession(now.Slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return false, classify(s.info.Label, "opening it", err)
	}
	defer r.proc.CloseSession(session)
	in, err := r.loggedIn(session)
	return !in, classify(s.info.Label, "asking for its state", err)
}

// loggedIn tells whether the user is logged in on a session's token. The lock is held.
func (r *running) loggedIn(session pkcs11.SessionHandle) (bool, error) {
	i, err := r.proc.GetSessionInfo(session)
	return i.State == pkcs11.CKS_RO_USER_FUNCTIONS || i.State == pkcs11.CKS_RW_USER_FUNCTIONS, err
}

// open logs in and finds the key. The lock is held.
func (s *Signer) open(r *running, needPIN bool, pin []byte) error {
	now, err := r.again(s.info, s.cert.DER)
	if err != nil {
		return err
	}
	if needPIN {
		if err := checkTries(now, s.o.AllowFinalTry); err != nil {
			return err
		}
	}
	wrapped, now, err := r.wrap(now, s.cert)
	if err != nil {
		return classify(now.Label, "opening it", err)
	}
	s.info, s.run = now, r
	r.signers++
	if s.session, err = r.proc.OpenSession(s.info.Slot, pkcs11.CKF_SERIAL_SESSION); err != nil {
		s.leave()
		return classify(now.Label, "opening it", err)
	}
	if err = s.login(needPIN, pin); err == nil {
		err = s.findKey()
	}
	if err != nil {
		s.release()
		return err
	}
	if wrapped && !s.askAlways {
		s.wrapped, err = r.proc.WrappedKey(s.cert.ID, s.pub.N.Bytes())
	}
	if err != nil {
		s.release()
	}
	return classify(now.Label, "looking for the key", err)
}

// login makes the one C_Login. The lock is held.
func (s *Signer) login(needPIN bool, pin []byte) error {
	if !needPIN && s.info.Flags.LoginRequired {
		if in, err := s.run.loggedIn(s.session); err != nil || !in {
			return &Error{Kind: Removed, Token: s.info.Label, Detail: "it has forgotten the login", Err: err}
		}
	}
	if needPIN {
		err := s.run.proc.Login(s.session, pkcs11.CKU_USER, pin)
		if errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)) {
			err = nil
		}
		if err != nil {
			return s.run.loginFailed(s.info, "login", err)
		}
	}
	if s.info.Flags.LoginRequired {
		s.run.logins[s.info.Slot]++
		s.loggedIn = true
	}
	return nil
}

// findKey finds the private key of the certificate: by id, and where the token
// gives the modulus, by that. The lock is held.
func (s *Signer) findKey() error {
	p := s.run.proc
	class := pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY)
	var keys []pkcs11.ObjectHandle
	var err error
	if len(s.cert.ID) > 0 {
		keys, err = p.FindObjects(s.session, 16, class, pkcs11.NewAttribute(pkcs11.CKA_ID, s.cert.ID))
	}
	if err == nil && len(keys) == 0 {
		// Some tokens give certificate and key different ids; the modulus tells them.
		keys, err = p.FindObjects(s.session, 64, class)
		keys = s.withModulus(keys)
		if err == nil && len(keys) == 0 {
			return &Error{Kind: NoKey, Token: s.info.Label, Detail: s.cert.Subject}
		}
	}
	if err != nil {
		return classify(s.info.Label, "looking for the key", err)
	}
	for _, k := range keys {
		a, err := p.GetAttributes(s.session, k, pkcs11.CKA_MODULUS, pkcs11.CKA_ALWAYS_AUTHENTICATE)
		if err != nil {
			return classify(s.info.Label, "looking for the key", err)
		}
		if n := a[0]; len(n) > 0 && new(big.Int).SetBytes(n).Cmp(s.pub.N) != 0 {
			continue
		}
		s.key = k
		s.askAlways = len(a[1]) == 1 && a[1][0] != 0
		return nil
	}
	return &Error{Kind: Mismatch, Token: s.info.Label, Detail: "its key is not the one of its certificate " + s.cert.Subject,
		hint: "the certificate on the token belongs to another key; use another token"}
}

func (s *Signer) withModulus(keys []pkcs11.ObjectHandle) []pkcs11.ObjectHandle {
	var fit []pkcs11.ObjectHandle
	for _, k := range keys {
		a, err := s.run.proc.GetAttributes(s.session, k, pkcs11.CKA_MODULUS)
		if err == nil && new(big.Int).SetBytes(a[0]).Cmp(s.pub.N) == 0 {
			fit = append(fit, k)
		}
	}
	return fit
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

// Sign makes an RSA PKCS#1 v1.5 signature over a digest made with opts.HashFunc():
// SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512. PSS is refused: no phone knows it.
// The token makes its own random numbers; rand is not used. The result is not
// checked here: whoever signs a file verifies it from the file's bytes.
func (s *Signer) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.SignContext(s.ctx, digest, opts)
}

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
