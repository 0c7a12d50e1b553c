package practice

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"ctlclient/certificate"
)

// real is a file with one token.
func real(f *testing.F) []byte {
	f.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		f.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		ExtraExtensions: []pkix.Extension{{Id: certificate.PracticeExtension, Value: []byte{5, 0}}}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		f.Fatal(err)
	}
	t, err := Add(filepath.Join(f.TempDir(), "tokens"+Extension), "SAST-1", key, der)
	if err != nil {
		f.Fatal(err)
	}
	data, err := json.Marshal(file{format, []*Token{t}})
	if err != nil {
		f.Fatal(err)
	}
	return data
}

// What is taken for practice tokens is written back as the same tokens, and each of them has
// the mark, tries that can be, and the key of its certificate.
func FuzzParse(f *testing.F) {
	f.Add(real(f))
	f.Add([]byte(`{"format":"practice tokens of ctlclient, good for practice clusters alone","tokens":[{"label":"A"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tokens, err := parse(data)
		if err != nil {
			return
		}
		for _, tok := range tokens {
			if !certificate.IsPractice(tok.Certificate) || tok.Tries < 0 || tok.Tries > MaxTries || !tok.key.PublicKey.Equal(tok.cert.PublicKey) {
				t.Errorf("%+v", tok)
			}
			for h := certificateHandle; h <= privateHandle; h++ {
				if !fits(tok.object(h), tok.object(h)) {
					t.Errorf("object %d does not have its own attributes", h)
				}
			}
		}
		again, err := json.Marshal(file{format, tokens})
		if err != nil {
			t.Fatal(err)
		}
		back, err := parse(again)
		if err != nil || !reflect.DeepEqual(back, tokens) {
			t.Errorf("written back: %v", err)
		}
	})
}
