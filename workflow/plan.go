package workflow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
)

// The jobs, as events and the journal name them.
const (
	JobUpdate      = "update"
	JobToTokens    = "migrate to-tokens"
	JobToTokenless = "migrate to-tokenless"
	JobMixed       = "mode mixed"
	JobNonSecure   = "mode non-secure"
	JobDistribute  = "distribute"
	JobTrust       = "trust add"
	JobRecoverCTL  = "recover ctl"
	JobRecoverITL  = "recover itl"
	JobReset       = "phone reset"
	JobResume      = "resume"
	JobTakeBack    = "rollback" // as the command line and the journal have always spelt it
)

// Plan is everything known before anything is written.
type Plan struct {
	Job      string
	Old      *ctlbuild.List // what the cluster serves now, nil: nothing
	Draft    *ctlbuild.Draft
	Diff     ctlbuild.Diff
	Signer   token.Certificate
	SignWith token.URI
	Verdicts []trust.Verdict
	Hazards  []hazard.Hazard
	Notes    []message.Message                       // what was done by itself, in sentences
	Mode     *bool                                   // the security mode to set after, nil: unchanged
	Restart  []string                                // what to restart after, in order
	TVS      map[string]map[string]cluster.TVSResult // token CN -> node -> answer

	byPublisher bool           // the publisher writes and signs it itself, for PlanTokenless
	tokenless   TokenlessJob   // what it does then
	recoverITL  bool           // it signs the ITLs anew, and no CTL
	given       *ctlbuild.List // a file that is signed already, for PlanDistribute
	finish      *finishJob     // an earlier job to finish or to take back, for PlanFinish
	signer      []byte         // DER of the certificate that will sign
	accepted    bool           // of PlanFinish: the loss of phones was accepted when the job began

	live map[string]*[32]byte // what each node served when this was planned; nil: no file
}

// SignerName is the common name of the certificate that will sign.
func (p *Plan) SignerName() string { return tokenCN(p.signer) }

// Dangerous reports whether phones would be lost.
func (p *Plan) Dangerous() bool {
	return slices.ContainsFunc(p.Hazards, isDanger) || len(p.Lost()) > 0
}

func isDanger(h hazard.Hazard) bool { return h.Severity == hazard.Danger }

// Signs reports whether a token signs the plan's file, so that a PIN will be asked for.
func (p *Plan) Signs() bool { return p.Draft != nil && !p.byPublisher }

// Untried is what only the job itself tries, and a plan cannot say.
func (p *Plan) Untried() []message.Message {
	var out []message.Message
	if p.Signs() {
		out = append(out, untriedPIN.With("token", tokenCN(p.signer)))
	}
	if p.byPublisher {
		out = append(out, untriedCLI.With())
	} else {
		out = append(out, untriedNodes.With())
	}
	return out
}

// Lost is the verdicts of phones that hold a list now, would be offered the new one
// and are certain to refuse it.
func (p *Plan) Lost() []trust.Verdict { return pick(p.Verdicts, lost) }

// Undescribed is the verdicts of phones that would be lost, if there are any: nobody
// described the phones of the cluster, and these cannot ask TVS.
func (p *Plan) Undescribed() []trust.Verdict {
	return pick(p.Verdicts, func(v trust.Verdict) bool { return v.Lost() && v.Phone.Supposed() })
}

// lost is a phone that there is and that will refuse.
func lost(v trust.Verdict) bool { return v.Lost() && !v.Phone.Supposed() }

func pick(vs []trust.Verdict, want func(trust.Verdict) bool) []trust.Verdict {
	var out []trust.Verdict
	for _, v := range vs {
		if want(v) {
			out = append(out, v)
		}
	}
	return out
}

// assess compares, applies the rules and asks what every phone will make of the plan.
func (s *Session) assess(ctx context.Context, p *Plan) (err error) {
	defer s.step(StepAssess, sayAssess.With())(&err)
	p.live = s.Snapshot.Expect()
	p.Restart = restartOrder()
	if p.given == nil {
		p.Diff = ctlbuild.CompareDraft(p.Old, p.Draft)
	}
	if err := s.askAboutSigner(ctx, p); err != nil {
		return err
	}
	tvs := s.Cluster.TVS()
	p.Hazards = hazard.Find(ctx, s.change(p), tvs)
	p.Verdicts = s.predict(ctx, p, tvs)
	if err := ctx.Err(); err != nil {
		return err
	}
	p.Notes = append(p.Notes, s.lacksText()...)
	for _, n := range p.Notes {
		s.info(n)
	}
	return nil
}

// restartOrder is TFTP before CallManager, on all nodes that run them.
func restartOrder() []string { return []string{reach.TFTP.CiscoName(), reach.CallManager.CiscoName()} }

func (s *sight) lossError(p *Plan) error {
	names := phoneNames(p.Lost())
	var hints []message.Message
	var comes message.Parts
	said := map[string]bool{}
	loses := len(names) > 0
	for _, h := range p.Hazards {
		if !isDanger(h) {
			continue
		}
		if len(names) == 0 {
			names = append(names, h.Phones...)
		}
		if c := h.Consequence.Message(); !said[c.String()] {
			said[c.String()] = true
			comes = append(comes, c)
		}
		loses = loses || h.Consequence.LosesPhones()
		if !h.Hint.IsZero() && !said[h.Hint.String()] {
			said[h.Hint.String()] = true
			hints = append(hints, h.Hint)
		}
	}
	if s.assumed {
		hints = append(hints, hintAssumed.With("do", message.Action{Do: message.DescribePhone}))
	}
	accept := message.Action{Do: message.AcceptLoss}
	if loses {
		hints = append(hints, hintAcceptLoss.With("do", accept))
	} else {
		hints = append(hints, hintGoOn.With("do", accept))
	}
	if loses && len(comes) == 0 {
		comes = message.Parts{hazard.PhonesLost.Message()}
	}
	text := textOf.With("what", comes)
	if len(names) > 0 {
		text = textWhoIsLost.With("what", comes, "who", strings.Join(names, ", "))
	}
	e := fail(PhonesLost, textStopped.With("what", text), hints...)
	e.Hazards = p.Hazards
	return e
}

func phoneNames(vs []trust.Verdict) []string {
	var names []string
	for _, v := range vs {
		names = append(names, phoneName(v.Phone))
	}
	return names
}

// phoneName names a phone, or a class with its count.
func phoneName(p trust.Phone) string {
	name := p.Name
	// A class may be named after its model; a phone's name holds a MAC address.
	if p.Model != "" && (strings.HasPrefix(name, "SEP") || !strings.Contains(name, p.Model)) {
		name += " (" + p.Model + ")"
	}
	// A class that was described in words is called "12 x 7940" already.
	if count := fmt.Sprintf("%d x ", p.Count); p.Count > 1 && !strings.HasPrefix(name, count) {
		name = count + name
	}
	return name
}

func modeName(mixed bool) string {
	if mixed {
		return "Mixed Mode"
	}
	return "Non Secure Mode"
}

// tokenCN is the common name of a certificate, its padding trimmed.
func tokenCN(der []byte) string {
	c, err := ctlbuild.ParseCertificate(der)
	if err != nil {
		return "an unreadable certificate"
	}
	if cn := strings.TrimSpace(c.CN); cn != "" {
		return cn
	}
	return c.Subject
}

// knows reports whether a list has a certificate as SAST.
func knows(l *ctlbuild.List, der []byte) bool {
	for _, r := range l.SAST() {
		if r.MatchesCertificate(der) {
			return true
		}
	}
	return false
}

// draftKnows is knows for a draft.
func draftKnows(d *ctlbuild.Draft, der []byte) bool {
	for i := range d.Records {
		r := &d.Records[i]
		if r.Function() == ctlbuild.SAST && r.MatchesCertificate(der) {
			return true
		}
	}
	return false
}

// tokensOf is the names of the hardware tokens of a list.
func tokensOf(l *ctlbuild.List) []string {
	var names []string
	for _, r := range l.SAST() {
		if r.IsToken() {
			names = append(names, r.CN())
		}
	}
	return names
}

func containsDER(ders [][]byte, der []byte) bool {
	return slices.ContainsFunc(ders, func(d []byte) bool { return bytes.Equal(d, der) })
}

func sha256Sum(b []byte) [32]byte { return sha256.Sum256(b) }
