//go:build unix

package host_test

import (
	"context"
	"crypto"
	"crypto/sha1"
	"testing"

	"github.com/miekg/pkcs11"

	"ctlclient/softhsm"
	"ctlclient/token"
	"ctlclient/token/host"
)

// What a process for each module costs: its start with the module loaded and
// initialised, and a signature beside the same one in the process itself.
func BenchmarkHost(b *testing.B) {
	store, err := softhsm.New(b.TempDir())
	if err != nil {
		needPart(b, err)
	}
	tok, err := store.Create(softhsm.Spec{Label: "SAST-1", KeyBits: 2048})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			p, err := host.Start(host.Spec{Path: store.Module}, host.Limits{}, nil)
			if err != nil {
				b.Fatal(err)
			}
			if err := p.Initialize(); err != nil {
				b.Fatal(err)
			}
			p.Close()
		}
	})
	digest := sha1.Sum([]byte("trust list"))
	b.Run("sign", func(b *testing.B) {
		u, err := token.ParseURI(tok.URI)
		if err != nil {
			b.Fatal(err)
		}
		pin := func(context.Context, token.PINRequest) ([]byte, error) { return []byte(tok.PIN), nil }
		s, err := token.Open(b.Context(), u, token.Options{Modules: []string{store.Module}, PIN: pin})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		for b.Loop() {
			if _, err := s.Sign(nil, digest[:], crypto.SHA1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sign in process", func(b *testing.B) {
		p := pkcs11.New(store.Module)
		do(b, p.Initialize())
		defer p.Destroy()
		defer p.Finalize()
		slots, err := p.GetSlotList(true)
		do(b, err)
		login, err := p.OpenSession(slots[0], pkcs11.CKF_SERIAL_SESSION)
		do(b, err)
		do(b, p.Login(login, pkcs11.CKU_USER, tok.PIN))
		do(b, p.FindObjectsInit(login, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY)}))
		keys, _, err := p.FindObjects(login, 1)
		do(b, err)
		do(b, p.FindObjectsFinal(login))
		info := append([]byte{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}, digest[:]...)
		for b.Loop() {
			s, err := p.OpenSession(slots[0], pkcs11.CKF_SERIAL_SESSION)
			do(b, err)
			do(b, p.SignInit(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil)}, keys[0]))
			_, err = p.Sign(s, info)
			do(b, err)
			do(b, p.CloseSession(s))
		}
	})
}
