package main

import (
	"encoding/pem"
	"strings"

	"ctlclient/ctlbuild"
)

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// recordNumber counts records as show ctl does, from 1; 0 means none.
func recordNumber(index int) int { return index + 1 }

// What follows holds everything that ctlbuild's views do, and beside it the fields
// that the command line has in another form.

type certificateJSON struct {
	ctlbuild.CertificateView
	Serial string `json:"serial,omitempty"` // without colons
	PEM    string `json:"pem"`
}

func certificateOf(v *ctlbuild.CertificateView, der []byte) *certificateJSON {
	if v == nil {
		return nil
	}
	return &certificateJSON{CertificateView: *v, Serial: strings.ToLower(strings.ReplaceAll(v.SerialNumber, ":", "")), PEM: string(pemOf(der))}
}

type headerJSON struct {
	ctlbuild.HeaderView
	HeaderLength int `json:"header_length"`
	ModulusCode  int `json:"modulus_code"`
}

func headerOf(h ctlbuild.Header) headerJSON {
	return headerJSON{HeaderView: h.View(), HeaderLength: h.Length, ModulusCode: int(h.Modulus)}
}

type recordJSON struct {
	Number       int    `json:"number"`
	Function     string `json:"function"`                // as show ctl prints it
	FunctionWord string `json:"function_word,omitempty"` // as the command line takes it
	FunctionCode int    `json:"function_code"`
	UsedToSign   bool   `json:"used_to_sign,omitempty"`
	ctlbuild.RecordView
	Certificate *certificateJSON `json:"certificate,omitempty"`
}

func recordOf(i int, r *ctlbuild.Record, signed bool) recordJSON {
	v := r.View(recordNumber(i), signed)
	return recordJSON{
		Number: v.Number, Function: r.Function().String(), FunctionWord: v.Function, FunctionCode: int(r.Function()),
		UsedToSign: signed, RecordView: v, Certificate: certificateOf(v.Certificate, r.Certificate()),
	}
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
		if err := a.object("record", recordOf(i, &l.Records[i], i == signer)); err != nil {
			return err
		}
	}
	return a.result(listSummary(l, v))
}

func listSummary(l *ctlbuild.List, v ctlbuild.Verification) map[string]any {
	return map[string]any{
		"kind": kindOf(l.Kind()), "bytes": len(l.Bytes()), "md5": l.MD5(), "sha1": l.SHA1(),
		"records": len(l.Records), "verified": v.OK, "signer_record": recordNumber(v.Signer), "reason": v.Reason, "reason_key": v.Why.Key,
		"tokenless": l.Tokenless(), "empty_rollback": l.IsEmptyRollback(), "findings": l.FindingViews(),
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
		r := recordOf(c.Old, c.OldRec, false)
		j.Old = &r
	}
	if c.NewRec != nil {
		r := recordOf(c.New, c.NewRec, false)
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
