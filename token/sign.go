package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	_ "crypto/sha1" // the digests of Sign
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
)

// maxMessage bounds what is handed to a token that makes its digests itself, in bytes.
const maxMessage = 1 << 19

// digestInfo is the DER in front of a digest in a PKCS#1 v1.5 signature (RFC 8017,
// section 9.2, note 1).
var digestInfo = map[crypto.Hash][]byte{
	crypto.SHA1:   {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14},
	crypto.SHA224: {0x30, 0x2d, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04, 0x05, 0x00, 0x04, 0x1c},
	crypto.SHA256: {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	crypto.SHA384: {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30},
	crypto.SHA512: {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40},
}

// hashing are the mechanisms with which a token makes the digest itself.
var hashing = map[crypto.Hash]uint{
	crypto.SHA1: pkcs11.CKM_SHA1_RSA_PKCS, crypto.SHA224: pkcs11.CKM_SHA224_RSA_PKCS, crypto.SHA256: pkcs11.CKM_SHA256_RSA_PKCS,
	crypto.SHA384: pkcs11.CKM_SHA384_RSA_PKCS, crypto.SHA512: pkcs11.CKM_SHA512_RSA_PKCS,
}

var errClosed = message.NewError("the signer is closed")

// work is one signature to make.
type work struct {
	hash    crypto.Hash
	digest  []byte
	message []byte // what the digest is of; nil where only that is known
	pin     []byte // for a key that wants it for every signature
	context bool   // pin, or the keypad, is to be used
}

// Sign makes an RSA PKCS#1 v1.5 signature over a digest made with opts.HashFunc():
// SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512. PSS is refused: no phone knows it.
// The token makes its own random numbers; rand is not used.
func (s *Signer) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.SignContext(s.ctx, digest, opts)
}

// SignMessage is Sign for who has the message: some tokens make the digest themselves
// and take no other. It is called by crypto.SignMessage.
func (s *Signer) SignMessage(rand io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash, err := hashOf(opts)
	if err != nil {
		return nil, err
	}
	d := hash.New()
	d.Write(message)
	w := work{hash: hash, digest: d.Sum(nil)}
	if len(message) <= maxMessage {
		w.message = bytes.Clone(message)
	}
	return s.make(s.ctx, w)
}

// SignContext is Sign with a context of its own.
func (s *Signer) SignContext(ctx context.Context, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash, err := hashOf(opts)
	if err != nil {
		return nil, err
	}
	if len(digest) != hash.Size() {
		return nil, message.Errorf("token: a %s digest has %d bytes, not %d", hash, hash.Size(), len(digest))
	}
	return s.make(ctx, work{hash: hash, digest: bytes.Clone(digest)})
}

func hashOf(opts crypto.SignerOpts) (crypto.Hash, error) {
	if _, pss := opts.(*rsa.PSSOptions); pss {
		return 0, message.NewError("token: RSA-PSS signatures are not made: phones verify PKCS#1 v1.5")
	}
	if opts == nil || digestInfo[opts.HashFunc()] == nil {
		return 0, message.NewError("token: the digest must be SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512")
	}
	return opts.HashFunc(), nil
}

// errWantsPIN says that the key wants the PIN for this signature, though it does not
// say so beforehand.
var errWantsPIN = message.NewError("the key wants the PIN for each signature")

// make asks for the PIN where each signature wants it, and signs.
func (s *Signer) make(ctx context.Context, w work) ([]byte, error) {
	for {
		if s.askAlways.Load() {
			now, err := call(ctx, s.mod, s.stillThere, nil)
			if err != nil {
				return nil, err
			}
			if err := checkTries(now, s.o.AllowFinalTry); err != nil {
				return nil, err
			}
			w.context = true
			if w.pin, err = askPIN(ctx, now, s.o, PINRequest{Context: true}, s.ask); err != nil {
				return nil, err
			}
		}
		asked := s.askAlways.Load()
		signature, err := s.attempt(ctx, w)
		if !errors.Is(err, errWantsPIN) || asked {
			return signature, err
		}
	}
}

func (s *Signer) attempt(ctx context.Context, w work) ([]byte, error) {
	defer s.o.slow(ctx, s.info.Label)()
	return call(ctx, s.mod, func(r *running) ([]byte, error) {
		signature, err := s.sign(r, w)
		if err != nil {
			return nil, s.signFailed(err)
		}
		return signature, nil
	}, nil, w.pin)
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
	return &Error{Kind: Removed, Token: s.info.Label, Module: s.info.Module, Detail: message.Phrase("its module was started anew and has forgotten the login"), Err: s.run.proc.Dead()}
}

// signFailed sorts the error of a signature. A token that has gone says so in many
// ways, DEVICE_ERROR and GENERAL_ERROR among them, so its slot is asked too. The
// lock is held.
func (s *Signer) signFailed(err error) error {
	if errors.Is(err, errClosed) || errors.Is(err, errWantsPIN) {
		return err
	}
	err = classify(s.info, message.Phrase("signing"), err)
	var e *Error
	if errors.As(err, &e) && e.Kind == Failed {
		if _, gone := s.run.again(s.info, nil); errors.Is(gone, Removed) {
			e.Kind = Removed
		}
	}
	return err
}

// sign makes one signature: through crypto11 where it serves, with each key that may
// be the right one, in each way that the token takes. A signature that the
// certificate's key does not verify is none. The lock is held.
func (s *Signer) sign(r *running, w work) ([]byte, error) {
	if err := s.lives(r); err != nil {
		return nil, err
	}
	if s.wrapped {
		signature, err := r.proc.WrappedSign(w.hash, w.digest)
		if err == nil && s.verifies(w, signature) {
			return signature, nil
		}
		// Its session goes back to the pool in the middle of an operation, and would
		// stay there.
		s.wrapped = false
		if err != nil && !otherWay(err) {
			return nil, err
		}
	}
	var refused error
	for n, key := range s.keys {
		signature, err := s.signWith(r, w, key)
		if err == nil && s.verifies(w, signature) {
			s.keys = s.keys[n : n+1] // this is the one
			return signature, nil
		}
		if err != nil {
			return nil, err
		}
		refused = s.otherKey()
		if w.context {
			break // one entry of the PIN is for one signature
		}
	}
	return nil, refused
}

// verifies checks a signature with the certificate's key, as far as that can be done.
func (s *Signer) verifies(w work, signature []byte) bool {
	return s.pub.N.BitLen() < 1024 || rsa.VerifyPKCS1v15(s.pub, w.hash, w.digest, signature) == nil
}

// otherWay tells an error that says nothing against another way of signing.
func otherWay(err error) bool {
	return hasRV(err, pkcs11.CKR_MECHANISM_INVALID, pkcs11.CKR_MECHANISM_PARAM_INVALID, pkcs11.CKR_FUNCTION_NOT_SUPPORTED,
		pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED, pkcs11.CKR_KEY_TYPE_INCONSISTENT, pkcs11.CKR_KEY_SIZE_RANGE,
		pkcs11.CKR_DATA_INVALID, pkcs11.CKR_DATA_LEN_RANGE, pkcs11.CKR_ARGUMENTS_BAD, pkcs11.CKR_BUFFER_TOO_SMALL,
		pkcs11.CKR_OPERATION_NOT_INITIALIZED, pkcs11.CKR_OPERATION_ACTIVE, pkcs11.CKR_SESSION_COUNT, pkcs11.CKR_USER_NOT_LOGGED_IN)
}

func hasRV(err error, rvs ...pkcs11.Error) bool {
	var rv pkcs11.Error
	return errors.As(err, &rv) && slices.Contains(rvs, rv)
}

// signWith signs with one key, in the first way that the token takes.
func (s *Signer) signWith(r *running, w work, key privateKey) ([]byte, error) {
	var last error
	for _, mechanism := range s.ways(w) {
		signature, err := s.signBy(r, w, key.handle, mechanism)
		if err == nil {
			return signature, nil
		}
		if hasRV(err, pkcs11.CKR_USER_NOT_LOGGED_IN) && !w.context {
			if in, stateErr := r.loggedIn(s.session); stateErr == nil && in {
				s.askAlways.Store(true)
				return nil, errWantsPIN
			}
		}
		if w.context || !otherWay(err) {
			return nil, err // one entry of the PIN is for one attempt
		}
		last = err
	}
	return nil, s.digestRefused(w, last)
}

// ways are the mechanisms to try, in order: those that the token lists, or all where
// it lists none of them.
func (s *Signer) ways(w work) []uint {
	all := []uint{pkcs11.CKM_RSA_PKCS}
	if w.message != nil {
		all = append(all, hashing[w.hash])
	}
	all = append(all, pkcs11.CKM_RSA_X_509)
	listed := slices.DeleteFunc(slices.Clone(all), func(m uint) bool { return !slices.Contains(s.mechanisms, m) })
	if len(listed) > 0 || s.takes() != nil {
		return listed
	}
	return all
}

// takes lists the digests with which the token makes signatures by itself.
func (s *Signer) takes() []crypto.Hash {
	var all []crypto.Hash
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		if slices.Contains(s.mechanisms, hashing[h]) {
			all = append(all, h)
		}
	}
	return all
}

// digestRefused says what the token takes instead, where it says so itself.
func (s *Signer) digestRefused(w work, err error) error {
	var other []string
	for _, h := range s.takes() {
		if h != w.hash {
			other = append(other, h.String())
		}
	}
	e := &Error{Kind: DigestRefused, Token: s.info.Label, Module: s.info.Module, Detail: message.Plain(w.hash.String()), Err: err}
	if len(other) > 0 {
		e.hints = message.Hint("it takes %s: choose one of them that your phones know: %s", strings.Join(other, ", "), message.Action{Do: message.ChooseDigest})
	}
	return e
}

// signBy makes one signature with one mechanism. The session is one of its own, so
// that one that fails halfway leaves nothing behind; where the token has no more than
// one, it is that of the login.
func (s *Signer) signBy(r *running, w work, key pkcs11.ObjectHandle, mechanism uint) ([]byte, error) {
	session, err := r.proc.OpenSession(s.info.Slot, pkcs11.CKF_SERIAL_SESSION)
	switch {
	case err == nil:
		defer r.proc.CloseSession(session)
	case hasRV(err, pkcs11.CKR_SESSION_COUNT, pkcs11.CKR_SESSION_PARALLEL_NOT_SUPPORTED):
		session = s.session
	default:
		return nil, err
	}
	if err := r.proc.SignInit(session, mechanism, key); err != nil {
		return nil, err
	}
	if w.context {
		if err := r.proc.Login(session, pkcs11.CKU_CONTEXT_SPECIFIC, w.pin); err != nil {
			return nil, r.loginFailed(s.info, message.Phrase("login for this signature"), err)
		}
	}
	return r.proc.Sign(session, s.input(w, mechanism), s.pub.Size())
}

// input is what a mechanism is given: the DigestInfo, the message, or a whole block
// with the padding of RFC 8017, section 9.2.
func (s *Signer) input(w work, mechanism uint) []byte {
	t := append(bytes.Clone(digestInfo[w.hash]), w.digest...)
	switch mechanism {
	case pkcs11.CKM_RSA_PKCS:
		return t
	case pkcs11.CKM_RSA_X_509:
		block := bytes.Repeat([]byte{0xff}, s.pub.Size())
		if len(t)+11 > len(block) {
			return t // the module will say that it is too long
		}
		block[0], block[1], block[len(block)-len(t)-1] = 0, 1, 0
		copy(block[len(block)-len(t):], t)
		return block
	}
	return w.message
}
