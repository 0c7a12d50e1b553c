package workflow

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// Purpose is what becomes of a plan's file.
type Purpose uint8

// Purposes of an [Agreement].
const (
	ToWrite Purpose = iota // it goes to every node
	ToSave                 // it is signed and kept by the person; no node is written to
)

// Agreement is a person's yes to one plan: to these contents, in the place of the files
// that the nodes served when it was planned, whatever was seen of them since. [Session.Agree]
// alone makes one, and it is good for one run: what was not agreed, or was agreed about
// another file, is refused whoever calls.
type Agreement struct {
	Plan *Plan

	purpose Purpose
	session *Session
	content [32]byte // of the plan, see Plan.content
	loss    bool     // the loss of phones was accepted with it
	spent   bool     // a run began to write on it
}

// Agree shows the hazards and asks the person to go on. A plan that would lose phones
// passes only when the loss was accepted, by [Options.AcceptLoss] or in so many words. About a
// plan that is older than what nodes are seen to serve nobody is asked.
func (s *Session) Agree(ctx context.Context, p *Plan, purpose Purpose) (*Agreement, error) {
	if nodes := s.changedSince(p); purpose == ToWrite && len(nodes) > 0 {
		return nil, fail(Refused, textPlanOld.With("nodes", nodes, "n", len(nodes)), hintPlanAgain.With())
	}
	if p.Dangerous() && s.opt.AcceptLoss {
		s.warn(sayGoingOn.With())
	}
	c := Confirmation{
		Title: p.question(purpose), Purpose: purpose, Plan: p,
		Danger: p.Dangerous() && !p.accepted && !s.opt.AcceptLoss, Hazards: p.Hazards,
		Undescribed: purpose == ToWrite && len(p.Undescribed()) > 0 && !s.opt.AcceptLoss,
	}
	var text message.Lines
	if sum := s.summary(p, purpose); !sum.IsZero() {
		text = append(text, sum)
	}
	if purpose == ToWrite {
		text = append(text, s.lacksText()...)
	}
	if c.Undescribed {
		text = append(text, undescribedText(p))
	}
	if len(text) > 0 {
		c.Text = askText.With("lines", text)
	}
	a := &Agreement{Plan: p, purpose: purpose, session: s, content: p.content(), loss: p.Dangerous()}
	if p.settled() {
		return a, nil
	}
	ok, err := s.ui.Confirm(ctx, c)
	switch {
	case err != nil:
		return nil, err
	case ok:
		return a, nil
	case c.Danger:
		return nil, s.lossError(p)
	}
	var hints []message.Message
	if c.Undescribed {
		hints = []message.Message{hintDescribe.With("do", message.Action{Do: message.DescribePhone}), hintGoOn.With("do", message.Action{Do: message.AcceptLoss})}
	}
	return nil, fail(Declined, textDeclined.With(), hints...)
}

// settled reports whether the person's word was given before: to finish a job that was
// agreed to and broke off needs no second question, unless phones would be lost.
func (p *Plan) settled() bool {
	return p.finish != nil && !p.finish.done && (!p.Dangerous() || p.accepted) && len(p.Undescribed()) == 0
}

// changedSince are the nodes that were seen to serve another file since a plan was made.
func (s *sight) changedSince(p *Plan) (nodes []string) {
	now := s.Snapshot.Expect()
	for name, then := range p.live {
		if sum, known := now[name]; known && (sum == nil) != (then == nil) || sum != nil && then != nil && *sum != *then {
			nodes = append(nodes, name)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// check refuses to use an agreement for anything but what was agreed.
func (a *Agreement) check(s *Session, purpose Purpose) error {
	switch {
	case a == nil || a.session != s:
		return fail(BadRequest, textNotAgreed.With())
	case a.spent:
		return fail(BadRequest, textSpent.With())
	case a.purpose != purpose && purpose == ToWrite:
		return fail(BadRequest, textToSave.With())
	case a.content != a.Plan.content():
		return fail(BadRequest, textPlanChanged.With())
	case a.Plan.Dangerous() && !a.loss:
		return s.lossError(a.Plan)
	}
	return nil
}

// covers refuses a signed list that is not the agreed one.
func (a *Agreement) covers(l *ctlbuild.List) error {
	if a.Plan.given == nil && contentOf(l.Header.FileName, l.Header.Digest, a.Plan.signer, l.Records) != a.content {
		return fail(FilesBad, textOtherFile.With())
	}
	return nil
}

// content names what a plan writes: the bytes of a file that is there already; of one
// that is still to be signed, everything but its time and signature.
func (p *Plan) content() [32]byte {
	switch {
	case p.finish != nil:
		return sha256.Sum256(append([]byte(p.finish.id+"\x00"), p.finish.data...))
	case p.given != nil:
		return sha256.Sum256(p.given.Bytes())
	case p.Draft != nil:
		return contentOf(p.Draft.FileName, p.Draft.Digest, p.signer, p.Draft.Records)
	}
	return sha256.Sum256([]byte(p.Job))
}

func contentOf(name string, digest ctlbuild.Digest, signer []byte, records []ctlbuild.Record) [32]byte {
	h := sha256.New()
	part := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
		h.Write(b)
	}
	part([]byte(name))
	part([]byte{byte(digest)})
	part(signer)
	for i := range records {
		part(records[i].Bytes())
	}
	return [32]byte(h.Sum(nil))
}
