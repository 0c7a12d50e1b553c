package workflow

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strings"
	"sync"
	"time"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// ExecuteOptions of one run.
type ExecuteOptions struct {
	KeepGoing bool // after the first commit a failing node is left to resume instead of everything being taken back
	Restart   bool // restart the services through the administration CLI
	Retries   int  // of each node after the first commit; 0: the default, negative: none
	NoPages   bool // do not read the phones' web pages before and after
}

// Result of a job.
type Result struct {
	Plan    *Plan
	List    *ctlbuild.List // what the nodes were given; nil: the file was removed
	Outcome cluster.Outcome
	Restart []string        // lines to show, empty when the services were restarted
	TFTP    map[string]bool // node -> its TFTP service gives phones exactly these bytes
	// ITLSigners are who signs the ITL that each node gives phones, by node, after recover itl.
	ITLSigners map[string]string
	Words      []PhoneWord // what phones say at the job's end, those that differ from what was predicted first
	Phones     int         // of the cluster, of which Words are at most a thousand
}

// Execute does what was agreed to: a token signs (the PIN is asked once) or the
// publisher writes, every node gets the file, the mode is set where the plan says so,
// and what nodes serve is compared with what was sent. A *cluster.PartialError says that
// not every node holds the new file, and names them.
func (s *Session) Execute(ctx context.Context, a *Agreement, o ExecuteOptions) (*Result, error) {
	if err := a.check(s, ToWrite); err != nil {
		return nil, err
	}
	s.job = a.Plan.Job
	if _, err := s.restarts(o); err != nil && a.Plan.finish == nil {
		return nil, err
	}
	before := s.listen(ctx, o)
	r, err := s.executePlan(ctx, a, o)
	s.hear(ctx, before, r)
	return r, err
}

// executePlan does it in the way of the plan.
func (s *Session) executePlan(ctx context.Context, a *Agreement, o ExecuteOptions) (*Result, error) {
	switch p := a.Plan; {
	case p.finish != nil:
		return s.executeFinish(ctx, a, o)
	case p.recoverITL:
		return s.executeRecoverITL(ctx, a)
	case p.byPublisher:
		return s.executePublisher(ctx, a, o)
	case p.given != nil:
		return s.write(ctx, a, p.given, o)
	}
	// What will be refused is refused before a PIN is asked for.
	if err := s.Cluster.Prepare(ctx); err != nil {
		return nil, err
	}
	signed, err := s.sign(ctx, a)
	if err != nil {
		return nil, err
	}
	return s.write(ctx, a, signed, o)
}

// write brings a signed list to every node.
func (s *Session) write(ctx context.Context, a *Agreement, signed *ctlbuild.List, o ExecuteOptions) (*Result, error) {
	p := a.Plan
	if v := signed.Verify(); !v.OK {
		return nil, fail(FilesBad, textDistributeBad.With("why", v.Why))
	}
	a.spent = true
	r := &Result{Plan: p, List: signed}
	spec := cluster.JobSpec{
		Kind: p.Job, Name: CTLFileName, Data: signed.Bytes(), Expect: p.live,
		KeepGoing: o.KeepGoing, Retries: o.Retries, Restart: o.Restart, Note: journalNote(p),
	}
	byPublisher := p.Mode != nil && s.Cluster.Site.Mode == nil
	switch {
	case byPublisher:
		spec.Steps = []cluster.Step{{Kind: cluster.StepAuthor, Author: modeCommand(*p.Mode), Former: s.Snapshot.Mode}}
	case p.Mode != nil:
		spec.Steps = []cluster.Step{{Kind: cluster.StepMode, Mode: modeOf(*p.Mode), Former: s.Snapshot.Mode}}
	}
	restarts, err := s.restarts(o)
	if err != nil {
		return r, err
	}
	spec.Steps = append(spec.Steps, restarts...)
	run, err := s.Cluster.Begin(ctx, spec)
	if err != nil {
		return r, err
	}
	defer run.Close()
	if byPublisher {
		if err := s.modeByPublisher(ctx, run, r, *p.Mode); err != nil {
			return r, err
		}
	}
	end := s.step(StepDistribute, sayDistribute.With("n", len(s.Snapshot.Nodes)))
	r.Outcome, err = run.File(ctx)
	end(&err)
	if err != nil {
		return r, err
	}
	if p.Mode != nil && !byPublisher {
		if err := s.setMode(ctx, run, r, *p.Mode); err != nil {
			return r, err
		}
	}
	if err := s.conclude(ctx, run, r, restarts); err != nil {
		return r, err
	}
	return r, s.after(ctx, r, o)
}

// conclude ends a job whose file is on every node: the restarts, and the journal.
func (s *Session) conclude(ctx context.Context, run *cluster.Run, r *Result, restarts []cluster.Step) (err error) {
	if err = s.restartAll(ctx, run, r, restarts); err != nil {
		return err
	}
	if r.Outcome, err = run.End(ctx); err != nil {
		return err
	}
	return run.Close()
}

// noteLoss is the key of the journal's note that names the phones whose loss was accepted.
const noteLoss = "accepted-loss"

// journalNote records who signs and what was decided against advice.
func journalNote(p *Plan) map[string]string {
	note := map[string]string{"by": whoami()}
	if p.signer != nil {
		note["signer"] = tokenCN(p.signer)
	}
	if p.Mode != nil {
		note["mode"] = modeName(*p.Mode)
	}
	if text := phoneNotes(p.Verdicts); text != "" {
		note[NotePhones] = text
	}
	if len(p.Undescribed()) > 0 {
		note["undescribed-phones"] = "the person went on without a description of the phones"
	}
	if !p.Dangerous() {
		return note
	}
	var rules []string
	for _, h := range p.Hazards {
		if isDanger(h) {
			rules = append(rules, h.Rule)
		}
	}
	note[noteLoss] = strings.Join(phoneNames(p.Lost()), ", ")
	note["overridden"] = strings.Join(rules, ", ")
	return note
}

// whoami is the account that runs the program, and where, for the journal.
func whoami() string {
	name := unknownAccount
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += " on " + host
	}
	return name
}

// takeBackTime bounds the taking back of a file whose mode the cluster refused.
const takeBackTime = 2 * time.Minute

// setMode follows the file. Where the cluster refuses the mode, the file is taken
// back too: a CTL of one mode under the other helps nobody.
func (s *Session) setMode(ctx context.Context, run *cluster.Run, r *Result, mixed bool) (err error) {
	defer s.step(StepSetMode, saySetMode.With("mode", modeText(mixed)))(&err)
	err = run.SetMode(ctx, modeOf(mixed))
	if err == nil {
		s.info(sayModeSet.With("mode", modeText(mixed)))
		return nil
	}
	// Also after an interrupt: the file of the other mode is not to stay.
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackTime)
	defer cancel()
	var takeBack error
	if r.Outcome, takeBack = run.TakeBack(back, err); r.Outcome.State != cluster.StateTakenBack {
		return errors.Join(err, message.Errorf("taking the file back failed as well: %w", takeBack))
	}
	reason := Refused
	if reach.ClassOf(err) == reach.Unreachable {
		reason = Unreachable
	}
	hints := []message.Message{hintModeAgain.With()}
	var refused *reach.Error
	if errors.As(err, &refused) && len(refused.Advice) > 0 {
		hints = refused.Advice
	}
	e := fail(reason, textModeRefused.With("mode", modeText(mixed)), hints...)
	e.Err = err
	return e
}

// modeByPublisher has the publisher set the mode by its own command. It writes a tokenless
// CTL with it, in whose place the token-signed one goes before any phone is reset.
func (s *Session) modeByPublisher(ctx context.Context, run *cluster.Run, r *Result, mixed bool) (err error) {
	defer s.step(StepSetMode, sayPublisherMode.With("mode", modeText(mixed)))(&err)
	err = run.ModeByPublisher(ctx, modeCommand(mixed))
	if err == nil {
		s.info(sayModeSet.With("mode", modeText(mixed)))
		return nil
	}
	if reach.Final(err) { // it has not begun
		r.Outcome, err = run.Leave(ctx, err)
		return err
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackTime)
	defer cancel()
	r.Outcome, err = run.TakeBack(back, err)
	return err
}

// modeCommand is the publisher's own command for a mode.
func modeCommand(mixed bool) reach.AuthorJob {
	if mixed {
		return reach.WriteMixed
	}
	return reach.WriteNonSecure
}

func modeOf(mixed bool) reach.Mode {
	if mixed {
		return reach.Mixed
	}
	return reach.NonSecure
}

// after fetches the file as a phone would, and says that services have to be restarted
// where the job has not done it.
func (s *Session) after(ctx context.Context, r *Result, o ExecuteOptions) error {
	if !o.Restart {
		r.Restart = []string{MsgRestart}
	}
	return s.fetchAsPhone(ctx, r, o.Restart)
}

// fetchAsPhone reads the file over TFTP from every node. A TFTP service that was
// not restarted may still give its cached copy, which is said and is no error;
// after a restart it is one.
func (s *Session) fetchAsPhone(ctx context.Context, r *Result, restarted bool) (err error) {
	defer s.step(StepTFTP, sayFetchCTL.With())(&err)
	r.TFTP = map[string]bool{}
	var differ []string
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, n := range s.Snapshot.Nodes {
		wg.Go(func() {
			e, asked := s.fetchOne(ctx, n.Node, r.List)
			if !asked {
				return
			}
			s.emit(e)
			mu.Lock()
			defer mu.Unlock()
			r.TFTP[e.Node] = e.State == StateDone
			if e.State != StateDone {
				differ = append(differ, e.Node)
			}
		})
	}
	wg.Wait()
	slices.Sort(differ)
	if restarted && len(differ) > 0 {
		return fail(NotEverywhere, textTFTPStale.With("nodes", differ), seeStatus())
	}
	return nil
}

// fetchOne compares what one node's TFTP gives with the list that it should; false
// when the node does not run TFTP.
func (s *Session) fetchOne(ctx context.Context, n site.Node, want *ctlbuild.List) (Event, bool) {
	s.emit(Event{Type: EventNode, Step: StepTFTP, Node: n.Name, State: StateStart})
	got, err := s.Cluster.FetchTFTP(ctx, n, CTLFileName)
	if errors.Is(err, errors.ErrUnsupported) {
		return Event{}, false
	}
	e := Event{Type: EventNode, Step: StepTFTP, Node: n.Name, State: StateDone, Text: sayServes.With()}
	switch {
	case want == nil && errors.Is(err, fs.ErrNotExist):
	case want != nil && err == nil && bytes.Equal(got, want.Bytes()):
		e.Sums = &Checksums{MD5: want.MD5(), SHA1: want.SHA1()}
	case err != nil:
		e.State, e.Text, e.Err = StateFailed, message.Message{}, err
	default:
		e.State, e.Text = StateStale, sayStale.With()
	}
	return e, true
}
