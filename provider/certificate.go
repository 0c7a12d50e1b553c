package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"time"

	"ctlclient/internal/atomicfile"
	"ctlclient/message"
	"ctlclient/protocol/ctlp"
)

// certificateLife is long: clients pin the certificate, and a new one must be
// confirmed by a person at each of them.
const certificateLife = 10 * 365 * 24 * time.Hour

// EnsureCertificate makes the service's key and self-signed certificate where
// both are missing, and returns the certificate's fingerprint, which is what
// clients pin.
func EnsureCertificate(c Config) (fingerprint string, made bool, err error) {
	_, certErr := os.Lstat(c.Certificate)
	_, keyErr := os.Lstat(c.Key)
	if errors.Is(certErr, fs.ErrNotExist) && errors.Is(keyErr, fs.ErrNotExist) {
		if err := makeCertificate(c); err != nil {
			return "", false, message.Errorf("make a certificate: %w", err)
		}
		made = true
	}
	pair, err := loadCertificate(c)
	if err != nil {
		return "", made, err
	}
	return ctlp.Fingerprint(pair.Certificate[0]), made, nil
}

// CertificateFingerprint is the fingerprint of the certificate that there is.
func CertificateFingerprint(c Config) (string, error) {
	pair, err := loadCertificate(c)
	if err != nil {
		return "", err
	}
	return ctlp.Fingerprint(pair.Certificate[0]), nil
}

func loadCertificate(c Config) (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
	if err != nil {
		return pair, message.Errorf("certificate %s, key %s: %w", c.Certificate, c.Key, err)
	}
	return pair, nil
}

func makeCertificate(c Config) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: host, OrganizationalUnit: []string{"CTL Provider"}},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(certificateLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	// The key first: a certificate without it would look like one that is made.
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	defer clear(keyPEM)
	clear(keyDER)
	if err := writeNew(c.Key, 0o600, keyPEM); err != nil {
		return err
	}
	if err := writeNew(c.Certificate, 0o644, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})); err != nil {
		return errors.Join(err, os.Remove(c.Key))
	}
	return nil
}

// writeNew writes a file that must not exist yet; it belongs to whom the folder
// belongs to.
func writeNew(file string, mode fs.FileMode, data []byte) (err error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	err = likeFolder(f)
	if err == nil && mode&0o077 == 0 {
		err = atomicfile.Private(f)
	}
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}
