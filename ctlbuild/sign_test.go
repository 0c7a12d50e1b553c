package ctlbuild_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/message"
)

// signer puts parts of several signers together.
type signer struct {
	crypto.Signer
	der  []byte
	sign func(digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

func (s signer) Certificate() []byte { return s.der }

func (s signer) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if s.sign != nil {
		return s.sign(digest, opts)
	}
	return s.Signer.Sign(r, digest, opts)
}

func TestSignRefuses(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	odd := ctltest.Token("SAST", []byte{1})
	odd.Bits, odd.Length = 3072, 0
	bits3072 := ctltest.New(t, odd)
	n, _ := weakKey(t, 512, 65537)
	bits512 := ctltest.WithKey(t, ctltest.Token("SAST", []byte{1}), n, big.NewInt(65537))

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	ec, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	device := errors.New("device removed")
	returns := func(b []byte, err error) signer {
		return signer{c.Token1, c.Token1.DER, func([]byte, crypto.SignerOpts) ([]byte, error) { return b, err }}
	}

	for _, k := range []struct {
		name   string
		signer ctlbuild.Signer
		is     error
		msg    string
		hint   string
	}{
		{"not listed", c.Sub, ctlbuild.ErrSignerNotListed, "CN=cucm-1051-a-sub1", "add its certificate as SAST"},
		{"listed, but not as SAST", c.CAPF, ctlbuild.ErrSignerNotListed, "", "SAST"},
		{"3072 bits", bits3072, ctlbuild.ErrSignerKey, "no way to say 3072 bits", "1024, 2048 or 4096"},
		{"512 bits", signer{Signer: c.Token1, der: bits512}, ctlbuild.ErrSignerKey, "512 bits are too few", "1024"},
		{"no RSA key", signer{Signer: key, der: ec}, ctlbuild.ErrSignerKey, "no RSA key", "RSA"},
		{"another's certificate", signer{Signer: c.Token2, der: c.Token1.DER}, ctlbuild.ErrSignerMismatch, "", "id"},
		{"no certificate", signer{Signer: c.Token1}, nil, "certificate", ""},
		{"a failing device", returns(nil, device), device, "", ""},
		{"a signature that is too short", returns([]byte{1}, nil), ctlbuild.ErrSignerResult, "1 byte", ""},
		{"a wrong signature", returns(make([]byte, 128), nil), ctlbuild.ErrSignerResult, "signature is wrong", ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			l, err := ctlbuild.Sign(context.Background(), c.ETokensDraft(t), k.signer)
			if l != nil || err == nil || k.is != nil && !errors.Is(err, k.is) || !strings.Contains(err.Error(), k.msg) {
				t.Fatalf("Sign: %v, want %v with %q", err, k.is, k.msg)
			}
			var refused *ctlbuild.SignerError
			if k.hint != "" && (!errors.As(err, &refused) || !strings.Contains(message.Lines(refused.Hints()).String(), k.hint)) {
				t.Errorf("no hint with %q: %v", k.hint, err)
			}
		})
	}
}

// What cannot become a list is refused before the token is touched.
func TestSignRefusesDrafts(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	for name, change := range map[string]func(d *ctlbuild.Draft){
		"unknown digest":       func(d *ctlbuild.Draft) { d.Digest = 9 },
		"no file name":         func(d *ctlbuild.Draft) { d.FileName = "" },
		"NUL in the file name": func(d *ctlbuild.Draft) { d.FileName = "a\x00b" },
		"time before 1970":     func(d *ctlbuild.Draft) { d.Time = time.Unix(-1, 0) },
		"time after 2106":      func(d *ctlbuild.Draft) { d.Time = time.Unix(1<<32, 0) },
		"header too long":      func(d *ctlbuild.Draft) { d.Unknown = []ctlbuild.Field{{Tag: 99, Value: make([]byte, 0xff00)}} },
		"record too long":      func(d *ctlbuild.Draft) { d.Records[1].Fields[0].Value = make([]byte, 0xffff) },
		"too many records": func(d *ctlbuild.Draft) {
			for len(d.Records) <= ctlbuild.MaxRecords {
				d.Records = append(d.Records, d.Records[1])
			}
		},
		"file too long": func(d *ctlbuild.Draft) {
			for len(d.Records) < ctlbuild.MaxRecords {
				d.Records = append(d.Records, d.Records[0])
			}
		},
		"a field twice": func(d *ctlbuild.Draft) {
			d.Records[1].Fields = append(d.Records[1].Fields, d.Records[1].Fields[0])
		},
		"a known field among the unknown": func(d *ctlbuild.Draft) {
			d.Unknown = []ctlbuild.Field{{Tag: 15, Value: make([]byte, 4)}}
		},
		"padding among the unknown": func(d *ctlbuild.Draft) {
			d.Unknown = []ctlbuild.Field{{Tag: 13, Value: make([]byte, 4)}}
		},
	} {
		d := c.ETokensDraft(t)
		change(d)
		untouched := signer{c.Token1, c.Token1.DER, func([]byte, crypto.SignerOpts) ([]byte, error) {
			t.Errorf("%s: the signer was asked", name)
			return nil, io.EOF
		}}
		if _, err := ctlbuild.Sign(context.Background(), d, untouched); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// Once the person has given up, the token is not touched any more.
func TestSignCanceled(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	touched := signer{c.Token1, c.Token1.DER, func([]byte, crypto.SignerOpts) ([]byte, error) {
		t.Error("the signer was asked")
		return nil, io.EOF
	}}
	if _, err := ctlbuild.Sign(ctx, c.ETokensDraft(t), touched); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign: %v", err)
	}
}

// The signer is handed the digest that the header names.
func TestSignerIsGivenTheDigest(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	for digest, hash := range map[ctlbuild.Digest]crypto.Hash{0: crypto.SHA1, 1: crypto.SHA1, 2: crypto.SHA256, 3: crypto.SHA512} {
		d := c.ETokensDraft(t)
		d.Digest = digest
		s := signer{c.Token1, c.Token1.DER, func(b []byte, opts crypto.SignerOpts) ([]byte, error) {
			if opts.HashFunc() != hash || len(b) != hash.Size() {
				t.Errorf("digest %d: asked to sign %d bytes of %v", digest, len(b), opts.HashFunc())
			}
			return c.Token1.Sign(nil, b, opts)
		}}
		ctltest.Sign(t, d, s)
	}
}

func TestEnvelope(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	const name = "SEP0011215A1AE3.cnf.xml.sgn"
	e := c.Config(t, name, []byte("<device/>\n"))
	again, err := ctlbuild.ParseEnvelope(e.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Content) != "<device/>\n" || again.Header.FileName != name || again.Kind() != ctlbuild.KindSigned {
		t.Errorf("%q named %q is a %v", again.Content, again.Header.FileName, again.Kind())
	}
	itl, ctl := c.ITL(t), c.Tokenless(t)
	for _, k := range []struct {
		name string
		v    ctlbuild.Verification
		ok   bool
		by   int
	}{
		{"with the certificate", again.VerifyWith(c.Pub.DER), true, -1},
		{"with another", again.VerifyWith(c.Sub.DER), false, -1},
		{"from an ITL, any function", again.VerifyFrom(itl), true, 0},
		{"from an ITL", again.VerifyFrom(itl, ctlbuild.CCMTFTP, ctlbuild.TFTP), true, 1},
		{"from a CTL", again.VerifyFrom(ctl, ctlbuild.CCMTFTP), true, 1},
		{"from TFTP records, of which there is none", again.VerifyFrom(ctl, ctlbuild.TFTP), false, -1},
		{"from a list with stubs", again.VerifyFrom(c.NonSecure(t), ctlbuild.CCMTFTP), false, -1},
	} {
		if k.v.OK != k.ok || k.v.Signer != k.by || k.ok == (k.v.Reason != "") {
			t.Errorf("%s: %+v", k.name, k.v)
		}
	}
	changed := bytes.Clone(e.Bytes())
	changed[len(changed)-2] ^= 1
	if e, err := ctlbuild.ParseEnvelope(changed); err != nil || e.VerifyWith(c.Pub.DER).OK {
		t.Errorf("a changed file verifies (%v)", err)
	}
	if _, err := ctlbuild.ParseEnvelope(e.Bytes()[:50]); err == nil {
		t.Error("half a header is read")
	}
	if _, err := ctlbuild.SignEnvelope(context.Background(), "", nil, 0, time.Time{}, c.Pub); err == nil {
		t.Error("a file without a name was signed")
	}
	// A list is an envelope too.
	list, err := ctlbuild.ParseEnvelope(ctl.Bytes())
	if err != nil || list.Kind() != ctlbuild.KindCTL || !list.VerifyFrom(ctl, ctlbuild.SAST).OK {
		t.Errorf("a CTL as an envelope: %v", err)
	}
}

func TestEncrypted(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	random := make([]byte, 5000)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		name    string
		content []byte
		want    bool
	}{
		{"markup", []byte("<?xml version=\"1.0\"?>\r\n<device/>"), false},
		{"markup in Latin-1", []byte("\n<device>Krak\xf3w</device>"), false},
		{"text", []byte("Kraków: 8861\n"), false},
		{"text longer than what is looked at", []byte("x" + strings.Repeat("ó", 4000)), false},
		{"nothing", nil, false},
		{"ciphertext", random, true},
		{"ciphertext that begins as markup", append([]byte("<"), random...), true},
		{"no text in any case", []byte("\xff\xfe\xfd\xfc"), true},
	} {
		if got := c.Config(t, "SEP.cnf.xml.enc.sgn", k.content).Encrypted(); got != k.want {
			t.Errorf("%s: %v", k.name, got)
		}
	}
}
