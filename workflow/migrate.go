package workflow

import (
	"context"
	"slices"
	"sync"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// ServerSAST says what becomes of CallManager and ITLRecovery as SAST when tokens
// take over.
type ServerSAST string

const (
	ServerSASTAuto ServerSAST = ""     // by the cluster's version: kept from 11.5 on, dropped before
	ServerSASTKeep ServerSAST = "keep" // they stay beside the tokens
	ServerSASTDrop ServerSAST = "drop" // tokens alone
)

// PlanMigrateToTokens asks the TVS of every node about every token certificate
// before it plans anything: phones know none of these tokens, and take the new
// list only because TVS vouches for its signer.
//
// The signer is one of sg.Tokens; where none is named, the first.
func (s *Session) PlanMigrateToTokens(ctx context.Context, sg Signing) (_ *Plan, err error) {
	s.job = JobToTokens
	defer s.tokens.leaveOn(&err)
	if err := s.needNodes(); err != nil {
		return nil, err
	}
	old := s.Snapshot.Current
	if old == nil {
		return nil, s.noCTL()
	}
	if !old.Tokenless() {
		return nil, fail(BadRequest, textHasTokens.With("tokens", tokensOf(old)), hintChangeTokens.With("do", message.Action{Do: message.AddToken}))
	}
	p := &Plan{Job: JobToTokens, Old: old, Draft: ctlbuild.Edit(old)}
	sg.apply(p.Draft)
	ders, err := s.twoTokens(ctx, p, sg)
	if err != nil {
		return nil, err
	}
	if err := s.vouched(ctx, p, ders); err != nil {
		return nil, err
	}
	if err := s.tokensFirst(p, ders, sg.ServerSAST); err != nil {
		return nil, err
	}
	if s.Snapshot.Mode != reach.NonSecure {
		if err := s.collect(p); err != nil {
			return nil, err
		}
	}
	return p, s.assess(ctx, p)
}

// twoTokens resolves the tokens of a first creation: two different ones at least,
// the signer first.
func (s *Session) twoTokens(ctx context.Context, p *Plan, sg Signing) ([][]byte, error) {
	if err := s.tokens.look(ctx, sg); err != nil {
		return nil, err
	}
	ders, err := s.tokenDERs(ctx, sg)
	if err != nil {
		return nil, err
	}
	if sg.With == nil && len(sg.Tokens) > 0 {
		sg.With = &sg.Tokens[0]
	}
	if err := s.chooseSigner(ctx, p, sg.With); err != nil {
		return nil, err
	}
	all := [][]byte{p.signer}
	for _, der := range ders {
		if !containsDER(all, der) {
			all = append(all, der)
		}
	}
	if len(all) < 2 {
		return nil, fail(BadRequest, textTwoTokens.With("token", tokenCN(p.signer)), hintSecondToken.With(), hintExported.With())
	}
	return all, nil
}

// vouched asks every node's TVS about every token, and stops the job unless each
// answer is "valid".
func (s *Session) vouched(ctx context.Context, p *Plan, ders [][]byte) (err error) {
	defer s.step(StepAskTVS, sayAskTVS.With())(&err)
	if s.Snapshot.ITLErr != nil {
		e := fail(Unreachable, textITLUnread.With(), hintITLServes.With())
		e.Err = s.Snapshot.ITLErr
		return e
	}
	if s.Snapshot.ITL == nil {
		return fail(PhonesLost, textNoITL.With(), hintITLServes.With())
	}
	p.TVS = map[string]map[string]cluster.TVSResult{}
	var unknown message.Parts // by token, with the nodes whose TVS does not vouch for it
	var unreachable []string
	var missing [][]byte // those tokens
	var firstErr error
	// Side by side: a node that does not answer is waited for once, not once a token.
	all := make([]map[string]cluster.TVSResult, len(ders))
	errs := make([]error, len(ders))
	var wg sync.WaitGroup
	for i, der := range ders {
		wg.Go(func() { all[i], errs[i] = s.Cluster.AskTVS(ctx, s.Snapshot.ITL, der) })
	}
	wg.Wait()
	for i, der := range ders {
		cn, answers := tokenCN(der), all[i]
		if err := errs[i]; err != nil {
			return message.Errorf("asking TVS about %s: %w", cn, err)
		}
		if len(answers) == 0 {
			return fail(Unreachable, textNoTVS.With("token", cn), hintActivateTVS.With())
		}
		p.TVS[cn] = answers
		var nodes []string
		for _, node := range sortedKeys(answers) {
			a := answers[node]
			s.tvsEvent(cn, node, a)
			switch {
			case a.Err != nil:
				unreachable = append(unreachable, node)
				if firstErr == nil {
					firstErr = a.Err
				}
			case !a.Vouches():
				nodes = append(nodes, node)
			}
		}
		if len(nodes) > 0 {
			unknown = append(unknown, textTokenOn.With("token", cn, "nodes", nodes))
			missing = append(missing, der)
		}
	}
	if len(unknown) > 0 {
		done, err := s.offerTrust(ctx, missing)
		if err != nil {
			return err
		}
		if done {
			return s.vouched(ctx, p, ders) // each answer anew: the plan rests on them
		}
		return notVouched(unknown, missing)
	}
	if len(unreachable) > 0 {
		slices.Sort(unreachable)
		e := fail(Unreachable, textTVSSilent.With("nodes", slices.Compact(unreachable)), hintEveryTVS.With())
		e.Err = firstErr
		return e
	}
	return nil
}

func (s *speaker) tvsEvent(cn, node string, a cluster.TVSResult) {
	e := Event{Type: EventTVS, Step: StepAskTVS, Node: node, State: StateValid,
		TVS: &TVSAnswer{Token: cn, Valid: a.Answer.Valid, TTL: a.Answer.TTL}}
	switch {
	case a.Err != nil:
		e.State, e.Err = StateFailed, a.Err
	case !a.Vouches():
		e.State = StateInvalid
	}
	s.emit(e)
}

func notVouched(unknown message.Parts, tokens [][]byte) error {
	e := fail(PhonesLost, textNotVouched.With("what", unknown), hintUpload.With("do", message.Action{Do: message.UploadTrust}),
		hintUploadByHand.With("do", message.Action{Do: message.ExportTokens}), hintThenAgain.With())
	e.Unvouched = tokens
	return e
}

// tokensFirst puts the token records in front, the signer's first: phones remember
// two SAST certificates of a list, and the first ones at that.
func (s *sight) tokensFirst(p *Plan, ders [][]byte, policy ServerSAST) error {
	keep, why := s.keepServerSAST(policy)
	d := p.Draft
	kept := d.Records[:0:0]
	dropped := 0
	for _, r := range d.Records {
		if r.Function() == ctlbuild.SAST && !keep {
			dropped++
			continue
		}
		kept = append(kept, r)
	}
	d.Records = nil
	for _, der := range ders {
		if _, err := d.AddToken(der); err != nil {
			return message.Errorf("token %s: %w", tokenCN(der), err)
		}
	}
	d.Records = append(d.Records, kept...)
	switch {
	case dropped > 0:
		p.Notes = append(p.Notes, noteServersDropped.With("n", dropped, "why", why))
	case keep:
		p.Notes = append(p.Notes, noteStay.With("why", why))
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
