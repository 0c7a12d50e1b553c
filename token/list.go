package token

import (
	"context"
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
	all, _, errs := look(ctx, named)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return all, errors.Join(errs...)
}

// look is List, and the number of modules that answered.
func look(ctx context.Context, named []string) (all []Info, answered int, errs []error) {
	mods, errs := usable(named)
	type view struct {
		infos []Info
		err   error
	}
	views := make([]view, len(mods))
	failed := make([]error, len(mods))
	var wg sync.WaitGroup
	for n, m := range mods {
		wg.Go(func() {
			views[n], failed[n] = call(ctx, m, func() (view, error) {
				infos, err := m.scan()
				return view{infos, err}, nil
			}, nil)
		})
	}
	wg.Wait()
	for n, v := range views {
		all = append(all, v.infos...)
		if failed[n] == nil {
			answered++
		}
		for _, err := range []error{failed[n], v.err} {
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
	return all, answered, errs
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
