package host

import (
	"github.com/miekg/pkcs11"

	"ctlclient/token/practice"
)

// module has the functions of PKCS#11 in use: a library, or practice tokens of our own.
type module interface {
	Initialize() error
	Finalize() error
	GetInfo() (pkcs11.Info, error)
	GetSlotList(present bool) ([]uint, error)
	GetSlotInfo(slot uint) (pkcs11.SlotInfo, error)
	GetTokenInfo(slot uint) (pkcs11.TokenInfo, error)
	GetMechanismList(slot uint) ([]*pkcs11.Mechanism, error)
	InitToken(slot uint, pin []byte, label [32]byte) error
	InitPIN(session uint, pin []byte) error
	SetPIN(session uint, old, new []byte) error
	OpenSession(slot, flags uint) (pkcs11.SessionHandle, error)
	CloseSession(pkcs11.SessionHandle) error
	Login(session, user uint, pin []byte) error
	Logout(pkcs11.SessionHandle) error
	GetSessionInfo(pkcs11.SessionHandle) (pkcs11.SessionInfo, error)
	CreateObject(pkcs11.SessionHandle, []*pkcs11.Attribute) (pkcs11.ObjectHandle, error)
	DestroyObject(pkcs11.SessionHandle, pkcs11.ObjectHandle) error
	GetAttributeValue(pkcs11.SessionHandle, pkcs11.ObjectHandle, []*pkcs11.Attribute) ([]*pkcs11.Attribute, error)
	FindObjectsInit(pkcs11.SessionHandle, []*pkcs11.Attribute) error
	FindObjects(s pkcs11.SessionHandle, most int) ([]pkcs11.ObjectHandle, bool, error)
	FindObjectsFinal(pkcs11.SessionHandle) error
	SignInit(pkcs11.SessionHandle, []*pkcs11.Mechanism, pkcs11.ObjectHandle) error
	Sign(session uint, data []byte, size int) ([]byte, error)
	GenerateKeyPair(s pkcs11.SessionHandle, m []*pkcs11.Mechanism, public, private []*pkcs11.Attribute) (pub, priv pkcs11.ObjectHandle, err error)
}

var (
	_ module = (*library)(nil)
	_ module = (*practice.Module)(nil)
)

// open loads the library at path, or takes the practice tokens of the file there.
func open(path, reserved string) (module, error) {
	if practice.Is(path) {
		return practice.Open(path)
	}
	return loadLibrary(path, reserved)
}
