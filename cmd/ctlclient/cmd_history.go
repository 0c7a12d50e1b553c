package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ctlclient/cluster"
	"ctlclient/message"
	"ctlclient/workflow"
)

func newHistoryCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "history",
		Short:   "List the jobs that were done, and what became of each node",
		Long:    "List the jobs of the journal, newest first: of the cluster of --profile, or of all clusters.",
		Example: "  ctlclient --profile hq history",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runHistory(a) },
	}
	return withExits(c, exitDone, exitUsage)
}

func runHistory(a *app) error {
	name := ""
	if a.profile != "" {
		p, err := a.loadProfile()
		if err != nil {
			return err
		}
		name = p.Name
	}
	jobs, err := cluster.History(a.stateDir, name)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if a.json {
			err = a.object("job", map[string]any{
				"id": j.ID, "cluster": j.Cluster, "kind": j.Kind, "state": j.State, "started": j.Started, "ended": j.Ended,
				"nodes": nodesOf(cluster.Outcome{Nodes: j.Nodes}), "old_sha256": j.OldSHA256, "new_sha256": j.NewSHA256, "note": j.Note,
				"steps": list(texts(j.Steps)),
			})
		} else {
			a.printJob(j)
		}
		if err != nil {
			return err
		}
	}
	if a.json {
		return a.result(map[string]any{"jobs": len(jobs)})
	}
	if len(jobs) == 0 {
		a.note("no job was done yet")
	}
	return nil
}

func (a *app) printJob(j cluster.Job) {
	st := a.outSt
	paint := st.green
	if j.State != cluster.StateFinished {
		paint = st.yellow
	}
	a.printf("%s  %s  %s  %s  %s\n", st.bold(j.ID), j.Started.Local().Format(time.DateTime), j.Cluster, a.voice().Say(workflow.JobText(j.Kind)), paint(a.word(string(j.State))))
	var nodes []string
	for _, n := range j.Nodes {
		nodes = append(nodes, n.Node+" "+strings.ToLower(a.word(n.Status)))
	}
	if len(nodes) > 0 {
		a.printf("    %s\n", strings.Join(nodes, ", "))
	}
	if len(j.Steps) > 0 {
		a.printf("    %s\n", st.dim(a.say("steps: %s", st.wrap(printable(a.voice().Say(message.Phrase("%s", message.Parts(j.Steps)))), 4))))
	}
	keys := make([]string, 0, len(j.Note))
	for k := range j.Note {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if j.Note[k] != "" && k != workflow.NotePhones { // that is for the report
			a.printf("    %s\n", st.dim(a.word(k)+": "+printable(a.voice().Say(workflow.NoteText(k, j.Note[k])))))
		}
	}
}

type finishOptions struct {
	force   bool
	close   bool
	retries int
	noPages bool
}

func (o *finishOptions) add(a *app, c *cobra.Command) {
	c.Flags().BoolVar(&o.force, "force", false, "also overwrite a file that is neither that of the job nor the former one")
	c.Flags().BoolVar(&a.acceptLoss, "accept-loss", false, "continue although phones will be lost; the journal records it")
	c.Flags().IntVar(&o.retries, "retries", cluster.DefaultRetries, "how often a node that does not answer is tried again; 0: do not wait for it")
	c.Flags().BoolVar(&o.noPages, "no-pages", false, "do not read the phones' web pages before and after")
}

func newResumeCommand(a *app) *cobra.Command {
	var o finishOptions
	c := &cobra.Command{
		Use:     "resume [ID]",
		Short:   "Finish a job that was left unfinished",
		Long:    "Finish a job that was left unfinished: every node that does not serve the new file yet gets it. What phones will do with it is shown first; the job stops if phones would be lost, unless that was accepted when the job began. Without ID: the job that was left unfinished.",
		Example: "  ctlclient --profile hq resume",
		Args:    atMost(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runFinish(cmd.Context(), a, o, args, false) },
	}
	o.add(a, c)
	c.Flags().BoolVar(&o.close, "close", false, "close the job and leave the nodes as they are, because a later job replaced its file")
	return jobExits(c)
}

func newRollbackCommand(a *app) *cobra.Command {
	var o finishOptions
	c := &cobra.Command{
		Use:     "rollback [ID]",
		Short:   "Put the file that was there before back on every node",
		Long:    "Put the file that was there before a job back on every node. Without ID: the job that was left unfinished, and no other. A finished job is taken back only by its ID, after a question that names it (--yes answers it). What phones will do with the former file is shown first; the job stops if phones would be lost.",
		Example: "  ctlclient --profile hq rollback\n  ctlclient --profile hq rollback 20261127T054512Z-1a2b   # a job that is done",
		Args:    atMost(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runFinish(cmd.Context(), a, o, args, true) },
	}
	o.add(a, c)
	return jobExits(c)
}

func runFinish(ctx context.Context, a *app, o finishOptions, args []string, back bool) error {
	r := workflow.FinishRequest{Back: back, Force: o.force}
	if len(args) == 1 {
		r.ID = args[0]
	}
	if err := a.jobExists(r.ID); err != nil {
		return err
	}
	// A dead node does not keep the others from being put right.
	with := a.options()
	with.Tolerant, with.WithoutPublisher = true, true
	return a.withOptions(ctx, with, func(s *workflow.Session) error {
		if o.close {
			return a.closeJob(ctx, s, r.ID)
		}
		p, err := s.PlanFinish(ctx, r)
		if err != nil {
			return err
		}
		if a.json {
			err = a.verdictsJSON(p.Verdicts)
		} else {
			a.printVerdicts(p.Verdicts)
		}
		if err != nil {
			return err
		}
		agreed, err := s.Agree(ctx, p, workflow.ToWrite)
		if err != nil {
			return err
		}
		result, err := s.Execute(ctx, agreed, (&jobOptions{retries: o.retries, noPages: o.noPages}).execute())
		return a.finish(result, err)
	})
}

// closeJob closes a job in words.
func (a *app) closeJob(ctx context.Context, s *workflow.Session, id string) error {
	out, err := s.Cluster.CloseJob(ctx, id, workflow.NoteClosed())
	if err != nil {
		return err
	}
	if a.json {
		return a.result(map[string]any{"id": out.ID, "state": out.State})
	}
	a.printf("%s job %s is closed; the nodes serve what they served\n", a.outSt.green("✓"), out.ID)
	return nil
}

// jobExists refuses a job that no journal has, before a node is bothered.
func (a *app) jobExists(id string) error {
	p, err := a.loadProfile()
	if err != nil {
		return err
	}
	jobs, err := cluster.History(a.stateDir, p.Name)
	switch {
	case err != nil:
		return err
	case len(jobs) == 0:
		return usagef("jobs are looked for in the state folder: --state-dir", "no job was done yet on %s", p.Name)
	case id != "" && !slices.ContainsFunc(jobs, func(j cluster.Job) bool { return j.ID == id }):
		return usagef("ctlclient history lists them", "no such job on %s: %q", p.Name, id)
	}
	return nil
}
