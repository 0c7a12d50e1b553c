package gui

import (
	"context"
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/token"
	"ctlclient/workflow"
)

// jobKind is the job chosen on the Action screen.
type jobKind string

const (
	jobMixed       jobKind = "mixed"
	jobNonSecure   jobKind = "non-secure"
	jobUpdate      jobKind = "update"
	jobToTokens    jobKind = "to-tokens"
	jobToTokenless jobKind = "to-tokenless"
)

// job is one journey through CTL entries, Review, Sign and distribute, Result. It holds
// what the person chose; what it means is planned, checked and done by workflow.
type job struct {
	kind     jobKind
	tokens   []token.Info
	tftp     []workflow.Server
	firewall []workflow.Server
	removed  []int // records of the live list, from 0
	signWith *token.Info

	plan   *workflow.Plan
	signed *ctlbuild.List
	result *workflow.Result
}

// begin starts a job; migrating to tokenless needs no token and no entries.
func (s *shell) begin(kind jobKind) {
	if s.model.session == nil {
		return
	}
	s.model.job = &job{kind: kind}
	if kind == jobToTokenless {
		s.plan()
		return
	}
	j := s.model.job
	// A token that the live list knows is the likely signer; a migration wants all that are there.
	for i := range s.model.tokens {
		info := s.model.tokens[i]
		_, cert, ok := signingCertificate(info)
		if !ok {
			continue
		}
		known := inList(s.live(), cert.DER)
		if j.signWith == nil && (known || kind == jobToTokens || s.live() == nil) {
			j.signWith = &info
		}
		if !known && (kind == jobToTokens || kind == jobMixed && s.live() == nil) && len(j.tokens) < 2 {
			j.tokens = append(j.tokens, info)
		}
	}
	s.open(screenEntries)
}

// live is the list that the cluster serves now, nil when there is none.
func (s *shell) live() *ctlbuild.List {
	if s.model.session == nil || s.model.session.Snapshot == nil {
		return nil
	}
	return s.model.session.Snapshot.Current
}

// inList reports whether a certificate is a SAST of a list.
func inList(l *ctlbuild.List, der []byte) bool {
	if l == nil {
		return false
	}
	return slices.ContainsFunc(l.SAST(), func(r *ctlbuild.Record) bool { return r.MatchesCertificate(der) })
}

// addTokenToJob is the Add button of a token; without a job it begins an update.
func (s *shell) addTokenToJob(info token.Info) {
	if s.model.session == nil {
		return
	}
	if s.model.job == nil || s.model.job.result != nil {
		kind := jobUpdate
		if l := s.live(); l != nil && l.Tokenless() {
			kind = jobToTokens
		}
		s.begin(kind)
	}
	s.model.job.addToken(info)
	s.open(screenEntries)
}

func (j *job) addToken(info token.Info) {
	same := func(other token.Info) bool { return other.Label == info.Label && other.Serial == info.Serial }
	if !slices.ContainsFunc(j.tokens, same) {
		j.tokens = append(j.tokens, info)
	}
	if j.signWith == nil {
		j.signWith = &info
	}
}

// uris of the tokens to add.
func (j *job) uris() []string {
	var list []string
	for _, info := range j.tokens {
		list = append(list, uriOf(info))
	}
	return list
}

func (j *job) signURI() string {
	if j.signWith == nil {
		return ""
	}
	return uriOf(*j.signWith)
}

// plan asks workflow what the choices mean, and shows the review.
func (s *shell) plan() {
	j, session := s.model.job, s.model.session
	start(s.tasks, t("review.planning"),
		func(ctx context.Context) (*workflow.Plan, error) { return j.ask(ctx, session) },
		func(p *workflow.Plan, err error) {
			if err != nil {
				s.fail(t("action."+string(j.kind)), err)
				return
			}
			if s.model.job == j {
				j.plan, j.signed, j.result = p, nil, nil
				s.open(screenReview)
			}
		})
}

// ask turns the choices into the request of the job.
func (j *job) ask(ctx context.Context, session *workflow.Session) (*workflow.Plan, error) {
	switch j.kind {
	case jobToTokenless:
		return session.PlanTokenless(ctx, workflow.TokenlessUpdate)
	case jobToTokens:
		return session.PlanMigrateToTokens(ctx, workflow.MigrateRequest{Tokens: j.uris(), SignWith: j.signURI()})
	case jobMixed, jobNonSecure:
		return session.PlanMode(ctx, workflow.ModeRequest{
			Mixed: j.kind == jobMixed, SignWith: j.signURI(), AddTokens: j.uris()})
	default:
		r := workflow.UpdateRequest{SignWith: j.signURI(), AddTokens: j.uris(), AddTFTP: j.tftp, AddFirewall: j.firewall}
		for _, i := range j.removed {
			r.Remove = append(r.Remove, number(i))
		}
		return session.PlanUpdate(ctx, r)
	}
}
