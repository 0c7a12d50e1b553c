package practice

import (
	"bytes"
	"encoding/asn1"
	"math/big"

	"github.com/miekg/pkcs11"
)

// The objects of every token, by their handles.
const (
	certificateHandle pkcs11.ObjectHandle = iota + 1
	publicHandle
	privateHandle
)

// keyID is the CKA_ID of keys and certificate.
var keyID = []byte{1}

// object lists the attributes of one of a token's objects.
func (t *Token) object(h pkcs11.ObjectHandle) []*pkcs11.Attribute {
	a := func(kind uint, value any) *pkcs11.Attribute { return pkcs11.NewAttribute(kind, value) }
	all := []*pkcs11.Attribute{a(pkcs11.CKA_TOKEN, true), a(pkcs11.CKA_PRIVATE, h == privateHandle), a(pkcs11.CKA_MODIFIABLE, false),
		a(pkcs11.CKA_LABEL, t.Label), a(pkcs11.CKA_ID, keyID)}
	modulus, exponent := t.key.N.Bytes(), big.NewInt(int64(t.key.E)).Bytes()
	switch h {
	case certificateHandle:
		serial, err := asn1.Marshal(t.cert.SerialNumber)
		if err != nil {
			serial = nil // that of a number cannot fail
		}
		return append(all, a(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE), a(pkcs11.CKA_CERTIFICATE_TYPE, pkcs11.CKC_X_509),
			a(pkcs11.CKA_VALUE, t.Certificate), a(pkcs11.CKA_SUBJECT, t.cert.RawSubject), a(pkcs11.CKA_ISSUER, t.cert.RawIssuer),
			a(pkcs11.CKA_SERIAL_NUMBER, serial))
	case publicHandle:
		return append(all, a(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY), a(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_RSA), a(pkcs11.CKA_VERIFY, true),
			a(pkcs11.CKA_MODULUS, modulus), a(pkcs11.CKA_MODULUS_BITS, t.key.N.BitLen()), a(pkcs11.CKA_PUBLIC_EXPONENT, exponent))
	case privateHandle:
		return append(all, a(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY), a(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_RSA), a(pkcs11.CKA_SIGN, true),
			a(pkcs11.CKA_SENSITIVE, true), a(pkcs11.CKA_EXTRACTABLE, false), a(pkcs11.CKA_ALWAYS_AUTHENTICATE, false),
			a(pkcs11.CKA_MODULUS, modulus), a(pkcs11.CKA_PUBLIC_EXPONENT, exponent))
	}
	return nil
}

// fits tells whether an object has every attribute of a template.
func fits(object, template []*pkcs11.Attribute) bool {
	for _, want := range template {
		if got := find(object, want.Type); got == nil || !bytes.Equal(got.Value, want.Value) {
			return false
		}
	}
	return true
}

func find(object []*pkcs11.Attribute, kind uint) *pkcs11.Attribute {
	for _, a := range object {
		if a.Type == kind {
			return a
		}
	}
	return nil
}

// visible lists the objects that a session sees.
func (m *Module) visible(s *session) []pkcs11.ObjectHandle {
	all := []pkcs11.ObjectHandle{certificateHandle, publicHandle}
	if m.logins[s.serial] {
		all = append(all, privateHandle)
	}
	return all
}

// FindObjectsInit is C_FindObjectsInit.
func (m *Module) FindObjectsInit(h pkcs11.SessionHandle, template []*pkcs11.Attribute) error {
	s, t, err := m.session(uint(h))
	if err != nil {
		return err
	}
	if s.finding {
		return pkcs11.Error(pkcs11.CKR_OPERATION_ACTIVE)
	}
	s.finding, s.found = true, nil
	for _, o := range m.visible(s) {
		if fits(t.object(o), template) {
			s.found = append(s.found, o)
		}
	}
	return nil
}

// FindObjects is C_FindObjects. The second value is always false, as that of pkcs11.Ctx.
func (m *Module) FindObjects(h pkcs11.SessionHandle, most int) ([]pkcs11.ObjectHandle, bool, error) {
	s, _, err := m.session(uint(h))
	if err != nil {
		return nil, false, err
	}
	if !s.finding {
		return nil, false, pkcs11.Error(pkcs11.CKR_OPERATION_NOT_INITIALIZED)
	}
	n := min(len(s.found), max(most, 0))
	found := s.found[:n]
	s.found = s.found[n:]
	return found, false, nil
}

// FindObjectsFinal is C_FindObjectsFinal.
func (m *Module) FindObjectsFinal(h pkcs11.SessionHandle) error {
	s, _, err := m.session(uint(h))
	if err != nil {
		return err
	}
	if !s.finding {
		return pkcs11.Error(pkcs11.CKR_OPERATION_NOT_INITIALIZED)
	}
	s.finding, s.found = false, nil
	return nil
}

// GetAttributeValue is C_GetAttributeValue.
func (m *Module) GetAttributeValue(h pkcs11.SessionHandle, o pkcs11.ObjectHandle, kinds []*pkcs11.Attribute) ([]*pkcs11.Attribute, error) {
	s, t, err := m.session(uint(h))
	if err != nil {
		return nil, err
	}
	object := t.object(o)
	if object == nil || o == privateHandle && !m.logins[s.serial] {
		return nil, pkcs11.Error(pkcs11.CKR_OBJECT_HANDLE_INVALID)
	}
	var got []*pkcs11.Attribute
	for _, k := range kinds {
		a := find(object, k.Type)
		if a == nil {
			return nil, pkcs11.Error(pkcs11.CKR_ATTRIBUTE_TYPE_INVALID)
		}
		got = append(got, a)
	}
	return got, nil
}

// errProtected is what everything gets that would put something else on a token.
var errProtected = pkcs11.Error(pkcs11.CKR_TOKEN_WRITE_PROTECTED)

// InitToken is C_InitToken, which is refused.
func (m *Module) InitToken(uint, []byte, [32]byte) error { return errProtected }

// InitPIN is C_InitPIN, which is refused.
func (m *Module) InitPIN(uint, []byte) error { return errProtected }

// CreateObject is C_CreateObject, which is refused.
func (m *Module) CreateObject(pkcs11.SessionHandle, []*pkcs11.Attribute) (pkcs11.ObjectHandle, error) {
	return 0, errProtected
}

// DestroyObject is C_DestroyObject, which is refused.
func (m *Module) DestroyObject(pkcs11.SessionHandle, pkcs11.ObjectHandle) error { return errProtected }

// GenerateKeyPair is C_GenerateKeyPair, which is refused.
func (m *Module) GenerateKeyPair(pkcs11.SessionHandle, []*pkcs11.Mechanism, []*pkcs11.Attribute, []*pkcs11.Attribute) (pub, priv pkcs11.ObjectHandle, err error) {
	return 0, 0, errProtected
}
