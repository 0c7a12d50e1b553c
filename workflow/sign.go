package workflow

import (
	"context"
	"errors"
	"fmt"

	"ctlclient/ctlbuild"
	"ctlclient/token"
	"ctlclient/trust"
)

// Sign asks the PIN once, signs on the token, and verifies the result from its
// bytes. The cluster is not touched. The token must hold the very certificate that
// the plan was made with: one with the same label and another key is refused.
func (s *Session) Sign(ctx context.Context, p *Plan) (_ *ctlbuild.List, err error) {
	if p.Draft == nil {
		return nil, fail(BadRequest, nil, "this job signs nothing")
	}
	if err := s.gate(p); err != nil {
		return nil, err
	}
	defer s.step("sign", "signing with "+tokenCN(p.signer))(&err)
	signer, err := token.Open(ctx, p.SignWith, token.Options{
		Modules:           s.opt.Modules,
		PIN:               s.ui.PIN,
		AllowFinalTry:     s.opt.AllowFinalTry,
		ExpectCertificate: p.signer,
		OnKeypad: func(r token.PINRequest) {
			s.emit(Event{Type: EventInfo, Step: "sign", State: "keypad", Message: "enter the PIN of " + r.Token + " at the token or its reader"})
		},
		OnSlow: func(name string) {
			s.emit(Event{Type: EventInfo, Step: "sign", State: "waiting", Message: "waiting for " + name + ": it may have to be touched"})
		},
		SlowAfter: s.opt.SlowAfter,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, signer.Close()) }()
	list, err := ctlbuild.Sign(ctx, p.Draft, signer)
	if err != nil {
		return nil, err
	}
	return list, s.recheck(ctx, p, list)
}

// recheck parses the signed bytes again and asks once more what phones will make of
// exactly these bytes: a prediction that they do not bear out stops the job here.
func (s *Session) recheck(ctx context.Context, p *Plan, list *ctlbuild.List) error {
	again, err := ctlbuild.Parse(list.Bytes())
	if err != nil {
		return fmt.Errorf("the signed file does not read back: %w", err)
	}
	if v := again.Verify(); !v.OK {
		return fail(FilesBad, nil, "the signed file does not verify: %s; nothing was written", v.Reason)
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
