package workflow

import (
	"context"
	"errors"
	"strings"
	"testing"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
)

// script is a front end that answers as a test says and keeps what it was told.
type script struct {
	yes    bool
	asked  []Confirmation
	events []Event
}

func (u *script) Event(e Event) { u.events = append(u.events, e) }
func (u *script) PIN(context.Context, token.PINRequest) ([]byte, error) {
	return nil, errors.New("no PIN is to be asked here")
}
func (u *script) Password(context.Context, string, string) ([]byte, error) {
	return nil, errors.New("no password is to be asked here")
}
func (u *script) Identity(context.Context, string, string, string) (bool, error) { return false, nil }
func (u *script) Confirm(_ context.Context, c Confirmation) (bool, error) {
	u.asked = append(u.asked, c)
	return u.yes, nil
}

// session without a network, for what is decided before anything is asked.
func session(u UI, o Options) *Session {
	p := &site.Profile{}
	s := newSession(p, u, o)
	s.Snapshot, s.Cluster = &cluster.Snapshot{}, &cluster.Cluster{Profile: p}
	return s
}

func lossyPlan() *Plan {
	return &Plan{Job: JobUpdate, Verdicts: []trust.Verdict{
		{Phone: trust.Phone{Name: "SEP000E38C07940", Model: "7940"}, Certain: true},
		{Phone: trust.Phone{Name: "SEP0011215A1AE3", Model: "7975"}, Accept: true, Certain: true},
	}, Hazards: []hazard.Hazard{{Rule: "continuity-of-signer", Severity: hazard.Danger, Message: message.Plain("m"), Hint: message.Plain("do this first"), Consequence: hazard.PhonesLost}}}
}

// hintsOf are the hints of an error, a line each, with its actions by their verbs.
func hintsOf(e *Error) string {
	var lines []string
	for _, m := range message.Advice(e) {
		lines = append(lines, m.String())
	}
	return strings.Join(lines, "\n")
}

// A plan that would lose phones is not agreed to before the loss was accepted, and what
// nobody agreed to is neither signed nor executed, whoever calls.
func TestLossIsGated(t *testing.T) {
	u := &script{}
	s := session(u, Options{})
	p := lossyPlan()
	p.Draft = ctlbuild.NewDraft()
	for _, purpose := range []Purpose{ToWrite, ToSave} {
		_, err := s.Agree(t.Context(), p, purpose)
		var e *Error
		if !errors.As(err, &e) || e.Reason != PhonesLost {
			t.Fatalf("%v, want phones lost", err)
		}
		if !strings.Contains(e.Error(), "SEP000E38C07940") || strings.Contains(e.Error(), "SEP0011215A1AE3") {
			t.Errorf("names the wrong phones: %v", e)
		}
		if !strings.Contains(hintsOf(e), "do this first") || !strings.Contains(hintsOf(e), "accept-loss") {
			t.Errorf("hint %q", hintsOf(e))
		}
	}
	if len(u.asked) != 2 || !u.asked[0].Danger || u.asked[0].Purpose != ToWrite || u.asked[1].Purpose != ToSave {
		t.Errorf("asked %v, want two questions marked as dangerous", u.asked)
	}
}

// An agreement is good for what was agreed to, and for nothing else.
func TestAgreementIsForOneThing(t *testing.T) {
	s, other := session(&script{yes: true}, Options{}), session(&script{yes: true}, Options{})
	c := ctltest.NewCluster(t, 1024)
	plan := func() *Plan { return &Plan{Job: JobUpdate, Draft: ctlbuild.Edit(c.ETokens(t)), signer: c.Token1.DER} }
	agree := func(purpose Purpose) *Agreement {
		a, err := s.Agree(t.Context(), plan(), purpose)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	changed := agree(ToWrite)
	changed.Plan.Draft.Records = changed.Plan.Draft.Records[:1]
	resigned := agree(ToWrite)
	resigned.Plan.signer = c.Token2.DER
	spent := agree(ToWrite)
	spent.spent = true
	lossy := agree(ToWrite)
	lossy.Plan.Verdicts = lossyPlan().Verdicts
	for name, tc := range map[string]struct {
		s    *Session
		a    *Agreement
		want string
	}{
		"none":                 {s, nil, "nobody agreed"},
		"of another session":   {other, agree(ToWrite), "nobody agreed"},
		"to save":              {s, agree(ToSave), "saving the file was agreed to"},
		"to another list":      {s, changed, "no longer the one"},
		"to another signer":    {s, resigned, "no longer the one"},
		"tried already":        {s, spent, "agree anew"},
		"before phones change": {s, lossy, "phones would refuse"},
	} {
		_, err := tc.s.Execute(t.Context(), tc.a, ExecuteOptions{})
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Text.String(), tc.want) {
			t.Errorf("an agreement %s: %v", name, err)
		}
	}
	// To write includes to sign; a job without a token signs nothing.
	p := &Plan{Job: JobDistribute, given: c.ETokens(t)}
	a, err := s.Agree(t.Context(), p, ToSave)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(t.Context(), a); err == nil || !strings.Contains(err.Error(), "signs nothing") {
		t.Errorf("signing what is signed: %v", err)
	}
	// A signed list that is not the agreed one is not written.
	if err := agree(ToWrite).covers(c.Tokenless(t)); err == nil {
		t.Error("another list passes")
	}
	if err := agree(ToWrite).covers(c.ETokens(t)); err != nil {
		t.Errorf("the agreed list: %v", err)
	}
}

func TestAgree(t *testing.T) {
	ctx := t.Context()
	harmless := &Plan{Job: JobUpdate}
	if _, err := session(&script{yes: true}, Options{}).Agree(ctx, harmless, ToWrite); err != nil {
		t.Errorf("yes: %v", err)
	}
	var e *Error
	if _, err := session(&script{}, Options{}).Agree(ctx, harmless, ToWrite); !errors.As(err, &e) || e.Reason != Declined {
		t.Errorf("no: %v", err)
	}
	// Accepted beforehand: the question is an ordinary one, and the journal hears of it.
	u := &script{yes: true}
	p := lossyPlan()
	if _, err := session(u, Options{AcceptLoss: true}).Agree(ctx, p, ToWrite); err != nil {
		t.Fatal(err)
	}
	if u.asked[0].Danger {
		t.Error("the loss was accepted already")
	}
	note := journalNote(p)
	if note["accepted-loss"] != "SEP000E38C07940 (7940)" || note["overridden"] != "continuity-of-signer" || note["by"] == "" {
		t.Errorf("journal note %v", note)
	}
	if n := journalNote(harmless); n["accepted-loss"] != "" {
		t.Errorf("a harmless plan notes %v", n)
	}
	// What was agreed to when a job began needs no second word; to undo what is done does.
	for _, f := range []finishJob{{id: "1"}, {id: "1", done: true}} {
		u := &script{yes: true}
		if _, err := session(u, Options{}).Agree(ctx, &Plan{Job: JobResume, finish: &f}, ToWrite); err != nil {
			t.Fatal(err)
		}
		if asked := len(u.asked) == 1; asked != f.done {
			t.Errorf("job that is done (%t): asked %t", f.done, asked)
		}
	}
}

// Token records stand first, the signer's before the others; what stood before keeps
// its bytes.
func TestTokensFirst(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	for _, tc := range []struct {
		policy  ServerSAST
		version string
		want    string
	}{
		{ServerSASTAuto, "12.0", "sast  SAST-ADN008580ef\nsast  SAST-ADN0054f509\nsast cucm-1051-a-pub cucm-1051-a-pub\nccm+tftp"},
		{ServerSASTAuto, "", "sast  SAST-ADN008580ef\nsast  SAST-ADN0054f509\nsast cucm-1051-a-pub cucm-1051-a-pub\nccm+tftp"},
		{ServerSASTAuto, "10.5(2)", "sast  SAST-ADN008580ef\nsast  SAST-ADN0054f509\nccm+tftp"},
		{ServerSASTKeep, "10.5", "sast  SAST-ADN008580ef\nsast  SAST-ADN0054f509\nsast cucm-1051-a-pub cucm-1051-a-pub\nccm+tftp"},
		{ServerSASTDrop, "12.0", "sast  SAST-ADN008580ef\nsast  SAST-ADN0054f509\nccm+tftp"},
	} {
		s := session(&script{}, Options{})
		s.Cluster.Profile.Version = tc.version
		p := &Plan{Old: c.Tokenless(t)}
		p.Draft = ctlbuild.Edit(p.Old)
		if err := s.tokensFirst(p, [][]byte{c.Token2.DER, c.Token1.DER}, tc.policy); err != nil {
			t.Fatal(err)
		}
		if got := brief(p.Draft); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%q on %q:\n%s\nwant first:\n%s", tc.policy, tc.version, got, tc.want)
		}
		// The records after the SAST ones are the old list's last three, untouched.
		rec, old := recordBytes(p.Draft), recordBytes(ctlbuild.Edit(p.Old))
		if !equalAll(rec[len(rec)-3:], old[1:]) {
			t.Errorf("%q on %q: server records changed", tc.policy, tc.version)
		}
	}
}

// The words of the refusal are those that people know.
func TestKnownMessages(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	s := session(&script{}, Options{})
	err := unknownSigner(&Plan{Old: c.Tokenless(t), signer: c.Token1.DER})
	if !strings.Contains(err.Error(), "The Security Token you have inserted does not exist in the CTL File") {
		t.Errorf("tokenless: %v", err)
	}
	if h := hintsOf(err.(*Error)); !strings.Contains(h, "to-tokens") {
		t.Errorf("tokenless: hint %q", h)
	}
	err = unknownSigner(&Plan{Old: c.ETokens(t), signer: c.Pub.DER})
	if h := hintsOf(err.(*Error)); !strings.Contains(h, "SAST-ADN0054f509 and SAST-ADN008580ef") {
		t.Errorf("tokens: hint %q", h)
	}
	s.Snapshot.Mode = reach.Mixed
	if err := s.noCTL(); !strings.HasPrefix(err.Error(), "No CTL File exists on the server but the Call Manager Cluster Security Mode is in Secure Mode.") {
		t.Errorf("mixed without a file: %v", err)
	}
}

// A danger that loses no phone says what it is about, and does not tell anybody to clear
// phones.
func TestDangerWithoutLoss(t *testing.T) {
	p := lossyPlan()
	p.Verdicts = nil
	p.Hazards[0].Consequence = hazard.OneTokenAlone
	err := session(nil, Options{}).lossError(p)
	text := err.Error()
	if e, ok := errors.AsType[*Error](err); ok {
		text += "\n" + hintsOf(e)
	}
	if !strings.Contains(text, "all later lists would hang on a single token") || strings.Contains(text, "refuse") || strings.Contains(text, "clear these phones") || !strings.Contains(text, "accept-loss") {
		t.Error(text)
	}
}
