package ctlbuild_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"math/big"
	"slices"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

// rewrite changes the value of a header field of a list, found by walking the
// bytes, and corrects no length.
func rewrite(t *testing.T, l *ctlbuild.List, tag byte, change func(value []byte)) *ctlbuild.List {
	t.Helper()
	data := bytes.Clone(l.Bytes())
	for pos := 0; pos < l.Header.Length; {
		n := int(binary.BigEndian.Uint16(data[pos+1:]))
		if data[pos] == tag {
			change(data[pos+3 : pos+3+n])
			return parse(t, data)
		}
		if pos += 3; data[pos-3] != 3 && data[pos-3] != 7 && data[pos-3] != 9 { // step into containers
			pos += n
		}
	}
	t.Fatalf("no field %d in the header", tag)
	return nil
}

func parse(t *testing.T, data []byte) *ctlbuild.List {
	t.Helper()
	l, err := ctlbuild.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Every digest with every size of key that the format can name and that may
// sign.
func TestSignAndVerify(t *testing.T) {
	for _, bits := range []int{1024, 2048, 4096} {
		spec := ctltest.Token("SAST", []byte{1, 2})
		spec.Bits, spec.Length = bits, 0
		token := ctltest.New(t, spec)
		for _, digest := range []ctlbuild.Digest{ctlbuild.SHA1, ctlbuild.SHA256, ctlbuild.SHA512} {
			for _, nameFirst := range []bool{false, true} {
				d := ctlbuild.NewDraft()
				d.Digest, d.NameFirst = digest, nameFirst
				if _, err := d.AddToken(token.DER); err != nil {
					t.Fatal(err)
				}
				l := ctltest.Sign(t, d, token)
				if l.Header.Digest != digest || len(l.Header.Signature) != bits/8 {
					t.Errorf("%d bits: digest %v, signature of %d bytes", bits, l.Header.Digest, len(l.Header.Signature))
				}
				if v := l.Verify(); !v.OK || v.Signer != 0 || v.Reason != "" {
					t.Errorf("%d bits, %v: %+v", bits, digest, v)
				}
				if !verifyByHand(l.Bytes(), &token.Key.PublicKey, digest) {
					t.Errorf("%d bits, %v: does not verify over the bytes without the SIGNATURE field", bits, digest)
				}
			}
		}
	}
}

// verifyByHand takes the SIGNATURE field out of the bytes and checks it,
// without this package.
func verifyByHand(data []byte, key *rsa.PublicKey, digest ctlbuild.Digest) bool {
	pos := 0
	for data[pos] != 12 {
		pos += 3 + int(binary.BigEndian.Uint16(data[pos+1:]))
	}
	end := pos + 3 + int(binary.BigEndian.Uint16(data[pos+1:]))
	hash := map[ctlbuild.Digest]crypto.Hash{1: crypto.SHA1, 2: crypto.SHA256, 3: crypto.SHA512}[digest]
	h := hash.New()
	h.Write(slices.Concat(data[:pos], data[end:]))
	return rsa.VerifyPKCS1v15(key, hash, h.Sum(nil), data[pos+3:end]) == nil
}

func TestVerifyFails(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	good := c.ETokens(t)
	set := func(b byte) func([]byte) { return func(v []byte) { v[0] = b } }
	last := func(v []byte) { v[len(v)-1] ^= 1 }

	content := bytes.Clone(good.Bytes())
	content[len(content)-1] ^= 1 // the last byte of the last record's address
	noCertificate := c.ETokensDraft(t)
	signed := ctltest.Sign(t, noCertificate, c.Token2)
	stripped := withRecords(t, signed, func(r *ctlbuild.Record) {
		r.Fields = slices.DeleteFunc(r.Fields, func(f ctlbuild.Field) bool { return f.Tag == 9 })
	})
	broken := withRecords(t, signed, func(r *ctlbuild.Record) {
		for i := range r.Fields {
			if r.Fields[i].Tag == 9 {
				r.Fields[i].Value = []byte("no certificate")
			}
		}
	})

	for _, k := range []struct {
		name   string
		list   *ctlbuild.List
		signer int
		reason string
	}{
		{"signature changed", rewrite(t, good, 12, last), 4, "record 5: the signature is wrong"},
		{"content changed", parse(t, content), 4, "record 5: the signature is wrong"},
		{"time changed", rewrite(t, good, 15, last), 4, "record 5: the signature is wrong"},
		{"signer's serial number changed", rewrite(t, good, 5, last), -1, "no SAST record of the list has the issuer and serial number"},
		{"signer's issuer changed", rewrite(t, good, 6, set('C')), -1, "no SAST record"},
		{"digest unknown", rewrite(t, good, 8, set(9)), 4, "digest 9 is unknown"},
		{"another digest", rewrite(t, good, 8, set(2)), 4, "signature is wrong"},
		{"signature algorithm unknown", rewrite(t, good, 10, set(1)), 4, "signature algorithm 1 is unknown"},
		{"modulus size unknown", rewrite(t, good, 11, set(4)), 4, "modulus size 4 is unknown"},
		{"modulus size of another key", rewrite(t, good, 11, set(2)), 4, "the signature is 128 bytes long, but the header announces a modulus of 256"},
		{"no certificate in the record", stripped, 4, "carries no certificate"},
		{"certificate unreadable", broken, 4, "certificate cannot be read"},
		{"header without names", parse(t, cat("\x01\x00\x02\x01\x02", "\x02\x00\x02\x00\x0a")), -1, "names no signer"},
	} {
		t.Run(k.name, func(t *testing.T) {
			v := k.list.Verify()
			if v.OK || v.Signer != k.signer || !strings.Contains(v.Reason, k.reason) {
				t.Errorf("%+v, want %q of record index %d", v, k.reason, k.signer)
			}
		})
	}
}

// withRecords is the list with its records changed and its header as it was.
func withRecords(t *testing.T, l *ctlbuild.List, change func(r *ctlbuild.Record)) *ctlbuild.List {
	t.Helper()
	data := bytes.Clone(l.Bytes()[:l.Header.Length])
	for _, r := range l.Records {
		r.Fields = slices.Clone(r.Fields)
		change(&r)
		data = append(data, r.Bytes()...)
	}
	return parse(t, data)
}

func TestVerifyWith(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	l := c.ETokens(t)
	if v := l.VerifyWith(c.Token2.DER); !v.OK || v.Signer != -1 {
		t.Errorf("with the signer's certificate: %+v", v)
	}
	for name, der := range map[string][]byte{
		"another's certificate": c.Token1.DER,
		"a key of another size": c.Recovery.DER,
		"no certificate":        []byte("x"),
	} {
		if v := l.VerifyWith(der); v.OK || v.Reason == "" {
			t.Errorf("with %s: %+v", name, v)
		}
	}
}

// Two SAST records may answer to the same issuer and serial number: a token's
// certificate that was issued anew with another key. The one that fits counts.
func TestVerifyTriesAllNamesakes(t *testing.T) {
	spec := ctltest.Token("SAST", []byte{1, 2})
	first := ctltest.New(t, spec)
	spec.KeyName = "another key"
	second := ctltest.New(t, spec)
	d := ctlbuild.NewDraft()
	for _, token := range []*ctltest.Cert{first, second} {
		if added, err := d.AddToken(token.DER); err != nil || !added {
			t.Fatal(added, err)
		}
	}
	for i, token := range []*ctltest.Cert{first, second} {
		l := ctltest.Sign(t, d, token)
		if v := l.Verify(); !v.OK || v.Signer != i {
			t.Errorf("signed by %d: %+v", i, v)
		}
		if _, got := l.Signer(); got != i {
			t.Errorf("signed by %d: Signer is %d", i, got)
		}
	}
	none := rewrite(t, ctltest.Sign(t, d, first), 12, func(v []byte) { v[9] ^= 1 })
	if v := none.Verify(); v.OK || !strings.Contains(v.Reason, "record 1:") || !strings.Contains(v.Reason, "record 2:") {
		t.Errorf("signed by neither: %+v", v)
	}
}

// Keys of 512 bits, and exponents that crypto/rsa refuses, are read though they
// never sign.
func TestVerifyKeysThatMustNotSign(t *testing.T) {
	for _, k := range []struct {
		name      string
		bits, tag int
		exponent  int64
	}{
		{"512 bits", 512, 0, 65537},
		{"exponent beyond 31 bits", 1024, 1, 1<<33 + 9},
	} {
		t.Run(k.name, func(t *testing.T) {
			n, d := weakKey(t, k.bits, k.exponent)
			der := ctltest.WithKey(t, ctltest.Token("SAST", []byte{1, 2}), n, big.NewInt(k.exponent))
			record, err := ctlbuild.NewRecord(ctlbuild.Entry{Certificate: der, Token: true})
			if err != nil {
				t.Fatal(err)
			}
			id := slices.Concat(tlv(4, record.Fields[1].Value), tlv(5, record.SerialNumber()), tlv(6, []byte("cn=Cisco Manufacturing CA;o=Cisco Systems\x00")))
			size := k.bits / 8
			before := slices.Concat(tlv(3, id), tlv(7, slices.Concat(tlv(8, []byte{1}), tlv(9, slices.Concat(tlv(10, []byte{0}), tlv(11, []byte{byte(k.tag)}))))))
			after := slices.Concat(tlv(14, []byte("CTLFile.tlv\x00")), tlv(15, []byte{0, 0, 0, 1}))
			length := 10 + len(before) + 3 + size + len(after)
			before = slices.Concat(tlv(1, []byte{1, 2}), tlv(2, []byte{byte(length >> 8), byte(length)}), before)

			h := crypto.SHA1.New()
			h.Write(slices.Concat(before, after, record.Bytes()))
			signature := signByHand(n, d, h.Sum(nil), size)
			l := parse(t, slices.Concat(before, tlv(12, signature), after, record.Bytes()))
			if v := l.Verify(); !v.OK {
				t.Error(v.Reason)
			}
			signature[size-1] ^= 1
			l = parse(t, slices.Concat(before, tlv(12, signature), after, record.Bytes()))
			if v := l.Verify(); v.OK {
				t.Error("a wrong signature is taken")
			}
			signature = bytes.Repeat([]byte{0xff}, size) // not below the modulus
			l = parse(t, slices.Concat(before, tlv(12, signature), after, record.Bytes()))
			if v := l.Verify(); v.OK {
				t.Error("a signature beyond the modulus is taken")
			}
		})
	}
}

func tlv(tag byte, value []byte) []byte {
	return append([]byte{tag, byte(len(value) >> 8), byte(len(value))}, value...)
}

// weakKey makes a key that crypto/rsa would not.
func weakKey(t *testing.T, bits int, exponent int64) (n, d *big.Int) {
	t.Helper()
	one, e := big.NewInt(1), big.NewInt(exponent)
	for {
		p, err1 := rand.Prime(rand.Reader, bits/2)
		q, err2 := rand.Prime(rand.Reader, bits/2)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		n = new(big.Int).Mul(p, q)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		if d = new(big.Int).ModInverse(e, phi); d != nil && n.BitLen() == bits {
			return n, d
		}
	}
}

// signByHand is PKCS#1 v1.5 with SHA-1, as RFC 8017 lays it out.
func signByHand(n, d *big.Int, digest []byte, size int) []byte {
	info := append(ctltest.Hex("3021300906052b0e03021a05000414"), digest...)
	block := slices.Concat([]byte{0, 1}, bytes.Repeat([]byte{0xff}, size-3-len(info)), []byte{0}, info)
	s := new(big.Int).Exp(new(big.Int).SetBytes(block), d, n)
	return s.FillBytes(make([]byte, size))
}

// Why a list does not verify is told by a key and values, so that it can be worded anywhere;
// the English is the same sentence.
func TestReasonsAreMessages(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	good := c.ETokens(t)
	changed := bytes.Clone(good.Bytes())
	changed[len(changed)-1] ^= 1
	for _, test := range []struct {
		data []byte
		key  string
	}{
		{changed, "list.unverified.record"},
		{slices.Concat(good.Bytes()[:good.Header.Length], good.Records[1].Bytes()), "list.unverified.unlisted"},
	} {
		v := parse(t, test.data).Verify()
		if v.OK || v.Why.Key != test.key || v.Why.String() != v.Reason || v.Reason == "" {
			t.Errorf("%+v, want %s", v, test.key)
		}
	}
	if v := good.Verify(); !v.OK || !v.Why.IsZero() || v.Reason != "" {
		t.Errorf("%+v", v)
	}
}

// Where several records answer to the names in the header and none verifies, the first is the
// one that the list is told to be signed by, and the reason names each.
func TestSeveralSignersNoneFits(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	d := c.ETokensDraft(t)
	d.Records = append(d.Records, d.Records[0])
	data := bytes.Clone(ctltest.Sign(t, d, c.Token1).Bytes())
	data[len(data)-1] ^= 1
	v := parse(t, data).Verify()
	if v.OK || v.Signer != 0 || !strings.Contains(v.Reason, "record 1: ") || !strings.Contains(v.Reason, "; record 6: ") {
		t.Errorf("%+v", v)
	}
}
