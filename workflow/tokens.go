package workflow

import (
	"context"

	"ctlclient/token"
)

// lookAtTokens looks at the PKCS#11 modules, once for a job: its tokens are found in what
// was seen then, and the signature is made through the modules that are still loaded.
func (s *Session) lookAtTokens(ctx context.Context, sg Signing) (err error) {
	s.leaveTokens()
	uris := sg.Tokens
	if sg.With != nil {
		uris = append(uris[:len(uris):len(uris)], *sg.With)
	}
	if len(uris) == 0 {
		return nil
	}
	s.tokens, err = token.LookFor(ctx, s.opt.Modules, uris...)
	return err
}

// leaveTokens lets go of the modules, and of what was logged in to.
func (s *Session) leaveTokens() {
	if s.tokens != nil {
		s.tokens.Close()
		s.tokens = nil
	}
}

// leaveTokensOn is leaveTokens for a plan that was not made.
func (s *Session) leaveTokensOn(err *error) {
	if *err != nil {
		s.leaveTokens()
	}
}

// tokenOptions are those of everything that is opened on a token.
func (s *Session) tokenOptions() token.Options {
	return token.Options{
		Modules:       s.opt.Modules,
		PIN:           s.ui.PIN,
		AllowFinalTry: s.opt.AllowFinalTry,
		OnKeypad: func(r token.PINRequest) {
			s.emit(Event{Type: EventInfo, Step: StepSign, State: StateKeypad, Text: sayKeypad.With("token", r.Token)})
		},
		OnSlow: func(name string) {
			s.emit(Event{Type: EventInfo, Step: StepSign, State: StateWaiting, Text: sayTouch.With("token", name)})
		},
		SlowAfter: s.opt.SlowAfter,
	}
}

// tokenCertificate finds the certificate that a token URI names. The PIN is asked for only
// where the token shows its certificates after a login alone; it then serves the signature
// as well.
func (s *Session) tokenCertificate(ctx context.Context, u token.URI) (token.Certificate, error) {
	_, c, err := s.tokens.CertificateWith(ctx, u, s.tokenOptions())
	if err != nil {
		return c, err
	}
	return c, s.notPractice(c.DER)
}

// openToken opens the signer of a plan. The person took their time over the plan, so it is
// looked at once more which tokens are there, through the modules that are loaded already.
func (s *Session) openToken(ctx context.Context, p *Plan) (*token.Signer, error) {
	o := s.tokenOptions()
	o.ExpectCertificate = p.signer
	if s.tokens == nil { // a plan that was signed before
		return token.Open(ctx, p.SignWith, o)
	}
	if err := s.tokens.Renew(ctx); err != nil {
		return nil, err
	}
	return s.tokens.Open(ctx, p.SignWith, o)
}
