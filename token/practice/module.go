package practice

import (
	"crypto/rand"
	"crypto/rsa"
	"slices"

	"github.com/miekg/pkcs11"
)

// Module has the functions of PKCS#11 for the tokens of one file. It is for one goroutine.
// Slot n has the file's token n, as the file is at that moment. What the functions return is
// a pkcs11.Error, or the error of the file.
type Module struct {
	path     string
	ready    bool
	last     uint // session
	sessions map[uint]*session
	logins   map[string]bool // by serial number
}

type session struct {
	slot    uint
	serial  string
	write   bool
	found   []pkcs11.ObjectHandle // what FindObjects has not given yet
	finding bool
	signing bool
}

// Open is the module of a file. The file must be there.
func Open(path string) (*Module, error) {
	tokens, err := List(path)
	if err == nil && tokens == nil {
		err = errNone
	}
	if err != nil {
		return nil, err
	}
	return &Module{path: path}, nil
}

var errNone = noTokens{}

type noTokens struct{}

func (noTokens) Error() string { return "it has no practice tokens" }

// Initialize is C_Initialize.
func (m *Module) Initialize() error {
	if m.ready {
		return pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)
	}
	m.ready, m.sessions, m.logins = true, map[uint]*session{}, map[string]bool{}
	return nil
}

// Finalize is C_Finalize.
func (m *Module) Finalize() error {
	if !m.ready {
		return pkcs11.Error(pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED)
	}
	m.ready, m.sessions, m.logins = false, nil, nil
	return nil
}

// What the module says of itself.
const (
	manufacturer = "ctlclient"
	description  = "PRACTICE tokens, in software"
	model        = "PRACTICE token"
)

// GetInfo is C_GetInfo.
func (m *Module) GetInfo() (pkcs11.Info, error) {
	return pkcs11.Info{CryptokiVersion: pkcs11.Version{Major: 2, Minor: 40}, ManufacturerID: manufacturer,
		LibraryDescription: description, LibraryVersion: pkcs11.Version{Major: 1}}, nil
}

// tokens reads the file. That is a moment's work, and the file is small.
func (m *Module) tokens() ([]*Token, error) {
	if !m.ready {
		return nil, pkcs11.Error(pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED)
	}
	return List(m.path)
}

func (m *Module) token(slot uint) (*Token, error) {
	tokens, err := m.tokens()
	if err != nil {
		return nil, err
	}
	if slot >= uint(len(tokens)) {
		return nil, pkcs11.Error(pkcs11.CKR_SLOT_ID_INVALID)
	}
	return tokens[slot], nil
}

// GetSlotList is C_GetSlotList.
func (m *Module) GetSlotList(bool) ([]uint, error) {
	tokens, err := m.tokens()
	var ids []uint
	for n := range tokens {
		ids = append(ids, uint(n))
	}
	return ids, err
}

// GetSlotInfo is C_GetSlotInfo.
func (m *Module) GetSlotInfo(slot uint) (pkcs11.SlotInfo, error) {
	_, err := m.token(slot)
	return pkcs11.SlotInfo{SlotDescription: description, ManufacturerID: manufacturer,
		Flags: pkcs11.CKF_TOKEN_PRESENT | pkcs11.CKF_REMOVABLE_DEVICE}, err
}

// GetTokenInfo is C_GetTokenInfo.
func (m *Module) GetTokenInfo(slot uint) (pkcs11.TokenInfo, error) {
	t, err := m.token(slot)
	if err != nil {
		return pkcs11.TokenInfo{}, err
	}
	flags := uint(pkcs11.CKF_LOGIN_REQUIRED | pkcs11.CKF_USER_PIN_INITIALIZED | pkcs11.CKF_TOKEN_INITIALIZED)
	switch {
	case t.Tries == 0:
		flags |= pkcs11.CKF_USER_PIN_LOCKED
	case t.Tries == 1:
		flags |= pkcs11.CKF_USER_PIN_FINAL_TRY | pkcs11.CKF_USER_PIN_COUNT_LOW
	case t.Tries < MaxTries:
		flags |= pkcs11.CKF_USER_PIN_COUNT_LOW
	}
	return pkcs11.TokenInfo{Label: t.Label, ManufacturerID: manufacturer, Model: model, SerialNumber: t.Serial, Flags: flags,
		MaxSessionCount: pkcs11.CK_EFFECTIVELY_INFINITE, MaxRwSessionCount: pkcs11.CK_EFFECTIVELY_INFINITE, MinPinLen: minPIN, MaxPinLen: maxPIN}, nil
}

// GetMechanismList is C_GetMechanismList.
func (m *Module) GetMechanismList(slot uint) ([]*pkcs11.Mechanism, error) {
	_, err := m.token(slot)
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil)}, err
}

// OpenSession is C_OpenSession.
func (m *Module) OpenSession(slot, flags uint) (pkcs11.SessionHandle, error) {
	t, err := m.token(slot)
	if err != nil {
		return 0, err
	}
	m.last++
	m.sessions[m.last] = &session{slot: slot, serial: t.Serial, write: flags&pkcs11.CKF_RW_SESSION != 0}
	return pkcs11.SessionHandle(m.last), nil
}

// session finds an open session and its token. The token is gone when another one, or none,
// is in the slot.
func (m *Module) session(h uint) (*session, *Token, error) {
	s := m.sessions[h]
	if s == nil {
		return nil, nil, pkcs11.Error(pkcs11.CKR_SESSION_HANDLE_INVALID)
	}
	t, err := m.token(s.slot)
	if err != nil {
		return nil, nil, err
	}
	if t.Serial != s.serial {
		return nil, nil, pkcs11.Error(pkcs11.CKR_DEVICE_REMOVED)
	}
	return s, t, nil
}

// CloseSession is C_CloseSession. The last session of a token takes the login with it.
func (m *Module) CloseSession(h pkcs11.SessionHandle) error {
	s := m.sessions[uint(h)]
	if s == nil {
		return pkcs11.Error(pkcs11.CKR_SESSION_HANDLE_INVALID)
	}
	delete(m.sessions, uint(h))
	for _, o := range m.sessions {
		if o.serial == s.serial {
			return nil
		}
	}
	delete(m.logins, s.serial)
	return nil
}

// Login is C_Login.
func (m *Module) Login(h, user uint, pin []byte) error {
	s, _, err := m.session(h)
	switch {
	case err != nil:
		return err
	case user != pkcs11.CKU_USER:
		return pkcs11.Error(pkcs11.CKR_USER_TYPE_INVALID)
	case m.logins[s.serial]:
		return pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)
	}
	if err := m.try(s, pin, nil); err != nil {
		return err
	}
	m.logins[s.serial] = true
	return nil
}

// try is one attempt with a PIN; the count is on the disk before the answer is known. With a
// right one the tries are full again, and then does what else is to be done.
func (m *Module) try(s *session, pin []byte, then func(*Token) error) error {
	var answer error
	err := change(m.path, func(f *file) error {
		n := slices.IndexFunc(f.Tokens, func(t *Token) bool { return t.Serial == s.serial })
		if n < 0 {
			return pkcs11.Error(pkcs11.CKR_DEVICE_REMOVED)
		}
		t := f.Tokens[n]
		if t.Tries == 0 {
			return pkcs11.Error(pkcs11.CKR_PIN_LOCKED)
		}
		if !t.hasPIN(pin) {
			t.Tries--
			answer = pkcs11.Error(pkcs11.CKR_PIN_INCORRECT)
			return nil
		}
		t.Tries = MaxTries
		if then != nil {
			return then(t)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return answer
}

// Logout is C_Logout.
func (m *Module) Logout(h pkcs11.SessionHandle) error {
	s, _, err := m.session(uint(h))
	if err != nil {
		return err
	}
	if !m.logins[s.serial] {
		return pkcs11.Error(pkcs11.CKR_USER_NOT_LOGGED_IN)
	}
	delete(m.logins, s.serial)
	return nil
}

// SetPIN is C_SetPIN.
func (m *Module) SetPIN(h uint, old, new []byte) error {
	s, _, err := m.session(h)
	switch {
	case err != nil:
		return err
	case !s.write:
		return pkcs11.Error(pkcs11.CKR_SESSION_READ_ONLY)
	case len(new) < minPIN || len(new) > maxPIN:
		return pkcs11.Error(pkcs11.CKR_PIN_LEN_RANGE)
	}
	return m.try(s, old, func(t *Token) error { return t.setPIN(new) })
}

// GetSessionInfo is C_GetSessionInfo.
func (m *Module) GetSessionInfo(h pkcs11.SessionHandle) (pkcs11.SessionInfo, error) {
	s, _, err := m.session(uint(h))
	if err != nil {
		return pkcs11.SessionInfo{}, err
	}
	i := pkcs11.SessionInfo{SlotID: s.slot, State: pkcs11.CKS_RO_PUBLIC_SESSION, Flags: pkcs11.CKF_SERIAL_SESSION}
	in := m.logins[s.serial]
	switch {
	case in && s.write:
		i.State = pkcs11.CKS_RW_USER_FUNCTIONS
	case in:
		i.State = pkcs11.CKS_RO_USER_FUNCTIONS
	case s.write:
		i.State = pkcs11.CKS_RW_PUBLIC_SESSION
	}
	if s.write {
		i.Flags |= pkcs11.CKF_RW_SESSION
	}
	return i, nil
}

// SignInit is C_SignInit: CKM_RSA_PKCS with the private key, after a login.
func (m *Module) SignInit(h pkcs11.SessionHandle, mechanisms []*pkcs11.Mechanism, key pkcs11.ObjectHandle) error {
	s, _, err := m.session(uint(h))
	switch {
	case err != nil:
		return err
	case !m.logins[s.serial]:
		return pkcs11.Error(pkcs11.CKR_USER_NOT_LOGGED_IN)
	case key != privateHandle:
		return pkcs11.Error(pkcs11.CKR_KEY_HANDLE_INVALID)
	case len(mechanisms) != 1 || mechanisms[0].Mechanism != pkcs11.CKM_RSA_PKCS:
		return pkcs11.Error(pkcs11.CKR_MECHANISM_INVALID)
	}
	s.signing = true
	return nil
}

// Sign is C_Sign: data is a whole DigestInfo, size the room for the signature.
func (m *Module) Sign(h uint, data []byte, size int) ([]byte, error) {
	s, t, err := m.session(h)
	switch {
	case err != nil:
		return nil, err
	case !s.signing:
		return nil, pkcs11.Error(pkcs11.CKR_OPERATION_NOT_INITIALIZED)
	case size < t.key.Size():
		return nil, pkcs11.Error(pkcs11.CKR_BUFFER_TOO_SMALL)
	}
	s.signing = false
	if !m.logins[s.serial] {
		return nil, pkcs11.Error(pkcs11.CKR_USER_NOT_LOGGED_IN)
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, t.key, 0, data)
	if err != nil {
		return nil, pkcs11.Error(pkcs11.CKR_DATA_LEN_RANGE)
	}
	return signature, nil
}
