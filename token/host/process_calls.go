package host

import (
	"crypto"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
)

var errAnswer = message.NewError("the module host gave an answer that cannot be read")

// get makes a call and checks that what f takes from the answer was there.
func (p *Process) get(o op, request *fields, f func(*args)) error {
	a, err := p.call(o, request)
	if err != nil {
		return err
	}
	if f != nil {
		f(a)
	}
	if a.bad {
		return errAnswer
	}
	return nil
}

// Initialize calls C_Initialize, with locking where the module takes that.
func (p *Process) Initialize() error { return p.get(opInitialize, &fields{}, nil) }

// Finalize calls C_Finalize.
func (p *Process) Finalize() error { return p.get(opFinalize, &fields{}, nil) }

// GetInfo calls C_GetInfo.
func (p *Process) GetInfo() (i pkcs11.Info, err error) {
	err = p.get(opGetInfo, &fields{}, func(a *args) {
		i.CryptokiVersion = pkcs11.Version{Major: byte(a.num()), Minor: byte(a.num())}
		i.LibraryVersion = pkcs11.Version{Major: byte(a.num()), Minor: byte(a.num())}
		i.LibraryDescription, i.ManufacturerID = string(a.blob()), string(a.blob())
	})
	return i, err
}

// GetSlotList calls C_GetSlotList.
func (p *Process) GetSlotList(present bool) (ids []uint, err error) {
	err = p.get(opGetSlotList, new(fields).num(flag(present)), func(a *args) { ids = a.rest() })
	return ids, err
}

// GetSlotInfo calls C_GetSlotInfo.
func (p *Process) GetSlotInfo(slot uint) (i pkcs11.SlotInfo, err error) {
	err = p.get(opGetSlotInfo, new(fields).num(slot), func(a *args) {
		i.Flags, i.SlotDescription, i.ManufacturerID = a.num(), string(a.blob()), string(a.blob())
	})
	return i, err
}

// GetTokenInfo calls C_GetTokenInfo; the counters of memory and of sessions that are
// open are left out.
func (p *Process) GetTokenInfo(slot uint) (i pkcs11.TokenInfo, err error) {
	err = p.get(opGetTokenInfo, new(fields).num(slot), func(a *args) {
		i.Flags, i.MaxSessionCount, i.MaxRwSessionCount, i.MinPinLen, i.MaxPinLen = a.num(), a.num(), a.num(), a.num(), a.num()
		i.Label, i.ManufacturerID, i.Model, i.SerialNumber = string(a.blob()), string(a.blob()), string(a.blob()), string(a.blob())
	})
	return i, err
}

// GetMechanismList calls C_GetMechanismList.
func (p *Process) GetMechanismList(slot uint) (mechanisms []uint, err error) {
	err = p.get(opGetMechanismList, new(fields).num(slot), func(a *args) { mechanisms = a.rest() })
	return mechanisms, err
}

// InitToken calls C_InitToken: everything on the token is erased. A nil PIN is that
// of the token's own keypad. The label has 32 bytes at most.
func (p *Process) InitToken(slot uint, soPIN []byte, label string) error {
	return p.get(opInitToken, new(fields).num(slot).pin(soPIN).text(label), nil)
}

// InitPIN calls C_InitPIN.
func (p *Process) InitPIN(s pkcs11.SessionHandle, pin []byte) error {
	return p.get(opInitPIN, new(fields).num(uint(s)).pin(pin), nil)
}

// SetPIN calls C_SetPIN once. nil is the PIN of the token's own keypad.
func (p *Process) SetPIN(s pkcs11.SessionHandle, old, new []byte) error {
	var f fields
	return p.get(opSetPIN, f.num(uint(s)).pin(old).pin(new), nil)
}

// OpenSession calls C_OpenSession.
func (p *Process) OpenSession(slot, flags uint) (s pkcs11.SessionHandle, err error) {
	err = p.get(opOpenSession, new(fields).num(slot, flags), func(a *args) { s = pkcs11.SessionHandle(a.num()) })
	return s, err
}

// CloseSession calls C_CloseSession.
func (p *Process) CloseSession(s pkcs11.SessionHandle) error {
	return p.get(opCloseSession, new(fields).num(uint(s)), nil)
}

// Login calls C_Login once. nil is the PIN of the token's own keypad.
func (p *Process) Login(s pkcs11.SessionHandle, user uint, pin []byte) error {
	return p.get(opLogin, new(fields).num(uint(s), user).pin(pin), nil)
}

// Logout calls C_Logout.
func (p *Process) Logout(s pkcs11.SessionHandle) error {
	return p.get(opLogout, new(fields).num(uint(s)), nil)
}

// GetSessionInfo calls C_GetSessionInfo.
func (p *Process) GetSessionInfo(s pkcs11.SessionHandle) (i pkcs11.SessionInfo, err error) {
	err = p.get(opGetSessionInfo, new(fields).num(uint(s)), func(a *args) {
		i = pkcs11.SessionInfo{SlotID: a.num(), State: a.num(), Flags: a.num(), DeviceError: a.num()}
	})
	return i, err
}

func (f *fields) attributes(template []*pkcs11.Attribute) *fields {
	f.num(uint(len(template)))
	for _, a := range template {
		f.num(a.Type).blob(a.Value)
	}
	return f
}

// CreateObject calls C_CreateObject.
func (p *Process) CreateObject(s pkcs11.SessionHandle, template []*pkcs11.Attribute) (h pkcs11.ObjectHandle, err error) {
	err = p.get(opCreateObject, new(fields).num(uint(s)).attributes(template), func(a *args) { h = pkcs11.ObjectHandle(a.num()) })
	return h, err
}

// DestroyObject calls C_DestroyObject.
func (p *Process) DestroyObject(s pkcs11.SessionHandle, h pkcs11.ObjectHandle) error {
	return p.get(opDestroyObject, new(fields).num(uint(s), uint(h)), nil)
}

// GetAttributes calls C_GetAttributeValue for each of the attributes. Those that the
// object does not have or show, and those longer than 64 KiB, are empty.
func (p *Process) GetAttributes(s pkcs11.SessionHandle, h pkcs11.ObjectHandle, kinds ...uint) ([][]byte, error) {
	values := make([][]byte, len(kinds))
	err := p.get(opGetAttributes, new(fields).num(uint(s), uint(h)).num(kinds...), func(a *args) {
		for n := range values {
			values[n] = a.blob()
		}
	})
	return values, err
}

// FindObjects calls C_FindObjectsInit, C_FindObjects and C_FindObjectsFinal, for most
// objects at most.
func (p *Process) FindObjects(s pkcs11.SessionHandle, most int, template ...*pkcs11.Attribute) (found []pkcs11.ObjectHandle, err error) {
	err = p.get(opFindObjects, new(fields).num(uint(s), uint(most)).attributes(template), func(a *args) {
		for _, h := range a.rest() {
			found = append(found, pkcs11.ObjectHandle(h))
		}
	})
	return found, err
}

// SignInit calls C_SignInit with a mechanism that has no parameters.
func (p *Process) SignInit(s pkcs11.SessionHandle, mechanism uint, key pkcs11.ObjectHandle) error {
	return p.get(opSignInit, new(fields).num(uint(s), mechanism, uint(key)), nil)
}

// Sign calls C_Sign once, with room for size bytes.
func (p *Process) Sign(s pkcs11.SessionHandle, data []byte, size int) (signature []byte, err error) {
	err = p.get(opSign, new(fields).num(uint(s), uint(size)).blob(data), func(a *args) { signature = a.blob() })
	return signature, err
}

// GenerateKeyPair calls C_GenerateKeyPair with a mechanism that has no parameters.
func (p *Process) GenerateKeyPair(s pkcs11.SessionHandle, mechanism uint, public, private []*pkcs11.Attribute) (pub, priv pkcs11.ObjectHandle, err error) {
	request := new(fields).num(uint(s), mechanism).attributes(public).attributes(private)
	err = p.get(opGenerateKeyPair, request, func(a *args) { pub, priv = pkcs11.ObjectHandle(a.num()), pkcs11.ObjectHandle(a.num()) })
	return pub, priv, err
}

// Wrap sets crypto11 up on a token. It comes before any session is opened; where it
// does not succeed the module may be finalised.
func (p *Process) Wrap(slot uint) (ok, finalized bool, err error) {
	err = p.get(opWrap, new(fields).num(slot), func(a *args) {
		n := a.num()
		ok, finalized = n == wrapDone, n == wrapFinalized
	})
	return ok, finalized, err
}

// WrappedKey finds the key with an id and a modulus through crypto11, after the login.
func (p *Process) WrappedKey(id, modulus []byte) (found bool, err error) {
	err = p.get(opWrappedKey, new(fields).blob(id, modulus), func(a *args) { found = a.num() != 0 })
	return found, err
}

// WrappedSign signs a digest with the key that WrappedKey found.
func (p *Process) WrappedSign(hash crypto.Hash, digest []byte) (signature []byte, err error) {
	err = p.get(opWrappedSign, new(fields).num(uint(hash)).blob(digest), func(a *args) { signature = a.blob() })
	return signature, err
}

// Unwrap closes what Wrap opened.
func (p *Process) Unwrap() error { return p.get(opUnwrap, &fields{}, nil) }
