package workflow

import (
	"slices"
	"strings"
	"time"

	"ctlclient/message"
)

// What the person is asked before a job writes.
var (
	askText       = message.Define("ask.text", "{lines}")
	askSave       = message.Define("ask.save", "Sign the file and save it?")
	askBack       = message.Define("ask.take-back", "Take this job back?")
	askFinish     = message.Define("ask.finish", "Finish this job?")
	askGoOn       = message.Define("ask.go-on", "Go on with {job}?")
	askUpload     = message.Define("ask.upload", "Upload to Phone-SAST-trust?")
	askUploadText = message.Define("ask.upload.text", "Phones will accept a CTL that is signed by {names}, because TVS vouches for what is in Phone-SAST-trust.")
	askReset      = message.Define("ask.reset", "Reset {n|# phone|# phones}?")
	askResetText  = message.Define("ask.reset.text", "{n|# phone restarts|# phones restart}, {batch} at a time; calls on them end. Each batch is waited for before the next.")

	sumRecoverITL = message.Define("sum.recover-itl", "The publisher signs the ITL of every node with its other key, {key}. Rollback does not take this back: the next restart of TFTP does.")
	sumPublisher  = message.Define("sum.publisher", "The publisher writes its own CTL, signed by {signer}, which then goes to {n|# node|# nodes}.")
	sumSave       = message.Define("sum.save", "The new CTL has {records|# record|# records} and is signed by {signer}. It is saved to a file; no node is written to.")
	sumDraft      = message.Define("sum.draft", "The new CTL has {records|# record|# records}, signed by {signer}, and goes to {n|# node|# nodes}.")
	sumGiven      = message.Define("sum.given", "The file goes to {n|# node|# nodes}.")
	sumTwo        = message.Define("sum.two", "{first} {second}")
	sumMode       = message.Define("sum.mode", "The cluster is then set to {mode}.")
	sumLost       = message.Define("sum.lost", "Phones that would refuse it, whose CTL must then be deleted by hand: {phones}.")

	sumEarlier     = message.Define("sum.earlier", "The job {id} ({job}) of {when}")
	sumEarlierBy   = message.Define("sum.earlier-by", "The job {id} ({job}) of {when}, by {by},")
	sumBareBack    = message.Define("sum.bare-back", "{what} is taken back.")
	sumBareFinish  = message.Define("sum.bare-finish", "{what} is finished: what is left of it is done.")
	sumFinish      = message.Define("sum.finish", "{what} is finished: its file goes to every node of {n} that lacks it.")
	sumBackRemoves = message.Define("sum.back-removes", "{what} is taken back: the CTL file is removed from {n|# node|# nodes}.")
	sumBack        = message.Define("sum.back", "{what} is taken back: the CTL file of before goes to {n|# node|# nodes}.")

	lacksNode    = message.Define("lacks.node", "{node} ({way}) cannot {what}.")
	lacksJournal = message.Define("lacks.journal", "The journal keeps the former file of every node, to put it back.")
	undescribed  = message.Define("ask.undescribed", "The profile does not describe the phones. If there is {phones}, it will refuse the new file and its CTL must be deleted at the phone. Go on only if there is none, or if that is meant.")

	stepExport = message.Define("step.export", "export the certificates: {do}")
	stepUpload = message.Define("step.upload", "OS Administration > Security > Certificate Management > Upload Certificate: purpose Phone-SAST-trust, once for each of {names}")
)

// jobNames are the jobs as the command line and the journal spell them.
var jobNames = map[string]*message.Text{
	JobUpdate:      message.Define("job.name.update", "update"),
	JobToTokens:    message.Define("job.name.to-tokens", "migrate to-tokens"),
	JobToTokenless: message.Define("job.name.to-tokenless", "migrate to-tokenless"),
	JobMixed:       message.Define("job.name.mixed", "mode mixed"),
	JobNonSecure:   message.Define("job.name.non-secure", "mode non-secure"),
	JobDistribute:  message.Define("job.name.distribute", "distribute"),
	JobTrust:       message.Define("job.name.trust", "trust add"),
	JobRecoverCTL:  message.Define("job.name.recover-ctl", "recover ctl"),
	JobRecoverITL:  message.Define("job.name.recover-itl", "recover itl"),
	JobReset:       message.Define("job.name.reset", "phone reset"),
	JobResume:      message.Define("job.name.resume", "resume"),
	JobTakeBack:    message.Define("job.name.take-back", "rollback"),
	JobClear:       message.Define("job.name.clear", "clear"),
}

// JobText names a job, by its kind in the journal.
func JobText(kind string) message.Message {
	if t := jobNames[kind]; t != nil {
		return t.With()
	}
	return message.Plain(kind) // of another version of this program
}

func (p *Plan) question(purpose Purpose) message.Message {
	switch {
	case purpose == ToSave:
		return askSave.With()
	case p.finish != nil && p.finish.back:
		return askBack.With()
	case p.finish != nil:
		return askFinish.With()
	}
	return askGoOn.With("job", JobText(p.Job))
}

// lacksText is what nodes cannot promise, which the person agrees to with the plan.
func (s *Session) lacksText() message.Lines {
	var lines message.Lines
	for _, l := range s.Cluster.Lacks() {
		lines = append(lines, lacksNode.With("node", l.Node, "way", l.Way, "what", message.List(l.What)))
	}
	if len(lines) > 0 {
		lines = append(lines, lacksJournal.With())
	}
	return lines
}

// undescribedText is what the person is asked to think of.
func undescribedText(p *Plan) message.Message {
	var names []string
	for _, v := range p.Undescribed() {
		if name := phoneName(v.Phone); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return undescribed.With("phones", message.Either(names))
}

// summary is the plan in a few sentences, for the question.
func (s *sight) summary(p *Plan, purpose Purpose) message.Message {
	text := s.goal(p, purpose)
	if p.Mode != nil && purpose == ToWrite {
		text = then(text, sumMode.With("mode", modeText(*p.Mode)))
	}
	// Where a hazard says what is lost, it names the phones; where none does, this does.
	named := slices.ContainsFunc(p.Hazards, isDanger)
	if lost := p.Lost(); len(lost) > 0 && !named {
		text = then(text, sumLost.With("phones", strings.Join(phoneNames(lost), ", ")))
	}
	return text
}

// goal is what becomes of the file.
func (s *sight) goal(p *Plan, purpose Purpose) message.Message {
	nodes := len(s.Snapshot.Nodes)
	switch {
	case p.finish != nil:
		return p.finish.summary(nodes)
	case p.recoverITL:
		return sumRecoverITL.With("key", tokenCN(p.signer))
	case p.byPublisher:
		return sumPublisher.With("signer", tokenCN(p.signer), "n", nodes)
	case purpose == ToSave && p.Draft != nil:
		return sumSave.With("records", len(p.Draft.Records), "signer", tokenCN(p.signer))
	case p.Draft != nil:
		return sumDraft.With("records", len(p.Draft.Records), "signer", tokenCN(p.signer), "n", nodes)
	case p.given != nil:
		return sumGiven.With("n", nodes)
	}
	return message.Message{}
}

// then is one sentence after another.
func then(first, second message.Message) message.Message {
	if first.IsZero() {
		return second
	}
	return sumTwo.With("first", first, "second", second)
}

// summary says which job it is about: what, when and by whom.
func (f *finishJob) summary(nodes int) message.Message {
	when := f.job.Started.Local().Format(time.DateTime)
	what := sumEarlier.With("id", f.id, "job", JobText(f.job.Kind), "when", when)
	if by := f.job.Note["by"]; by != "" {
		what = sumEarlierBy.With("id", f.id, "job", JobText(f.job.Kind), "when", when, "by", NoteText("by", by))
	}
	switch {
	case f.bare && f.back:
		return sumBareBack.With("what", what)
	case f.bare:
		return sumBareFinish.With("what", what)
	case !f.back:
		return sumFinish.With("what", what, "n", nodes)
	case f.data == nil:
		return sumBackRemoves.With("what", what, "n", nodes)
	}
	return sumBack.With("what", what, "n", nodes)
}
