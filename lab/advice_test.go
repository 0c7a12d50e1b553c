package lab

import (
	"strings"
	"testing"

	"ctlclient/trust"
	"ctlclient/trust/advise"
	"ctlclient/trust/play"
	version "ctlclient/trust/release"
)

// What advice says is done to a practice cluster, step by step; its phones follow it.
func TestPhonesFollowAdvice(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		change  string
		safe    bool
		says    string
	}{
		"12.0, ITLRecovery":                       {Options{Version: "12.0", Nodes: 2}, "regenerate-itlrecovery", true, "utils ctl reset localkey"},
		"12.5, ITLRecovery without a CTL":         {Options{Version: "12.5", Nodes: 1, NonSecure: true}, "regenerate-itlrecovery", true, "utils itl reset localkey"},
		"12.0, CallManager":                       {Options{Version: "12.0", Nodes: 2}, "regenerate-callmanager", true, "utils ctl update CTLFile"},
		"11.5, CallManager, phones without SBD":   {Options{Version: "11.5", Nodes: 2}, "regenerate-callmanager", true, "utils ctl reset localkey"},
		"10.5, CallManager and TVS without a CTL": {Options{Version: "10.5", Nodes: 1, NonSecure: true}, "regenerate-callmanager regenerate-tvs", false, "In the order below no phone is lost"},
		"10.5, one node renamed, without a CTL":   {Options{Version: "10.5", Nodes: 1, NonSecure: true}, "rename-host", false, "In the order below no phone is lost"},
		"14, CAPF":                                {Options{Version: "14.0", Nodes: 1}, "regenerate-capf", true, "802.1X"},
		"12.0, rollback to before 8.0 and back":   {Options{Version: "12.0", Nodes: 1}, "turn-off-sbd", true, "Rollback to Pre 8.0"},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.NoAltTFTP = true
			l := up(t, c.options)
			boots(t, l)
			a := adviceFor(t, l, c.change)
			var text strings.Builder
			if err := a.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			if a.Safe != c.safe || !strings.Contains(text.String(), c.says) {
				t.Fatalf("safe %v, want %v, saying %q:\n%s", a.Safe, c.safe, c.says, text.String())
			}
			for i, step := range a.Steps {
				for _, x := range step.Plays {
					for _, act := range x.Acts {
						perform(t, l, act)
					}
					if !x.Wait {
						continue
					}
					for model, b := range boots(t, l) {
						if !b.Accepted() && step.Stop.IsZero() {
							t.Errorf("after step %d (%s) the %s refuses: %s", i+1, step, model, b.Reason())
						}
					}
				}
			}
			for model, b := range boots(t, l) {
				if !b.Accepted() {
					t.Errorf("at the end the %s refuses: %s", model, b.Reason())
				}
			}
		})
	}
}

func adviceFor(t *testing.T, l *Lab, words string) advise.Advice {
	t.Helper()
	ctl, err := l.publisher().list(ctlName)
	if err != nil {
		t.Fatal(err)
	}
	s := advise.Situation{CTL: ctl, NoCTL: ctl == nil, ITL: served(t, l, itlName), Mixed: l.st.Mixed, Nodes: len(l.callManagers())}
	if s.Version, err = version.Parse(l.release().full); err != nil {
		t.Fatal(err)
	}
	for _, cert := range []string{certCallManager, certITLRecovery} {
		if der, err := l.publisher().Certificate(cert); err == nil {
			s.Present = append(s.Present, der)
		}
	}
	for _, p := range l.Phones {
		d := p.Describe()
		d.TVS = nil // as many as the nodes have
		s.Phones = append(s.Phones, trust.Phone{Name: d.Name, Model: d.Model, CTL: d.CTL, ITL: d.ITL})
	}
	var changes []advise.PlannedChange
	for _, w := range strings.Fields(words) {
		c, err := advise.ParseChange(w)
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, c)
	}
	a, err := advise.Advise(t.Context(), s, changes)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// perform does to the lab what an act of a plan does.
func perform(t *testing.T, l *Lab, a play.Act) {
	t.Helper()
	node := a.Node
	if node == "" {
		node = l.publisher().Name
	}
	var err error
	switch a.Kind {
	case play.NewCallManager:
		err = l.Regenerate(node, "callmanager")
	case play.NewTVS:
		err = l.Regenerate(node, "tvs")
	case play.NewCAPF:
		err = l.Regenerate(node, "capf")
	case play.NewRecovery:
		err = l.Regenerate(node, "itlrecovery")
	case play.Rename:
		err = l.RenameHost(node, node+"-new")
	case play.EmptyITL, play.FillITL:
		err = l.PrepareRollback(a.Kind == play.EmptyITL)
	case play.UpdateCTL:
		admin(t, l.publisher(), "utils ctl update CTLFile")
	case play.ResetCTLKey:
		admin(t, l.publisher(), "utils ctl reset localkey")
	case play.ResetITLKey:
		admin(t, l.publisher(), "utils itl reset localkey")
	case play.MakeITL:
		for _, n := range l.callManagers() {
			admin(t, n, "utils service restart Cisco Tftp")
		}
	default:
		t.Fatalf("act %d is not known here", a.Kind)
	}
	if err != nil {
		t.Fatal(err)
	}
}
