package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/ThalesIgnite/crypto11"
	"github.com/miekg/pkcs11"
)

// wrapperSessions is what crypto11 opens: one that stays and one that signs.
const wrapperSessions = 2

// digestInfo is the DER in front of a digest in a PKCS#1 v1.5 signature (RFC 8017,
// section 9.2, note 1).
var digestInfo = map[crypto.Hash][]byte{
	crypto.SHA1:   {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14},
	crypto.SHA224: {0x30, 0x2d, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04, 0x05, 0x00, 0x04, 0x1c},
	crypto.SHA256: {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	crypto.SHA384: {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30},
	crypto.SHA512: {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40},
}

var errClosed = errors.New("the signer is closed")

// SignContext is Sign with a context of its own.
func (s *Signer) SignContext(ctx context.Context, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if _, pss := opts.(*rsa.PSSOptions); pss {
		return nil, errors.New("token: RSA-PSS signatures are not made: phones verify PKCS#1 v1.5")
	}
	if opts == nil || digestInfo[opts.HashFunc()] == nil {
		return nil, errors.New("token: the digest must be SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512")
	}
	hash := opts.HashFunc()
	if len(digest) != hash.Size() {
		return nil, fmt.Errorf("token: a %s digest has %d bytes, not %d", hash, hash.Size(), len(digest))
	}
	var pin []byte
	if s.askAlways {
		now, err := call(ctx, s.mod, func() (Info, error) { return s.mod.again(s.info) }, nil)
		if err != nil {
			return nil, err
		}
		if err := checkTries(now, s.o.AllowFinalTry); err != nil {
			return nil, err
		}
		if pin, err = askPIN(ctx, now, s.o, PINRequest{Context: true}, s.ask); err != nil {
			return nil, err
		}
	}
	defer s.o.slow(s.info.Label)()
	digest = bytes.Clone(digest)
	return call(ctx, s.mod, func() ([]byte, error) {
		sig, err := s.sign(digest, hash, pin)
		if err != nil {
			return nil, s.signFailed(err)
		}
		return sig, nil
	}, nil, pin)
}

// signFailed sorts the error of a signature. A token that has gone says so in many
// ways, DEVICE_ERROR and GENERAL_ERROR among them, so its slot is asked too. The
// lock is held.
func (s *Signer) signFailed(err error) error {
	if errors.Is(err, errClosed) {
		return err
	}
	err = classify(s.info.Label, "signing", err)
	var e *Error
	if errors.As(err, &e) && e.Kind == Failed {
		if _, gone := s.mod.again(s.info); errors.Is(gone, Removed) {
			e.Kind = Removed
		}
	}
	return err
}

// sign makes one signature. The lock is held.
func (s *Signer) sign(digest []byte, hash crypto.Hash, pin []byte) ([]byte, error) {
	if s.closed {
		return nil, errClosed
	}
	if s.wrapped != nil {
		sig, err := s.wrapped.Sign(nil, digest, hash)
		if err != nil {
			// Its session goes back to the pool in the middle of an operation,
			// and would stay there.
			s.wrapped = nil
		}
		return sig, err
	}
	m := s.mod
	// A session of its own for each signature: one that fails halfway leaves
	// nothing behind, and the login stays with the other session.
	session, err := m.p11.OpenSession(s.info.Slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return nil, err
	}
	defer m.p11.CloseSession(session)
	mech := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil)}
	if err := m.p11.SignInit(session, mech, s.key); err != nil {
		return nil, err
	}
	if s.askAlways {
		if err := m.lib.login(session, pkcs11.CKU_CONTEXT_SPECIFIC, pin); err != nil {
			return nil, m.loginFailed(s.info, "login for this signature", err)
		}
	}
	return m.p11.Sign(session, append(bytes.Clone(digestInfo[hash]), digest...))
}

// wrap sets crypto11 up on a token that it can serve, nil where it cannot or must
// not: see the package comment. It begins with a C_Initialize of its own, so it
// comes before our session is opened. The lock is held.
func (m *module) wrap(i Info, c Certificate) *crypto11.Context {
	if m.signers > 0 || m.foreign || len(m.init) > 0 || len(c.ID) == 0 || i.Flags.WriteProtected || !m.sessionsFor(i.Slot) || !m.hasPublicKey(i.Slot, c.ID) {
		return nil
	}
	m.finalize()
	slot := int(i.Slot)
	w, err := crypto11.Configure(&crypto11.Config{Path: m.path, SlotNumber: &slot, LoginNotSupported: true, MaxSessions: wrapperSessions})
	if err == nil {
		m.wrapped = append(m.wrapped, w)
		m.initialized, m.foreign = true, false
	} else if m.enter() != nil {
		return nil // opening our own session reports why
	}
	// Initialising may have numbered the slots anew.
	if _, again := m.again(i); again != nil || err != nil {
		if err == nil {
			m.finalize()
			_ = m.enter()
		}
		return nil
	}
	return w
}

// sessionsFor tells whether the token can open what crypto11 opens beside our own.
func (m *module) sessionsFor(slot uint) bool {
	t, err := m.p11.GetTokenInfo(slot)
	if err != nil {
		return false
	}
	enough := func(n, want uint) bool {
		return n == pkcs11.CK_EFFECTIVELY_INFINITE || n > 1<<31-1 || n >= want
	}
	return enough(t.MaxRwSessionCount, wrapperSessions) && enough(t.MaxSessionCount, wrapperSessions+2)
}

// hasPublicKey tells whether a public key object with the id is visible without a PIN.
func (m *module) hasPublicKey(slot uint, id []byte) bool {
	s, err := m.p11.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return false
	}
	defer m.p11.CloseSession(s)
	keys, err := m.find(s, 1, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY), pkcs11.NewAttribute(pkcs11.CKA_ID, id))
	return err == nil && len(keys) > 0
}

// wrappedKey finds the key through crypto11, nil when it does not find the one that
// belongs to the certificate. The lock is held.
func wrappedKey(w *crypto11.Context, c Certificate, pub *rsa.PublicKey) crypto11.Signer {
	keys, err := w.FindKeyPairs(c.ID, nil)
	if err != nil {
		return nil
	}
	for _, k := range keys {
		if p, ok := k.Public().(*rsa.PublicKey); ok && p.N.Cmp(pub.N) == 0 {
			return k
		}
	}
	return nil
}
