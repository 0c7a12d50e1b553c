package cluster

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// Step is one thing that a job does besides bringing its file to the nodes.
type Step struct {
	Kind        string          // StepMode, StepAuthor, StepTrust or StepRestart
	Mode        reach.Mode      // of StepMode: the one to set
	Former      reach.Mode      // of StepMode and StepAuthor: the cluster's mode before
	Author      reach.AuthorJob // of StepAuthor
	Certificate []byte          // of StepTrust, DER
	Node        string          // of StepRestart
	Service     reach.Service   // of StepRestart
}

var modeWords = map[reach.Mode]string{reach.NonSecure: "non-secure", reach.Mixed: "mixed"}

func modeNamed(word string) reach.Mode {
	for m, w := range modeWords {
		if w == word {
			return m
		}
	}
	return reach.ModeUnknown
}

// written is the step as the journal has it.
func (s Step) written() journal.Step {
	w := journal.Step{Kind: s.Kind, Former: modeWords[s.Former]}
	switch s.Kind {
	case StepMode:
		w.Arg = modeWords[s.Mode]
	case StepAuthor:
		w.Arg = s.Author.Command()
	case StepTrust:
		w.Arg = base64.StdEncoding.EncodeToString(s.Certificate)
	case StepRestart:
		w.Arg = s.Node + "/" + s.Service.CiscoName()
	}
	return w
}

// readStep is written's way back; an error says that another version of the program wrote it.
func readStep(w journal.Step) (s Step, err error) {
	s = Step{Kind: w.Kind, Former: modeNamed(w.Former)}
	ok := true
	switch w.Kind {
	case StepMode:
		s.Mode = modeNamed(w.Arg)
		ok = s.Mode != reach.ModeUnknown
	case StepAuthor:
		s.Author, ok = authorNamed(w.Arg)
	case StepTrust:
		s.Certificate, err = base64.StdEncoding.DecodeString(w.Arg)
		ok = err == nil
	case StepRestart:
		var service string
		s.Node, service, ok = strings.Cut(w.Arg, "/")
		s.Service = serviceNamed(service)
		ok = ok && s.Service != 0
	default:
		ok = false
	}
	if !ok {
		return s, message.Errorf("the journal has a step that is not known: %s %s", w.Kind, w.Arg)
	}
	return s, nil
}

func authorNamed(command string) (reach.AuthorJob, bool) {
	for a := reach.WriteCTL; a <= reach.ResetITLRemoteKey; a++ {
		if a.Command() == command {
			return a, true
		}
	}
	return 0, false
}

func serviceNamed(name string) reach.Service {
	for s := reach.CallManager; s <= reach.TVS; s++ {
		if s.CiscoName() == name {
			return s
		}
	}
	return 0
}

// String is Text in English.
func (s Step) String() string { return s.Text().String() }

// Text says what the step does, for a person.
func (s Step) Text() message.Message {
	switch s.Kind {
	case StepMode:
		return message.Phrase("set the cluster to %s", s.Mode.Text())
	case StepAuthor:
		return message.Phrase("have the publisher write its own file (%s)", s.Author.Command())
	case StepTrust:
		if c, err := ctlbuild.ParseCertificate(s.Certificate); err == nil {
			return message.Phrase("put the certificate %s into %s", strings.TrimSpace(c.CN), reach.StorePhoneSAST)
		}
		return message.Phrase("put a certificate into %s", reach.StorePhoneSAST)
	case StepRestart:
		return message.Phrase("restart %s on %s", s.Service.CiscoName(), s.Node)
	}
	return message.Plain(s.Kind)
}

// SetMode sets the cluster's security mode as a step of the job. A site that cannot is a
// *reach.Lacks, and nothing was written then.
func (r *Run) SetMode(ctx context.Context, m reach.Mode) error {
	return r.job.setMode(ctx, m)
}

func (j *job) setMode(ctx context.Context, m reach.Mode) error {
	if err := j.c.Site.Need(reach.AbilityMode); err != nil {
		return err
	}
	return j.onCluster(StepMode, modeWords[m], func() error {
		_, err := j.c.Site.Mode.SetMode(ctx, m)
		return err
	})
}

// Trust puts a certificate into Phone-SAST-trust as a step of the job, and says through
// which door.
func (r *Run) Trust(ctx context.Context, certificate []byte) (reach.Door, error) {
	return r.job.trust(ctx, certificate)
}

func (j *job) trust(ctx context.Context, certificate []byte) (door reach.Door, err error) {
	if err := j.c.Site.Need(reach.AbilityTrust); err != nil {
		return "", err
	}
	description := "SAST"
	if c, err := ctlbuild.ParseCertificate(certificate); err == nil {
		description += " " + strings.TrimSpace(c.CN)
	}
	err = j.onCluster(StepTrust, Step{Kind: StepTrust, Certificate: certificate}.written().Arg, func() (err error) {
		door, err = j.c.Site.Trust.Add(ctx, reach.StorePhoneSAST, certificate, description)
		return err
	})
	return door, err
}

// Restart restarts a service of a node as a step of the job.
func (r *Run) Restart(ctx context.Context, node string, s reach.Service) error {
	return r.job.restartService(ctx, node, s)
}

func (j *job) restartService(ctx context.Context, node string, s reach.Service) error {
	if err := j.c.Site.Need(reach.AbilityServices); err != nil {
		return err
	}
	e := journal.Entry{Arg: Step{Kind: StepRestart, Node: node, Service: s}.written().Arg}
	err := j.step(node, StepRestart, e, func(*journal.Entry) error {
		_, err := j.c.Site.Services.Restart(ctx, node, s)
		return err
	}, nil)
	if err != nil {
		return &NodeError{Node: node, Step: StepRestart, Err: err}
	}
	return nil
}

// onCluster does one step at the publisher, journalled.
func (j *job) onCluster(step, arg string, f func() error) error {
	lead := j.c.Profile.LeadNode().Name
	err := j.step(lead, step, journal.Entry{Arg: arg}, func(*journal.Entry) error { return f() }, nil)
	if err != nil {
		return &NodeError{Node: lead, Step: step, Err: err}
	}
	return nil
}

// PublisherWrites has the publisher write its own file, and takes what it serves then for
// the job's new file, once accept (may be nil) has looked at it. The nodes that do not
// have it yet get it by [Run.File]. An error of accept is returned as it is; the job's new
// file is not known then.
func (r *Run) PublisherWrites(ctx context.Context, a reach.AuthorJob, accept func(data []byte) error) ([]byte, error) {
	return r.job.publisherWrites(ctx, a, accept)
}

func (j *job) publisherWrites(ctx context.Context, a reach.AuthorJob, accept func([]byte) error) ([]byte, error) {
	if err := j.c.Site.Need(reach.AbilityAuthor); err != nil {
		return nil, err
	}
	if err := j.write(ctx, a); err != nil {
		return nil, err
	}
	return j.adopt(ctx, accept)
}

// ModeByPublisher has the publisher set the mode by its own command, which writes a
// tokenless file as well: the job's own file goes to the nodes after it, by [Run.File],
// before any phone is reset. For a site that has no other door for the mode.
func (r *Run) ModeByPublisher(ctx context.Context, a reach.AuthorJob) error {
	return r.job.modeByPublisher(ctx, a)
}

func (j *job) modeByPublisher(ctx context.Context, a reach.AuthorJob) error {
	if err := j.c.Site.Need(reach.AbilityAuthor); err != nil {
		return err
	}
	if err := j.write(ctx, a); err != nil {
		return err
	}
	j.rewrote = true
	return errors.Join(j.all(func(t *target) error {
		return j.patiently(ctx, t, StepFetch, func(int) (err error) {
			// What TFTP has in its memory does not matter: the job's own file comes next.
			t.found, err = j.served(ctx, t)
			return err
		})
	})...)
}

// Author has the publisher do something with files of its own that this job does not bring
// to nodes (JobSpec.NoFile), such as signing the ITLs anew.
func (r *Run) Author(ctx context.Context, a reach.AuthorJob) error {
	if err := r.job.c.Site.Need(reach.AbilityAuthor); err != nil {
		return err
	}
	return r.job.write(ctx, a)
}

// write has the publisher write, which may change what any node serves.
func (j *job) write(ctx context.Context, a reach.AuthorJob) error {
	err := j.onCluster(StepAuthor, a.Command(), func() error {
		j.everywhere(!j.noFile()) // the publisher writes wherever it likes
		_, err := j.c.Site.Author.Write(ctx, a)
		return err
	})
	if err != nil && !j.j.Touched(touching...) {
		j.everywhere(false)
	}
	return err
}

// adopt takes what the publisher serves for the job's new file, and looks at all nodes.
func (j *job) adopt(ctx context.Context, accept func([]byte) error) ([]byte, error) {
	errs := j.all(func(t *target) (err error) {
		return j.patiently(ctx, t, StepFetch, func(int) (err error) {
			t.found, err = j.afterWrite(ctx, t)
			return err
		})
	})
	for i, t := range j.targets {
		if j.c.isLead(t.node.Name()) {
			if errs[i] != nil {
				return nil, j.failed(t, StepFetch, errs[i])
			}
			j.data = t.found
		}
	}
	if accept != nil {
		if err := accept(j.data); err != nil {
			return j.data, err
		}
	}
	return j.data, j.j.Adopt(j.data)
}

// leftSteps are the steps that are not done, or that a rollback which was ended has taken back.
func (j *job) leftSteps() []Step {
	var left []Step
	for _, w := range j.j.Begin.Steps {
		s, err := readStep(w)
		if err != nil {
			left = append(left, Step{Kind: w.Kind + " " + w.Arg})
			continue
		}
		if j.j.Did(j.placeOf(s), s.Kind, w.Arg) != journal.Done || j.givenUp(s) {
			left = append(left, s)
		}
	}
	return left
}

// givenUp reports whether the security mode that a step set was set otherwise after it, or
// may have been: a rollback was begun.
func (j *job) givenUp(s Step) bool {
	if s.Kind != StepMode && (s.Kind != StepAuthor || !changesMode(s)) {
		return false
	}
	given, arg := false, s.written().Arg
	for _, e := range j.j.Lines() {
		if e.Kind == journal.KindAct && (e.Step == StepMode || e.Step == StepAuthor) && e.State != journal.Refused {
			given = e.Arg != arg
		}
	}
	return given
}

// placeOf is the node under which a step stands in the journal.
func (j *job) placeOf(s Step) string {
	if s.Kind == StepRestart {
		return s.Node
	}
	return j.c.Profile.LeadNode().Name
}

// left are the steps that are not done, in words.
func (j *job) left() []message.Message {
	var out []message.Message
	for _, s := range j.leftSteps() {
		out = append(out, s.Text())
	}
	return out
}

// noFile reports a job that is about something else than a file.
func (j *job) noFile() bool { return j.j.Begin.NoFile }

// stays are the steps of a job that is about no file which were done, or may have been, and
// cannot be taken back.
func (j *job) stays() []Step {
	var stays []Step
	for _, w := range j.j.Begin.Steps {
		s, err := readStep(w)
		if err != nil || !j.noFile() || staysText[s.Kind] == nil {
			continue
		}
		did := j.j.Did(j.placeOf(s), s.Kind, w.Arg)
		if did != "" && did != journal.Refused && !slices.ContainsFunc(stays, func(o Step) bool { return o.Kind == s.Kind }) {
			stays = append(stays, s)
		}
	}
	return stays
}

func (j *job) staysError(stays []Step) error {
	state, _ := j.j.State()
	return &StaysError{ID: j.j.Begin.ID, Steps: stays, Open: state == "" || state == StateIncomplete}
}

// takeBackSteps puts back what steps changed besides files: the security mode. What a restart
// did is no harm, and stays; of what else stays, see stays.
func (j *job) takeBackSteps(ctx context.Context) error {
	var errs []error
	for _, w := range j.j.Begin.Steps {
		s, err := readStep(w)
		if err != nil {
			return err
		}
		did := j.j.Did(j.placeOf(s), s.Kind, w.Arg)
		if did == "" || did == journal.Refused || s.Former == reach.ModeUnknown {
			continue
		}
		if s.Kind == StepMode && s.Mode != s.Former || s.Kind == StepAuthor && changesMode(s) {
			errs = append(errs, j.restoreMode(ctx, s.Former))
		}
	}
	return errors.Join(errs...)
}

// changesMode reports whether a publisher that writes its file also sets another mode.
func changesMode(s Step) bool {
	return s.Author == reach.WriteMixed && s.Former != reach.Mixed || s.Author == reach.WriteNonSecure && s.Former != reach.NonSecure
}

// restoreMode sets the mode that the cluster had before the job. Where there is no door
// for that alone, the publisher's own command sets it; the former file goes up after it.
func (j *job) restoreMode(ctx context.Context, m reach.Mode) error {
	if j.c.Site.Mode != nil {
		return j.setMode(ctx, m)
	}
	if err := j.c.Site.Need(reach.AbilityAuthor); err != nil {
		return message.Errorf("the security mode stays as the job set it: %w", err)
	}
	a := reach.WriteNonSecure
	if m == reach.Mixed {
		a = reach.WriteMixed
	}
	j.rewrote = true
	return j.write(ctx, a)
}

// everywhere notes that any node's live file may have changed.
func (j *job) everywhere(may bool) {
	for _, t := range j.targets {
		t.committing = may
	}
}
