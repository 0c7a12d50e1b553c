package main

import (
	"crypto/sha1" // what phones and nodes print, not a protection
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"ctlclient/ctlbuild"
)

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// colonHex prints bytes as show ctl does: 70:CA:F6.
func colonHex(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = fmt.Sprintf("%02X", c)
	}
	return strings.Join(parts, ":")
}

// recordNumber counts records as show ctl does, from 1; 0 means none.
func recordNumber(index int) int { return index + 1 }

type certificateJSON struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	KeyBits   int       `json:"key_bits"`
	Algorithm string    `json:"signature_algorithm"`
	SHA1      string    `json:"sha1"`
	PEM       string    `json:"pem"`
}

func certificateOf(der []byte) *certificateJSON {
	if der == nil {
		return nil
	}
	sum := sha1.Sum(der)
	j := &certificateJSON{SHA1: hex.EncodeToString(sum[:]), PEM: string(pemOf(der))}
	c, err := ctlbuild.ParseCertificate(der)
	if err != nil {
		return j // its bytes are all that can be said
	}
	j.Subject, j.Issuer, j.Serial = c.Subject, c.Issuer, hex.EncodeToString(c.Serial)
	j.NotBefore, j.NotAfter, j.KeyBits, j.Algorithm = c.NotBefore, c.NotAfter, c.KeyBits, c.SigAlg
	return j
}

type headerJSON struct {
	Version      string    `json:"version"`
	HeaderLength int       `json:"header_length"`
	SignerName   string    `json:"signer_name"`
	Serial       string    `json:"serial_number"`
	CAName       string    `json:"ca_name"`
	Digest       string    `json:"digest"`
	Modulus      int       `json:"modulus_code"`
	Signature    string    `json:"signature"`
	FileName     string    `json:"file_name"`
	Time         time.Time `json:"time"`
}

func headerOf(h ctlbuild.Header) headerJSON {
	return headerJSON{
		Version: fmt.Sprintf("%d.%d", h.Version[0], h.Version[1]), HeaderLength: h.Length,
		SignerName: h.SignerName, Serial: colonHex(h.SerialNumber), CAName: h.CAName,
		Digest: h.Digest.String(), Modulus: int(h.Modulus), Signature: hex.EncodeToString(h.Signature),
		FileName: h.FileName, Time: h.Time.UTC(),
	}
}

type recordJSON struct {
	Number       int              `json:"number"`
	Length       int              `json:"length"`
	Function     string           `json:"function"`
	FunctionCode int              `json:"function_code"`
	DNSName      string           `json:"dns_name"`
	SubjectName  string           `json:"subject_name,omitempty"`
	IssuerName   string           `json:"issuer_name,omitempty"`
	Serial       string           `json:"serial_number,omitempty"`
	IP           string           `json:"ip,omitempty"`
	CertHash     string           `json:"cert_hash,omitempty"`
	HashDigest   string           `json:"hash_algorithm,omitempty"`
	Stub         bool             `json:"stub,omitempty"`
	Token        bool             `json:"token,omitempty"`
	UsedToSign   bool             `json:"used_to_sign,omitempty"`
	Certificate  *certificateJSON `json:"certificate,omitempty"`
}

func recordOf(i int, r *ctlbuild.Record) recordJSON {
	j := recordJSON{
		Number: recordNumber(i), Length: r.Len(), Function: r.Function().String(), FunctionCode: int(r.Function()),
		DNSName: r.DNSName(), SubjectName: r.SubjectName(), IssuerName: r.IssuerName(), Serial: colonHex(r.SerialNumber()),
		Stub: r.IsStub(), Token: r.IsToken(), Certificate: certificateOf(r.Certificate()),
	}
	if ip, ok := r.IP(); ok {
		j.IP = ip.String()
	}
	if h, d := r.CertHash(); h != nil {
		j.CertHash, j.HashDigest = hex.EncodeToString(h), d.String()
	}
	return j
}

func kindOf(k ctlbuild.Kind) string {
	switch k {
	case ctlbuild.KindCTL:
		return "CTL"
	case ctlbuild.KindITL:
		return "ITL"
	}
	return "signed file"
}

func (a *app) showJSON(l *ctlbuild.List, v ctlbuild.Verification) error {
	if err := a.object("header", headerOf(l.Header)); err != nil {
		return err
	}
	_, signer := l.Signer()
	for i := range l.Records {
		r := recordOf(i, &l.Records[i])
		r.UsedToSign = i == signer
		if err := a.object("record", r); err != nil {
			return err
		}
	}
	return a.result(listSummary(l, v))
}

func listSummary(l *ctlbuild.List, v ctlbuild.Verification) map[string]any {
	return map[string]any{
		"kind": kindOf(l.Kind()), "bytes": len(l.Bytes()), "md5": l.MD5(), "sha1": l.SHA1(),
		"records": len(l.Records), "verified": v.OK, "signer_record": recordNumber(v.Signer), "reason": v.Reason,
		"tokenless": l.Tokenless(), "empty_rollback": l.IsEmptyRollback(),
	}
}

func envelopeJSON(e *ctlbuild.Envelope) map[string]any {
	return map[string]any{"kind": kindOf(e.Kind()), "header": headerOf(e.Header), "content_bytes": len(e.Content), "encrypted": e.Encrypted()}
}

type changeJSON struct {
	Change string      `json:"change"`
	Old    *recordJSON `json:"old,omitempty"`
	New    *recordJSON `json:"new,omitempty"`
	Fields []string    `json:"fields,omitempty"`
}

func changeOf(c ctlbuild.Change) changeJSON {
	j := changeJSON{Change: changeWord(c.Kind), Fields: c.Fields}
	if c.OldRec != nil {
		r := recordOf(c.Old, c.OldRec)
		j.Old = &r
	}
	if c.NewRec != nil {
		r := recordOf(c.New, c.NewRec)
		j.New = &r
	}
	return j
}

func changeWord(k ctlbuild.ChangeKind) string {
	switch k {
	case ctlbuild.Added:
		return "added"
	case ctlbuild.Removed:
		return "removed"
	}
	return "changed"
}

func diffSummary(d ctlbuild.Diff) map[string]any {
	return map[string]any{
		"identical": d.Identical, "changes": len(d.Changes), "reordered": d.Reordered, "signer_changed": d.SignerChange,
		"old_signer": d.OldSigner, "new_signer": d.NewSigner, "digest_changed": d.DigestChange,
		"signer_version_changed": d.OldVersion != d.NewVersion, "signed_again": d.Resigned,
	}
}

// diffJSON writes a line a change and the summary as result.
func (a *app) diffJSON(d ctlbuild.Diff) error {
	for _, c := range d.Changes {
		if err := a.object("diff", changeOf(c)); err != nil {
			return err
		}
	}
	return a.result(diffSummary(d))
}
