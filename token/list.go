package token

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
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

	from     string // the name of the module, with its environment
	twin     bool   // another token of the module has the same label and serial number
	signs    bool   // the token has a mechanism to sign with, or does not list any
	blank    bool   // never initialised
	unlocked bool   // the certificates are those that are seen after a login
	unread   error  // why the certificates are not known, where they could not be read
}

// URI names the token by label and serial number; together they stay true when
// another token with the same label is plugged in. One that has neither, or another
// one alike beside it, or was never initialised, is named by its slot, which does not
// stay true.
func (i Info) URI() URI {
	u := URI{Token: i.Label, Serial: i.Serial}
	if i.Label == "" && i.Serial == "" || i.twin || i.blank {
		slot := i.Slot
		u.SlotID = &slot
	}
	if i.blank {
		u.ModulePath = i.Module
	}
	return u
}

// CertificateURI names one certificate of the token, and its key: by id, by label
// where the id is not enough, and by its fingerprint where neither is.
func (i Info) CertificateURI(c Certificate) URI {
	u := i.URI()
	u.ID = c.ID
	if len(c.ID) == 0 || i.fit(u) > 1 {
		u.Object = c.Label
	}
	if len(u.ID) == 0 && u.Object == "" || i.fit(u) > 1 {
		u.SHA256 = c.sha256()[:16]
	}
	return u
}

// fit counts the certificates that a URI fits.
func (i Info) fit(u URI) int {
	n := 0
	for _, c := range i.Certificates {
		if u.fitsCertificate(c) {
			n++
		}
	}
	return n
}

func (i Info) family() family { return familyOf(i.Module, i.Model, i.Manufacturer) }

// sameModule tells whether two tokens were shown by the same module.
func (i Info) sameModule(o Info) bool { return i.Module == o.Module && i.from == o.from }

// alike tells whether two tokens say the same of themselves.
func (i Info) alike(o Info) bool {
	return i.Label == o.Label && i.Serial == o.Serial && i.Model == o.Model && i.Manufacturer == o.Manufacturer
}

// same tells whether two looks were at the same token in the same place.
func (i Info) same(o Info) bool { return i.sameModule(o) && i.Slot == o.Slot && i.alike(o) }

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
	v, err := Look(ctx, named)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	return v.Tokens(), v.Err()
}

// slots reads the slot list. The lock is held.
func (r *running) slots() ([]Info, error) {
	r.looked, r.blanks = true, nil
	ids, err := r.proc.GetSlotList(true)
	if err != nil {
		return nil, r.failed("slot list", err)
	}
	lib := r.library()
	var infos []Info
	var errs []error
	for _, id := range ids {
		i, err := r.view(id)
		if errors.Is(err, pkcs11.Error(pkcs11.CKR_TOKEN_NOT_PRESENT)) || errors.Is(err, pkcs11.Error(pkcs11.CKR_DEVICE_REMOVED)) {
			continue // taken out since the list was read
		}
		if kindOfEnd(err) {
			return nil, r.failed("", err)
		}
		if err != nil {
			errs = r.another(errs, fmt.Sprintf("slot %d", id), err)
			continue
		}
		i.Library = lib
		if !i.Flags.Initialized && i.Label == "" {
			i.blank = true
			r.blanks = append(r.blanks, i)
			continue
		}
		infos = append(infos, i)
	}
	for n := range infos {
		infos[n].twin = slices.ContainsFunc(infos, func(o Info) bool {
			return o.Slot != infos[n].Slot && o.Label == infos[n].Label && o.Serial == infos[n].Serial
		})
	}
	return infos, errors.Join(errs...)
}

// failed wraps an error that belongs to the module and to none of its tokens.
func (r *running) failed(doing string, err error) error {
	if kindOfEnd(err) {
		return &Error{Kind: ModuleFailed, Err: err} // which names the module and the call
	}
	return &Error{Kind: Failed, Detail: message.Phrase("%s: %s", r.path, message.Words(doing)), Err: err, family: familyOf(r.path, "", "")}
}

// another adds the error of a slot, unless one before it has failed alike: where what is
// behind the module has ended, every slot says the same.
func (r *running) another(errs []error, doing string, err error) []error {
	var rv pkcs11.Error
	if errors.As(err, &rv) && slices.ContainsFunc(errs, func(e error) bool { return errors.Is(e, rv) }) {
		return errs
	}
	return append(errs, r.failed(doing, err))
}

// library asks the module what it is; a module that does not say is used all the same.
func (r *running) library() Library {
	i, err := r.proc.GetInfo()
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
func (r *running) view(id uint) (Info, error) {
	t, err := r.proc.GetTokenInfo(id)
	if err != nil {
		return Info{}, err
	}
	i := Info{
		Module: r.path, from: r.name, Slot: id,
		Label: clean(t.Label), Serial: clean(t.SerialNumber), Model: clean(t.Model), Manufacturer: clean(t.ManufacturerID),
		Flags: flagsOf(t.Flags),
	}
	s, err := r.proc.GetSlotInfo(id)
	if kindOfEnd(err) {
		return Info{}, err
	}
	if err == nil {
		i.SlotDescription, i.SlotManufacturer = clean(s.SlotDescription), clean(s.ManufacturerID)
	}
	return i, nil
}

// scan reads the tokens of the module with their certificates. The lock is held.
func (r *running) scan() ([]Info, error) {
	infos, err := r.slots()
	errs := []error{err}
	for n := range infos {
		i := &infos[n]
		err := r.read(i)
		if kindOfEnd(err) {
			return nil, classify(*i, message.Phrase("reading certificates"), err)
		}
		if err != nil {
			i.unread = classify(*i, message.Phrase("reading certificates"), err)
			errs = append(errs, i.unread)
		}
	}
	return infos, errors.Join(errs...)
}

// read adds what takes a session, or time, to a token. The lock is held.
func (r *running) read(i *Info) error {
	mechanisms, err := r.proc.GetMechanismList(i.Slot)
	if kindOfEnd(err) {
		return err
	}
	i.signs = err != nil || len(mechanisms) == 0 || slices.ContainsFunc(mechanisms, func(m uint) bool {
		return m == pkcs11.CKM_RSA_PKCS || m == pkcs11.CKM_RSA_X_509 || m == pkcs11.CKM_SHA1_RSA_PKCS || m == pkcs11.CKM_SHA256_RSA_PKCS
	})
	i.Certificates, err = r.certificates(i.Slot)
	return err
}

// certificates reads the certificate objects that are visible without a PIN. The lock is held.
func (r *running) certificates(slot uint) ([]Certificate, error) {
	s, err := r.proc.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return nil, err
	}
	defer r.proc.CloseSession(s)
	handles, err := r.proc.FindObjects(s, maxCertificates, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE))
	if err != nil {
		return nil, err
	}
	var certs []Certificate
	for _, h := range handles {
		a, err := r.proc.GetAttributes(s, h, pkcs11.CKA_VALUE, pkcs11.CKA_LABEL, pkcs11.CKA_ID)
		if err != nil {
			return nil, err
		}
		der := a[0]
		if len(der) == 0 || len(der) > maxDER {
			continue // an attribute certificate, or one that lies elsewhere by URL
		}
		c, _, err := parseCertificate(der)
		if err != nil {
			continue
		}
		c.Label, c.ID = clean(string(a[1])), a[2]
		if len(c.ID) > 0 {
			keys, err := r.proc.FindObjects(s, 1, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY), pkcs11.NewAttribute(pkcs11.CKA_ID, c.ID))
			c.HasKey = err == nil && len(keys) > 0
		}
		certs = append(certs, c)
	}
	return certs, nil
}
