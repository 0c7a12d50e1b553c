package ctlbuild

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"ctlclient/message"
)

// Signer signs with a key whose certificate it knows. Sign is given a digest
// and crypto.SHA1, SHA256 or SHA512 as options, and makes an RSA PKCS#1 v1.5
// signature.
type Signer interface {
	crypto.Signer
	Certificate() []byte // DER
}

// Why a key cannot sign. A *SignerError wraps one of these.
var (
	ErrSignerNotListed = message.NewError("the signer's certificate is not among the SAST records of the list")
	ErrSignerKey       = message.NewError("the signer's key cannot sign a trust list")
	ErrSignerMismatch  = message.NewError("the signer's key does not belong to its certificate")
	ErrSignerResult    = message.NewError("the signer returned a signature that does not verify")
)

// SignerError tells why a signer was refused. Unwrap gives one of the ErrSigner
// values, or what the signer itself reported.
type SignerError struct {
	Subject string // of the signer's certificate
	Err     error
	Why     error // nil: Err says it all
}

// Error is Said in English.
func (e *SignerError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *SignerError) Said() error {
	said := e.Err
	if e.Why != nil {
		said = fmt.Errorf("%w: %w", said, e.Why)
	}
	if e.Subject != "" {
		said = fmt.Errorf("%w (%s)", said, Printable(e.Subject))
	}
	return said
}

func (e *SignerError) Unwrap() error { return e.Err }

// Hints name the next action, where there is one.
func (e *SignerError) Hints() []message.Message {
	switch {
	case errors.Is(e.Err, ErrSignerNotListed):
		return message.Hint("phones look for the signer among the SAST records: add its certificate as SAST, or sign with a token that the list holds")
	case errors.Is(e.Err, ErrSignerKey):
		return message.Hint("a trust list is signed with an RSA key of 1024, 2048 or 4096 bits")
	case errors.Is(e.Err, ErrSignerMismatch):
		return message.Hint("the token may hold several keys: name the one that belongs to the certificate by its id")
	}
	return nil
}

// keyFor checks that the signer can sign a list at all and returns its
// certificate and SIGNATUREMODULUS.
func keyFor(s Signer) (*Certificate, uint8, error) {
	c, err := ParseCertificate(s.Certificate())
	if err != nil {
		return nil, 0, message.Errorf("signer: %w", err)
	}
	refuse := func(err, why error) (*Certificate, uint8, error) {
		return nil, 0, &SignerError{Subject: c.Subject, Err: err, Why: why}
	}
	if c.RSA == nil {
		return refuse(ErrSignerKey, message.NewError("it is no RSA key"))
	}
	if c.KeyBits < 1024 {
		return refuse(ErrSignerKey, message.Errorf("%d bits are too few; 1024 is the least", c.KeyBits))
	}
	modulus := -1
	for i, n := range modulusBytes {
		if n*8 == c.KeyBits {
			modulus = i
		}
	}
	if modulus < 0 {
		return refuse(ErrSignerKey, message.Errorf("the format has no way to say %d bits", c.KeyBits))
	}
	if pub, ok := s.Public().(*rsa.PublicKey); !ok || pub.N.Cmp(c.RSA.N) != 0 || c.RSA.E.Cmp(big.NewInt(int64(pub.E))) != 0 {
		return refuse(ErrSignerMismatch, nil)
	}
	return c, uint8(modulus), nil
}

// Sign writes the draft, signs it, and verifies it again from the bytes. The
// signer's certificate must be among the SAST records, from which the header
// copies names and serial number byte for byte.
func Sign(ctx context.Context, d *Draft, s Signer) (*List, error) {
	c, modulus, err := keyFor(s)
	if err != nil {
		return nil, err
	}
	signer := d.sastFor(c.DER)
	if signer == nil {
		return nil, &SignerError{Subject: c.Subject, Err: ErrSignerNotListed}
	}
	content, err := d.content()
	if err != nil {
		return nil, err
	}
	spec := headerSpec{
		version:       d.version,
		signerVersion: d.SignerVersion,
		nameFirst:     d.NameFirst,
		digest:        d.Digest,
		modulus:       modulus,
		fileName:      d.FileName,
		time:          d.Time,
		unknown:       d.Unknown,
		unknownInside: d.UnknownInside,
	}
	spec.signedBy(signer)
	file, err := spec.sign(ctx, content, s, func(file []byte) error {
		_, err := Parse(file)
		return err
	})
	if err != nil {
		return nil, err
	}
	l, err := Parse(file)
	if err != nil {
		return nil, message.Errorf("the signed list does not read back: %w", err)
	}
	v := l.Verify()
	if v.OK {
		v = l.VerifyWith(c.DER)
	}
	if !v.OK {
		return nil, &SignerError{Subject: c.Subject, Err: ErrSignerResult, Why: message.Errorf("%s", v.Why)}
	}
	return l, nil
}

// SignEnvelope makes a .sgn file. Names and serial number are written as those
// of a server. A zero digest is SHA-1, a zero time now.
func SignEnvelope(ctx context.Context, fileName string, content []byte, digest Digest, t time.Time, s Signer) (*Envelope, error) {
	c, modulus, err := keyFor(s)
	if err != nil {
		return nil, err
	}
	r, err := Entry{Function: TFTP, Dialect: DialectTokenless}.record(c)
	if err != nil {
		return nil, err
	}
	spec := headerSpec{version: [2]byte{1, 2}, digest: digest, modulus: modulus, fileName: fileName, time: t}
	spec.signedBy(&r)
	file, err := spec.sign(ctx, content, s, func(file []byte) error {
		_, err := ParseEnvelope(file)
		return err
	})
	if err != nil {
		return nil, err
	}
	e, err := ParseEnvelope(file)
	if err != nil {
		return nil, message.Errorf("the signed file does not read back: %w", err)
	}
	if v := e.VerifyWith(c.DER); !v.OK {
		return nil, &SignerError{Subject: c.Subject, Err: ErrSignerResult, Why: message.Errorf("%s", v.Why)}
	}
	return e, nil
}

// sastFor finds the SAST record of a certificate.
func (d *Draft) sastFor(der []byte) *Record {
	for i := range d.Records {
		if r := &d.Records[i]; r.Function() == SAST && len(r.Certificate()) > 0 && r.MatchesCertificate(der) {
			return r
		}
	}
	return nil
}

// content lays the records out.
func (d *Draft) content() ([]byte, error) {
	if len(d.Records) > MaxRecords {
		return nil, message.Errorf("the list has %d records; at most %d fit", len(d.Records), MaxRecords)
	}
	var b []byte
	for i := range d.Records {
		r := &d.Records[i]
		if n := r.Len(); n > maxRecord {
			return nil, message.Errorf("record %d is %d bytes long; at most %d fit", i+1, n, maxRecord)
		}
		b = r.appendTo(b)
	}
	return b, nil
}

// signedBy copies names and serial number from the signer's record.
func (s *headerSpec) signedBy(r *Record) {
	s.signerName = r.value(tagSubjectName)
	s.serial = r.value(tagRecordSerial)
	s.caName = r.value(tagIssuerName)
}

// sign completes the header, has the file signed and puts it together. The
// file is laid out and read back before the signer is touched, for what cannot
// become a file must not cost a PIN.
func (s *headerSpec) sign(ctx context.Context, content []byte, signer Signer, read func(file []byte) error) ([]byte, error) {
	if err := s.complete(); err != nil {
		return nil, err
	}
	header, sigAt := s.build()
	size := modulusBytes[s.modulus]
	file := make([]byte, 0, len(header)+tlvHead+size+len(content))
	file = append(file, header[:sigAt]...)
	file = appendField(file, tagSignature, make([]byte, size))
	file = append(file, header[sigAt:]...)
	file = append(file, content...)
	if err := read(file); err != nil {
		return nil, message.Errorf("what is to be signed does not read back: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	hash, _ := s.digest.Hash()
	// A signer that wants the message is given it: some tokens make the digest themselves.
	signature, err := crypto.SignMessage(signer, rand.Reader, slices.Concat(header, content), hash)
	if err != nil {
		return nil, message.Errorf("sign: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(signature) != size {
		return nil, &SignerError{Err: ErrSignerResult, Why: message.Errorf("it is %s long, not %d", byteCount(len(signature)), size)}
	}
	copy(file[sigAt+tlvHead:], signature)
	return file, nil
}

// complete puts in what may be left out and checks what a header can say.
func (s *headerSpec) complete() error {
	if s.digest == 0 {
		s.digest = SHA1
	}
	if _, ok := s.digest.Hash(); !ok {
		return message.Errorf("unknown digest %d", s.digest)
	}
	if s.fileName == "" || strings.ContainsRune(s.fileName, 0) {
		return message.Errorf("a signed file cannot bear the name %q", s.fileName)
	}
	if s.time.IsZero() {
		s.time = time.Now()
	}
	if sec := s.time.Unix(); sec < 0 || sec > math.MaxUint32 {
		return message.Errorf("the time %s is outside of what a header can say (1970 to 2106)", s.time.Format(time.RFC3339))
	}
	if n := s.length(); n > math.MaxUint16 {
		return message.Errorf("the header would be %d bytes long; at most %d fit", n, math.MaxUint16)
	}
	return nil
}
