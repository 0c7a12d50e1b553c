package ctlbuild

import (
	"crypto"
	"fmt"
	"slices"
	"strings"

	"ctlclient/certificate"
)

// Verification is the outcome of checking a signature.
type Verification struct {
	OK     bool
	Signer int    // record index, -1 when none was found or the key came from outside
	Reason string // why not, in a sentence; empty when OK
}

// Verify checks the list against its own SAST records. Where several answer to
// the names in the header, one whose key fits is enough.
func (l *List) Verify() Verification {
	found := l.signerCandidates(func(f Function) bool { return f == SAST })
	if len(found) == 0 {
		return unsignedBy(&l.Header, "no SAST record of the list")
	}
	return verifyAmong(&l.Header, l.content(), l.Records, found)
}

// VerifyWith checks against one certificate, in DER, whatever the list says of
// its signer.
func (l *List) VerifyWith(certDER []byte) Verification {
	return verifyOutside(&l.Header, l.content(), certDER)
}

func (l *List) content() []byte { return l.raw[l.Header.Length:] }

// unsignedBy tells of a header whose signer was not found.
func unsignedBy(h *Header, who string) Verification {
	v := Verification{Signer: -1}
	if h.value(tagCAName) == nil || h.value(tagSerialNumber) == nil {
		v.Reason = "the header names no signer"
		return v
	}
	v.Reason = fmt.Sprintf("%s has the issuer and serial number that the header names as its signer (%s, serial number %s)",
		who, Printable(h.CAName), colonHex(h.SerialNumber))
	return v
}

// verifyAmong tries the records that the header names.
func verifyAmong(h *Header, content []byte, records []Record, found []int) Verification {
	var reasons []string
	for _, i := range found {
		reason := verifyRecord(h, content, &records[i])
		if reason == "" {
			return Verification{OK: true, Signer: i}
		}
		reasons = append(reasons, fmt.Sprintf("record %d: %s", i+1, reason))
	}
	return Verification{Signer: found[0], Reason: strings.Join(reasons, "; ")}
}

func verifyRecord(h *Header, content []byte, r *Record) string {
	der := r.Certificate()
	if len(der) == 0 {
		return "the record of the signer carries no certificate"
	}
	return verifyCertificate(h, content, der)
}

func verifyOutside(h *Header, content, certDER []byte) Verification {
	reason := verifyCertificate(h, content, certDER)
	return Verification{OK: reason == "", Signer: -1, Reason: reason}
}

// verifyCertificate checks the signature with a certificate's key. It returns
// why it fails, or nothing.
func verifyCertificate(h *Header, content, der []byte) string {
	key, err := certificate.RSAKeyOf(der)
	if err != nil {
		return "the signer's certificate cannot be read: " + err.Error()
	}
	if key == nil {
		return "the signer's key is no RSA key"
	}
	if h.Signature == nil {
		return "the header carries no signature"
	}
	for _, tag := range []uint8{tagDigestAlgorithm, tagSignatureAlgorithm, tagSignatureModulus} {
		if h.value(tag) == nil {
			return "the header has no " + headerTags[tag].name
		}
	}
	if h.SignatureAlg != 0 {
		return fmt.Sprintf("the signature algorithm %d is unknown; 0, RSA PKCS#1 v1.5, is expected", h.SignatureAlg)
	}
	if int(h.Modulus) >= len(modulusBytes) {
		return fmt.Sprintf("the modulus size %d is unknown; 0 to %d are expected", h.Modulus, len(modulusBytes)-1)
	}
	if want := modulusBytes[h.Modulus]; len(h.Signature) != want {
		return fmt.Sprintf("the signature is %d bytes long, but the header announces a modulus of %d", len(h.Signature), want)
	}
	if size := key.Size(); len(h.Signature) != size {
		return fmt.Sprintf("the signature is %d bytes long, but the signer's modulus is %d", len(h.Signature), size)
	}
	hash, ok := h.Digest.Hash()
	if !ok {
		return fmt.Sprintf("the digest %d is unknown; 1 SHA-1, 2 SHA-256 and 3 SHA-512 are expected", h.Digest)
	}
	if !key.Verify(hash, h.digest(hash, content), h.Signature) {
		return "the signature is wrong: the file was changed after it was signed, or signed with another key"
	}
	return ""
}

// digest hashes what is signed: everything but the SIGNATURE field.
func (h *Header) digest(hash crypto.Hash, content []byte) []byte {
	d := hash.New()
	d.Write(h.raw[:h.sigAt])
	d.Write(h.raw[h.sigEnd:])
	d.Write(content)
	return d.Sum(nil)
}

// wants makes a test of functions; an empty list wants all.
func wants(functions []Function) func(Function) bool {
	return func(f Function) bool { return len(functions) == 0 || slices.Contains(functions, f) }
}
