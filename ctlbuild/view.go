package ctlbuild

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"
)

// View is everything that a list holds, in a form that marshals to JSON. Bytes
// are hex in lower case; serial numbers, as show ctl prints them, have colons.
// Text is as it stands in the file: JSON escapes what a terminal must not see.
type View struct {
	Kind          string        `json:"kind"` // CTL or ITL
	Size          int           `json:"size"`
	MD5           string        `json:"md5"`
	SHA1          string        `json:"sha1"`
	Verified      bool          `json:"verified"`
	Reason        string        `json:"reason,omitempty"` // why not verified
	Signer        int           `json:"signer"`           // record number from 1, 0 when none
	Tokenless     bool          `json:"tokenless"`
	EmptyRollback bool          `json:"empty_rollback"`
	Header        HeaderView    `json:"header"`
	Records       []RecordView  `json:"records"`
	Findings      []FindingView `json:"findings,omitempty"`
}

// FindingView is something odd about the list.
type FindingView struct {
	Key     string `json:"key"`
	Record  int    `json:"record,omitempty"` // number from 1; absent: the header
	Message string `json:"message"`          // in English
}

// FindingViews gives what [List.Findings] does.
func (l *List) FindingViews() []FindingView {
	var views []FindingView
	for _, f := range l.Findings() {
		views = append(views, FindingView{f.Key, f.Record, f.String()})
	}
	return views
}

// EnvelopeView is the same of a .sgn file.
type EnvelopeView struct {
	Kind          string     `json:"kind"`
	Size          int        `json:"size"`
	Encrypted     bool       `json:"encrypted"`
	ContentLength int        `json:"content_length"`
	Header        HeaderView `json:"header"`
}

// HeaderView is a header.
type HeaderView struct {
	Version       string      `json:"version"` // 1.2
	Length        int         `json:"length"`
	SignerVersion string      `json:"signer_version,omitempty"`
	SignerName    string      `json:"signer_name"`
	SerialNumber  string      `json:"serial_number"`
	CAName        string      `json:"ca_name"`
	Digest        string      `json:"digest"` // SHA-1, or a number
	SignatureAlg  uint8       `json:"signature_algorithm"`
	ModulusBits   int         `json:"modulus_bits"` // 0 when unknown
	Signature     string      `json:"signature"`
	FileName      string      `json:"file_name"`
	Time          *time.Time  `json:"time,omitempty"`
	Fields        []FieldView `json:"fields"` // all of them, in file order
}

// FieldView is one field as it stands.
type FieldView struct {
	Tag    uint8  `json:"tag"`
	Name   string `json:"name,omitempty"` // empty when unknown
	In     uint8  `json:"in,omitempty"`   // the container's tag
	Length int    `json:"length"`
	Value  string `json:"value"`
}

// RecordView is a record.
type RecordView struct {
	Number       int              `json:"number"` // from 1
	Length       int              `json:"length"`
	Function     string           `json:"function"`      // the command line's word; empty when there is none
	FunctionName string           `json:"function_name"` // as show ctl prints it
	DNSName      string           `json:"dns_name"`
	SubjectName  string           `json:"subject_name"`
	CN           string           `json:"cn"`
	IssuerName   string           `json:"issuer_name"`
	SerialNumber string           `json:"serial_number"`
	IP           *netip.Addr      `json:"ip,omitempty"`
	Token        bool             `json:"token"`
	Stub         bool             `json:"stub"`
	Signed       bool             `json:"signed"` // the list, by the names in the header
	CertHash     string           `json:"cert_hash,omitempty"`
	HashAlg      string           `json:"hash_algorithm,omitempty"`
	Certificate  *CertificateView `json:"certificate,omitempty"`
	Fields       []FieldView      `json:"fields"`
}

// CertificateView is the certificate in a record.
type CertificateView struct {
	Error        string     `json:"error,omitempty"` // why it cannot be read
	Subject      string     `json:"subject,omitempty"`
	Issuer       string     `json:"issuer,omitempty"`
	SerialNumber string     `json:"serial_number,omitempty"` // most significant byte first
	NotBefore    *time.Time `json:"not_before,omitempty"`
	NotAfter     *time.Time `json:"not_after,omitempty"`
	KeyType      string     `json:"key_type,omitempty"` // RSA, ECDSA, Ed25519
	KeyBits      int        `json:"key_bits,omitempty"`
	Curve        string     `json:"curve,omitempty"` // of an EC key: P-256
	SignatureAlg string     `json:"signature_algorithm,omitempty"`
	SHA1         string     `json:"sha1"`
	SHA256       string     `json:"sha256"`
}

// View gives everything that the list holds, and whether it verifies.
func (l *List) View() View {
	verification := l.Verify()
	_, signer := l.Signer()
	v := View{
		Kind: l.Kind().String(), Size: len(l.raw), MD5: l.MD5(), SHA1: l.SHA1(),
		Verified: verification.OK, Reason: verification.Reason, Signer: signer + 1,
		Tokenless: l.Tokenless(), EmptyRollback: l.IsEmptyRollback(),
		Header: l.Header.View(), Records: make([]RecordView, len(l.Records)),
	}
	for i := range l.Records {
		v.Records[i] = l.Records[i].View(i+1, i == signer)
	}
	v.Findings = l.FindingViews()
	return v
}

// View gives the header and what the content is.
func (e *Envelope) View() EnvelopeView {
	return EnvelopeView{
		Kind: e.Kind().String(), Size: len(e.raw), Encrypted: e.Encrypted(),
		ContentLength: len(e.Content), Header: e.Header.View(),
	}
}

// View gives everything that a header holds.
func (h *Header) View() HeaderView {
	v := HeaderView{
		Version: versionText(h.Version), Length: h.Length,
		SignerName: h.SignerName, SerialNumber: colonHex(h.SerialNumber), CAName: h.CAName,
		Digest: h.Digest.String(), SignatureAlg: h.SignatureAlg,
		Signature: hex.EncodeToString(h.Signature), FileName: h.FileName,
		Fields: make([]FieldView, len(h.fields)),
	}
	if h.value(tagSignerVersion) != nil {
		v.SignerVersion = versionText(h.SignerVersion)
	}
	if h.value(tagSignatureModulus) != nil && int(h.Modulus) < len(modulusBytes) {
		v.ModulusBits = 8 * modulusBytes[h.Modulus]
	}
	if !h.Time.IsZero() {
		v.Time = &h.Time
	}
	for i, f := range h.fields {
		v.Fields[i] = FieldView{f.Tag, headerName(f.Tag), f.in, len(f.Value), hex.EncodeToString(f.Value)}
	}
	return v
}

// View gives everything that a record holds, its certificate included. number counts
// from 1; signed says that the record is the signer's.
func (r *Record) View(number int, signed bool) RecordView {
	hash, digest := r.CertHash()
	v := RecordView{
		Number: number, Length: r.Len(),
		DNSName: r.DNSName(), SubjectName: r.SubjectName(), CN: r.CN(), IssuerName: r.IssuerName(),
		SerialNumber: colonHex(r.SerialNumber()),
		Token:        r.IsToken(), Stub: r.IsStub(), Signed: signed,
		CertHash: hex.EncodeToString(hash), Fields: make([]FieldView, len(r.Fields)),
	}
	if f := r.Function(); f != NoFunction {
		v.Function, v.FunctionName = f.Slug(), f.String()
	}
	if hash != nil {
		v.HashAlg = digest.String()
	}
	if ip, ok := r.IP(); ok {
		v.IP = &ip
	}
	if der := r.Certificate(); der != nil {
		v.Certificate = viewCertificate(der)
	}
	for i, f := range r.Fields {
		v.Fields[i] = FieldView{f.Tag, recordTagNames[f.Tag], 0, len(f.Value), hex.EncodeToString(f.Value)}
	}
	return v
}

func viewCertificate(der []byte) *CertificateView {
	sum1, sum256 := sha1.Sum(der), sha256.Sum256(der)
	v := &CertificateView{SHA1: hex.EncodeToString(sum1[:]), SHA256: hex.EncodeToString(sum256[:])}
	c, err := ParseCertificate(der)
	if err != nil {
		v.Error = err.Error()
		return v
	}
	v.Subject, v.Issuer, v.SerialNumber = c.Subject, c.Issuer, colonHex(c.Serial)
	v.KeyType, v.KeyBits, v.Curve, v.SignatureAlg = c.KeyType(), c.KeyBits, c.Curve, c.SigAlg
	if !c.NotAfter.IsZero() {
		v.NotBefore, v.NotAfter = &c.NotBefore, &c.NotAfter
	}
	return v
}
