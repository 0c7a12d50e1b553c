package softhsm

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/token/host"
	"ctlclient/token/practice"
)

// Spec of a token to make. The zero value makes one like an old eToken.
type Spec struct {
	Label       string // e.g. SAST-1; default: the CN without its blanks; 32 bytes at most
	CN          string // default "SAST-ADN" + 8 hex + 8 blanks
	PIN         string // default Cisco123
	SOPIN       string // default Cisco123-SO
	KeyBits     int    // default 1024, as the old eTokens
	NoPublicKey bool   // leave the public key object out
	Practice    bool   // mark the certificate as a practice token's: it signs for practice clusters alone
	NotBefore   time.Time
	NotAfter    time.Time // default ten years after NotBefore

	Key                *rsa.PrivateKey // put this key on the token instead of making one there
	AlwaysAuthenticate bool            // the key wants the PIN for each signature (CKA_ALWAYS_AUTHENTICATE)
	PrivateCertificate bool            // the certificate can be seen after a login alone
	NoCertificate      bool            // leave the certificate object out
	NoPrivateKey       bool            // a certificate alone
	KeyID              []byte          // CKA_ID of the keys where it is to differ from the certificate's
	DER                []byte          // put these bytes on the token as its certificate
}

// Token made.
type Token struct {
	Label, Serial, URI string // Serial is the token's own, not its certificate's
	Certificate        []byte // DER
	PIN                string
}

// DefaultPIN is what eTokens are delivered with. Practice tokens have it too.
const DefaultPIN = practice.DefaultPIN

// keyID is the CKA_ID of key and certificate.
var keyID = []byte{1}

func (sp Spec) withDefaults() (Spec, error) {
	if sp.CN == "" {
		var b [4]byte
		if _, err := rand.Read(b[:]); err != nil {
			return sp, err
		}
		sp.CN = fmt.Sprintf("SAST-ADN%08x        ", b)
	}
	if sp.Label == "" {
		sp.Label = strings.TrimSpace(sp.CN)
	}
	if len(sp.Label) > 32 {
		return sp, message.Errorf("token label %q: longer than 32 bytes", sp.Label)
	}
	if sp.PIN == "" {
		sp.PIN = DefaultPIN
	}
	if sp.SOPIN == "" {
		sp.SOPIN = DefaultPIN + "-SO"
	}
	if sp.KeyBits == 0 {
		sp.KeyBits = 1024
	}
	if sp.KeyBits < 1024 || sp.KeyBits > 4096 || sp.KeyBits%1024 != 0 {
		return sp, message.Errorf("key size %d: not one of 1024, 2048, 3072, 4096", sp.KeyBits)
	}
	if sp.KeyID == nil {
		sp.KeyID = keyID
	}
	if sp.NotBefore.IsZero() {
		sp.NotBefore = time.Now().Add(-24 * time.Hour).Truncate(time.Second)
	}
	if sp.NotAfter.IsZero() {
		sp.NotAfter = sp.NotBefore.AddDate(10, 0, 0)
	}
	return sp, nil
}

// Create makes a token with key pair and certificate issued by a practice "Cisco
// Manufacturing CA". Two tokens may have the same label.
func (s *Store) Create(sp Spec) (*Token, error) {
	sp, err := sp.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &Token{Label: sp.Label, PIN: sp.PIN}
	err = s.exclusive(func(p *host.Process) error { return t.make(p, sp) })
	if err != nil {
		return nil, message.Errorf("making token %q: %w", sp.Label, err)
	}
	t.URI = token.URI{Token: t.Label, Serial: t.Serial}.String()
	return t, nil
}

func (t *Token) make(p *host.Process, sp Spec) error {
	slot, err := blankSlot(p)
	if err != nil {
		return err
	}
	if err := p.InitToken(slot, []byte(sp.SOPIN), sp.Label); err != nil {
		return message.Errorf("C_InitToken: %w", err)
	}
	session, err := p.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return message.Errorf("C_OpenSession: %w", err)
	}
	defer p.CloseSession(session)
	if err := setUserPIN(p, session, sp); err != nil {
		return err
	}
	info, err := p.GetTokenInfo(slot)
	if err != nil {
		return message.Errorf("C_GetTokenInfo: %w", err)
	}
	t.Serial = strings.TrimRight(info.SerialNumber, " \x00")
	if err := p.Login(session, pkcs11.CKU_USER, []byte(sp.PIN)); err != nil {
		return message.Errorf("C_Login: %w", err)
	}
	defer p.Logout(session)
	pub, err := makeKeys(p, session, sp)
	if err != nil {
		return err
	}
	if t.Certificate = sp.DER; t.Certificate == nil {
		if t.Certificate, err = issue(sp, pub); err != nil {
			return err
		}
	}
	if sp.NoCertificate {
		return nil
	}
	return storeCertificate(p, session, sp, t.Certificate)
}

// blankSlot finds the slot that SoftHSM keeps for the next token.
func blankSlot(p *host.Process) (uint, error) {
	slots, err := p.GetSlotList(true)
	if err != nil {
		return 0, message.Errorf("C_GetSlotList: %w", err)
	}
	for _, id := range slots {
		if t, err := p.GetTokenInfo(id); err == nil && t.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			return id, nil
		}
	}
	return 0, message.NewError("SoftHSM has no blank slot")
}

func setUserPIN(p *host.Process, session pkcs11.SessionHandle, sp Spec) error {
	if err := p.Login(session, pkcs11.CKU_SO, []byte(sp.SOPIN)); err != nil {
		return message.Errorf("C_Login as security officer: %w", err)
	}
	defer p.Logout(session)
	if err := p.InitPIN(session, []byte(sp.PIN)); err != nil {
		return message.Errorf("C_InitPIN: %w", err)
	}
	return nil
}

// makeKeys puts the key pair on the token and returns its public half.
func makeKeys(p *host.Process, session pkcs11.SessionHandle, sp Spec) (*rsa.PublicKey, error) {
	if sp.Key != nil {
		return &sp.Key.PublicKey, importKeys(p, session, sp)
	}
	pub, priv, err := p.GenerateKeyPair(session, pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN,
		append(publicTemplate(sp),
			pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, sp.KeyBits),
			pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1})),
		privateTemplate(sp))
	if err != nil {
		return nil, message.Errorf("C_GenerateKeyPair: %w", err)
	}
	a, err := p.GetAttributes(session, pub, pkcs11.CKA_MODULUS, pkcs11.CKA_PUBLIC_EXPONENT)
	if err != nil {
		return nil, message.Errorf("reading the public key: %w", err)
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(a[0]), E: int(new(big.Int).SetBytes(a[1]).Int64())}
	if sp.NoPublicKey {
		err = p.DestroyObject(session, pub)
	}
	if err == nil && sp.NoPrivateKey {
		err = p.DestroyObject(session, priv)
	}
	if err != nil {
		return nil, message.Errorf("C_DestroyObject: %w", err)
	}
	return key, nil
}

func importKeys(p *host.Process, session pkcs11.SessionHandle, sp Spec) error {
	k := sp.Key
	k.Precompute()
	num := func(kind uint, n *big.Int) *pkcs11.Attribute { return pkcs11.NewAttribute(kind, n.Bytes()) }
	e := big.NewInt(int64(k.E))
	if !sp.NoPublicKey {
		_, err := p.CreateObject(session, append(publicTemplate(sp),
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY),
			num(pkcs11.CKA_MODULUS, k.N), num(pkcs11.CKA_PUBLIC_EXPONENT, e)))
		if err != nil {
			return message.Errorf("C_CreateObject of the public key: %w", err)
		}
	}
	if sp.NoPrivateKey {
		return nil
	}
	_, err := p.CreateObject(session, append(privateTemplate(sp),
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY),
		num(pkcs11.CKA_MODULUS, k.N), num(pkcs11.CKA_PUBLIC_EXPONENT, e), num(pkcs11.CKA_PRIVATE_EXPONENT, k.D),
		num(pkcs11.CKA_PRIME_1, k.Primes[0]), num(pkcs11.CKA_PRIME_2, k.Primes[1]),
		num(pkcs11.CKA_EXPONENT_1, k.Precomputed.Dp), num(pkcs11.CKA_EXPONENT_2, k.Precomputed.Dq),
		num(pkcs11.CKA_COEFFICIENT, k.Precomputed.Qinv)))
	if err != nil {
		return message.Errorf("C_CreateObject of the private key: %w", err)
	}
	return nil
}

func publicTemplate(sp Spec) []*pkcs11.Attribute {
	return []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_RSA),
		pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true),
		pkcs11.NewAttribute(pkcs11.CKA_ID, sp.KeyID),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, sp.Label),
	}
}

func privateTemplate(sp Spec) []*pkcs11.Attribute {
	return []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_RSA),
		pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
		pkcs11.NewAttribute(pkcs11.CKA_ALWAYS_AUTHENTICATE, sp.AlwaysAuthenticate),
		pkcs11.NewAttribute(pkcs11.CKA_ID, sp.KeyID),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, sp.Label),
	}
}
