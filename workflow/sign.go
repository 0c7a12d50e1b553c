package workflow

import (
	"context"
	"errors"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/trust"
)

// Signing is who signs a list, which tokens it gains, and how it is written.
type Signing struct {
	With       *token.URI  // the signing token; an update is signed by one that the current CTL lists
	Tokens     []token.URI // tokens to add; a first creation needs two, the signer included
	TokenCerts [][]byte    // DER or PEM, for tokens that are not plugged in

	Digest      ctlbuild.Digest // zero: as the current CTL
	SerialOrder ctlbuild.SerialOrder
	ServerSAST  ServerSAST
}

// apply writes down how the draft is to be written.
func (sg Signing) apply(d *ctlbuild.Draft) {
	if sg.Digest != 0 {
		d.Digest = sg.Digest
	}
	d.SerialOrder = sg.SerialOrder
}

// Sign asks the PIN once, signs on the token, and verifies the result from its bytes, to
// be saved. No node is written to, whatever was agreed: [Session.Execute] signs by
// itself. The token must hold the very certificate that the plan was made with: one with
// the same label and another key is refused.
func (s *Session) Sign(ctx context.Context, a *Agreement) (*ctlbuild.List, error) {
	if err := a.check(s, ToSave); err != nil {
		return nil, err
	}
	if !a.Plan.Signs() {
		return nil, fail(BadRequest, textSignsNothing.With())
	}
	return s.sign(ctx, a)
}

func (s *Session) sign(ctx context.Context, a *Agreement) (_ *ctlbuild.List, err error) {
	p := a.Plan
	defer s.step(StepSign, saySign.With("token", tokenCN(p.signer)))(&err)
	defer s.tokens.leave()
	signer, err := s.tokens.open(ctx, p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, signer.Close()) }()
	list, err := ctlbuild.Sign(ctx, p.Draft, signer)
	if err != nil {
		return nil, err
	}
	if err := a.covers(list); err != nil {
		return nil, err
	}
	return list, s.recheck(ctx, p, list)
}

// recheck parses the signed bytes again and asks once more what phones will make of
// exactly these bytes: a prediction that they do not bear out stops the job here.
func (s *Session) recheck(ctx context.Context, p *Plan, list *ctlbuild.List) error {
	again, err := ctlbuild.Parse(list.Bytes())
	if err != nil {
		return message.Errorf("the signed file does not read back: %w", err)
	}
	if v := again.Verify(); !v.OK {
		return fail(FilesBad, textSignedBad.With("why", v.Why))
	}
	before := p.Verdicts // of the same phones, in the same order
	p.Verdicts = trust.AssessAll(ctx, s.Fleet, trust.Offer{CTL: again}, s.Cluster.TVS())
	for i, v := range p.Verdicts {
		if lost(v) && !(i < len(before) && lost(before[i])) && !s.opt.AcceptLoss {
			return s.lossError(p)
		}
	}
	return nil
}
