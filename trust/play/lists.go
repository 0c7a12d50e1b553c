package play

import (
	"ctlclient/ctlbuild"
	"ctlclient/trust/release"
)

// make is a list as it will be served once the key has signed it.
func (w *world) make(kind ctlbuild.Kind, from *served, slots []slot, signer *key) *served {
	s := &served{slots: slots}
	l := &ctlbuild.List{Header: ctlbuild.Header{FileName: kind.FileName(), Digest: from.list.Header.Digest}}
	for i := range slots {
		r, err := slots[i].key.record(slots[i].form, slots[i].as)
		if err != nil {
			r = *slots[i].form
		}
		l.Records = append(l.Records, r)
		if slots[i].as == ctlbuild.SAST && slots[i].key == signer {
			l.Header.SignerName, l.Header.CAName, l.Header.SerialNumber = r.SubjectName(), r.IssuerName(), r.SerialNumber()
		}
	}
	if signer != nil {
		s.signer = signer.der
	}
	s.list = l
	return s
}

// rebuildITL is what TFTP does when a certificate has changed. swap signs with the other
// server key, as utils itl reset localkey does.
func (w *world) rebuildITL(swap bool) {
	if w.itl == nil {
		return
	}
	call, rec := w.find(callManager, w.home()), w.find(recovery, "")
	signer := call
	if w.recoverySigns() != swap && rec != nil {
		signer = rec
	}
	var slots []slot
	for _, s := range w.itlSlots() {
		if !w.empty || s.as == ctlbuild.SAST && s.key == signer {
			slots = append(slots, s)
		}
	}
	w.itl = w.make(ctlbuild.KindITL, w.itl, withSigner(slots, signer), signer)
}

// itlSlots are those of the ITL that was read; of an emptied one, what is known of it.
func (w *world) itlSlots() []slot {
	if w.ITL == nil {
		return w.itl.slots
	}
	var slots []slot
	for i := range w.ITL.Records {
		r := &w.ITL.Records[i]
		slots = append(slots, slot{as: r.Function(), key: w.keyFirst(r), form: r})
	}
	return slots
}

// keyFirst is the key that was first found in a record, whatever has become of it.
func (w *world) keyFirst(r *ctlbuild.Record) *key {
	role := roleOf(w.ITL, r)
	node := r.CN()
	if role == callManager {
		node = w.home()
	}
	if k := w.find(role, node); k != nil {
		return k
	}
	return &key{role: other, der: r.Certificate(), first: r}
}

// withSigner adds the signer's record where the list has none.
func withSigner(slots []slot, signer *key) []slot {
	for _, s := range slots {
		if s.as == ctlbuild.SAST && s.key == signer {
			return slots
		}
	}
	if signer == nil || len(slots) == 0 {
		return slots
	}
	return append([]slot{{as: ctlbuild.SAST, key: signer, form: slots[0].form}}, slots...)
}

// updateCTL makes the CTL anew. By a token: what stands in it, with the certificates in
// use, the lost tokens taken out. By the publisher: its own SAST records, no token.
func (w *world) updateCTL(by *key) {
	if w.ctl == nil {
		return
	}
	var sast, servers []slot
	for _, s := range w.ctl.slots {
		switch {
		case s.as != ctlbuild.SAST:
			servers = append(servers, s)
		case s.key.role == token && by.role != token:
			// A tokenless list has none.
		case s.key.role == token && s.key.made > 0:
			// Lost, and taken out.
		default:
			sast = append(sast, s)
		}
	}
	if by.role != token {
		sast = w.serverSAST(by, servers)
	}
	w.ctl = w.make(ctlbuild.KindCTL, w.ctl, withSigner(append(sast, servers...), by), by)
}

// serverSAST are the SAST records of a list that the publisher makes, the signer first.
func (w *world) serverSAST(by *key, servers []slot) []slot {
	form := w.ctl.slots[0].form
	for _, s := range append(servers, w.ctl.slots...) {
		if !s.form.IsStub() && !s.form.IsToken() {
			form = s.form
			break
		}
	}
	out := []slot{{as: ctlbuild.SAST, key: by, form: form}}
	for _, k := range []*key{w.find(callManager, w.publisher()), w.find(recovery, "")} {
		if k == nil || k == by {
			continue
		}
		if k.role == recovery && w.Version.Before(release.Of(10, 5)) {
			continue
		}
		out = append(out, slot{as: ctlbuild.SAST, key: k, form: form})
	}
	return out
}

// serverKey is the server key that signs the CTL; the other one where swap is set.
func (w *world) serverKey(swap bool) *key {
	call, rec := w.find(callManager, w.publisher()), w.find(recovery, "")
	if rec != nil && w.recoverySigns() != swap || call == nil {
		return rec
	}
	return call
}

// tokenKey is a token of the CTL that is not lost.
func (w *world) tokenKey() *key {
	if w.ctl == nil {
		return nil
	}
	for _, s := range w.ctl.slots {
		if s.as == ctlbuild.SAST && s.key.role == token && s.key.made == 0 {
			return s.key
		}
	}
	return nil
}
