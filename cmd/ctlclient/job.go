package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
	"ctlclient/workflow"
)

// jobOptions are the flags of every job that changes a cluster.
type jobOptions struct {
	dryRun    bool
	out       string // of a job that signs: save the file instead of writing it to nodes
	keepGoing bool
	restart   bool
	retries   int
	noPages   bool
}

// aboutPhones is in the help of every job.
const aboutPhones = `

The job stops if a phone is certain to refuse the new file. --accept-loss continues, and
the journal records it. If the profile describes no phones, ctlclient does not know
whether you have phones that cannot ask TVS (7940/7960, Jabber, many TelePresence
endpoints). If the new file would lose such phones, the job asks, and --yes does not
answer. To answer once for all jobs, name a file in the profile, fleet = "phones.csv";
one line in it is enough, such as 200 x 8861.`

func (o *jobOptions) add(a *app, c *cobra.Command) {
	c.Long += aboutPhones
	f := c.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "do everything but stage; print the differences and the verdicts")
	f.BoolVar(&o.keepGoing, "keep-going", false, "keep the nodes that are done when another one fails; finish later with resume")
	f.BoolVar(&o.restart, "restart", false, "restart TFTP and CallManager on all nodes afterwards")
	f.IntVar(&o.retries, "retries", cluster.DefaultRetries, "how often a node is tried again after the first commit")
	f.BoolVar(&o.noPages, "no-pages", false, "do not read the phones' web pages before and after")
	f.BoolVar(&a.acceptLoss, "accept-loss", false, "continue although phones will be lost; the journal records it")
}

func (o *jobOptions) execute() workflow.ExecuteOptions {
	retries := o.retries
	if retries == 0 {
		retries = -1 // the flag says none; the zero value below means the default
	}
	return workflow.ExecuteOptions{KeepGoing: o.keepGoing, Restart: o.restart, Retries: retries, NoPages: o.noPages}
}

// loadProfile reads the profile that --profile names.
func (a *app) loadProfile() (*site.Profile, error) {
	if a.profile == "" {
		hint := "--profile NAME or --profile FILE; ctlclient lab up makes a practice cluster with a profile"
		return nil, usagef(hint, "--profile is missing: which cluster?")
	}
	return site.Load(a.profile)
}

// connect opens a session with the cluster of --profile.
func (a *app) connect(ctx context.Context) (*workflow.Session, error) {
	p, err := a.loadProfile()
	if err != nil {
		return nil, err
	}
	return workflow.Connect(ctx, p, a.ui, a.options())
}

// with runs f on a session and closes it.
func (a *app) with(ctx context.Context, f func(*workflow.Session) error) (err error) {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return f(s)
}

// plan is with for a job; a dry run offers nothing that changes the cluster.
func (a *app) plan(ctx context.Context, o jobOptions, f func(*workflow.Session) error) error {
	if err := creatableNew(o.out); o.out != "" && err != nil {
		return err // before the cluster is asked, and a PIN
	}
	a.lookOnly = o.dryRun
	return a.with(ctx, f)
}

// look is with for commands that write nothing: a node that does not answer does not
// keep the others from being looked at.
func (a *app) look(ctx context.Context, f func(*workflow.Session) error) error {
	o := a.options()
	o.Tolerant = true
	return a.withOptions(ctx, o, f)
}

func (a *app) withOptions(ctx context.Context, o workflow.Options, f func(*workflow.Session) error) (err error) {
	p, err := a.loadProfile()
	if err != nil {
		return err
	}
	s, err := workflow.Connect(ctx, p, a.ui, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return f(s)
}

// runPlan is the way of every job: show, agree, do.
func (a *app) runPlan(ctx context.Context, s *workflow.Session, p *workflow.Plan, o jobOptions) error {
	if err := a.showPlan(p); err != nil {
		return err
	}
	if o.dryRun {
		return a.dryRun(p)
	}
	if o.out != "" {
		return a.signTo(ctx, s, p, o.out)
	}
	agreed, err := s.Agree(ctx, p, workflow.ToWrite)
	if err != nil {
		return err
	}
	r, err := s.Execute(ctx, agreed, o.execute())
	return a.finish(r, err)
}

func (a *app) dryRun(p *workflow.Plan) error {
	accept, lost, unsure := trust.Totals(p.Verdicts)
	undescribed := len(p.Undescribed()) > 0
	if a.json {
		v := diffSummary(p.Diff)
		v["job"], v["dry_run"], v["dangerous"] = p.Job, true, p.Dangerous()
		v["phones_accept"], v["phones_lost"], v["phones_unsure"] = accept, lost, unsure
		v["phones_undescribed"] = undescribed
		var untried []string
		for _, m := range p.Untried() {
			untried = append(untried, m.String())
		}
		v["untried"] = untried
		if err := a.result(v); err != nil {
			return err
		}
	} else {
		a.printf("Nothing was written: this was a dry run. It did not try:\n")
		for _, m := range p.Untried() {
			a.printf("  - %s\n", a.voice().Say(m))
		}
		if undescribed {
			a.printf("The job itself will ask about phones that cannot ask TVS, because the profile describes no phones.\n")
		}
	}
	if p.Dangerous() {
		return errBad
	}
	return nil
}

// showPlan prints the differences, the hazards and what phones will do.
func (a *app) showPlan(p *workflow.Plan) error {
	var gained []*ctlbuild.Record
	for _, c := range p.Diff.Changes {
		if c.Kind == ctlbuild.Added {
			gained = append(gained, c.NewRec)
		}
	}
	a.warnOfShapes(gained)
	if a.json {
		return a.planJSON(p)
	}
	w, st := a.out, a.outSt
	fmt.Fprintf(w, "\n%s\n", st.bold(a.say("What changes")))
	if len(p.Diff.Changes) == 0 {
		a.printf("  the records stay as they are\n")
	}
	t := table{indent: "  "}
	for _, c := range p.Diff.Changes {
		t.row(a.changeRow(st, c)...)
	}
	if err := t.write(w, st); err != nil {
		return err
	}
	if p.Diff.SignerChange {
		fmt.Fprintf(w, "  %s %s %s %s\n", st.yellow("~"), shortName(p.Diff.OldSigner), st.dim(a.say("signed it, now")), shortName(p.Diff.NewSigner))
	}
	if p.Mode != nil {
		if *p.Mode {
			a.printf("  %s the cluster is set to Mixed Mode\n", st.yellow("~"))
		} else {
			a.printf("  %s the cluster is set to Non Secure Mode\n", st.yellow("~"))
		}
	}
	a.printHazards(p.Hazards)
	a.printVerdicts(p.Verdicts)
	fmt.Fprintln(w)
	return nil
}

func (a *app) changeRow(st style, c ctlbuild.Change) []cell {
	r, mark, paint := c.NewRec, "~", st.yellow
	n := c.New
	switch c.Kind {
	case ctlbuild.Added:
		mark, paint = "+", st.green
	case ctlbuild.Removed:
		mark, paint, r, n = "-", st.red, c.OldRec, c.Old
	}
	if r == nil {
		r, n = c.OldRec, c.Old
	}
	fields := make([]string, len(c.Fields))
	for i, f := range c.Fields {
		fields[i] = a.word(f)
	}
	note := strings.Join(fields, ", ")
	if r.IsStub() {
		note = a.say("address only")
	}
	return []cell{painted(mark, paint), plain(fmt.Sprintf("#%d", n+1)), plain(r.Function().String()), plain(recordHost(r)), painted(printable(note), st.dim)}
}

// recordHost names a record in a row: a token by its CN, a server by host and CN.
func recordHost(r *ctlbuild.Record) string {
	host, cn := strings.TrimSpace(ctlbuild.Printable(r.DNSName())), ctlbuild.Printable(r.CN())
	switch {
	case host == "" || r.IsToken():
		return cn
	case cn == "" || cn == host:
		return host
	}
	return host + " (" + cn + ")"
}

// shortName is the common name out of a subject, or the subject where it has none.
func shortName(subject string) string {
	if cn := ctlbuild.CommonName(subject); cn != "" {
		return ctlbuild.Printable(cn)
	}
	return ctlbuild.Printable(subject)
}

func (a *app) printHazards(hs []hazard.Hazard) {
	if len(hs) == 0 {
		return
	}
	st := a.outSt
	a.printf("\n%s\n", st.bold(a.say("What to know")))
	for _, h := range hs {
		a.printf("  %s  %s\n", a.severityMark(st, h.Severity), st.wrap(printable(a.voice().Say(h.Message)), 13))
		for l := range strings.Lines(a.voice().Say(h.Hint)) {
			a.printf("             %s\n", st.dim(st.wrap(printable(strings.TrimSpace(l)), 13)))
		}
	}
}

func (a *app) printVerdicts(vs []trust.Verdict) {
	if len(vs) == 0 {
		return
	}
	st := a.outSt
	a.printf("\n%s\n", st.bold(a.say("What phones will do")))
	t := table{indent: "  "}
	for _, c := range trust.Summarise(vs) {
		mark, paint := "✓", st.green
		switch {
		case c.Lost() && c.Supposed:
			mark, paint = "!", st.yellow
		case c.Lost():
			mark, paint = "✗", st.red
		case !c.Certain:
			mark, paint = "?", st.yellow
		}
		who := a.voice().Say(c.WhoText())
		if c.Phones == 1 && len(c.Names) == 1 && c.Model != "" {
			who = c.Names[0] + " (" + c.Model + ")"
		}
		t.row(painted(mark, paint), plain(printable(who)), painted(a.voice().Say(c.OutcomeText()), paint), painted(printable(a.voice().Say(c.ReasonText())), st.dim))
	}
	_ = t.write(a.out, st) // a broken pipe shows at the next write that is checked
	if vs[0].Phone.Assumed {
		a.printf("  %s\n", st.dim(a.say(`the profile describes no phones (fleet = "phones.csv"): each kind of phone is shown once`)))
		return
	}
	a.printf("  %s\n", st.dim(a.voice().Say(trust.TotalsText(vs))))
}

type verdictJSON struct {
	Phone   string   `json:"phone"`
	Model   string   `json:"model,omitempty"`
	Count   int      `json:"count"`
	Accept  bool     `json:"accept"`
	Certain bool     `json:"certain"`
	ByTVS   bool     `json:"by_tvs"`
	Reason  string   `json:"reason"`
	Steps   []string `json:"steps,omitempty"`
	Console []string `json:"console,omitempty"`
}

func verdictOf(v trust.Verdict) verdictJSON {
	j := verdictJSON{Phone: v.Phone.Name, Model: v.Phone.Model, Count: v.Phone.N(), Accept: v.Accept, Certain: v.Certain,
		ByTVS: v.ByTVS, Reason: v.Reason, Console: v.Console}
	for _, s := range v.Steps {
		j.Steps = append(j.Steps, s.What.String()+" "+s.Outcome.String())
	}
	return j
}

type hazardJSON struct {
	Rule     string   `json:"rule"`
	Severity string   `json:"severity"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
	Source   string   `json:"source,omitempty"`
	Records  []string `json:"records,omitempty"`
	Phones   []string `json:"phones,omitempty"`
}

func (a *app) planJSON(p *workflow.Plan) error {
	for _, c := range p.Diff.Changes {
		if err := a.object("diff", changeOf(c)); err != nil {
			return err
		}
	}
	if err := a.hazardsJSON(p.Hazards); err != nil {
		return err
	}
	return a.verdictsJSON(p.Verdicts)
}

func (a *app) hazardsJSON(hs []hazard.Hazard) error {
	for _, h := range hs {
		if err := a.object("hazard", hazardJSON{h.Rule, h.Severity.String(), h.Message.String(), scripted.Say(h.Hint), h.Source, h.Records, h.Phones}); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) verdictsJSON(vs []trust.Verdict) error {
	for _, v := range vs {
		if err := a.object("verdict", verdictOf(v)); err != nil {
			return err
		}
	}
	return nil
}

// finish prints what became of every node. err is the job's; it is passed on.
func (a *app) finish(r *workflow.Result, err error) error {
	if r == nil {
		return err
	}
	if a.json {
		if err != nil {
			return errors.Join(a.nodesJSON(r.Outcome), err)
		}
		for _, w := range r.Words {
			if err := a.object("phone", w.Said()); err != nil {
				return err
			}
		}
		return a.result(resultOf(r))
	}
	heard := r.Heard()
	differs := len(r.Words) > 0 && r.Words[0].Differs()
	if differs { // what nobody expected is said first
		if err := a.printHeard(heard, r.Words); err != nil {
			return err
		}
	}
	a.printOutcome(r.Outcome)
	if err != nil {
		return err
	}
	st := a.outSt
	if r.List != nil {
		a.printf("\n  MD5   %s\n  SHA-1 %s\n", r.List.MD5(), r.List.SHA1())
	}
	if !differs {
		if err := a.printHeard(heard, r.Words); err != nil {
			return err
		}
	}
	for _, l := range r.Restart {
		a.printf("\n%s\n", st.bold(a.word(l)))
	}
	if len(r.Restart) > 0 {
		how := a.say("TFTP first, then CallManager, then the phones.")
		if r.Plan.Earlier() == nil { // resume and rollback have no such flag
			how += " " + a.say("--restart does the services.")
		}
		a.printf("%s\n", st.dim(how))
	}
	if r.Outcome.ID != "" && !r.Outcome.NoFile && r.Outcome.State != cluster.StateTakenBack {
		a.printf("%s\n", st.dim(a.say("To take it back: %s", a.ofCluster("rollback "+r.Outcome.ID))))
	}
	return nil
}

// printOutcome is the table that the CTL Client ended with: Server, File Location, Status.
func (a *app) printOutcome(o cluster.Outcome) {
	if len(o.Nodes) == 0 {
		return
	}
	st := a.outSt
	t := table{indent: "  ", head: []string{"Server", "File Location", "Status"}}
	for _, n := range o.Nodes {
		paint := st.green
		if n.Status != cluster.StatusPassed {
			paint = st.yellow
		}
		if n.Err != nil {
			paint = st.red
		}
		t.row(plain(n.Node), plain(printable(n.Path)), painted(a.word(n.Status), paint))
	}
	a.printf("\n")
	_ = t.write(a.out, st) // a broken pipe shows at the next write that is checked
}

type nodeJSON struct {
	Node   string `json:"node"`
	Path   string `json:"path,omitempty"`
	Status string `json:"status"`
	SHA256 string `json:"sha256,omitempty"`
	Error  string `json:"error,omitempty"`
}

func nodesOf(o cluster.Outcome) []nodeJSON {
	nodes := make([]nodeJSON, 0, len(o.Nodes))
	for _, n := range o.Nodes {
		j := nodeJSON{Node: n.Node, Path: n.Path, Status: n.Status}
		if n.SHA256 != [32]byte{} {
			j.SHA256 = fmt.Sprintf("%x", n.SHA256)
		}
		if n.Err != nil {
			j.Error = oneLine(n.Err.Error())
		}
		nodes = append(nodes, j)
	}
	return nodes
}

func (a *app) nodesJSON(o cluster.Outcome) error {
	if len(o.Nodes) == 0 {
		return nil
	}
	return a.object("outcome", map[string]any{"id": o.ID, "state": o.State, "nodes": nodesOf(o)})
}

func resultOf(r *workflow.Result) map[string]any {
	v := map[string]any{"job": r.Plan.Job, "id": r.Outcome.ID, "state": r.Outcome.State, "nodes": nodesOf(r.Outcome), "restart": r.Restart}
	if r.List != nil {
		v["md5"], v["sha1"], v["bytes"] = r.List.MD5(), r.List.SHA1(), len(r.List.Bytes())
	}
	if r.TFTP != nil {
		v["tftp"] = r.TFTP
	}
	return v
}
