package workflow

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust/hazard"
)

// Finding is one thing to know about the cluster, and the job that mends it.
type Finding struct {
	Severity hazard.Severity
	Text     message.Message
	Mend     message.Message // what mends it; says nothing where nothing does
	Job      string          // update, to-tokens, mode, distribute, resume, ""
}

// Findings says what is wrong with the cluster, the worst first; empty when nothing is.
func (s *Session) Findings(ctx context.Context) []Finding {
	var fs []Finding
	add := func(sev hazard.Severity, job string, mend, text message.Message) {
		fs = append(fs, Finding{Severity: sev, Text: text, Mend: mend, Job: job})
	}
	s.findJobs(add)
	s.findOlder(add)
	s.findNodes(add)
	s.findUnlisted(add)
	s.findITL(add)
	keyLost := s.findKeys(add)
	if l := s.Snapshot.Current; l != nil {
		s.findList(l, keyLost, add)
	} else if s.Snapshot.Mixed() && s.unreadable() == "" {
		add(hazard.Danger, "mode", do(message.Action{Do: message.SetMixed}), textNoCTLInSecure.With())
	}
	slices.SortStableFunc(fs, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) })
	return fs
}

type addFinding func(sev hazard.Severity, job string, mend, text message.Message)

// nothing mends what has no remedy in this program.
var nothing message.Message

// do is a remedy that is one action.
func do(a message.Action) message.Message { return mendDo.With("do", a) }

// findJobs: a job that was interrupted stands before everything else.
func (s *Session) findJobs(add addFinding) {
	jobs, err := cluster.History(s.opt.StateDir, s.Cluster.Profile.Name)
	if err != nil {
		add(hazard.Warning, "", nothing, findJournal.With("why", err))
		return
	}
	if len(jobs) > 0 && jobs[0].State == cluster.StateIncomplete {
		id := jobs[0].ID
		add(hazard.Danger, "resume", mendUnfinished.With("resume", message.Action{Do: message.Resume, ID: id}, "back", message.Action{Do: message.TakeBack, ID: id}),
			findUnfinished.With("id", id, "job", JobText(jobs[0].Kind)))
	}
}

func (s *sight) findNodes(add addFinding) {
	var silent []message.Message
	var otherFile, otherHTTP []string
	var tftp tftpFaults
	for _, n := range s.Snapshot.Nodes {
		name := n.Node.Name
		switch {
		case n.Err != nil && n.File == nil:
			silent = append(silent, findSilent.With("node", name, "why", withoutNode(n.Err)))
		case n.Missing:
		case n.List == nil:
			add(hazard.Danger, "distribute", do(message.Action{Do: message.Distribute}), findUnreadable.With("node", name))
		default:
			if v := n.List.Verify(); !v.OK {
				add(hazard.Danger, "distribute", do(message.Action{Do: message.Distribute}), findBadCTL.With("node", name, "why", v.Why))
			}
		}
		if n.TFTPAgree != nil && !*n.TFTPAgree {
			otherFile = append(otherFile, name)
		}
		if n.HTTPAgree != nil && !*n.HTTPAgree {
			otherHTTP = append(otherHTTP, name)
		}
		tftp.look(n)
	}
	// A network that is down, or a service that is stopped everywhere, is one notice and not one a node.
	switch {
	case len(silent) == 1:
		add(hazard.Danger, "", nothing, silent[0])
	case len(silent) > 1:
		add(hazard.Danger, "", nothing, findManySilent.With("n", len(silent), "lines", message.Lines(silent)))
	}
	if len(otherFile) > 0 {
		add(hazard.Warning, "", mendRestartTFTP.With("node", otherFile), findOtherFile.With("node", otherFile))
	}
	if len(otherHTTP) > 0 {
		add(hazard.Warning, "", mendRestartTFTP.With("node", otherHTTP), findOtherHTTP.With("node", otherHTTP))
	}
	tftp.tell(add)
	if groups := s.groups(); len(groups) > 1 {
		add(hazard.Danger, "distribute", mendDiffer.With("distribute", message.Action{Do: message.Distribute}, "update", message.Action{Do: message.Update}),
			findDiffer.With("groups", strings.Join(groups, " | ")))
	}
}

// groups are the nodes that serve the same file, or none, together; a node that did not
// answer is in no group.
func (s *sight) groups() []string {
	var order []string
	names := map[string][]string{}
	for _, n := range s.Snapshot.Nodes {
		if n.File == nil && !n.Missing {
			continue
		}
		key := "none"
		if !n.Missing {
			sum := sha256Sum(n.File)
			key = string(sum[:])
		}
		if names[key] == nil {
			order = append(order, key)
		}
		names[key] = append(names[key], n.Node.Name)
	}
	var groups []string
	for _, key := range order {
		groups = append(groups, strings.Join(names[key], ", "))
	}
	return groups
}

// publisherTFTP is why the publisher's TFTP gave no CTL; nil when it did.
func (s *sight) publisherTFTP() error {
	for _, n := range s.Snapshot.Nodes {
		if n.Node.Role == site.RolePublisher {
			return n.TFTPErr
		}
	}
	return nil
}

// withoutNode is what a node's error says beside the node's name, which stands before it already.
func withoutNode(err error) error {
	if e, ok := errors.AsType[*cluster.NodeError](err); ok {
		return e.Err
	}
	return err
}

// tftpFaults are the nodes where phones do not get the file by TFTP: those that do not answer,
// and those that answer with an error, by what they say.
type tftpFaults struct {
	silent []string
	said   []error // of the nodes below, in the same order
	nodes  [][]string
}

// look notes a node's TFTP.
func (f *tftpFaults) look(n cluster.NodeState) {
	err := withoutNode(n.TFTPErr)
	if err == nil {
		return
	}
	var t net.Error
	if errors.As(err, &t) && t.Timeout() {
		f.silent = append(f.silent, n.Node.Name)
		return
	}
	at := slices.IndexFunc(f.said, func(other error) bool { return other.Error() == err.Error() })
	if at < 0 {
		at = len(f.said)
		f.said, f.nodes = append(f.said, err), append(f.nodes, nil)
	}
	f.nodes[at] = append(f.nodes[at], n.Node.Name)
}

func (f *tftpFaults) tell(add addFinding) {
	if len(f.silent) > 0 {
		add(hazard.Warning, "", mendTFTPSilent.With("node", f.silent), findTFTPSilent.With("node", f.silent))
	}
	for i, err := range f.said {
		add(hazard.Warning, "", mendRestartTFTP.With("node", f.nodes[i]), findTFTPNone.With("node", f.nodes[i], "why", err))
	}
}

// findITL: an ITL that does not verify strands every phone with Security By Default.
func (s *sight) findITL(add addFinding) {
	switch l := s.Snapshot.ITL; {
	case s.Snapshot.ITLErr != nil && s.publisherTFTP() != nil: // its TFTP was found already
	case s.Snapshot.ITLErr != nil:
		add(hazard.Warning, "", nothing, findITLUnread.With("why", s.Snapshot.ITLErr))
	case l == nil:
	case !l.Verify().OK:
		add(hazard.Danger, "", mendITLBad.With(), findITLBad.With("why", l.Verify().Why))
	case l.IsEmptyRollback():
		add(hazard.Note, "", nothing, findITLEmpty.With())
	}
}

// findList is what the list that the cluster agrees on itself needs. Where the key that signed it is lost, an update comes
// after the publisher has signed with its other one, and no button leads to it before.
func (s *sight) findList(l *ctlbuild.List, keyLost bool, add addFinding) {
	stubs, full := 0, 0
	for i := range l.Records {
		if r := &l.Records[i]; r.IsStub() {
			stubs++
		} else if r.Function().IsServer() {
			full++
		}
	}
	tokens := tokensOf(l)
	sign := message.Action{Do: message.Update}
	if l.Tokenless() {
		sign = message.Action{Do: message.ToTokenless} // the publisher updates its own list
	}
	switch {
	case s.Snapshot.Mode == reach.NonSecure && full > 0:
		add(hazard.Warning, "mode", do(message.Action{Do: message.SetNonSecure}), findResidue.With())
	case s.Snapshot.Mixed() && stubs > 0:
		add(hazard.Danger, "mode", do(message.Action{Do: message.SetMixed}), findStubs.With("n", stubs))
	case s.Snapshot.Mixed():
		job, mend := "update", do(sign)
		if keyLost {
			job, mend = "", mendAfterKey.With()
		}
		s.findServers(l, job, mend, add)
	}
	if len(tokens) == 1 {
		add(hazard.Warning, "update", do(message.Action{Do: message.AddToken}), findOneToken.With("token", tokens[0]))
	}
	if len(l.SAST()) > 4 {
		add(hazard.Note, "update", do(message.Action{Do: message.RemoveRecord}), findManySAST.With("n", len(l.SAST())))
	}
}

// findServers says which server certificates an update would bring in.
func (s *sight) findServers(l *ctlbuild.List, job string, mend message.Message, add addFinding) {
	d := ctlbuild.Edit(l)
	notes, err := collectServers(d, s.serverCredentials())
	if err != nil {
		add(hazard.Warning, "", nothing, findCertificate.With("why", err))
		return
	}
	more, err := s.refreshAnchors(d)
	if err != nil {
		add(hazard.Warning, "", nothing, findCertificate.With("why", err))
		return
	}
	for _, n := range append(notes, more...) {
		add(hazard.Warning, job, mend, findUpdateDue.With("what", n))
	}
}
