package token

import (
	"github.com/miekg/pkcs11"
)

// wrapperSessions is what crypto11 opens: one that stays and one that signs.
const wrapperSessions = 2

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
