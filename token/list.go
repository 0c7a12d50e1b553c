package token

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/miekg/pkcs11"
)

const (
	maxCertificates = 64      // of one token
	maxDER          = 1 << 16 // bytes of one certificate
)

// Flags of a token that matter to a person (CK_TOKEN_INFO, PKCS#11 v2.40 section 3.2).
type Flags struct {
	LoginRequired, Initialized, PINInitialized, ProtectedAuthPath, WriteProtected bool
	PINCountLow, PINFinalTry, PINLocked                                           bool
}

func flagsOf(f uint) Flags {
	return Flags{
		LoginRequired:     f&pkcs11.CKF_LOGIN_REQUIRED != 0,
		Initialized:       f&pkcs11.CKF_TOKEN_INITIALIZED != 0,
		PINInitialized:    f&pkcs11.CKF_USER_PIN_INITIALIZED != 0,
		ProtectedAuthPath: f&pkcs11.CKF_PROTECTED_AUTHENTICATION_PATH != 0,
		WriteProtected:    f&pkcs11.CKF_WRITE_PROTECTED != 0,
		PINCountLow:       f&pkcs11.CKF_USER_PIN_COUNT_LOW != 0,
		PINFinalTry:       f&pkcs11.CKF_USER_PIN_FINAL_TRY != 0,
		PINLocked:         f&pkcs11.CKF_USER_PIN_LOCKED != 0,
	}
}

// Library is what a module says of itself.
type Library struct {
	Description, Manufacturer, Version string
}

// Info is one token.
type Info struct {
	Module           string // path
	Library          Library
	Slot             uint
	SlotDescription  string // on Linux and Windows the reader's name
	SlotManufacturer string
	Label            string
	Serial           string
	Model            string
	Manufacturer     string
	Flags            Flags
	Certificates     []Certificate
}

// URI names the token by label and serial number; together they stay true when
// another token with the same label is plugged in.
func (i Info) URI() URI {
	u := URI{Token: i.Label, Serial: i.Serial}
	if i.Label == "" && i.Serial == "" {
		slot := i.Slot
		u.SlotID = &slot
	}
	return u
}

// CertificateURI names one certificate of the token, and its key.
func (i Info) CertificateURI(c Certificate) URI {
	u := i.URI()
	u.ID = c.ID
	if len(c.ID) == 0 {
		u.Object = c.Label
	}
	return u
}

// same tells whether two looks were at the same token in the same place.
func (i Info) same(o Info) bool {
	return i.Module == o.Module && i.Slot == o.Slot && i.Label == o.Label && i.Serial == o.Serial
}

// clean takes off the padding of a PKCS#11 text field, and what could steer a terminal.
func clean(s string) string {
	s = strings.TrimRight(s, " \x00")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// List lists the tokens present in the modules: the named ones, or all that
// Modules finds. It needs no PIN. A token that was never initialised is left out:
// it has neither name nor key. Errors of single modules and tokens are joined and
// returned beside what was found.
func List(ctx context.Context, named []string) ([]Info, error) {
	mods, errs := usable(named)
	found := make([][]Info, len(mods))
	failed := make([]error, len(mods))
	var wg sync.WaitGroup
	for n, m := range mods {
		wg.Go(func() {
			type look struct {
				infos []Info
				err   error
			}
			l, err := call(ctx, m, func() (look, error) {
				infos, err := m.scan()
				return look{infos, err}, nil
			}, nil)
			found[n], failed[n] = l.infos, errors.Join(err, l.err)
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var all []Info
	for _, f := range found {
		all = append(all, f...)
	}
	return all, errors.Join(append(errs, failed...)...)
}

// usable loads the modules. Those that do not load are errors beside the rest.
func usable(named []string) ([]*module, []error) {
	var mods []*module
	var errs []error
	paths := candidates(named)
	for _, p := range paths {
		m, err := openModule(p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		mods = append(mods, m)
	}
	if len(paths) == 0 {
		errs = append(errs, &Error{Kind: NoModule})
	}
	return mods, errs
}

// slots reads the slot list. The lock is held.
func (m *module) slots() ([]Info, error) {
	ids, err := m.p11.GetSlotList(true)
	if err != nil {
		return nil, fmt.Errorf("%s: slot list: %w", m.path, err)
	}
	lib := m.library()
	var infos []Info
	var errs []error
	for _, id := range ids {
		i, err := m.view(id)
		if errors.Is(err, pkcs11.Error(pkcs11.CKR_TOKEN_NOT_PRESENT)) || errors.Is(err, pkcs11.Error(pkcs11.CKR_DEVICE_REMOVED)) {
			continue // taken out since the list was read
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: slot %d: %w", m.path, id, err))
			continue
		}
		if !i.Flags.Initialized && i.Label == "" {
			continue
		}
		i.Library = lib
		infos = append(infos, i)
	}
	return infos, errors.Join(errs...)
}

// library asks the module what it is; a module that does not say is used all the same.
func (m *module) library() Library {
	i, err := m.p11.GetInfo()
	if err != nil {
		return Library{}
	}
	return Library{
		Description:  clean(i.LibraryDescription),
		Manufacturer: clean(i.ManufacturerID),
		Version:      fmt.Sprintf("%d.%d", i.LibraryVersion.Major, i.LibraryVersion.Minor),
	}
}

// view reads what a slot and its token say of themselves. The lock is held.
func (m *module) view(id uint) (Info, error) {
	t, err := m.p11.GetTokenInfo(id)
	if err != nil {
		return Info{}, err
	}
	i := Info{
		Module: m.path, Slot: id,
		Label: clean(t.Label), Serial: clean(t.SerialNumber), Model: clean(t.Model), Manufacturer: clean(t.ManufacturerID),
		Flags: flagsOf(t.Flags),
	}
	if s, err := m.p11.GetSlotInfo(id); err == nil {
		i.SlotDescription, i.SlotManufacturer = clean(s.SlotDescription), clean(s.ManufacturerID)
	}
	return i, nil
}

// scan reads the tokens of the module with their certificates. The lock is held.
func (m *module) scan() ([]Info, error) {
	infos, err := m.slots()
	errs := []error{err}
	for n := range infos {
		i := &infos[n]
		i.Certificates, err = m.certificates(i.Slot)
		if err != nil {
			errs = append(errs, classify(i.Label, "reading certificates", err))
		}
	}
	return infos, errors.Join(errs...)
}

// certificates reads the certificate objects that are visible without a PIN. The lock is held.
func (m *module) certificates(slot uint) ([]Certificate, error) {
	s, err := m.p11.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return nil, err
	}
	defer m.p11.CloseSession(s)
	handles, err := m.find(s, maxCertificates, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE))
	if err != nil {
		return nil, err
	}
	var certs []Certificate
	for _, h := range handles {
		der := m.attribute(s, h, pkcs11.CKA_VALUE)
		if len(der) == 0 || len(der) > maxDER {
			continue // an attribute certificate, or one that lies elsewhere by URL
		}
		c, _, err := parseCertificate(der)
		if err != nil {
			continue
		}
		c.Label = clean(string(m.attribute(s, h, pkcs11.CKA_LABEL)))
		c.ID = m.attribute(s, h, pkcs11.CKA_ID)
		if len(c.ID) > 0 {
			keys, err := m.find(s, 1, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY), pkcs11.NewAttribute(pkcs11.CKA_ID, c.ID))
			c.HasKey = err == nil && len(keys) > 0
		}
		certs = append(certs, c)
	}
	return certs, nil
}

// find searches objects, max at most. The lock is held.
func (m *module) find(s pkcs11.SessionHandle, max int, template ...*pkcs11.Attribute) ([]pkcs11.ObjectHandle, error) {
	if err := m.p11.FindObjectsInit(s, template); err != nil {
		return nil, err
	}
	var all []pkcs11.ObjectHandle
	for len(all) < max {
		h, _, err := m.p11.FindObjects(s, max-len(all))
		if err != nil {
			_ = m.p11.FindObjectsFinal(s)
			return nil, err
		}
		if len(h) == 0 {
			break
		}
		all = append(all, h...)
	}
	return all, m.p11.FindObjectsFinal(s)
}

// attribute reads one attribute, nil when the object does not have or show it.
func (m *module) attribute(s pkcs11.SessionHandle, h pkcs11.ObjectHandle, kind uint) []byte {
	a, err := m.p11.GetAttributeValue(s, h, []*pkcs11.Attribute{pkcs11.NewAttribute(kind, nil)})
	if err != nil || len(a) != 1 {
		return nil
	}
	return a[0].Value
}

// Find returns the one token a URI names. Otherwise the error is an *Error of kind
// NotFound, Ambiguous or NoModule.
func Find(ctx context.Context, named []string, u URI) (Info, error) {
	infos, err := fitting(ctx, named, u)
	if err != nil {
		return Info{}, err
	}
	if len(infos) > 1 {
		return Info{}, ambiguousTokens(infos)
	}
	return infos[0], nil
}

// fitting lists the tokens that a URI fits, at least one. A token that two modules
// show (OpenSC and the maker's own, say) counts once, in the module that comes first.
func fitting(ctx context.Context, named []string, u URI) ([]Info, error) {
	if u.ModulePath != "" {
		named = []string{u.ModulePath}
	}
	all, listErr := List(ctx, named)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var fit []Info
	for _, i := range all {
		if u.fitsToken(i) && u.fitsModule(i.Module) && !shownElsewhere(fit, i) {
			fit = append(fit, i)
		}
	}
	if len(fit) > 0 {
		return fit, nil
	}
	e := &Error{Kind: NotFound, Detail: u.String()}
	if len(all) == 0 && listErr != nil {
		// Nothing to choose from because modules failed: that is the news.
		var te *Error
		if errors.As(listErr, &te) {
			return nil, listErr
		}
		e.Err = listErr
	}
	if len(all) > 0 {
		e.hint = "tokens present:"
		for _, i := range all {
			e.hint += "\n" + i.URI().String()
		}
	}
	return nil, e
}

// shownElsewhere tells a token that another module has shown already: same serial
// number, or the same certificates.
func shownElsewhere(have []Info, i Info) bool {
	for _, h := range have {
		if h.Module == i.Module {
			continue
		}
		if h.Serial != "" && h.Serial == i.Serial && h.Label == i.Label {
			return true
		}
		if len(h.Certificates) > 0 && len(h.Certificates) == len(i.Certificates) && i.holdsAll(h.Certificates) {
			return true
		}
	}
	return false
}

func (i Info) holdsAll(certs []Certificate) bool {
	for _, c := range certs {
		if _, ok := i.holding(c.DER); !ok {
			return false
		}
	}
	return true
}

// holding finds a certificate by its bytes.
func (i Info) holding(der []byte) (Certificate, bool) {
	for _, c := range i.Certificates {
		if bytes.Equal(c.DER, der) {
			return c, true
		}
	}
	return Certificate{}, false
}

func ambiguousTokens(infos []Info) error {
	e := &Error{Kind: Ambiguous, Detail: fmt.Sprintf("%d tokens fit", len(infos)), hint: "name one of them:"}
	for _, i := range infos {
		e.hint += "\n" + i.URI().String()
	}
	return e
}

// CertificateOf returns the token that a URI names and its certificate that the
// URI's object attributes fit (no PIN). Where the attributes leave a choice, a
// certificate that issued another one on the token is not meant, and one whose key
// is visible is preferred; a choice that remains is Ambiguous.
func CertificateOf(ctx context.Context, named []string, u URI) (Info, Certificate, error) {
	i, err := Find(ctx, named, u)
	if err != nil {
		return Info{}, Certificate{}, err
	}
	c, err := i.choose(u)
	return i, c, err
}

// choose picks the certificate that a URI means.
func (i Info) choose(u URI) (Certificate, error) {
	var fit []Certificate
	for _, c := range i.Certificates {
		if u.fitsCertificate(c) {
			fit = append(fit, c)
		}
	}
	if len(fit) == 0 {
		return Certificate{}, i.noCertificate(u)
	}
	for _, prefer := range []func(Certificate) bool{
		func(c Certificate) bool { return !i.issued(c) },
		func(c Certificate) bool { return c.HasKey },
	} {
		if len(fit) > 1 {
			if p := filter(fit, prefer); len(p) > 0 {
				fit = p
			}
		}
	}
	if len(fit) == 1 {
		return fit[0], nil
	}
	e := &Error{Kind: Ambiguous, Token: i.Label, Detail: fmt.Sprintf("%d certificates fit", len(fit)), hint: "name one of them:"}
	for _, c := range fit {
		e.hint += fmt.Sprintf("\n%s   %s", i.CertificateURI(c), c.Subject)
	}
	return Certificate{}, e
}

func (i Info) noCertificate(u URI) error {
	e := &Error{Kind: NoCertificate, Token: i.Label, Detail: u.String()}
	if len(i.Certificates) > 0 {
		e.hint = "certificates on it:"
		for _, c := range i.Certificates {
			e.hint += fmt.Sprintf("\n%s   %s", i.CertificateURI(c), c.Subject)
		}
	}
	return e
}

// issued tells whether c's subject is the issuer of another certificate on the token.
func (i Info) issued(c Certificate) bool {
	for _, o := range i.Certificates {
		if c.Subject != "" && o.Issuer == c.Subject && !bytes.Equal(o.DER, c.DER) {
			return true
		}
	}
	return false
}

func filter(certs []Certificate, keep func(Certificate) bool) []Certificate {
	var kept []Certificate
	for _, c := range certs {
		if keep(c) {
			kept = append(kept, c)
		}
	}
	return kept
}

// PublicKey is the certificate's RSA key, nil when it has none that can be read.
func (c Certificate) PublicKey() crypto.PublicKey {
	_, key, _ := parseCertificate(c.DER)
	return key
}
