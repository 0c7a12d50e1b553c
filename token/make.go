package token

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
)

// Make says what Init puts on a token. The zero value makes one like an eToken of
// Cisco's, with a longer key.
type Make struct {
	Label     string    // of the token where it is initialised, and of key and certificate; default: the common name
	Subject   string    // a common name, or parts as lists have them: cn=..;ou=..;o=..; default SAST-ADN and the serial number's end
	Serial    []byte    // of the certificate, most significant byte first; default: ten random bytes
	NotBefore time.Time // default: yesterday
	NotAfter  time.Time // default: ten years after NotBefore
	Bits      int       // of the RSA key; default 2048, which every phone verifies
	Erase     bool      // initialise a token that is initialised: everything on it is lost
}

// MakeOptions are who is asked for what, and before what.
type MakeOptions struct {
	Options         // PIN is asked for the user PIN of a token that has one
	SOPIN   PINFunc // the security officer's PIN: the token's, where it has one
	NewPIN  PINFunc // the user PIN that a token is given when it is initialised
	// Erasing is asked before anything is lost; without it nothing is.
	Erasing func(Info) (bool, error)
}

// withDefaults fills in what was left out, and checks the rest before the token is touched.
func (m Make) withDefaults() (Make, pkix.RDNSequence, error) {
	if len(m.Serial) == 0 {
		m.Serial = make([]byte, 10)
		if _, err := rand.Read(m.Serial); err != nil {
			return m, nil, err
		}
		m.Serial[0] = m.Serial[0]&0x3f | 0x40 // positive, and ten bytes long
	}
	if len(m.Serial) > 16 || len(bytes.Trim(m.Serial, "\x00")) == 0 {
		return m, nil, message.NewError("the certificate's serial number must have 1 to 16 bytes and not be zero")
	}
	if m.Subject == "" {
		end := hex.EncodeToString(m.Serial)
		m.Subject = "SAST-ADN" + end[max(0, len(end)-8):] + "        "
	}
	name, cn, err := subjectName(m.Subject)
	if err != nil {
		return m, nil, err
	}
	if m.Label == "" {
		m.Label = strings.TrimSpace(cn)
	}
	if len(m.Label) > 32 {
		return m, nil, message.Errorf("token label %q: longer than 32 bytes", m.Label)
	}
	if m.Bits == 0 {
		m.Bits = 2048
	}
	if m.Bits < 1024 || m.Bits > 4096 || m.Bits%1024 != 0 {
		return m, nil, message.Errorf("key size %d: not one of 1024, 2048, 3072, 4096", m.Bits)
	}
	if m.NotBefore.IsZero() {
		m.NotBefore = time.Now().Add(-24 * time.Hour).Truncate(time.Second)
	}
	if m.NotAfter.IsZero() {
		m.NotAfter = m.NotBefore.AddDate(10, 0, 0)
	}
	if !m.NotAfter.After(m.NotBefore) {
		return m, nil, message.NewError("the certificate would expire before it is valid")
	}
	return m, name, nil
}

var subjectKeys = map[string]asn1.ObjectIdentifier{
	"cn": {2, 5, 4, 3}, "ou": {2, 5, 4, 11}, "o": {2, 5, 4, 10}, "l": {2, 5, 4, 7}, "st": {2, 5, 4, 8}, "c": {2, 5, 4, 6},
}

// subjectName reads a common name, which is completed as on an eToken, or the parts of
// a name with semicolons between. The certificate has them from the last to the first.
func subjectName(s string) (name pkix.RDNSequence, cn string, err error) {
	parts := strings.Split(s, ";")
	if !strings.Contains(parts[0], "=") {
		parts = []string{"cn=" + s, "ou=IPCBU", "o=Cisco Systems, Inc."}
	}
	for _, part := range parts {
		key, value, _ := strings.Cut(part, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		oid, ok := subjectKeys[key]
		if !ok || strings.TrimSpace(value) == "" {
			return nil, "", message.Errorf("subject %q: %q is not cn=, ou=, o=, l=, st= or c= with a value", s, part)
		}
		if key == "cn" {
			cn = value
		}
		name = append(pkix.RDNSequence{{pkix.AttributeTypeAndValue{Type: oid, Value: value}}}, name...)
	}
	if cn == "" {
		return nil, "", message.Errorf("subject %q has no common name (cn=)", s)
	}
	return name, cn, nil
}

// Init makes a SAST on the token or blank slot that a URI names: an RSA key pair made
// on the token, and a self-signed certificate of it. A token that was never initialised,
// or with Erase any, is initialised first. What it made before it failed is taken off
// again. One entry of a PIN is one attempt.
func Init(ctx context.Context, u URI, m Make, o MakeOptions) (Info, Certificate, error) {
	m, subject, err := m.withDefaults()
	if err != nil {
		return Info{}, Certificate{}, err
	}
	v, err := LookFor(ctx, o.Modules, u)
	if err != nil {
		return Info{}, Certificate{}, err
	}
	defer v.Close()
	i, err := v.target(u)
	if err != nil {
		return Info{}, Certificate{}, err
	}
	ask := o.asker(u)
	if !i.Flags.Initialized || m.Erase {
		var pin []byte
		if i, pin, err = v.initialize(ctx, i, m, o); err != nil {
			return i, Certificate{}, err
		}
		// The PIN that was just set is not asked for again.
		ask = func(context.Context, PINRequest) ([]byte, error) { return pin, nil }
	} else if len(i.Certificates) > 0 {
		return i, Certificate{}, notEmpty(i)
	}
	s := &Signer{ctx: ctx, uri: u, info: i, o: o.Options, ask: ask, mod: v.moduleOf(i)}
	var cert Certificate
	err = s.begin(ctx, func(r *running, needPIN bool, pin []byte) error {
		if err := s.enter(r, needPIN, pin); err != nil {
			return err
		}
		defer s.release()
		var err error
		cert, err = s.makeSAST(m, subject)
		return err
	})
	s.mod.release(ctx)
	return s.info, cert, err
}

func notEmpty(i Info) error {
	return &Error{Kind: NotEmpty, Token: i.Label, Module: i.Module,
		hints: message.Hint("it holds certificates or keys; use another token, or initialise it anew, which destroys everything on it: %s", message.Action{Do: message.EraseToken})}
}

// target is the one token or blank slot that a URI names.
func (v *Inventory) target(u URI) (Info, error) {
	var blank []Info
	for _, i := range v.blanks {
		if u.fitsToken(i) && u.fitsModule(i.Module) {
			blank = append(blank, i)
		}
	}
	found, err := v.Find(u)
	switch {
	case len(blank) == 0:
		return found, err
	case len(blank) == 1 && (errors.Is(err, NotFound) || u.SlotID != nil && err != nil):
		return blank[0], nil
	case err == nil && len(blank) == 0:
		return found, nil
	}
	e := &Error{Kind: Ambiguous, Detail: message.Phrase("several tokens or empty slots fit"), hints: message.Hint("name one of them:")}
	for _, i := range append(blank, v.Tokens()...) {
		slot := i.Slot
		e.hints = append(e.hints, message.Plain(URI{SlotID: &slot, ModulePath: i.Module}.String()))
	}
	return Info{}, e
}

// initialize initialises a token and gives it a user PIN, which it returns for the login
// that follows.
func (v *Inventory) initialize(ctx context.Context, i Info, m Make, o MakeOptions) (Info, []byte, error) {
	if i.Flags.Initialized {
		if o.Erasing == nil {
			return i, nil, notEmpty(i)
		}
		ok, err := o.Erasing(i)
		if err == nil && !ok {
			err = context.Canceled
		}
		if err != nil {
			return i, nil, err
		}
	}
	so, err := askPIN(ctx, i, o.Options, PINRequest{SO: true, New: i.blank}, o.SOPIN)
	if err != nil {
		return i, nil, err
	}
	pin, err := askPIN(ctx, i, o.Options, PINRequest{New: true}, o.NewPIN)
	if err != nil {
		wipe(so)
		return i, nil, err
	}
	again := bytes.Clone(pin)
	mod := v.moduleOf(i)
	defer mod.release(ctx)
	defer o.slow(ctx, i.Label)()
	i, err = call(ctx, mod, func(r *running) (Info, error) { return r.initToken(i, m.Label, so, pin) }, nil, so, pin)
	if err != nil {
		wipe(again)
		again = nil
	}
	return i, again, err
}

// initToken makes the one C_InitToken, and the one login of the security officer. The
// lock is held.
func (r *running) initToken(i Info, label string, so, pin []byte) (Info, error) {
	if r.signers > 0 {
		return i, fmt.Errorf("%s: %w", r.path, ErrInUse)
	}
	if i.blank { // it has no name to know it by
		if now, err := r.view(i.Slot); err == nil && now.Flags.Initialized {
			return i, &Error{Kind: Mismatch, Module: i.Module, Detail: message.Phrase("another token is in its place now: %s", now.URI())}
		}
	} else {
		now, err := r.again(i, nil)
		if err != nil {
			return i, err
		}
		i = now
	}
	i, err := r.initFrom(i, label, so, pin)
	return i, unfinished(err)
}

// initFrom does it to the token that was looked at.
func (r *running) initFrom(i Info, label string, so, pin []byte) (Info, error) {
	others, err := r.labelled(label)
	if err != nil {
		return i, classify(i, message.Phrase("looking for it"), err)
	}
	if err := r.proc.InitToken(i.Slot, so, label); err != nil {
		err = r.soFailed(i, message.Phrase("initialising it"), err)
		if e := (*Error)(nil); errors.As(err, &e) && e.Kind == Failed && slices.ContainsFunc(others, func(o Info) bool { return !o.same(i) }) {
			e.hints = append(message.Hint("another token of the module has this label, and some modules (tpm2-pkcs11) take each label once: choose another"), e.Hints()...)
		}
		return i, err
	}
	// Some modules number the slots anew now, and show the token after that.
	r.finalize()
	if err := r.initialize(); err != nil {
		return i, err
	}
	now, err := r.justMade(i, label, others)
	if err != nil {
		return i, err
	}
	session, err := r.proc.OpenSession(now.Slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return i, classify(now, message.Phrase("opening it"), err)
	}
	defer r.proc.CloseSession(session)
	if err := r.proc.Login(session, pkcs11.CKU_SO, so); err != nil {
		return i, r.soFailed(now, message.Phrase("login of the security officer"), err)
	}
	defer r.proc.Logout(session)
	if err := r.proc.InitPIN(session, pin); err != nil {
		return i, r.newPINRefused(now, err)
	}
	after, err := r.view(now.Slot)
	after.Library, after.blank = i.Library, i.blank
	return after, classify(now, message.Phrase("looking for it"), err)
}

// unfinished says how to go on where a token stopped answering while it was made.
func unfinished(err error) error {
	var e *Error
	if errors.As(err, &e) && (e.unanswered() || e.Kind == NoModule) {
		e.hints = append(message.Hint("it is not known what is on the token now; when it answers again, make it anew: %s", message.Action{Do: message.EraseToken}), e.Hints()...)
	}
	return err
}

// labelled lists the tokens with a label.
func (r *running) labelled(label string) ([]Info, error) {
	ids, err := r.proc.GetSlotList(true)
	if err != nil {
		return nil, err
	}
	var all []Info
	for _, id := range ids {
		if now, err := r.view(id); err == nil && now.Label == label {
			all = append(all, now)
		}
	}
	return all, nil
}

// justMade finds the token that was initialised: in its slot, or in the one where it is
// shown now. Others had the same label before; it has no user PIN yet.
func (r *running) justMade(i Info, label string, others []Info) (Info, error) {
	found, err := r.labelled(label)
	if err != nil {
		return i, classify(i, message.Phrase("looking for it"), err)
	}
	now, ok := freshOf(found, i, others)
	if !ok {
		return i, &Error{Kind: Removed, Token: label, Module: i.Module, Detail: message.Phrase("looking for the token that was initialised")}
	}
	return now, nil
}

// freshOf is the token among those found that was made of i. Its slot tells, unless another one
// that was there before has moved to that number.
func freshOf(found []Info, i Info, others []Info) (Info, bool) {
	moved := func(n Info) bool {
		return slices.ContainsFunc(others, func(o Info) bool { return o.alike(n) && !o.same(i) })
	}
	if n := slices.IndexFunc(found, func(n Info) bool { return n.Slot == i.Slot && !moved(n) }); n >= 0 {
		return found[n], true
	}
	noPIN := func(n Info) bool { return !n.Flags.PINInitialized }
	fresh := keep(found, func(n Info) bool { return !moved(n) })
	if len(fresh) == 0 { // its serial number tells nothing
		fresh = keep(found, noPIN)
	} else if without := keep(fresh, noPIN); len(without) > 0 {
		fresh = without
	}
	if len(fresh) != 1 {
		return Info{}, false
	}
	return fresh[0], true
}

func keep(all []Info, wanted func(Info) bool) []Info {
	return slices.DeleteFunc(slices.Clone(all), func(i Info) bool { return !wanted(i) })
}

// soFailed sorts an error where the security officer's PIN was tried.
func (r *running) soFailed(i Info, doing message.Message, err error) error {
	err = classify(i, doing, err)
	var e *Error
	if errors.As(err, &e) && e.Kind == PINWrong {
		e.Detail = message.Phrase("that of the security officer (administrator)")
		e.hints = message.Hint("no second attempt was made; the maker's software may tell how many are left")
	}
	return err
}

// makeSAST makes key and certificate. The lock is held, and the user logged in.
func (s *Signer) makeSAST(m Make, subject pkix.RDNSequence) (Certificate, error) {
	p := s.run.proc
	session, err := p.OpenSession(s.info.Slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return Certificate{}, classify(s.info, message.Phrase("opening it to write"), err)
	}
	defer p.CloseSession(session)
	if keys, err := p.FindObjects(session, 1, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY)); err != nil || len(keys) > 0 {
		if err == nil {
			err = notEmpty(s.info)
		}
		return Certificate{}, classify(s.info, message.Phrase("looking for keys"), err)
	}
	id := make([]byte, 8)
	if _, err := rand.Read(id); err != nil {
		return Certificate{}, err
	}
	pub, priv, err := p.GenerateKeyPair(session, pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, publicTemplate(m, id), privateTemplate(m, id))
	if err != nil {
		return Certificate{}, unfinished(classify(s.info, message.Phrase("making the key"), err))
	}
	cert, err := s.certify(session, pub, priv, id, m, subject)
	if err != nil {
		for _, h := range []pkcs11.ObjectHandle{priv, pub} {
			_ = p.DestroyObject(session, h) // the first error is the one to tell
		}
	}
	return cert, unfinished(err)
}

// certify signs the key's own certificate and stores it.
func (s *Signer) certify(session pkcs11.SessionHandle, pub, priv pkcs11.ObjectHandle, id []byte, m Make, subject pkix.RDNSequence) (Certificate, error) {
	a, err := s.run.proc.GetAttributes(session, pub, pkcs11.CKA_MODULUS, pkcs11.CKA_PUBLIC_EXPONENT)
	if err != nil || len(a[0]) == 0 || len(a[1]) == 0 {
		return Certificate{}, classify(s.info, message.Phrase("reading the key"), errors.Join(err, errNoModulus))
	}
	s.pub = &rsa.PublicKey{N: new(big.Int).SetBytes(a[0]), E: int(new(big.Int).SetBytes(a[1]).Int64())}
	s.keys = []privateKey{{handle: priv}}
	rawSubject, err := asn1.Marshal(subject)
	if err != nil {
		return Certificate{}, message.Errorf("subject: %w", err)
	}
	keyID := sha1.Sum(x509.MarshalPKCS1PublicKey(s.pub)) // RFC 5280, section 4.2.1.2, method 1
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(m.Serial),
		RawSubject:   rawSubject,
		NotBefore:    m.NotBefore, NotAfter: m.NotAfter,
		KeyUsage:           x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		SubjectKeyId:       keyID[:],
		SignatureAlgorithm: x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, s.pub, lockedSigner{s})
	if err != nil {
		return Certificate{}, message.Errorf("making the certificate: %w", err)
	}
	return s.store(session, der, id, m.Label)
}

var errNoModulus = message.NewError("the token does not show the public key that it made")

// store puts a certificate on the token and gives it as it is read back.
func (s *Signer) store(session pkcs11.SessionHandle, der, id []byte, label string) (Certificate, error) {
	x, err := x509.ParseCertificate(der)
	if err != nil {
		return Certificate{}, message.Errorf("the certificate does not read back: %w", err)
	}
	serial, err := asn1.Marshal(x.SerialNumber)
	if err != nil {
		return Certificate{}, err
	}
	_, err = s.run.proc.CreateObject(session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE),
		pkcs11.NewAttribute(pkcs11.CKA_CERTIFICATE_TYPE, pkcs11.CKC_X_509),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
		pkcs11.NewAttribute(pkcs11.CKA_ID, id),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		pkcs11.NewAttribute(pkcs11.CKA_SUBJECT, x.RawSubject),
		pkcs11.NewAttribute(pkcs11.CKA_ISSUER, x.RawIssuer),
		pkcs11.NewAttribute(pkcs11.CKA_SERIAL_NUMBER, serial),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE, der),
	})
	if err != nil {
		return Certificate{}, classify(s.info, message.Phrase("storing the certificate"), err)
	}
	if err := s.readAll(); err != nil {
		return Certificate{}, err
	}
	c, ok := s.info.holding(der)
	if !ok {
		return Certificate{}, &Error{Kind: Failed, Token: s.info.Label, Module: s.info.Module, Detail: message.Phrase("the certificate is not read back")}
	}
	return c, nil
}

func publicTemplate(m Make, id []byte) []*pkcs11.Attribute {
	return []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true),
		pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, m.Bits),
		pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}),
		pkcs11.NewAttribute(pkcs11.CKA_ID, id),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, m.Label),
	}
}

func privateTemplate(m Make, id []byte) []*pkcs11.Attribute {
	return []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
		pkcs11.NewAttribute(pkcs11.CKA_ID, id),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, m.Label),
	}
}
