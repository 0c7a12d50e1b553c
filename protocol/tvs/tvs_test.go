package tvs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"reflect"
	"testing"
	"time"
)

func newCertificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "tvs"},
		NotBefore:    time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// pin is a VerifyPeer that takes one certificate.
func pin(c tls.Certificate) func(*x509.Certificate, []byte) error {
	return func(_ *x509.Certificate, raw []byte) error {
		if !bytes.Equal(raw, c.Certificate[0]) {
			return errPin
		}
		return nil
	}
}

var errPin = errors.New("not the certificate of the ITL")

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func startServer(t testing.TB, o ServerOptions) (addr string) {
	t.Helper()
	s := NewServer(o)
	l := listen(t)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close:", err)
		}
		if err := <-done; !errors.Is(err, ErrServerClosed) {
			t.Error("serve:", err)
		}
	})
	return l.Addr().String()
}

func TestVerify(t *testing.T) {
	cert := newCertificate(t)
	known := []byte("a certificate")
	names := make(chan string, 2)
	addr := startServer(t, ServerOptions{
		Certificate: func() (tls.Certificate, error) { return cert, nil },
		Answer: func(r Request) Answer {
			names <- r.DeviceName
			if bytes.Equal(r.Certificate, known) {
				return Answer{Valid: true, Roles: []uint8{2, 7}, TTL: 24 * time.Hour}
			}
			return Answer{}
		},
	})
	o := Options{VerifyPeer: pin(cert), DeviceName: "CP-8861-SEP0011215A1AE3"}
	a, err := Verify(t.Context(), addr, known, o)
	if want := (Answer{Valid: true, Roles: []uint8{2, 7}, TTL: 24 * time.Hour}); err != nil || !reflect.DeepEqual(a, want) {
		t.Errorf("answer %+v, %v; want %+v", a, err, want)
	}
	o.DeviceName = ""
	a, err = Verify(t.Context(), addr, []byte("another"), o)
	if err != nil || !reflect.DeepEqual(a, Answer{}) {
		t.Errorf("answer %+v, %v; want invalid", a, err)
	}
	for _, want := range []string{"CP-8861-SEP0011215A1AE3", DefaultDeviceName} {
		if got := <-names; got != want {
			t.Errorf("the server saw the name %q, want %q", got, want)
		}
	}
}
