package sshconn

import (
	"bytes"
	"crypto/ed25519"
	"errors"

	"github.com/kayrus/putty"
	"golang.org/x/crypto/ssh"

	"ctlclient/message"
)

// PuTTY's key files (.ppk) of versions 2 and 3, as appendix C of PuTTY's manual describes them. The
// library reads the form and undoes the encryption. What it takes from the file unseen is bounded
// here, and what it made of the file is compared with the public key that stands in it.

const (
	// Argon2 makes a key of a passphrase at a cost that the file names. PuTTYgen asks for 8 MiB and
	// some 20 passes; more than these is a file that keeps the program busy for minutes.
	maxArgonKiB  = 512 << 10 // 512 MiB
	maxArgonCost = 16 << 20  // KiB times passes: some seconds
)

// isPPK tells a key file of PuTTY.
func isPPK(file []byte) bool { return bytes.HasPrefix(file, []byte("PuTTY-User-Key-File-")) }

var (
	errPassphrase = message.NewError("the passphrase is wrong, or the file is damaged")
	errDamaged    = message.NewError("it is damaged")
)

// parsePPK is the signer of a key file. ask is called at most once, where the key is encrypted; nil:
// there is nobody to ask. An error of ask comes back as it is.
func parsePPK(file []byte, ask func() ([]byte, error)) (ssh.Signer, error) {
	key, err := putty.New(file)
	if err != nil {
		return nil, message.Errorf("it is damaged, or of a kind that this program does not know (%v)", err)
	}
	public, err := ssh.ParsePublicKey(key.PublicKey)
	switch {
	case err != nil || public.Type() != key.Algo:
		return nil, errDamaged
	case key.Algo == "ssh-dss":
		return nil, message.NewError("it is a DSA key, which servers do not accept any more")
	case tooDear(key):
		return nil, message.NewError("it asks for more memory or time to check the passphrase than this program gives")
	}
	var passphrase []byte
	if key.Encryption != "none" {
		if ask == nil {
			return nil, &ssh.PassphraseMissingError{PublicKey: public}
		}
		if passphrase, err = ask(); err != nil {
			return nil, err
		}
	}
	private, err := key.ParseRawPrivateKey(passphrase)
	clear(key.PrivateKey)
	switch {
	case err != nil && passphrase != nil:
		return nil, errPassphrase
	case err != nil:
		return nil, errDamaged
	}
	if p, ok := private.(*ed25519.PrivateKey); ok {
		made := ed25519.NewKeyFromSeed(p.Seed()) // the public half is made, not taken from the file
		private = &made
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(signer.PublicKey().Marshal(), key.PublicKey) {
		return nil, errDamaged
	}
	return signer, nil
}

// tooDear tells whether Argon2, where the file names it, would take too much or cannot be done.
func tooDear(key *putty.Key) bool {
	if key.KeyDerivation == "" {
		return false
	}
	memory := max(key.Argon2Memory, 8*uint32(key.Argon2Parallelism)) // what Argon2 takes at least
	return key.Argon2Passes == 0 || key.Argon2Parallelism == 0 || memory > maxArgonKiB || uint64(memory)*uint64(key.Argon2Passes) > maxArgonCost
}

// ppkSigner is parsePPK for a login, with the file's name in its errors.
func (l *login) ppkSigner(file []byte) (ssh.Signer, error) {
	var stopped error
	ask := func() ([]byte, error) {
		l.waitForPerson()
		defer l.waitForServer()
		passphrase, err := l.options.KeyPass(l.ctx)
		stopped = err
		return passphrase, err
	}
	if l.options.KeyPass == nil {
		ask = nil
	}
	signer, err := parsePPK(file, ask)
	missing, _ := errors.AsType[*ssh.PassphraseMissingError](err)
	switch {
	case err == nil:
		return signer, nil
	case stopped != nil:
		return nil, stopped
	case missing != nil, errors.Is(err, errPassphrase):
		return nil, message.Errorf("key file %s: %w", l.options.KeyFile, err)
	}
	return nil, &PuTTYKeyError{File: l.options.KeyFile, Err: err}
}

// PuTTYKeyError: a key file of PuTTY (.ppk) cannot be read. Err says why.
type PuTTYKeyError struct {
	File string
	Err  error
}

// Error is Said in English.
func (e *PuTTYKeyError) Error() string { return e.Said().Error() }

// Unwrap implements errors.Unwrap.
func (e *PuTTYKeyError) Unwrap() error { return e.Err }

// Said is what happened, for [message.Voice.Tell].
func (e *PuTTYKeyError) Said() error {
	return message.Errorf("key file %s: this key file of PuTTY cannot be read: %w", e.File, e.Err)
}

// Hints name the next action.
func (e *PuTTYKeyError) Hints() []message.Message {
	return message.Hint("load it into Pageant, which is asked where one runs; or export it with PuTTYgen: Conversions, Export OpenSSH key (puttygen KEY.ppk -O private-openssh -o KEY)")
}
