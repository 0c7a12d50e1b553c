package token

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
)

// lockedSigner signs while the lock of the module is held: inside of a call.
type lockedSigner struct{ s *Signer }

func (l lockedSigner) Public() crypto.PublicKey { return l.s.pub }

func (l lockedSigner) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash, err := hashOf(opts)
	if err != nil {
		return nil, err
	}
	return l.sign(work{hash: hash, digest: digest})
}

func (l lockedSigner) SignMessage(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash, err := hashOf(opts)
	if err != nil {
		return nil, err
	}
	d := hash.New()
	d.Write(message)
	return l.sign(work{hash: hash, digest: d.Sum(nil), message: message})
}

func (l lockedSigner) sign(w work) ([]byte, error) {
	signature, err := l.s.sign(l.s.run, w)
	if err != nil {
		return nil, l.s.signFailed(err)
	}
	return signature, nil
}

// CSR makes a certificate signing request (PKCS#10, DER) for the key of the
// certificate that a URI names. subject is as in Make; empty: that of the certificate.
func CSR(ctx context.Context, u URI, subject string, o Options) ([]byte, error) {
	var raw []byte
	if subject != "" {
		name, _, err := subjectName(subject)
		if err != nil {
			return nil, err
		}
		if raw, err = asn1.Marshal(name); err != nil {
			return nil, message.Errorf("subject: %w", err)
		}
	}
	s, err := Open(ctx, u, o)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if raw == nil {
		x, err := x509.ParseCertificate(s.cert.DER)
		if err != nil {
			return nil, message.Errorf("the certificate on the token: %w", err)
		}
		raw = x.RawSubject
	}
	request := &x509.CertificateRequest{RawSubject: raw, SignatureAlgorithm: x509.SHA256WithRSA}
	return x509.CreateCertificateRequest(rand.Reader, request, s)
}

// ImportCertificate puts a certificate (DER) on the token that a URI names, beside the
// private key that it belongs to. With replace, the other certificates of that key are
// deleted when the new one is stored.
func ImportCertificate(ctx context.Context, u URI, der []byte, replace bool, o Options) (Info, Certificate, error) {
	v, err := LookFor(ctx, o.Modules, u)
	if err != nil {
		return Info{}, Certificate{}, err
	}
	defer v.Close()
	i, err := v.Find(u)
	if err != nil {
		return Info{}, Certificate{}, err
	}
	c, _, err := parseCertificate(der)
	if err != nil {
		return i, Certificate{}, err
	}
	s := &Signer{ctx: ctx, uri: u, info: i, o: o, ask: o.asker(u), cert: c}
	if err := s.takeKey(); err != nil {
		return i, Certificate{}, err
	}
	s.cert = Certificate{} // it is not there yet
	s.mod = v.moduleOf(i)
	var stored Certificate
	err = s.begin(ctx, func(r *running, needPIN bool, pin []byte) error {
		if err := s.enter(r, needPIN, pin); err != nil {
			return err
		}
		defer s.release()
		var err error
		stored, err = s.importCertificate(der, replace)
		return err
	})
	s.mod.release(ctx)
	return s.info, stored, err
}

// importCertificate stores a certificate with the id and label of its key. The lock is
// held, and the user logged in.
func (s *Signer) importCertificate(der []byte, replace bool) (Certificate, error) {
	p := s.run.proc
	if err := s.findKeys(); err != nil {
		return Certificate{}, err
	}
	a, err := p.GetAttributes(s.session, s.keys[0].handle, pkcs11.CKA_ID, pkcs11.CKA_LABEL)
	if err != nil {
		return Certificate{}, classify(s.info, message.Phrase("reading the key"), err)
	}
	session, err := p.OpenSession(s.info.Slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return Certificate{}, classify(s.info, message.Phrase("opening it to write"), err)
	}
	defer p.CloseSession(session)
	if err := s.readAll(); err != nil {
		return Certificate{}, err
	}
	c, there := s.info.holding(der)
	if !there {
		if c, err = s.store(session, der, a[0], clean(string(a[1]))); err != nil {
			return Certificate{}, err
		}
	}
	if replace {
		err = s.deleteOthers(session, der)
	}
	return c, err
}

// deleteOthers deletes the certificates of the key but the one given.
func (s *Signer) deleteOthers(session pkcs11.SessionHandle, keep []byte) error {
	p := s.run.proc
	handles, err := p.FindObjects(session, maxCertificates, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE))
	if err != nil {
		return classify(s.info, message.Phrase("looking for the former certificate"), err)
	}
	var errs []error
	for _, h := range handles {
		a, err := p.GetAttributes(session, h, pkcs11.CKA_VALUE)
		if err != nil || string(a[0]) == string(keep) {
			continue
		}
		if _, key, err := parseCertificate(a[0]); err == nil && key != nil && s.pub.Equal(key) {
			errs = append(errs, p.DestroyObject(session, h))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return classify(s.info, message.Phrase("deleting the former certificate"), err)
	}
	return s.readAll()
}
