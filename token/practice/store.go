package practice

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"ctlclient/certificate"
	"ctlclient/internal/atomicfile"
	"ctlclient/message"
)

// Extension is the end of the name of every file with practice tokens.
const Extension = ".practice"

// DefaultPIN is the PIN of a token that was just made, as on an eToken as delivered.
const DefaultPIN = "Cisco123"

// MaxTries is how many wrong PINs in a row lock a token, as on an eToken as delivered.
const MaxTries = 15

const (
	format    = "practice tokens of ctlclient, good for practice clusters alone"
	maxFile   = 1 << 20 // bytes
	maxTokens = 32
	maxLabel  = 32 // bytes (CK_TOKEN_INFO)
	serialOf  = "PRACTICE"
	rounds    = 20000 // of PBKDF2: the first PIN is public, one of a person's own may be in use elsewhere
	minPIN    = 4     // bytes
	maxPIN    = 64
)

// Token is one token. Its fields are those of the file.
type Token struct {
	Label       string `json:"label"`
	Serial      string `json:"serial"`      // PRACTICE and eight hexadecimal digits
	Certificate []byte `json:"certificate"` // DER
	Key         []byte `json:"key"`         // PKCS#8
	Salt        []byte `json:"salt"`
	PIN         []byte `json:"pin"` // its PBKDF2
	Tries       int    `json:"tries_left"`

	key  *rsa.PrivateKey
	cert *x509.Certificate
}

// file is what a file with tokens holds.
type file struct {
	Format string   `json:"format"`
	Tokens []*Token `json:"tokens"`
}

// Is tells whether a module's path names a file with practice tokens.
func Is(path string) bool { return strings.HasSuffix(path, Extension) }

// Add makes a token of a key and its certificate (DER), which must have the mark of a
// practice token. The file is made where there is none.
func Add(path, label string, key *rsa.PrivateKey, der []byte) (*Token, error) {
	t := &Token{Label: label, Certificate: der, Tries: MaxTries}
	var err error
	if t.Key, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, err
	}
	var serial [4]byte
	if _, err := rand.Read(serial[:]); err != nil {
		return nil, err
	}
	t.Serial = serialOf + hex.EncodeToString(serial[:])
	if err := t.setPIN([]byte(DefaultPIN)); err != nil {
		return nil, err
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	return t, change(path, func(f *file) error {
		if slices.ContainsFunc(f.Tokens, func(o *Token) bool { return o.Label == label || o.Serial == t.Serial }) {
			return message.Errorf("a practice token %q is there already", label)
		}
		if len(f.Tokens) == maxTokens {
			return message.Errorf("%d practice tokens are there already", maxTokens)
		}
		f.Tokens = append(f.Tokens, t)
		return nil
	})
}

// Reset gives every token of a file its first PIN and all its tries again.
func Reset(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return change(path, func(f *file) error {
		for _, t := range f.Tokens {
			if err := t.setPIN([]byte(DefaultPIN)); err != nil {
				return err
			}
		}
		return nil
	})
}

// List reads the tokens of a file, none where there is no file.
func List(path string) ([]*Token, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	tokens, err := parse(data)
	if err != nil {
		return nil, message.Errorf("%s: %w; delete it, and make practice tokens anew", path, err)
	}
	return tokens, nil
}

// parse reads and checks what a file holds.
func parse(data []byte) ([]*Token, error) {
	var f file
	if len(data) > maxFile {
		return nil, message.NewError("too large for a file with practice tokens")
	}
	if err := json.Unmarshal(data, &f); err != nil || f.Format != format {
		return nil, message.NewError("not a file with practice tokens")
	}
	if len(f.Tokens) > maxTokens {
		return nil, message.Errorf("more than %d practice tokens", maxTokens)
	}
	for n, t := range f.Tokens {
		if t == nil {
			return nil, message.Errorf("practice token %d is damaged: it is empty", n+1)
		}
		if err := t.check(); err != nil {
			return nil, message.Errorf("practice token %d is damaged: %w", n+1, err)
		}
		if slices.ContainsFunc(f.Tokens[:n], func(o *Token) bool { return o.Serial == t.Serial }) {
			return nil, message.Errorf("practice token %d is damaged: it has the serial number of another", n+1)
		}
	}
	return f.Tokens, nil
}

// check takes key and certificate apart, and refuses what is no practice token.
func (t *Token) check() error {
	if t.Label == "" || len(t.Label) > maxLabel {
		return message.Errorf("its label must have 1 to %d bytes", maxLabel)
	}
	if digits, ok := strings.CutPrefix(t.Serial, serialOf); !ok || len(digits) != 8 {
		return message.Errorf("its serial number is not %s and eight digits", serialOf)
	}
	if t.Tries < 0 || t.Tries > MaxTries {
		return message.Errorf("%d tries", t.Tries)
	}
	if !certificate.IsPractice(t.Certificate) {
		return message.NewError("its certificate is not that of a practice token")
	}
	key, err := x509.ParsePKCS8PrivateKey(t.Key)
	if err != nil {
		return message.NewError("its key cannot be read")
	}
	var ok bool
	if t.key, ok = key.(*rsa.PrivateKey); !ok {
		return message.NewError("its key is not RSA")
	}
	if t.cert, err = x509.ParseCertificate(t.Certificate); err != nil {
		return message.Errorf("its certificate: %w", err)
	}
	if !t.key.PublicKey.Equal(t.cert.PublicKey) {
		return message.NewError("its key is not that of its certificate")
	}
	return nil
}

func (t *Token) setPIN(pin []byte) (err error) {
	t.Salt = make([]byte, 16)
	if _, err := rand.Read(t.Salt); err != nil {
		return err
	}
	t.PIN, err = derive(pin, t.Salt)
	t.Tries = MaxTries
	return err
}

// hasPIN tells whether a PIN is the token's.
func (t *Token) hasPIN(pin []byte) bool {
	got, err := derive(pin, t.Salt)
	return err == nil && subtle.ConstantTimeCompare(got, t.PIN) == 1
}

func derive(pin, salt []byte) ([]byte, error) {
	return pbkdf2.Key(sha256.New, string(pin), salt, rounds, sha256.Size)
}

// lockPatience is how long another program may hold a file with tokens, lockPause how often
// that is looked at.
const (
	lockPatience = 5 * time.Second
	lockPause    = 20 * time.Millisecond
)

// change changes the tokens of a file, one program at a time.
func change(path string, do func(*file) error) error {
	if !Is(path) {
		return message.Errorf("%s: the name of a file with practice tokens ends in %s", path, Extension)
	}
	if err := atomicfile.MakeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	lock := flock.New(path + ".lock")
	if _, err := lock.TryLockContext(ctx, lockPause); err != nil {
		return message.Errorf("%s: another program holds it: %w", path, err)
	}
	defer lock.Close()
	f := file{Format: format}
	var err error
	if f.Tokens, err = List(path); err != nil {
		return err
	}
	if err := do(&f); err != nil {
		return err
	}
	return atomicfile.WriteJSON(path, f)
}
