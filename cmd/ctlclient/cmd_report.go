package main

import (
	"bytes"
	"slices"

	"github.com/spf13/cobra"

	"ctlclient/cluster"
	"ctlclient/workflow/report"
)

type reportOptions struct{ out string }

func newReportCommand(a *app) *cobra.Command {
	var o reportOptions
	c := &cobra.Command{
		Use:   "report [ID]",
		Short: "Write the report of a job, to keep, print or hand on",
		Long: `Write the report of a job: who did it, when, with which token; the checksums of the CTL
before and after; each node, each class of phones; what was accepted against advice, and
what is left to do. It is made from the journal; no cluster is asked.

Without ID: the newest job of the cluster. With --out the report is an HTML file of one
page; with --json it is a JSON object.`,
		Example: "  ctlclient --profile hq report --out change-4711.html\n  ctlclient --profile hq --json report 20261127T054512Z-1a2b",
		Args:    atMost(1),
		RunE:    func(_ *cobra.Command, args []string) error { return runReport(a, o, args) },
	}
	c.Flags().StringVar(&o.out, "out", "", "`file` of HTML to write (default: standard output)")
	return withExits(c, exitDone, exitUsage)
}

func runReport(a *app, o reportOptions, args []string) error {
	p, err := a.loadProfile()
	if err != nil {
		return err
	}
	jobs, err := cluster.History(a.stateDir, p.Name)
	if err != nil {
		return err
	}
	i := 0
	if len(args) == 1 {
		i = slices.IndexFunc(jobs, func(j cluster.Job) bool { return j.ID == args[0] })
	}
	switch {
	case len(jobs) == 0:
		return usagef("jobs are looked for in the state folder: --state-dir", "no job was done yet on %s", p.Name)
	case i < 0:
		return usagef("ctlclient history lists them", "no such job on %s: %q", p.Name, args[0])
	}
	r, err := report.Of(a.stateDir, jobs[i])
	if err != nil {
		return err
	}
	if a.json {
		var left []string
		for _, m := range r.Remains {
			left = append(left, a.voice().Say(m))
		}
		return a.object("result", struct {
			*report.Report
			Remains []string `json:"remains"`
		}{r, left})
	}
	var b bytes.Buffer
	if err := r.HTML(&b, a.voice()); err != nil {
		return err
	}
	if o.out == "" {
		_, err = a.out.Write(b.Bytes())
		return err
	}
	if err := createNew(o.out, b.Bytes(), 0o600); err != nil {
		return err
	}
	a.note("%s: the report of job %s", o.out, r.ID)
	return nil
}
