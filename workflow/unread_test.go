package workflow_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/workflow"
)

// A CTL that cannot be read is no missing one: phones hold what it was. Nothing is made in its
// place as if they held none, and what they make of a good one is not certain.
func TestUnreadableCTLIsNotNone(t *testing.T) {
	b := migrated(t, lab.Options{})
	good := b.served(b.Nodes[0].Name)
	for _, n := range b.Nodes {
		b.do(os.WriteFile(filepath.Join(n.Folder, ctlbuild.CTLFileName), []byte("no list"), 0o644))
	}
	s := b.connect()
	tok := by(b.uri("SAST-1"), b.uri("SAST-1"), b.uri("SAST-2"))
	for name, plan := range map[string]func() error{
		"mode mixed": func() error {
			_, err := s.PlanMode(t.Context(), workflow.ModeRequest{Mixed: true, Signing: tok})
			return err
		},
		"non-secure":   func() error { _, err := s.PlanMode(t.Context(), workflow.ModeRequest{Signing: tok}); return err },
		"update":       func() error { _, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: tok}); return err },
		"to-tokens":    func() error { _, err := s.PlanMigrateToTokens(t.Context(), tok); return err },
		"to-tokenless": func() error { _, err := s.PlanTokenless(t.Context(), workflow.TokenlessUpdate); return err },
		"recover ctl":  func() error { _, err := s.PlanTokenless(t.Context(), workflow.TokenlessLocalKey); return err },
	} {
		var e *workflow.Error
		if err := plan(); !errors.As(err, &e) || e.Reason != workflow.FilesBad || message.ActionsOf(err)[0].Do != message.Distribute {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, f := range s.Findings(t.Context()) {
		if strings.Contains(f.Text.String(), "No CTL File exists") {
			t.Errorf("it is said that there is none: %s", f.Text)
		}
	}
	for _, f := range s.Fits() {
		if f.Advised || f.Job != workflow.JobRecoverITL && f.Why != workflow.FitUnreadable {
			t.Errorf("%s: advised %t, %q", f.Job, f.Advised, f.Why)
		}
	}
	// Nobody described the phones: of one that cannot ask TVS it is not known what it makes of a
	// good file, and it is not left out.
	b.change = noFleet
	p, err := b.connect().PlanDistribute(t.Context(), good.Bytes())
	b.do(err)
	i := slices.IndexFunc(p.Verdicts, func(v trust.Verdict) bool { return v.Phone.NoSBD })
	if i < 0 || p.Verdicts[i].Certain || p.Verdicts[i].Phone.Unknown == "" {
		t.Errorf("verdicts: %+v", p.Verdicts)
	}
}
