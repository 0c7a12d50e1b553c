package workflow

import (
	"context"
	"net/netip"

	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/token"
)

// Server is a TFTP server or firewall to add.
type Server struct {
	Certificate []byte // DER or PEM
	Host        string // as the record shows it; empty: the address
	IP          string // IPv4; may be empty
}

// UpdateRequest edits the CTL.
type UpdateRequest struct {
	// Signing: the current CTL must list the signer. Of ServerSAST, keep lists CallManager
	// and ITLRecovery as SAST, drop takes them out, auto leaves them as they are.
	Signing
	AddTFTP     []Server
	AddFirewall []Server
	Remove      []string // selectors: record number, host, address or CN
}

// PlanUpdate edits the current CTL. Server certificates that the list lacks are
// added by themselves. Nothing is written, and no PIN is asked but of a token that hides
// its certificate without one.
func (s *Session) PlanUpdate(ctx context.Context, r UpdateRequest) (_ *Plan, err error) {
	s.job = JobUpdate
	defer s.tokens.leaveOn(&err)
	p, err := s.editCurrent(ctx, JobUpdate, r.Signing)
	if err != nil {
		return nil, err
	}
	d := p.Draft
	// First, so that a server or token can be replaced in one job.
	removed, err := removeRecords(p, r.Remove)
	if err != nil {
		return nil, err
	}
	if err := s.addTokens(ctx, p, r.Signing); err != nil {
		return nil, err
	}
	for _, srv := range r.AddTFTP {
		if err := addServer(d.AddTFTP, srv); err != nil {
			return nil, err
		}
	}
	for _, srv := range r.AddFirewall {
		if err := addServer(d.AddFirewall, srv); err != nil {
			return nil, err
		}
	}
	if s.Snapshot.Mode != reach.NonSecure { // unknown: nothing is stripped
		if err := s.collect(p); err != nil {
			return nil, err
		}
		if err := stayRemoved(p, removed); err != nil {
			return nil, err
		}
	} else {
		d.NonSecure()
	}
	if err := s.setServerSAST(p, r.ServerSAST); err != nil {
		return nil, err
	}
	return p, s.assess(ctx, p)
}

// stayRemoved: what the cluster itself presents is listed again at once, so that it
// cannot be removed by name.
func stayRemoved(p *Plan, removed []ctlbuild.Record) error {
	for i := range removed {
		r := &removed[i]
		if r.Certificate() == nil || r.Function() == ctlbuild.SAST {
			continue
		}
		for j := range p.Draft.Records {
			if n := &p.Draft.Records[j]; n.Function() == r.Function() && n.MatchesCertificate(r.Certificate()) {
				return fail(BadRequest, textStillPart.With("function", r.Function().String(), "host", r.DNSName()), hintTakeOutFirst.With())
			}
		}
	}
	return nil
}

// editCurrent starts a plan from the CTL of the cluster and a signing token that it knows.
func (s *Session) editCurrent(ctx context.Context, job string, sg Signing) (*Plan, error) {
	if err := s.needNodes(); err != nil {
		return nil, err
	}
	old := s.Snapshot.Current
	if old == nil {
		return nil, s.noCTL()
	}
	p := &Plan{Job: job, Old: old, Draft: ctlbuild.Edit(old)}
	sg.apply(p.Draft)
	if err := s.tokens.look(ctx, sg); err != nil {
		return nil, err
	}
	if err := s.chooseSigner(ctx, p, sg.With); err != nil {
		return nil, err
	}
	if !knows(old, p.signer) {
		return nil, unknownSigner(p)
	}
	return p, nil
}

// chooseSigner finds the signing token.
func (s *Session) chooseSigner(ctx context.Context, p *Plan, uri *token.URI) error {
	if uri == nil {
		return fail(BadRequest, textNoSigner.With(), hintNameSigner.With("do", message.Action{Do: message.ListTokens}))
	}
	c, err := s.tokens.certificate(ctx, *uri)
	if err != nil {
		return err
	}
	p.SignWith, p.Signer, p.signer = *uri, c, c.DER
	return nil
}

func (s *sight) noCTL() error {
	if node := s.unreadable(); node != "" {
		return fail(FilesBad, findUnreadable.With("node", node), hintDistributeGood.With("do", message.Action{Do: message.Distribute}))
	}
	if s.Snapshot.Mixed() {
		return fail(BadRequest, textNoCTLInSecure.With(), hintCreateCTL.With("do", message.Action{Do: message.SetMixed}))
	}
	return fail(BadRequest, textNoCTL.With(), hintCreateInNonSecure.With("do", message.Action{Do: message.SetMixed}))
}

// unknownSigner explains, in the words people know, why a token may not sign.
func unknownSigner(p *Plan) error {
	cn := tokenCN(p.signer)
	if p.Old.Tokenless() {
		hints := []message.Message{hintTokenless.With()}
		switch p.Job {
		case JobMixed:
			hints = append(hints, hintPublisherCan.With("do", message.Action{Do: message.PublisherMode, Name: "mixed"}))
		case JobNonSecure:
			hints = append(hints, hintPublisherCan.With("do", message.Action{Do: message.PublisherMode, Name: "non-secure"}))
		}
		return fail(WrongToken, textTokenNotInCTL.With("token", cn), append(hints, hintReplaceInOneStep.With("do", message.Action{Do: message.ToTokens}))...)
	}
	return fail(WrongToken, textTokenNotInCTL.With("token", cn), hintTokensInCTL.With("tokens", tokensOf(p.Old)),
		hintSignAndAdd.With("do", message.Action{Do: message.AddToken, Name: p.SignWith.String()}))
}

// addTokens adds tokens that are plugged in and tokens known by their certificate alone.
func (s *Session) addTokens(ctx context.Context, p *Plan, sg Signing) error {
	ders, err := s.tokenDERs(ctx, sg)
	if err != nil {
		return err
	}
	for _, der := range ders {
		added, err := p.Draft.AddToken(der)
		if err != nil {
			return message.Errorf("token %s: %w", tokenCN(der), err)
		}
		if !added {
			p.Notes = append(p.Notes, noteKept.With("token", tokenCN(der)))
		}
	}
	return nil
}

// TokenCertificates are the certificates (DER) that sg names, plugged in or exported.
func (s *Session) TokenCertificates(ctx context.Context, sg Signing) ([][]byte, error) {
	if err := s.tokens.look(ctx, sg); err != nil {
		return nil, err
	}
	defer s.tokens.leave()
	return s.tokenDERs(ctx, sg)
}

// tokenDERs resolves token URIs and certificate files to certificates.
func (s *Session) tokenDERs(ctx context.Context, sg Signing) ([][]byte, error) {
	var ders [][]byte
	for _, uri := range sg.Tokens {
		c, err := s.tokens.certificate(ctx, uri)
		if err != nil {
			return nil, err
		}
		ders = append(ders, c.DER)
	}
	for i, raw := range sg.TokenCerts {
		c, err := ctlbuild.ParseCertificate(raw)
		if err != nil {
			return nil, message.Errorf("token certificate %d: %w", i+1, err)
		}
		if err := s.notPractice(c.DER); err != nil {
			return nil, err
		}
		ders = append(ders, c.DER)
	}
	return ders, nil
}

func addServer(add func([]byte, string, netip.Addr) (bool, error), srv Server) error {
	c, err := ctlbuild.ParseCertificate(srv.Certificate)
	if err != nil {
		return message.Errorf("certificate for %s: %w", srv.Host, err)
	}
	var ip netip.Addr
	if srv.IP != "" {
		if ip, err = netip.ParseAddr(srv.IP); err != nil || !ip.Is4() {
			return fail(BadRequest, textNotIPv4.With("text", srv.IP))
		}
	} else if a, err := netip.ParseAddr(srv.Host); err == nil && a.Is4() {
		ip = a
	}
	host := srv.Host
	if host == "" {
		host = srv.IP
	}
	if host == "" {
		return fail(BadRequest, textHostOrIP.With(), hintHostOrIP.With())
	}
	_, err = add(c.DER, host, ip)
	return err
}

// removeRecords takes records out; never the signer's, and it says so when one token is left.
func removeRecords(p *Plan, selectors []string) (removed []ctlbuild.Record, err error) {
	for _, sel := range selectors {
		gone, err := p.Draft.Remove(sel)
		if err != nil {
			return nil, err
		}
		removed = append(removed, gone...)
	}
	if !draftKnows(p.Draft, p.signer) {
		return nil, fail(BadRequest, textSignerStays.With("token", tokenCN(p.signer)), hintSignerStays.With())
	}
	return removed, nil
}
