package workflow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/trust/hazard"
)

// Finding is one thing to know about the cluster, and the job that mends it.
type Finding struct {
	Severity hazard.Severity
	Message  string
	Mend     string // a command line, "" when there is nothing to do
	Job      string // update, to-tokens, mode, distribute, resume, ""
}

// Findings says what is wrong with the cluster, the worst first; empty when nothing is.
func (s *Session) Findings(ctx context.Context) []Finding {
	var fs []Finding
	add := func(sev hazard.Severity, job, mend, format string, args ...any) {
		fs = append(fs, Finding{Severity: sev, Message: fmt.Sprintf(format, args...), Mend: mend, Job: job})
	}
	s.findJobs(add)
	s.findNodes(add)
	s.findUnlisted(add)
	s.findITL(add)
	if l := s.Snapshot.Current; l != nil {
		s.findList(l, add)
	} else if s.Snapshot.Mixed() {
		add(hazard.Danger, "mode", "ctlclient mode mixed --sign-with pkcs11:token=FIRST --add-token pkcs11:token=SECOND", "%s", MsgNoCTLInSecure)
	}
	slices.SortStableFunc(fs, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) })
	return fs
}

type addFinding func(sev hazard.Severity, job, mend, format string, args ...any)

// findJobs: a job that was interrupted stands before everything else.
func (s *Session) findJobs(add addFinding) {
	jobs, err := cluster.History(s.opt.StateDir, s.Cluster.Profile.Name)
	if err != nil {
		add(hazard.Warning, "", "", "the journal cannot be read: %v", err)
		return
	}
	if len(jobs) > 0 && jobs[0].State == cluster.StateIncomplete {
		add(hazard.Danger, "resume", "ctlclient resume "+jobs[0].ID+"   (or: ctlclient rollback "+jobs[0].ID+")",
			"the job %s (%s) was not finished", jobs[0].ID, jobs[0].Kind)
	}
}

func (s *Session) findNodes(add addFinding) {
	var silent []string
	for _, n := range s.Snapshot.Nodes {
		name := n.Node.Name
		switch {
		case n.Err != nil && n.File == nil:
			silent = append(silent, fmt.Sprintf("%s could not be asked for its CTL file: %v", name, n.Err))
		case n.Missing:
		case n.List == nil:
			add(hazard.Danger, "distribute", "ctlclient distribute FILE", "%s serves a CTL file that cannot be read (Error parsing the CTL File.)", name)
		default:
			if v := n.List.Verify(); !v.OK {
				add(hazard.Danger, "distribute", "ctlclient distribute FILE", "Verification of the CTL file of %s failed: %s", name, v.Reason)
			}
		}
		if n.TFTPAgree != nil && !*n.TFTPAgree {
			add(hazard.Warning, "", "restart Cisco Tftp on "+name, "TFTP on %s serves another file than the node holds", name)
		}
		if n.TFTPErr != nil {
			findTFTP(name, n.TFTPErr, add)
		}
	}
	switch {
	case len(silent) == 1:
		add(hazard.Danger, "", "", "%s", silent[0])
	case len(silent) > 1: // one notice for a network that is down, not one a node
		add(hazard.Danger, "", "", "%d nodes could not be asked for their CTL file:\n%s", len(silent), strings.Join(silent, "\n"))
	}
	if groups := s.groups(); len(groups) > 1 {
		add(hazard.Danger, "distribute", "ctlclient distribute FILE   (or: ctlclient update)", "the nodes do not serve the same CTL file: %s", strings.Join(groups, " | "))
	}
}

// groups are the nodes that serve the same file, or none, together; a node that did not
// answer is in no group.
func (s *Session) groups() []string {
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
func (s *Session) publisherTFTP() error {
	for _, n := range s.Snapshot.Nodes {
		if n.Node.Role == site.RolePublisher {
			return n.TFTPErr
		}
	}
	return nil
}

// findTFTP: the node holds a file, and phones do not get it there.
func findTFTP(node string, err error, add addFinding) {
	var t net.Error
	if errors.As(err, &t) && t.Timeout() {
		add(hazard.Warning, "", "start Cisco Tftp on "+node+", or see what stands between", "TFTP on %s does not answer: phones that ask it get no file", node)
		return
	}
	add(hazard.Warning, "", "restart Cisco Tftp on "+node, "TFTP on %s gives phones no CTL file: %v", node, err)
}

// findITL: an ITL that does not verify strands every phone with Security By Default.
func (s *Session) findITL(add addFinding) {
	switch l := s.Snapshot.ITL; {
	case s.Snapshot.ITLErr != nil && s.publisherTFTP() != nil: // its TFTP was found already
	case s.Snapshot.ITLErr != nil:
		add(hazard.Warning, "", "", "the ITL that the publisher serves cannot be read: %v", s.Snapshot.ITLErr)
	case l == nil:
	case !l.Verify().OK:
		add(hazard.Danger, "", "regenerate CallManager on the publisher, and leave TVS as it is",
			"Verification of the ITL file failed: %s; a restore from a backup without CallManager.pem does this (CSCtn50405)", l.Verify().Reason)
	case l.IsEmptyRollback():
		add(hazard.Note, "", "", "the ITL is emptied (Prepare Cluster for Rollback to Pre 8.0 is set): phones take any configuration, whoever signed it")
	}
}

// findList looks at the records of the list that the cluster agrees on.
func (s *Session) findList(l *ctlbuild.List, add addFinding) {
	stubs, full := 0, 0
	for i := range l.Records {
		if r := &l.Records[i]; r.IsStub() {
			stubs++
		} else if r.Function().IsServer() {
			full++
		}
	}
	tokens := tokensOf(l)
	sign := "ctlclient update --sign-with pkcs11:token=LABEL"
	if l.Tokenless() {
		sign = "ctlclient migrate to-tokenless   (the publisher updates its own list)"
	}
	switch {
	case s.Snapshot.Mode == reach.NonSecure && full > 0:
		add(hazard.Warning, "mode", "ctlclient mode non-secure", "the cluster is in non-secure mode, but its CTL still lists server certificates: residue of mixed mode")
	case s.Snapshot.Mixed() && stubs > 0:
		add(hazard.Danger, "mode", "ctlclient mode mixed", "the cluster is in mixed mode, but %d server records of the CTL are empty stubs", stubs)
	case s.Snapshot.Mixed():
		s.findServers(l, sign, add)
	}
	if len(tokens) == 1 {
		add(hazard.Warning, "update", "ctlclient update --sign-with pkcs11:token=LABEL --add-token pkcs11:token=SECOND", "%s is the only token of the CTL: if it is lost, every phone must be cleared by hand", tokens[0])
	}
	if len(l.SAST()) > 4 {
		add(hazard.Note, "update", "ctlclient update --remove CN", "the CTL lists %d SAST certificates; phones remember few", len(l.SAST()))
	}
}

// findServers says which server certificates an update would bring in.
func (s *Session) findServers(l *ctlbuild.List, mend string, add addFinding) {
	d := ctlbuild.Edit(l)
	notes, err := collectServers(d, s.serverCredentials())
	if err != nil {
		add(hazard.Warning, "", "", "a server's certificate cannot be listed: %v", err)
		return
	}
	more, err := s.refreshAnchors(d)
	if err != nil {
		add(hazard.Warning, "", "", "a server's certificate cannot be listed: %v", err)
		return
	}
	for _, n := range append(notes, more...) {
		add(hazard.Warning, "update", mend, "an update is due: %s", n)
	}
}
