package workflow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
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
	Notes    []string                                // what was done by itself, in sentences
	Mode     *bool                                   // the security mode to set after, nil: unchanged
	Restart  []string                                // what to restart after, in order
	TVS      map[string]map[string]cluster.TVSResult // token CN -> node -> answer

	tokenless TokenlessJob   // what the publisher does itself, for PlanTokenless
	given     *ctlbuild.List // a file that is signed already, for PlanDistribute
	signer    []byte         // DER of the certificate that will sign
	accepted  bool           // the person accepted the loss of phones
	answered  bool           // the person went on though phones may be lost that nobody described
}

// SignerName is the common name of the certificate that will sign.
func (p *Plan) SignerName() string { return tokenCN(p.signer) }

// Dangerous reports whether phones would be lost.
func (p *Plan) Dangerous() bool {
	for _, h := range p.Hazards {
		if h.Severity == hazard.Danger {
			return true
		}
	}
	return len(p.Lost()) > 0
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

// finish compares, applies the rules and asks what every phone will make of the plan.
func (s *Session) finish(ctx context.Context, p *Plan) (err error) {
	defer s.step("assess", "asking what each phone will make of it")(&err)
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
	for _, n := range p.Notes {
		s.info(n)
	}
	return nil
}

// restartOrder is TFTP before CallManager, on all nodes that run them.
func restartOrder() []string { return []string{"Cisco Tftp", "Cisco CallManager"} }

// Agree shows the hazards and asks the person to go on. It is the gate in front of
// Sign: a plan that would lose phones passes only when the loss was accepted, by
// [Options.AcceptLoss] or in so many words.
func (s *Session) Agree(ctx context.Context, p *Plan) error {
	if p.Dangerous() && s.opt.AcceptLoss {
		p.accepted = true
		s.warn("going on although phones would be lost, as told; the journal records it")
	}
	danger := p.Dangerous() && !p.accepted
	undescribed := len(p.Undescribed()) > 0 && !s.opt.AcceptLoss
	text := s.summary(p)
	if undescribed {
		text += "\n" + undescribedText(p)
	}
	ok, err := s.ui.Confirm(ctx, Confirmation{
		Title: "Go on with " + p.Job + "?", Text: text, Danger: danger, Undescribed: undescribed, Hazards: p.Hazards,
	})
	if err != nil {
		return err
	}
	if ok {
		p.accepted = p.accepted || danger
		p.answered = true
		return nil
	}
	if danger {
		return s.lossError(p)
	}
	return fail(Declined, nil, "stopped: nothing was written")
}

// undescribedText is what the person is asked to think of.
func undescribedText(p *Plan) string {
	var names []string
	for _, v := range p.Undescribed() {
		if name := phoneName(v.Phone); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return "The profile does not describe the phones. If there is " + strings.Join(names, ", ") +
		", it will refuse the new file and has to be cleared by hand. Go on only if there is none, or if that is meant."
}

// writeGate is gate for what writes: phones that nobody described count as well.
func (s *Session) writeGate(p *Plan) error {
	if err := s.gate(p); err != nil {
		return err
	}
	if len(p.Undescribed()) > 0 && !p.answered && !s.opt.AcceptLoss {
		e := fail(PhonesLost, []string{
			`describe the phones in a file and name it in the profile: fleet = "phones.csv"; one line such as "200 x 8861" is enough`,
			"to go on without: --accept-loss",
		}, "%s Nothing was written", undescribedText(p))
		e.Hazards = p.Hazards
		return e
	}
	return nil
}

// gate refuses what Agree did not let pass.
func (s *Session) gate(p *Plan) error {
	if p.Dangerous() && !p.accepted {
		if !s.opt.AcceptLoss {
			return s.lossError(p)
		}
		p.accepted = true
	}
	return nil
}

func (s *Session) lossError(p *Plan) error {
	var names []string
	for _, v := range p.Lost() {
		names = append(names, phoneName(v.Phone))
	}
	hints := []string{}
	for _, h := range p.Hazards {
		if h.Severity != hazard.Danger {
			continue
		}
		if len(names) == 0 {
			names = append(names, h.Phones...)
		}
		for l := range strings.Lines(h.Hint) {
			if l = strings.TrimSpace(l); l != "" && !slices.Contains(hints, l) {
				hints = append(hints, l)
			}
		}
	}
	if s.assumed {
		hints = append(hints, `these stand for phones that you may have; describe yours in a file and name it in the profile: fleet = "phones.csv"`)
	}
	hints = append(hints, "to go on all the same and clear these phones by hand afterwards: --accept-loss")
	msg := "phones would refuse the new file and be lost"
	if len(names) > 0 {
		msg += ": " + strings.Join(names, ", ")
	}
	e := fail(PhonesLost, hints, "%s; nothing was written", msg)
	e.Hazards = p.Hazards
	return e
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

// summary is the plan in a few sentences, for the question.
func (s *Session) summary(p *Plan) string {
	var b strings.Builder
	switch {
	case p.Draft != nil:
		fmt.Fprintf(&b, "The new CTL has %d records, signed by %s, and goes to %d nodes.",
			len(p.Draft.Records), tokenCN(p.Signer.DER), len(s.Snapshot.Nodes))
	case p.Job == JobDistribute || p.given != nil:
		fmt.Fprintf(&b, "The file goes to %d nodes.", len(s.Snapshot.Nodes))
	}
	if p.Mode != nil {
		fmt.Fprintf(&b, " The cluster is then set to %s.", modeName(*p.Mode))
	}
	// Where a hazard says what is lost, it names the phones; where none does, this does.
	named := slices.ContainsFunc(p.Hazards, func(h hazard.Hazard) bool { return h.Severity == hazard.Danger })
	if lost := p.Lost(); len(lost) > 0 && !named {
		var names []string
		for _, v := range lost {
			names = append(names, phoneName(v.Phone))
		}
		fmt.Fprintf(&b, " Phones that would refuse it, to be cleared by hand: %s.", strings.Join(names, ", "))
	}
	return strings.TrimSpace(b.String())
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
