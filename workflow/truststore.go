package workflow

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/message"
)

// Trusted is one certificate of Phone-SAST-trust, and whether TVS vouches for it.
type Trusted struct {
	reach.StoredCertificate
	TVS map[string]cluster.TVSResult // by node; nil where the certificate itself is not at hand
}

// TrustList lists Phone-SAST-trust, and asks the TVS of every node about each certificate.
func (s *Session) TrustList(ctx context.Context) ([]Trusted, error) {
	if err := s.Cluster.Site.Need(reach.AbilityTrust); err != nil {
		return nil, fail(BadRequest, textOf.With("what", err), hintLookAtStore.With())
	}
	stored, _, err := s.Cluster.Site.Trust.List(ctx, reach.StorePhoneSAST)
	if err != nil {
		return nil, err
	}
	out := make([]Trusted, len(stored))
	// Side by side: a node that does not answer is waited for once, not once a certificate.
	var wg sync.WaitGroup
	turn := make(chan struct{}, tvsAtOnce)
	for i, c := range stored {
		out[i].StoredCertificate = c
		if c.Certificate == nil || s.Snapshot.ITL == nil {
			continue
		}
		wg.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			out[i].TVS, _ = s.Cluster.AskTVS(ctx, s.Snapshot.ITL, c.Certificate) // no node runs TVS: nobody was asked
		})
	}
	wg.Wait()
	return out, ctx.Err()
}

// tvsAtOnce bounds how many questions a TVS has before it at once, as of so many phones.
const tvsAtOnce = 32

// TrustOptions of TrustAdd.
type TrustOptions struct {
	Wait time.Duration // until the TVS of every node vouches; 0: DefaultTrustWait
}

// DefaultTrustWait: CUCM copies the store to its nodes within minutes; a person who uploads
// by hand may take longer.
const DefaultTrustWait = 30 * time.Minute

// pollTVS is the pause between two questions to TVS.
const pollTVS = 5 * time.Second

// TrustAdd puts certificates (DER) into Phone-SAST-trust and waits until the TVS of every
// node vouches for them. Where the cluster takes them in no way that this program knows,
// the steps by hand are shown, and it waits all the same. It asks the person first.
func (s *Session) TrustAdd(ctx context.Context, ders [][]byte, o TrustOptions) error {
	defer func(former string) { s.job = former }(s.job)
	s.job = JobTrust
	for _, der := range ders {
		if err := s.notPractice(der); err != nil {
			return err
		}
	}
	all := ders
	if ders = s.notStored(ctx, ders); len(ders) == 0 {
		return s.waitVouched(ctx, all, o.Wait)
	}
	names := make([]string, len(ders))
	for i, der := range ders {
		names[i] = tokenCN(der)
	}
	ok, err := s.ui.Confirm(ctx, Confirmation{
		Title: askUpload.With(),
		Text:  askUploadText.With("names", strings.Join(names, ", ")),
	})
	if err != nil {
		return err
	}
	if !ok {
		return fail(Declined, textNotUploaded.With())
	}
	if lacks := s.Cluster.Site.Need(reach.AbilityTrust); lacks != nil {
		s.trustByHand(names, lacks)
		return s.waitVouched(ctx, all, o.Wait)
	}
	run, err := s.beginTrust(ctx, ders)
	if err != nil {
		return err
	}
	defer run.Close()
	byHand, err := s.upload(ctx, run, ders, names)
	if err != nil {
		_, err = run.Leave(ctx, err)
		return err
	}
	if byHand { // the job is done when the person is seen to have done it
		if err := s.waitVouched(ctx, all, o.Wait); err != nil {
			return leftByHand(ctx, run, err)
		}
		_, err = run.End(ctx)
		return err
	}
	if _, err := run.End(ctx); err != nil {
		return err
	}
	if err := run.Close(); err != nil {
		return err
	}
	return s.waitVouched(ctx, all, o.Wait)
}

// notStored leaves out, and says so, what Phone-SAST-trust has already. Where the store cannot
// be read, nothing is known to be there.
func (s *Session) notStored(ctx context.Context, ders [][]byte) [][]byte {
	if s.Cluster.Site.Need(reach.AbilityTrust) != nil {
		return ders
	}
	stored, _, err := s.Cluster.Site.Trust.List(ctx, reach.StorePhoneSAST)
	if err != nil {
		return ders // the upload says what is wrong
	}
	return slices.DeleteFunc(slices.Clone(ders), func(der []byte) bool {
		there := slices.ContainsFunc(stored, func(c reach.StoredCertificate) bool { return bytes.Equal(c.Certificate, der) })
		if there {
			s.info(sayStored.With("name", tokenCN(der)))
		}
		return there
	})
}

// beginTrust begins the job: an upload for each certificate.
func (s *Session) beginTrust(ctx context.Context, ders [][]byte) (*cluster.Run, error) {
	spec := cluster.JobSpec{Kind: JobTrust, NoFile: true, Note: map[string]string{"by": whoami()}}
	for _, der := range ders {
		spec.Steps = append(spec.Steps, cluster.Step{Kind: cluster.StepTrust, Certificate: der})
	}
	return s.Cluster.Begin(ctx, spec)
}

// leftByHand ends a job whose certificates nobody was seen to have uploaded by hand. What
// this program has uploaded before is left to resume.
func leftByHand(ctx context.Context, run *cluster.Run, cause error) error {
	var unchanged *cluster.UnchangedError
	if _, err := run.Leave(ctx, cause); !errors.As(err, &unchanged) {
		return err
	}
	return cause
}

// upload adds the certificates; where the cluster takes them in no way, it shows how a
// person does.
func (s *Session) upload(ctx context.Context, run *cluster.Run, ders [][]byte, names []string) (byHand bool, err error) {
	end := s.step(StepTrust, sayUpload.With("names", strings.Join(names, ", ")))
	defer func() { end(&err) }()
	for i, der := range ders {
		door, err := run.Trust(ctx, der)
		switch {
		case reach.ClassOf(err) == reach.Permanent:
			end(&err)
			end = func(*error) {}
			s.trustByHand(names[i:], err)
			return true, nil
		case err != nil:
			return false, err
		}
		s.info(sayUploaded.With("name", names[i], "door", door))
	}
	return false, nil
}

// trustByHand shows the steps.
func (s *Session) trustByHand(names []string, why error) {
	lead := s.Cluster.Profile.LeadNode()
	s.emit(Event{Type: EventErrand, Node: lead.Name, Err: why, Errand: &Errand{
		Node: lead.Name, Page: "https://" + lead.Address + "/cmplatform/",
		Steps: []message.Message{
			stepExport.With("do", message.Action{Do: message.ExportTokens}),
			stepUpload.With("names", strings.Join(names, ", ")),
		},
	}})
}

// waitVouched asks the TVS of every node until all vouch for all certificates.
func (s *Session) waitVouched(ctx context.Context, ders [][]byte, wait time.Duration) (err error) {
	if s.Snapshot.ITL == nil {
		s.warn(sayNoITL.With())
		return nil
	}
	if wait <= 0 {
		wait = DefaultTrustWait
	}
	defer s.step(StepAskTVS, sayAwaitTVS.With())(&err)
	told := map[string]bool{}
	for until := s.now().Add(wait); ; {
		missing, done, total, err := s.notYetVouched(ctx, ders, told)
		if err != nil {
			return err
		}
		s.emit(Event{Type: EventProgress, Step: StepAskTVS, Done: done, Total: total})
		if len(missing) == 0 {
			return nil
		}
		if s.now().After(until) {
			return fail(NotEverywhere, textNotYetVouched.With("what", missing), hintStoreOnNodes.With(), hintNotTwice.With())
		}
		if err := s.pause(ctx, pollTVS); err != nil {
			return err
		}
	}
}

// notYetVouched names each token that a TVS does not vouch for with the nodes where it is missing,
// counts the answers that are there, of all that are needed, and tells each vouching once.
func (s *Session) notYetVouched(ctx context.Context, ders [][]byte, told map[string]bool) (missing message.Parts, done, total int, err error) {
	for _, der := range ders {
		cn := tokenCN(der)
		answers, err := s.Cluster.AskTVS(ctx, s.Snapshot.ITL, der)
		if err != nil {
			return nil, 0, 0, err
		}
		var nodes []string
		for _, node := range slices.Sorted(maps.Keys(answers)) {
			total++
			a, key := answers[node], cn+"\x00"+node
			if !a.Vouches() {
				nodes = append(nodes, node)
				continue
			}
			done++
			if !told[key] {
				told[key] = true
				s.tvsEvent(cn, node, a)
			}
		}
		if len(nodes) > 0 {
			missing = append(missing, textTokenOn.With("token", cn, "nodes", nodes))
		}
	}
	return missing, done, total, nil
}

// offerTrust asks whether certificates that TVS does not vouch for may be uploaded, where
// the cluster lets this program do it; true: it was done, and TVS vouches now.
func (s *Session) offerTrust(ctx context.Context, ders [][]byte) (bool, error) {
	if s.opt.LookOnly || s.Cluster.Site.Need(reach.AbilityTrust) != nil {
		return false, nil
	}
	err := s.TrustAdd(ctx, ders, TrustOptions{})
	if e, stopped := err.(*Error); stopped && e.Reason == Declined {
		return false, nil
	}
	return err == nil, err
}
