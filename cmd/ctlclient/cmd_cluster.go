package main

import (
	"context"
	"crypto/md5"  // what phones and nodes print, not a protection
	"crypto/sha1" // likewise
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust/hazard"
	"ctlclient/workflow"
)

func newClusterCommand(a *app) *cobra.Command {
	return group("cluster", "Add a cluster, look at it, keep the identities of its nodes",
		"  ctlclient cluster add hq --address 192.0.2.1 --user admin\n  ctlclient --profile hq cluster status",
		newClusterAddCommand(a), newClusterProbeCommand(a), newClusterStatusCommand(a), newPreflightCommand(a), newClusterPinCommand(a))
}

func newClusterStatusCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Show nodes, mode, and the CTL that every node serves",
		Long: `Show the nodes of a cluster, its security mode, and for every node the CTL that it
serves over TFTP and HTTP: MD5 and SHA-1 as phones show them, size and signer; and
Phone-SAST-trust, with what TVS says of each certificate. Faults are shown first, each with
the job that corrects it.`,
		Example: "  ctlclient --profile hq cluster status",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runClusterStatus(cmd.Context(), a) },
	}
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitRefused, exitInterrupted)
}

func runClusterStatus(ctx context.Context, a *app) error {
	return a.look(ctx, func(s *workflow.Session) (err error) {
		a.ui.flush()
		findings := s.Findings(ctx)
		if a.json {
			err = errors.Join(a.storeStatus(ctx, s), a.statusJSON(s, findings))
		} else {
			err = errors.Join(a.printStatus(s, findings), a.storeStatus(ctx, s))
		}
		switch {
		case err != nil:
			return err
		case unreachable(s.Snapshot) != nil:
			return unreachable(s.Snapshot)
		case !s.Snapshot.Agree:
			return errBad
		}
		return nil
	})
}

// storeStatus shows Phone-SAST-trust, where the cluster can be asked for it. That it does not
// answer is said, and is no failure of the status.
func (a *app) storeStatus(ctx context.Context, s *workflow.Session) error {
	if s.Cluster.Site.Trust == nil || s.Cluster.Site.Facts == nil || unreachable(s.Snapshot) != nil {
		return nil
	}
	list, err := s.TrustList(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !a.json:
		a.printf("\n%s\n", a.say("Phone-SAST-trust is not known: %v", oneLine(a.voice().Tell(err))))
		return nil
	case err != nil:
		return nil
	}
	if !a.json {
		a.printf("\n")
		if len(list) > 0 {
			a.printf("%s\n", a.outSt.bold(reach.StorePhoneSAST))
		}
	}
	_, err = a.printTrusted(list)
	return err
}

// unreachable is the first node that could not be asked at all, as its error.
func unreachable(snap *cluster.Snapshot) error {
	for _, n := range snap.Nodes {
		if n.Err != nil && n.File == nil {
			return n.Err
		}
	}
	return nil
}

func (a *app) printStatus(s *workflow.Session, findings []workflow.Finding) error {
	st, snap := a.outSt, s.Snapshot
	for _, f := range findings {
		a.printf("%s  %s\n", a.severityMark(st, f.Severity), st.wrap(printable(a.voice().Say(f.Text)), 11))
		if !f.Mend.IsZero() {
			a.printf("           %s\n", st.dim(printable(a.voice().Say(f.Mend))))
		}
	}
	if len(findings) > 0 {
		a.printf("\n")
	}
	a.printf("%s  %s\n\n", st.bold(printable(s.Cluster.Profile.Name)), a.modeOf(snap.Mode))
	t := table{head: []string{"Node", "Role", "Address", "Services", "Bytes", "MD5", "Signed by"}}
	for _, n := range snap.Nodes {
		size, sum, signer := a.nodeFile(n)
		paint := st.green
		if !snap.Agree || n.Err != nil || n.TFTPAgree != nil && !*n.TFTPAgree || n.HTTPAgree != nil && !*n.HTTPAgree {
			paint = st.yellow
		}
		t.row(plain(n.Node.Name), plain(a.word(n.Node.Role)), plain(n.Node.Address), painted(services(n), st.dim), plain(size), painted(sum, paint), plain(signer))
	}
	if err := t.write(a.out, st); err != nil {
		return err
	}
	if l := snap.Current; l != nil {
		a.printf("\n%s\n", st.bold(a.numbered(len(l.Records), "1 record; SAST:", "%d records; SAST:")))
		_, signer := l.Signer()
		for i := range l.Records {
			r := &l.Records[i]
			if r.Function() != 0 {
				continue
			}
			mark := ""
			if i == signer {
				mark = st.green(a.say("  signed it"))
			}
			a.printf("  #%d  %s%s\n", i+1, recordHost(r), mark)
		}
		a.printf("\n  MD5   %s\n  SHA-1 %s\n", l.MD5(), l.SHA1())
	}
	return nil
}

func (a *app) modeOf(m reach.Mode) string {
	switch m {
	case reach.Mixed:
		return a.say("mixed mode")
	case reach.NonSecure:
		return a.say("non-secure mode")
	}
	return a.say("security mode not known")
}

// modeIf is the mode of a practice cluster, which always knows it.
func modeIf(mixed bool) reach.Mode {
	if mixed {
		return reach.Mixed
	}
	return reach.NonSecure
}

// modeWord is the mode as --json has it.
func modeWord(m reach.Mode) string {
	switch m {
	case reach.Mixed:
		return "mixed"
	case reach.NonSecure:
		return "non-secure"
	}
	return "unknown"
}

func services(n cluster.NodeState) string {
	var names []string
	for _, s := range n.Services {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}

func (a *app) nodeFile(n cluster.NodeState) (size, sum, signer string) {
	switch {
	case n.File == nil && n.Err != nil:
		return "-", a.say("not reached"), ""
	case n.Missing:
		return "0", a.say("no CTL file"), ""
	}
	md := md5.Sum(n.File)
	size, sum = fmt.Sprint(len(n.File)), hex.EncodeToString(md[:])
	if n.List == nil {
		return size, sum, a.say("unreadable")
	}
	if v := n.List.Verify(); !v.OK {
		return size, sum, a.say("does not verify")
	}
	rec, _ := n.List.Signer()
	return size, sum, ctlbuild.Printable(rec.CN())
}

func (a *app) statusJSON(s *workflow.Session, findings []workflow.Finding) error {
	for _, f := range findings {
		if err := a.object("finding", map[string]any{"severity": f.Severity.String(), "message": a.voice().Say(f.Text), "mend": a.voice().Say(f.Mend), "job": f.Job}); err != nil {
			return err
		}
	}
	for _, n := range s.Snapshot.Nodes {
		v := map[string]any{"node": n.Node.Name, "role": n.Node.Role, "address": n.Node.Address, "missing": n.Missing,
			"services": services(n), "bytes": len(n.File)}
		if n.File != nil {
			md, sh := md5.Sum(n.File), sha1.Sum(n.File)
			v["md5"], v["sha1"] = hex.EncodeToString(md[:]), hex.EncodeToString(sh[:])
		}
		if n.List != nil {
			v["verified"] = n.List.Verify().OK
			if rec, _ := n.List.Signer(); rec != nil {
				v["signer"] = rec.CN()
			}
		}
		if n.Err != nil {
			v["error"] = oneLine(n.Err.Error())
		}
		if n.TFTPAgree != nil {
			v["tftp_agrees"] = *n.TFTPAgree
		}
		if n.HTTPAgree != nil {
			v["http_agrees"] = *n.HTTPAgree
		}
		if err := a.object("node", v); err != nil {
			return err
		}
	}
	v := map[string]any{"cluster": s.Cluster.Profile.Name, "mixed": s.Snapshot.Mixed(), "mode": modeWord(s.Snapshot.Mode), "agree": s.Snapshot.Agree, "worst": worst(findings)}
	if l := s.Snapshot.Current; l != nil {
		v["md5"], v["sha1"], v["records"], v["tokenless"] = l.MD5(), l.SHA1(), len(l.Records), l.Tokenless()
	}
	return a.result(v)
}

func worst(fs []workflow.Finding) string {
	w := "none"
	top := hazard.Note
	for i, f := range fs {
		if i == 0 || f.Severity > top {
			top, w = f.Severity, f.Severity.String()
		}
	}
	return w
}

type clusterPinOptions struct {
	cli bool
}

func newClusterPinCommand(a *app) *cobra.Command {
	var o clusterPinOptions
	c := &cobra.Command{
		Use:   "pin",
		Short: "Show the identities of the nodes, and keep those that you confirm",
		Long: `Show the identity of every node (TLS certificate on 2444, SSH host key), and keep what
you confirm by typing yes. No password is sent. A fingerprint in the profile is never
overruled, and --yes answers nothing here.`,
		Example: "  ctlclient --profile hq cluster pin",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runClusterPin(cmd.Context(), a, o) },
	}
	c.Flags().BoolVar(&o.cli, "cli", true, "include the administration CLI")
	return withExits(c, exitDone, exitUsage, exitUnreachable, exitInterrupted)
}

func runClusterPin(ctx context.Context, a *app, o clusterPinOptions) error {
	p, err := a.loadProfile()
	if err != nil {
		return err
	}
	ids, err := cluster.Pin(ctx, p, cluster.Options{Prompter: a.ui, StateDir: a.stateDir, Timeout: a.timeout}, o.cli)
	t := table{}
	for _, id := range ids {
		state, paint := message.Phrase("known"), a.outSt.green
		switch {
		case id.Err != nil:
			state, paint = message.Phrase("%v", id.Err), a.outSt.red
		case id.Changed():
			state, paint = message.Phrase("changed, was %s", id.Known), a.outSt.red
		case id.Known == "":
			state, paint = message.Phrase("met for the first time"), a.outSt.yellow
		}
		if a.json {
			e := a.object("identity", map[string]any{"node": id.Node, "kind": id.Kind, "service": id.Service, "address": id.Address,
				"fingerprint": id.Fingerprint, "known": id.Known, "source": id.Source, "state": oneLine(state.String())})
			if e != nil {
				return e
			}
			continue
		}
		t.row(plain(id.Node), plain(id.Service), plain(id.Address), plain(id.Fingerprint), painted(oneLine(a.voice().Say(state)), paint))
	}
	if e := t.write(a.out, a.outSt); e != nil {
		return e
	}
	if err == nil && a.json {
		return a.result(map[string]any{"identities": len(ids)})
	}
	return err
}
