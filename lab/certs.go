package lab

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"ctlclient/internal/atomicfile"
	"ctlclient/message"
)

// Names of the certificates that a node keeps, as the certificate management
// page lists them; the files are NAME.pem and NAME.key.
const (
	certCallManager = "CallManager"
	certTVS         = "TVS"
	certCAPF        = "CAPF"        // publisher only
	certITLRecovery = "ITLRecovery" // publisher only
	certTomcat      = "tomcat"      // HTTPS of port 8443
	certProvider    = "CTLProvider" // TLS of port 2444
	certIdentity    = "identity"    // of an alternate TFTP server or a firewall

	// certRestored is the key that a restore from an incomplete backup leaves
	// behind while the database still holds the former CallManager.
	certRestored = "CallManager-restored"
)

// pair is a certificate with its key. It signs trust lists (ctlbuild.Signer)
// and serves TLS.
type pair struct {
	der []byte
	key crypto.Signer
}

func (p *pair) Certificate() []byte      { return p.der }
func (p *pair) Public() crypto.PublicKey { return p.key.Public() }

func (p *pair) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return p.key.Sign(r, digest, opts)
}

func (p *pair) tls() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{p.der}, PrivateKey: p.key}
}

// certSpec says what to make: bits 0 is an ECDSA P-256 key, for what no trust
// list ever carries.
type certSpec struct {
	cn   string
	bits int
}

// newPair makes a self-signed certificate named as the technotes' clusters
// are: 16-byte serial number, the attributes CN, OU, O, L, ST, C.
func newPair(spec certSpec) (*pair, error) {
	var key crypto.Signer
	var err error
	if spec.bits == 0 {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		key, err = rsa.GenerateKey(rand.Reader, spec.bits)
	}
	if err != nil {
		return nil, message.Errorf("make a key for %s: %w", spec.cn, err)
	}
	serial := make([]byte, 16)
	if _, err := rand.Read(serial); err != nil {
		return nil, message.Errorf("make a serial number for %s: %w", spec.cn, err)
	}
	serial[0] = serial[0]&0x3f | 0x40 // positive, and always 16 bytes long
	now := time.Now().UTC().Truncate(time.Second)
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject: pkix.Name{
			CommonName:         spec.cn,
			OrganizationalUnit: []string{"TAC"},
			Organization:       []string{"Cisco"},
			Locality:           []string{"Krakow"},
			Province:           []string{"Malopolska"},
			Country:            []string{"PL"},
		},
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.AddDate(5, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, message.Errorf("make a certificate for %s: %w", spec.cn, err)
	}
	return &pair{der: der, key: key}, nil
}

// savePair writes NAME.pem and NAME.key into dir, key first: a certificate
// without its key is never left behind.
func savePair(dir, name string, p *pair) error {
	key, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return message.Errorf("write %s.key: %w", name, err)
	}
	if err := writeFile(filepath.Join(dir, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.der}))
}

// newHostKey makes an SSH host key, Ed25519, as PEM.
func newHostKey() ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func loadPair(dir, name string) (*pair, error) {
	der, err := readPEM(filepath.Join(dir, name+".pem"), "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	raw, err := readPEM(filepath.Join(dir, name+".key"), "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(raw)
	if err != nil {
		return nil, message.Errorf("read %s.key: %w", name, err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, message.Errorf("read %s.key: not a signing key", name)
	}
	return &pair{der: der, key: key}, nil
}

func removePair(dir, name string) error {
	err := os.Remove(filepath.Join(dir, name+".pem"))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	kerr := os.Remove(filepath.Join(dir, name+".key"))
	if errors.Is(kerr, os.ErrNotExist) {
		kerr = nil
	}
	return errors.Join(err, kerr)
}

func readPEM(path, kind string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b, _ := pem.Decode(data)
	if b == nil || b.Type != kind {
		return nil, message.Errorf("%s: no %s in it", path, kind)
	}
	return b.Bytes, nil
}

// writeFile puts data in place by rename, 0600: a reader sees the former file
// or the new one.
func writeFile(path string, data []byte) error {
	return atomicfile.Write(path, data, 0o600)
}
