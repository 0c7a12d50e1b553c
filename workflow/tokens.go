package workflow

import (
	"context"

	"ctlclient/token"
)

// jobTokens are the tokens of the job being worked on, from its plan to its signature.
type jobTokens struct {
	opt     Options
	sight   *sight
	speaker *speaker
	seen    *token.Inventory // nil: nothing was looked at, or a plan was signed
}

// look looks at the PKCS#11 modules, once for a job: its tokens are found in what
// was seen then, and the signature is made through the modules that are still loaded.
func (t *jobTokens) look(ctx context.Context, sg Signing) (err error) {
	t.leave()
	uris := sg.Tokens
	if sg.With != nil {
		uris = append(uris[:len(uris):len(uris)], *sg.With)
	}
	if len(uris) == 0 {
		return nil
	}
	t.seen, err = token.LookFor(ctx, t.opt.Modules, uris...)
	return err
}

// leave lets go of the modules, and of what was logged in to.
func (t *jobTokens) leave() {
	if t.seen != nil {
		t.seen.Close()
		t.seen = nil
	}
}

// leaveOn is leave for a plan that was not made.
func (t *jobTokens) leaveOn(err *error) {
	if *err != nil {
		t.leave()
	}
}

// options are those of everything that is opened on a token.
func (t *jobTokens) options() token.Options {
	return token.Options{
		Modules:       t.opt.Modules,
		PIN:           t.speaker.ui.PIN,
		AllowFinalTry: t.opt.AllowFinalTry,
		OnKeypad: func(r token.PINRequest) {
			t.speaker.emit(Event{Type: EventInfo, Step: StepSign, State: StateKeypad, Text: sayKeypad.With("token", r.Token)})
		},
		OnSlow: func(name string) {
			t.speaker.emit(Event{Type: EventInfo, Step: StepSign, State: StateWaiting, Text: sayTouch.With("token", name)})
		},
		SlowAfter: t.opt.SlowAfter,
	}
}

// certificate finds the certificate that a token URI names. The PIN is asked for only
// where the token shows its certificates after a login alone; it then serves the signature
// as well.
func (t *jobTokens) certificate(ctx context.Context, u token.URI) (token.Certificate, error) {
	_, c, err := t.seen.CertificateWith(ctx, u, t.options())
	if err != nil {
		return c, err
	}
	return c, t.sight.notPractice(c.DER)
}

// open opens the signer of a plan. The person took their time over the plan, so it is
// looked at once more which tokens are there, through the modules that are loaded already.
func (t *jobTokens) open(ctx context.Context, p *Plan) (*token.Signer, error) {
	o := t.options()
	o.ExpectCertificate = p.signer
	if t.seen == nil { // a plan that was signed before
		return token.Open(ctx, p.SignWith, o)
	}
	if err := t.seen.Renew(ctx); err != nil {
		return nil, err
	}
	return t.seen.Open(ctx, p.SignWith, o)
}
