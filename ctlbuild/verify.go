package ctlbuild

import (
	"crypto"
	"slices"

	"ctlclient/certificate"
	"ctlclient/message"
)

// Verification is the outcome of checking a signature.
type Verification struct {
	OK     bool
	Signer int             // record index, -1 when none was found or the key came from outside
	Why    message.Message // why not; says nothing when OK
	Reason string          // Why in English; empty when OK
}

// failed is an outcome with its reason.
func failed(signer int, why message.Message) Verification {
	return Verification{Signer: signer, Why: why, Reason: why.String()}
}

var (
	whyUnlisted = message.Define("list.unverified.unlisted",
		"{who} has the issuer and serial number that the header names as its signer ({issuer}, serial number {serial})")
	whoSAST        = message.Define("list.unverified.who.sast", "no SAST record of the list")
	whoAny         = message.Define("list.unverified.who.any", "no record of the list")
	whoFunctions   = message.Define("list.unverified.who.functions", "no {functions} record of the list")
	whyNoSigner    = message.Define("list.unverified.no-signer", "the header names no signer")
	whyRecord      = message.Define("list.unverified.record", "record {record}: {why}")
	whyNoCert      = message.Define("list.unverified.no-certificate", "the record of the signer carries no certificate")
	whyCertificate = message.Define("list.unverified.certificate", "the signer's certificate cannot be read: {why}")
	whyNoRSA       = message.Define("list.unverified.no-rsa", "the signer's key is no RSA key")
	whyUnsigned    = message.Define("list.unverified.no-signature", "the header carries no signature")
	whyNoField     = message.Define("list.unverified.no-field", "the header has no {field}")
	whyAlgorithm   = message.Define("list.unverified.algorithm", "the signature algorithm {algorithm} is unknown; 0, RSA PKCS#1 v1.5, is expected")
	whyModulus     = message.Define("list.unverified.modulus", "the modulus size {modulus} is unknown; 0 to {last} are expected")
	whyAnnounced   = message.Define("list.unverified.announced", "the signature is {length} bytes long, but the header announces a modulus of {modulus}")
	whySignerSize  = message.Define("list.unverified.signer-size", "the signature is {length} bytes long, but the signer's modulus is {modulus}")
	whyDigest      = message.Define("list.unverified.digest", "the digest {digest} is unknown; 1 SHA-1, 2 SHA-256 and 3 SHA-512 are expected")
	whyWrong       = message.Define("list.unverified.wrong",
		"the signature is wrong: the file was changed after it was signed, or signed with another key")
)

// Verify checks the list against its own SAST records. Where several answer to
// the names in the header, one whose key fits is enough.
func (l *List) Verify() Verification {
	found := l.signerCandidates(func(f Function) bool { return f == SAST })
	if len(found) == 0 {
		return unsignedBy(&l.Header, whoSAST.With())
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
func unsignedBy(h *Header, who message.Message) Verification {
	if h.value(tagCAName) == nil || h.value(tagSerialNumber) == nil {
		return failed(-1, whyNoSigner.With())
	}
	return failed(-1, whyUnlisted.With("who", who, "issuer", Printable(h.CAName), "serial", colonHex(h.SerialNumber)))
}

// verifyAmong tries the records that the header names.
func verifyAmong(h *Header, content []byte, records []Record, found []int) Verification {
	var reasons message.Parts
	for _, i := range found {
		why, ok := verifyRecord(h, content, &records[i])
		if ok {
			return Verification{OK: true, Signer: i}
		}
		reasons = append(reasons, whyRecord.With("record", i+1, "why", why))
	}
	if len(reasons) == 1 {
		return failed(found[0], reasons[0])
	}
	return failed(found[0], whySeveral.With("reasons", reasons))
}

var whySeveral = message.Define("list.unverified.several", "{reasons}")

func verifyRecord(h *Header, content []byte, r *Record) (why message.Message, ok bool) {
	der := r.Certificate()
	if len(der) == 0 {
		return whyNoCert.With(), false
	}
	return verifyCertificate(h, content, der)
}

func verifyOutside(h *Header, content, certDER []byte) Verification {
	if why, ok := verifyCertificate(h, content, certDER); !ok {
		return failed(-1, why)
	}
	return Verification{OK: true, Signer: -1}
}

// verifyCertificate checks the signature with a certificate's key, and says why it fails.
func verifyCertificate(h *Header, content, der []byte) (why message.Message, ok bool) {
	key, err := certificate.RSAKeyOf(der)
	switch {
	case err != nil:
		return whyCertificate.With("why", whyUnreadable(err)), false
	case key == nil:
		return whyNoRSA.With(), false
	case h.Signature == nil:
		return whyUnsigned.With(), false
	}
	for _, tag := range []uint8{tagDigestAlgorithm, tagSignatureAlgorithm, tagSignatureModulus} {
		if h.value(tag) == nil {
			return whyNoField.With("field", headerName(tag)), false
		}
	}
	if h.SignatureAlg != 0 {
		return whyAlgorithm.With("algorithm", int(h.SignatureAlg)), false
	}
	if int(h.Modulus) >= len(modulusBytes) {
		return whyModulus.With("modulus", int(h.Modulus), "last", len(modulusBytes)-1), false
	}
	if want := modulusBytes[h.Modulus]; len(h.Signature) != want {
		return whyAnnounced.With("length", len(h.Signature), "modulus", want), false
	}
	if size := key.Size(); len(h.Signature) != size {
		return whySignerSize.With("length", len(h.Signature), "modulus", size), false
	}
	hash, known := h.Digest.Hash()
	if !known {
		return whyDigest.With("digest", int(h.Digest)), false
	}
	if !key.Verify(hash, h.digest(hash, content), h.Signature) {
		return whyWrong.With(), false
	}
	return why, true
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
