package workflow_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ctlclient/cluster/site"
	"ctlclient/lab"
	"ctlclient/trust"
	"ctlclient/workflow"
)

// findingsOf are the findings about phones that hold an older CTL.
func findingsOf(b *bench, s *workflow.Session) (texts []string) {
	b.t.Helper()
	for _, f := range s.Findings(b.t.Context()) {
		if f.Job == workflow.JobClear {
			texts = append(texts, f.Text.String())
		}
	}
	return texts
}

// verdictOn is what an update makes of the phone of a model.
func verdictOn(b *bench, s *workflow.Session, model string) trust.Verdict {
	b.t.Helper()
	p, err := s.PlanUpdate(b.t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))})
	b.do(err)
	for _, v := range p.Verdicts {
		if v.Phone.Model == model {
			return v
		}
	}
	b.t.Fatalf("no verdict on a %s", model)
	return trust.Verdict{}
}

// A phone whose loss was accepted holds the CTL of before: the next verdicts and the findings
// know it, until somebody says that it was cleared. One that is lost again after that is lost.
func TestAcceptedLossIsRemembered(t *testing.T) {
	b := newBench(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	b.trusted("SAST-1", "SAST-2")
	// A description as most sites have it: which phones, not what each holds.
	phones := filepath.Join(t.TempDir(), "phones.csv")
	b.do(os.WriteFile(phones, []byte("name,model\nSEP0011215A1AE3,7975\nSEP000E38C07940,7940\n"), 0o600))
	b.change = func(p *site.Profile) { p.Fleet = phones }
	if s := b.connect(); len(s.Older()) > 0 || len(findingsOf(b, s)) > 0 {
		t.Fatal("lost before any job")
	}
	accept := b.o
	b.o.AcceptLoss = true // the default lab has a 7940
	b.toTokens(workflow.Signing{})
	b.o = accept

	s := b.connect() // as after a restart of the program
	older := s.Older()
	if len(older) != 1 || older[0].Phone.Model != "7940" || !strings.Contains(older[0].Verdict().Reason, workflow.JobToTokens) {
		t.Fatalf("older: %+v", older)
	}
	if found := findingsOf(b, s); len(found) != 1 || !strings.Contains(found[0], "1 phone holds an older CTL") {
		t.Errorf("findings %q", found)
	}
	if v := verdictOn(b, s, "7940"); v.Accept || !v.Certain {
		t.Errorf("the 7940 is said to take what it cannot know: %s", v.Reason)
	}
	if v := verdictOn(b, s, "7975"); !v.Accept {
		t.Errorf("the 7975 is said to refuse: %s", v.Reason)
	}

	b.do(b.ClearPhone(older[0].Phone.Name))
	b.do(workflow.KeepCleared(s.Cluster.Dir(), map[string]time.Time{older[0].Phone.Name: time.Now()}))
	b.do(s.Refresh(t.Context()))
	if len(s.Older()) > 0 || len(findingsOf(b, s)) > 0 {
		t.Error("still lost after it was cleared")
	}
	if v := verdictOn(b, s, "7940"); !v.Accept {
		t.Errorf("the cleared 7940 is said to refuse: %s", v.Reason)
	}
	b.do(workflow.KeepCleared(s.Cluster.Dir(), map[string]time.Time{older[0].Phone.Name: older[0].Job.Started.Add(-time.Minute)}))
	b.do(s.Refresh(t.Context()))
	if len(s.Older()) != 1 {
		t.Error("cleared before the job, and not lost to it")
	}
}

// Where the description says what each phone holds, it wins; a phone that it has with the old
// list is still named, and one that it has with another is not.
func TestAcceptedLossAndADescription(t *testing.T) {
	b := newBench(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	b.trusted("SAST-1", "SAST-2")
	b.o.AcceptLoss = true
	b.toTokens(workflow.Signing{})
	s := b.connect() // the lab's own file names what each phone holds
	older := s.Older()
	if len(older) != 1 || older[0].Phone.Model != "7940" {
		t.Fatalf("older: %+v", older)
	}
	b.do(b.ClearPhone(older[0].Phone.Name))
	b.boot()
	b.do(s.Refresh(t.Context()))
	if len(s.Older()) > 0 {
		t.Errorf("older: %+v", s.Older())
	}
}

// What is taken back leaves no phone behind: all hold what is served again.
func TestLossTakenBackIsNone(t *testing.T) {
	b := newBench(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	b.trusted("SAST-1", "SAST-2")
	b.o.AcceptLoss = true
	r := b.toTokens(workflow.Signing{})
	_, err := b.finish(workflow.FinishRequest{ID: r.Outcome.ID, Back: true})
	b.do(err)
	if s := b.connect(); len(s.Older()) > 0 {
		t.Errorf("older: %+v", s.Older())
	}
}
