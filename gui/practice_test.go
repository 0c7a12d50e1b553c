package gui

import (
	"context"
	"strings"
	"testing"

	"ctlclient/lab"
	"ctlclient/softhsm"
	"ctlclient/token"
	"ctlclient/workflow"
)

// labPractice is the practice cluster of a test: a lab that runs already, and a store of its own.
type labPractice struct {
	*lab.Lab
	store *softhsm.Store
}

func (p labPractice) Known(PracticeKind) bool { return true }
func (p labPractice) Up(context.Context, PracticeKind, bool, func(PracticeStep)) (Rehearsal, error) {
	return Rehearsal{Profile: p.Profile, Module: alone(p.store), PIN: softhsm.DefaultPIN, Dir: p.Dir}, nil
}
func (p labPractice) Restart(context.Context) ([]PhoneReport, error) { return nil, nil }
func (p labPractice) Down() error                                    { return nil }

// alone is a store's module in a process of its own.
func alone(s *softhsm.Store) string { return token.ModuleWith(s.Module, "SOFTHSM2_CONF="+s.Conf()) }

// Practice tokens are seen in the practice cluster alone, and no other token is seen there, from
// whichever of the two a person comes and goes.
func TestPracticeAndRealShareNoToken(t *testing.T) {
	p := &practised{}
	p.startLab(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	practice, own := needSoftHSM(t), needSoftHSM(t)
	for label, spec := range map[*softhsm.Store][]softhsm.Spec{
		practice: {{Label: "SAST-1", Practice: true}},
		own:      {{Label: "MINE", Practice: false}, {Label: "STRAY", Practice: true}}} {
		for _, s := range spec {
			if _, err := label.Create(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.bench = newBench(t, Options{Practice: labPractice{p.lab, practice},
		Session: workflow.Options{Modules: []string{alone(own)}, StateDir: t.TempDir()}})
	sees := func(want string) {
		t.Helper()
		p.until("the token "+want+" alone", func() bool {
			return len(p.s.model.tokens) == 1 && p.s.model.tokens[0].Label == want
		})
	}
	sees("MINE")
	p.on(screenClusters)
	p.tap("clusters.practice.open")
	p.on(screenOverview)
	sees("SAST-1")
	p.s.disconnectPractice()
	sees("MINE")
	if got := labels(token.Distinct(p.s.model.tokens)); len(got) != 1 {
		t.Errorf("tokens: %v", got)
	}
}

// A certificate that is not shaped like a SAST's is warned of in words, each oddity with its own.
func TestOddCertificate(t *testing.T) {
	newBench(t, Options{})
	if odd := oddities(token.Certificate{KeyBits: 4096}); odd == "" {
		t.Error("a key of 4096 bits is not odd")
	}
	for o, key := range oddKeys {
		if o.String() == "" || strings.HasPrefix(tr("odd."+key), "odd.") {
			t.Errorf("%v has no words", o)
		}
	}
	if token.Oddity(len(oddKeys)+1).String() != "" {
		t.Error("there is an oddity that the window has no words for")
	}
}
