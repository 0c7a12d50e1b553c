package gui

import (
	"context"
	"slices"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
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
	jobDistribute  jobKind = "distribute" // a file that is signed already
	jobResume      jobKind = "resume"     // an earlier job, to its end
	jobTakeBack    jobKind = "take-back"  // an earlier job, back to what was before

	jobRecoverCTL jobKind = "recover-ctl" // the publisher signs the CTL with its other key
	jobRecoverITL jobKind = "recover-itl" // the same of the ITLs; no file is distributed
)

// jobNames are the jobs as workflow names them.
var jobNames = map[string]jobKind{
	workflow.JobMixed: jobMixed, workflow.JobNonSecure: jobNonSecure, workflow.JobUpdate: jobUpdate,
	workflow.JobResume: jobResume, workflow.JobTakeBack: jobTakeBack,
	workflow.JobToTokens: jobToTokens, workflow.JobToTokenless: jobToTokenless, workflow.JobDistribute: jobDistribute,
	workflow.JobRecoverCTL: jobRecoverCTL, workflow.JobRecoverITL: jobRecoverITL,
}

// job is one journey through CTL entries, Review, Sign and distribute, Result. It holds
// what the person chose; what it means is planned, checked and done by workflow.
type job struct {
	kind      jobKind
	publisher bool // the publisher signs: there is no token and there are no entries
	tokens    []token.Info
	certs     []tokenCert // of tokens that are somewhere else
	tftp      []workflow.Server
	firewall  []workflow.Server
	removed   []int // records of the live list, from 0
	signWith  *token.Info

	plan   *workflow.Plan
	file   *ctlbuild.List // of a job that signs nothing: the file that goes to the nodes
	result *workflow.Result
	// restarted: the services were restarted since; took: how long writing lasted.
	restarted bool
	took      time.Duration
	began     time.Time // when writing began
}

// tokenCert is a token known by its exported certificate alone.
type tokenCert struct {
	der []byte
	cn  string
	odd string // what about it is not as on a SAST, in words
}

// hasEntries reports whether the job begins with the CTL entries.
func (j *job) hasEntries() bool { return !j.publisher && j.kind != jobDistribute && !j.earlier() }

// earlier reports that the job finishes another one or takes it back.
func (j *job) earlier() bool { return j.kind == jobResume || j.kind == jobTakeBack }

// title names the job.
func (j *job) title() string { return t("action." + string(j.kind)) }

// showSteps draws the steps of the job, without entries where it has none.
func (j *job) showSteps(st *widgets.Steps, current screenID) {
	ids := []screenID{screenEntries, screenReview, screenDistribute, screenResult}
	if !j.hasEntries() {
		ids = ids[1:]
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = t("steps." + string(id))
	}
	st.ShowStep(names, slices.Index(ids, current))
}

// begin starts a job; one that the publisher does itself needs no token and no entries.
func (s *shell) begin(kind jobKind) {
	if s.model.session == nil {
		return
	}
	switch {
	case s.model.job.isDraft() && s.model.job.kind == kind:
		s.open(screenEntries) // it goes on where it was left
		return
	case s.model.job.isDraft():
		s.askDiscard(func() { s.begin(kind) })
		return
	}
	j := &job{kind: kind, publisher: kind == jobToTokenless}
	for _, f := range s.model.fits {
		if jobNames[f.Job] == kind && f.Publisher {
			j.publisher = true
		}
	}
	s.model.job = j
	if j.publisher {
		s.plan()
		return
	}
	s.guessSigner(j)
	s.open(screenEntries)
}

// guessSigner fills in a token that the live list knows. Any other is the person's choice: it
// would become the root of what phones trust.
func (s *shell) guessSigner(j *job) {
	for i := range s.model.tokens {
		info := s.model.tokens[i]
		if s.knows(info) {
			j.signWith = &info
			return
		}
	}
}

// knows reports that the live list has a token as SAST.
func (s *shell) knows(info token.Info) bool {
	_, cert, ok := signingCertificate(info)
	return ok && inList(s.live(), cert.DER)
}

// first reports whether the job makes the first list that tokens sign: two are needed.
func (j *job) first(live *ctlbuild.List) bool {
	return j.kind == jobToTokens || j.kind == jobMixed && live == nil
}

// beginDistribute starts the job for a file that is signed already.
func (s *shell) beginDistribute(list *ctlbuild.List) {
	if s.model.session == nil {
		return
	}
	s.model.job = &job{kind: jobDistribute, file: list}
	s.plan()
}

// live is the list that the cluster serves now, nil when there is none.
func (s *shell) live() *ctlbuild.List {
	if s.model.snapshot == nil {
		return nil
	}
	return s.model.snapshot.Current
}

// inList reports whether a certificate is a SAST of a list.
func inList(l *ctlbuild.List, der []byte) bool {
	if l == nil {
		return false
	}
	return slices.ContainsFunc(l.SAST(), func(r *ctlbuild.Record) bool { return r.MatchesCertificate(der) })
}

// addTokenToJob is the Add button of a token; without a job it begins the one that fits.
func (s *shell) addTokenToJob(info token.Info) {
	if s.model.session == nil {
		return
	}
	j := s.model.job
	if j == nil || j.result != nil || !j.hasEntries() {
		kind := jobUpdate
		switch l := s.live(); {
		case l == nil:
			kind = jobMixed
		case l.Tokenless():
			kind = jobToTokens
		}
		s.begin(kind)
	}
	s.addToken(info)
	s.open(screenEntries)
}

func sameToken(a, b token.Info) bool { return a.Label == b.Label && a.Serial == b.Serial }

// addToken adds what the person chose. At a first list the first that is chosen signs.
func (s *shell) addToken(info token.Info) {
	j := s.model.job
	if !j.hasToken(info) {
		j.tokens = append(j.tokens, info)
	}
	if j.signWith == nil && j.first(s.live()) {
		j.signWith = &info
	}
}

func (j *job) hasToken(info token.Info) bool {
	return slices.ContainsFunc(j.tokens, func(other token.Info) bool { return sameToken(other, info) })
}

func (j *job) dropToken(i int) {
	gone := j.tokens[i]
	j.tokens = slices.Delete(j.tokens, i, i+1)
	if j.signWith != nil && sameToken(*j.signWith, gone) {
		j.signWith = nil
	}
}

// tokenDERs are the certificates of the tokens to add. They were read when each token was
// plugged in: only the one that signs has to be there at the end, as on a computer with one
// free socket.
func (j *job) tokenDERs() [][]byte {
	var ders [][]byte
	for _, info := range j.tokens {
		if raw, _, ok := signingCertificate(info); ok {
			ders = append(ders, raw.DER)
		}
	}
	for _, c := range j.certs {
		ders = append(ders, c.der)
	}
	return ders
}

// signing is who signs, and which tokens the list gains.
func (j *job) signing() workflow.Signing {
	sg := workflow.Signing{TokenCerts: j.tokenDERs()}
	if j.signWith != nil {
		u := j.signWith.URI()
		sg.With = &u
	}
	return sg
}

// plan asks workflow what the choices mean, and shows the review.
func (s *shell) plan() {
	j, session := s.model.job, s.model.session
	onCluster(s, t("review.planning"), j.ask,
		func(p *workflow.Plan, err error) {
			if err != nil {
				s.failUnlessStopped(j.title(), err)
				return
			}
			if s.model.job == j && s.model.session == session {
				j.plan, j.result = p, nil
				s.open(screenReview)
			}
		})
}

// ask turns the choices into the request of the job.
func (j *job) ask(ctx context.Context, session *workflow.Session) (*workflow.Plan, error) {
	switch {
	case j.kind == jobDistribute:
		return session.PlanDistribute(ctx, j.file.Bytes())
	case j.kind == jobRecoverITL:
		return session.PlanRecoverITL(ctx)
	case j.kind == jobRecoverCTL:
		return session.PlanTokenless(ctx, workflow.TokenlessLocalKey)
	case j.publisher && j.kind == jobMixed:
		return session.PlanTokenless(ctx, workflow.TokenlessMixed)
	case j.publisher && j.kind == jobNonSecure:
		return session.PlanTokenless(ctx, workflow.TokenlessNonSecure)
	case j.publisher:
		return session.PlanTokenless(ctx, workflow.TokenlessUpdate)
	case j.kind == jobToTokens:
		return session.PlanMigrateToTokens(ctx, j.signing())
	case j.kind == jobMixed, j.kind == jobNonSecure:
		return session.PlanMode(ctx, workflow.ModeRequest{Signing: j.signing(), Mixed: j.kind == jobMixed})
	}
	r := workflow.UpdateRequest{Signing: j.signing(), AddTFTP: j.tftp, AddFirewall: j.firewall}
	for _, i := range j.removed {
		r.Remove = append(r.Remove, number(i))
	}
	return session.PlanUpdate(ctx, r)
}
