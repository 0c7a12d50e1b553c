package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/cluster/reach"
	"ctlclient/workflow"
)

type probeOptions struct{ upload bool }

func newClusterProbeCommand(a *app) *cobra.Command {
	var o probeOptions
	c := &cobra.Command{
		Use:   "probe",
		Short: "Find out what each interface of a CUCM does, without changing anything",
		Long: `Find out what each interface of a CUCM as Cisco ships it does, without changing anything:
AXL, Control Center, the certificate API, the administration CLI and OS Administration.
It answers what no public document says: how the certificate API spells Phone-SAST-trust,
the name of Security By Default in the database, and, with --try-upload, whether TFTP File
Management takes a file and serves it at once. Only that test writes: it uploads an empty
file with a name of its own and deletes it again.

The report holds no password, no certificate and no name of a phone. If you may, send it
to the project: none of this was tried on a live CUCM yet.`,
		Example: "  ctlclient --profile hq cluster probe > probe.txt\n  ctlclient --profile hq cluster probe --try-upload",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runClusterProbe(cmd.Context(), a, o) },
	}
	c.Flags().BoolVar(&o.upload, "try-upload", false, "upload a file of its own, and delete it again")
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitRefused, exitInterrupted)
}

func runClusterProbe(ctx context.Context, a *app, o probeOptions) error {
	return a.look(ctx, func(s *workflow.Session) error {
		shut := 0
		var failed error
		err := s.Probe(ctx, reach.ProbeOptions{Upload: o.upload}, func(f reach.Finding) {
			answer := a.voice().Say(f.Answer)
			if f.Err != nil {
				shut++
				answer = oneLine(a.voice().Tell(f.Err))
			}
			if a.json {
				if f.Err != nil {
					answer = oneLine(f.Err.Error())
				}
				failed = errors.Join(failed, a.object("finding", map[string]any{
					"node": f.Node, "door": f.Door, "question": f.Question.String(), "answer": answer, "open": f.Err == nil}))
				return
			}
			mark := a.outSt.green("✓")
			if f.Err != nil {
				mark = a.outSt.red("✗")
			}
			if strings.TrimSpace(answer) == "" {
				answer = a.say("no answer")
			}
			a.printf("%s %s, %s: %s?\n    %s\n", mark, printable(f.Node), a.word(string(f.Door)), a.voice().Say(f.Question), a.outSt.wrap(printable(answer), 4))
		})
		if err = errors.Join(err, failed); err != nil {
			return err
		}
		if a.json {
			err = a.result(map[string]any{"shut": shut})
		}
		if err == nil && shut > 0 {
			err = errBad
		}
		return err
	})
}
