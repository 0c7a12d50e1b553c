package workflow

import (
	"context"

	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// PlanDistribute takes a file that is signed already. It must be a CTL that
// verifies; the verdicts are about exactly these bytes.
func (s *Session) PlanDistribute(ctx context.Context, file []byte) (*Plan, error) {
	s.job = JobDistribute
	if err := s.needNodes(); err != nil {
		return nil, err
	}
	list, err := ctlbuild.Parse(file)
	if err != nil {
		return nil, err
	}
	if list.Kind() != ctlbuild.KindCTL {
		return nil, fail(BadRequest, textNotACTL.With("name", list.Header.FileName, "want", CTLFileName), hintOnlyCTL.With())
	}
	if v := list.Verify(); !v.OK {
		return nil, fail(FilesBad, textCTLBad.With("why", v.Why), hintVerifyFile.With("do", message.Action{Do: message.VerifyFile}))
	}
	if err := s.noPractice(list); err != nil {
		return nil, err
	}
	rec, _ := list.Signer()
	p := &Plan{Job: JobDistribute, Old: s.Snapshot.Current, given: list, signer: rec.Certificate()}
	if p.Old != nil {
		p.Diff = ctlbuild.Compare(p.Old, list)
		if p.Diff.Identical && s.Snapshot.Agree {
			p.Notes = append(p.Notes, noteServed.With())
		}
	} else {
		p.Diff = ctlbuild.CompareDraft(nil, ctlbuild.Edit(list))
	}
	return p, s.assess(ctx, p)
}
