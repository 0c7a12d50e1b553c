package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"

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
		now, err := call(ctx, s.mod, s.stillThere, nil)
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
	return call(ctx, s.mod, func(r *running) ([]byte, error) {
		sig, err := s.sign(r, digest, hash, pin)
		if err != nil {
			return nil, s.signFailed(err)
		}
		return sig, nil
	}, nil, pin)
}

// stillThere looks at the token again. The lock is held.
func (s *Signer) stillThere(r *running) (Info, error) {
	if err := s.lives(r); err != nil {
		return Info{}, err
	}
	return r.again(s.info, nil)
}

// lives tells whether the signer is open, in the process in which it was opened.
func (s *Signer) lives(r *running) error {
	if s.closed {
		return errClosed
	}
	if r == s.run {
		return nil
	}
	return &Error{Kind: Removed, Token: s.info.Label, Detail: "its module was started anew and has forgotten the login", Err: s.run.proc.Dead()}
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
		if _, gone := s.run.again(s.info, nil); errors.Is(gone, Removed) {
			e.Kind = Removed
		}
	}
	return err
}

// sign makes one signature. The lock is held.
func (s *Signer) sign(r *running, digest []byte, hash crypto.Hash, pin []byte) ([]byte, error) {
	if err := s.lives(r); err != nil {
		return nil, err
	}
	if s.wrapped {
		sig, err := r.proc.WrappedSign(hash, digest)
		if err != nil {
			// Its session goes back to the pool in the middle of an operation,
			// and would stay there.
			s.wrapped = false
		}
		return sig, err
	}
	// A session of its own for each signature: one that fails halfway leaves
	// nothing behind, and the login stays with the other session.
	session, err := r.proc.OpenSession(s.info.Slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return nil, err
	}
	defer r.proc.CloseSession(session)
	if err := r.proc.SignInit(session, pkcs11.CKM_RSA_PKCS, s.key); err != nil {
		return nil, err
	}
	if s.askAlways {
		if err := r.proc.Login(session, pkcs11.CKU_CONTEXT_SPECIFIC, pin); err != nil {
			return nil, r.loginFailed(s.info, "login for this signature", err)
		}
	}
	return r.proc.Sign(session, append(bytes.Clone(digestInfo[hash]), digest...), s.pub.Size())
}

// wrap sets crypto11 up on a token that it can serve: see the package comment. It
// finalises the module where it fails, so it comes before our session is opened, and
// gives the token as it is then. The lock is held.
func (r *running) wrap(i Info, c Certificate) (bool, Info, error) {
	if r.signers > 0 || len(c.ID) == 0 || i.Flags.WriteProtected || !r.sessionsFor(i.Slot) || !r.hasPublicKey(i.Slot, c.ID) {
		return false, i, nil
	}
	ok, finalized, err := r.proc.Wrap(i.Slot)
	r.wrapped = ok
	if err == nil && finalized {
		r.initialized = false
		if err = r.initialize(); err == nil {
			i, err = r.again(i, c.DER)
		}
	}
	return ok, i, err
}

// sessionsFor tells whether the token can open what crypto11 opens beside our own.
func (r *running) sessionsFor(slot uint) bool {
	t, err := r.proc.GetTokenInfo(slot)
	if err != nil {
		return false
	}
	enough := func(n, want uint) bool {
		return n == pkcs11.CK_EFFECTIVELY_INFINITE || n > 1<<31-1 || n >= want
	}
	return enough(t.MaxRwSessionCount, wrapperSessions) && enough(t.MaxSessionCount, wrapperSessions+2)
}

// hasPublicKey tells whether a public key object with the id is visible without a PIN.
func (r *running) hasPublicKey(slot uint, id []byte) bool {
	s, err := r.proc.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return false
	}
	defer r.proc.CloseSession(s)
	keys, err := r.proc.FindObjects(s, 1, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY), pkcs11.NewAttribute(pkcs11.CKA_ID, id))
	return err == nil && len(keys) > 0
}
