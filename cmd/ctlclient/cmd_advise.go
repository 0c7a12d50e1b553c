package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/advise"
	"ctlclient/trust/fleet"
	"ctlclient/trust/release"
	"ctlclient/workflow"
)

// noList says of --ctl or --itl that the cluster has none.
const noList = "none"

type adviseOptions struct {
	ctl, itl                       string
	destinationCTL, destinationITL string
	phones                         string
	version                        string
	present                        []string
	nonSecure                      bool
	nodes, tvs                     int
	mixedVersions, backupComplete  string
}

func newAdviseCommand(a *app) *cobra.Command {
	var o adviseOptions
	c := &cobra.Command{
		Use:   "advise CHANGE[=NODE]...",
		Short: "Say whether a planned change is safe, what breaks for whom, and the order",
		Long: `Say whether a change that begins outside the CTL is safe now, what breaks for whom, in
which order to do it and what to do first. Changes named together are taken to be
made together. The lists are those that the cluster of --profile serves, or the files
given with --ctl and --itl; one that is not given is not known, and the answer says so.

The order is played on the phone model, for every kind of phones and every place where
the work may rest: safe means that no phone is lost, for certain.

CHANGE is one of: ` + strings.Join(advise.Kinds(), ", ") + `.
NODE is the node or token that it is about: a record's number as file show has it, a
host, an address or a whole common name; "all" is all nodes at once.`,
		Example: `  ctlclient --profile hq advise regenerate-callmanager=cucm-pub
  ctlclient advise lose-token=SAST-ADN008580ef --ctl CTLFile.tlv --phones "40 x 7945, 12 x 7940"`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("one of: "+strings.Join(advise.Kinds(), ", "), "CHANGE is missing")
			}
			return nil
		},
		ValidArgs: advise.Kinds(),
		RunE:      func(cmd *cobra.Command, args []string) error { return runAdvise(cmd.Context(), a, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.ctl, "ctl", "", "CTL of the cluster, a `FILE`, instead of --profile; none: it has no CTL")
	f.StringVar(&o.itl, "itl", "", "ITL of the cluster, a `FILE`; none: it has no ITL")
	f.StringSliceVar(&o.present, "cert", nil, "a certificate that the cluster uses now (CallManager.pem, ITLRecovery.pem), a `FILE`")
	f.StringVar(&o.destinationCTL, "destination-ctl", "", "CTL of the other cluster, a `FILE`, for move-phones")
	f.StringVar(&o.destinationITL, "destination-itl", "", "ITL of the other cluster, a `FILE`, for move-phones")
	f.StringVar(&o.phones, "phones", "", "the phones, a `file` or words such as \"40 x 7945, 12 x 7940\"")
	f.StringVar(&o.version, "cucm", "", "`version` of CUCM, such as 12.0")
	f.BoolVar(&o.nonSecure, "non-secure", false, "the cluster is in non-secure mode (with --ctl)")
	f.IntVar(&o.nodes, "nodes", 0, "`number` of CUCM nodes")
	f.IntVar(&o.tvs, "tvs", 0, "`number` of TVS servers that a phone asks")
	f.StringVar(&o.mixedVersions, "mixed-versions", "", "clusters before and after 8.0 share the TFTP server: `yes|no`, for central-tftp")
	f.StringVar(&o.backupComplete, "backup-complete", "", "the backup holds CallManager.pem: `yes|no`, for restore")
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitRefused)
}

func runAdvise(ctx context.Context, a *app, o adviseOptions, args []string) error {
	var changes []advise.PlannedChange
	for _, arg := range args {
		c, err := advise.ParseChange(arg)
		if err != nil {
			return usagef("one of: "+strings.Join(advise.Kinds(), ", "), "no such change: %q", arg)
		}
		changes = append(changes, c)
	}
	if err := o.fits(changes); err != nil {
		return err
	}
	s, err := a.situation(ctx, o)
	if err != nil {
		return err
	}
	adv, err := advise.Advise(ctx, s, changes)
	if err != nil {
		return err
	}
	if a.json {
		err = a.adviceJSON(adv)
	} else {
		a.printAdvice(adv)
	}
	if err == nil && !adv.Safe {
		return errBad
	}
	return err
}

// fits reports what was said for a change that was not named: it would count for nothing.
func (o adviseOptions) fits(changes []advise.PlannedChange) error {
	for _, f := range []struct {
		flag, said string
		kind       advise.Kind
	}{
		{"--destination-ctl", o.destinationCTL, advise.MovePhones}, {"--destination-itl", o.destinationITL, advise.MovePhones},
		{"--mixed-versions", o.mixedVersions, advise.CentralTFTP}, {"--backup-complete", o.backupComplete, advise.Restore},
	} {
		if f.said != "" && !slices.ContainsFunc(changes, func(c advise.PlannedChange) bool { return c.Kind == f.kind }) {
			return usagef(f.kind.String()+" together with "+f.flag, "%s is about %s, which is not asked", f.flag, f.kind)
		}
	}
	if o.nonSecure && o.ctl == "" && o.itl == "" {
		return usagef("--ctl FILE --non-secure, or --profile alone", "--non-secure is about lists that are given as files: the cluster says its mode itself")
	}
	return nil
}

// situation collects what is known of the cluster.
func (a *app) situation(ctx context.Context, o adviseOptions) (s advise.Situation, err error) {
	s = advise.Situation{Mixed: !o.nonSecure && o.ctl != noList, Nodes: o.nodes, TVS: o.tvs}
	if o.version != "" {
		if s.Version, err = release.Parse(o.version); err != nil {
			return s, usagef("--cucm 12.5(1)SU5", "--cucm: %v", err)
		}
	}
	if s.MixedVersions, err = yesNo("--mixed-versions", o.mixedVersions); err != nil {
		return s, err
	}
	if s.BackupComplete, err = yesNo("--backup-complete", o.backupComplete); err != nil {
		return s, err
	}
	for _, l := range []struct {
		arg string
		to  **ctlbuild.List
	}{{o.ctl, &s.CTL}, {o.itl, &s.ITL}, {o.destinationCTL, &s.DestinationCTL}, {o.destinationITL, &s.DestinationITL}} {
		if l.arg == "" || l.arg == noList {
			continue
		}
		if *l.to, err = a.readList(ctx, l.arg); err != nil {
			return s, err
		}
	}
	s.NoCTL, s.NoITL = o.ctl == noList, o.itl == noList
	for _, arg := range o.present {
		der, err := a.readCertificate(ctx, arg)
		if err != nil {
			return s, err
		}
		s.Present = append(s.Present, der)
	}
	if o.ctl == "" && o.itl == "" {
		if a.profile == "" {
			return s, usagef("--profile NAME, or --ctl FILE and --itl FILE", "which cluster?")
		}
		if err = a.fromCluster(ctx, &s); err != nil {
			return s, err
		}
	}
	if o.phones != "" {
		s.Phones, err = readPhones(o.phones, fleet.Current{CTL: s.CTL, ITL: s.ITL, CTLUnknown: !s.NoCTL, ITLUnknown: !s.NoITL})
	}
	return s, err
}

// fromCluster is what the cluster says; a version that was given stands.
func (a *app) fromCluster(ctx context.Context, s *advise.Situation) error {
	return a.look(ctx, func(w *workflow.Session) error {
		said := *s
		*s = w.Situation(ctx)
		s.TVS, s.MixedVersions, s.BackupComplete = said.TVS, said.MixedVersions, said.BackupComplete
		s.DestinationCTL, s.DestinationITL = said.DestinationCTL, said.DestinationITL
		s.Present = append(s.Present, said.Present...)
		if said.Version.Known() {
			s.Version = said.Version
		}
		if said.Nodes > 0 {
			s.Nodes = said.Nodes
		}
		return nil
	})
}

// readPhones reads a fleet from a file, or from the words themselves.
func readPhones(arg string, now fleet.Current) ([]trust.Phone, error) {
	open := func(name string) (io.ReadCloser, error) { return os.Open(name) }
	r := io.Reader(strings.NewReader(arg))
	f, err := os.Open(arg)
	switch {
	case err == nil:
		defer f.Close()
		r = f
	case filepath.Ext(arg) != "" && !strings.ContainsAny(arg, " \n"): // a file was meant
		return nil, plainPath(err)
	}
	entries, err := fleet.Read(r, open)
	if err != nil {
		return nil, err
	}
	return fleet.Resolve(entries, nil, now), nil
}

func yesNo(flag, s string) (*bool, error) {
	switch s {
	case "":
		return nil, nil
	case "yes", "no":
		b := s == "yes"
		return &b, nil
	}
	return nil, usagef(flag+" yes, or "+flag+" no", "cannot read %s %q", flag, s)
}

func (a *app) printAdvice(adv advise.Advice) {
	st := a.outSt
	mark := st.green("✓")
	switch {
	case !adv.Safe && (len(adv.Breaks) > 0 || adv.Certain):
		mark = st.red("✗")
	case !adv.Safe:
		mark = st.yellow("?")
	}
	a.printf("%s %s\n", mark, st.bold(st.wrap(printable(a.voice().Say(adv.Summary)), 2)))
	a.printLosses(a.say("What would be lost"), adv.Lost)
	a.printLosses(a.say("What is not certain"), adv.Unsure)
	a.printFindings(a.say("Why"), slices.DeleteFunc(slices.Clone(adv.Breaks), advise.Finding.Repeats))
	a.printList(a.say("First"), a.sayAll(adv.First))
	var steps []string
	for _, s := range adv.Steps {
		line := a.voice().Say(s.Text)
		if !s.Stop.IsZero() {
			line += " " + a.voice().Say(s.Stop)
		}
		steps = append(steps, line)
	}
	a.printList(a.say("Then, in this order"), steps)
	a.printFindings(a.say("What to know"), adv.Cautions)
	if len(adv.Records) > 0 {
		a.printf("\n%s\n", st.dim(st.wrap(printable(a.say("Rests on: %s", strings.Join(adv.Records, "; "))), 0)))
	}
}

func (a *app) printLosses(title string, losses []advise.Loss) {
	if len(losses) == 0 {
		return
	}
	a.printf("\n%s\n", a.outSt.bold(title))
	for _, l := range losses {
		a.printf("  - %s\n", a.outSt.wrap(printable(a.voice().Say(l.Message())), 4))
	}
}

func (a *app) printFindings(title string, found []advise.Finding) {
	if len(found) > 0 {
		a.printf("\n%s\n", a.outSt.bold(title))
	}
	for _, f := range found {
		a.printFinding(f)
	}
}

func (a *app) printFinding(f advise.Finding) {
	st := a.outSt
	who, text := a.voice().Say(f.Who), a.voice().Say(f.Message)
	if who != "" && !strings.Contains(text, who) {
		text = who + ": " + text
	}
	a.printf("  %s  %s\n", a.severityMark(st, f.Severity), st.wrap(printable(text), 13))
	if !f.Recover.IsZero() {
		a.printf("             %s\n", st.dim(st.wrap(printable(a.say("where it has happened: %s", f.Recover)), 13)))
	}
	if f.Source != "" {
		a.printf("             %s\n", st.dim(printable(f.Source)))
	}
}

func (a *app) printList(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	a.printf("\n%s\n", a.outSt.bold(title))
	for i, l := range lines {
		a.printf("  %s %s\n", a.outSt.cyan(fmt.Sprintf("%2d.", i+1)), a.outSt.wrap(printable(l), 6))
	}
}

func (a *app) adviceJSON(adv advise.Advice) error {
	for _, f := range append(append([]advise.Finding{}, adv.Breaks...), adv.Cautions...) {
		err := a.object("finding", map[string]any{"rule": f.Rule, "severity": f.Severity.String(), "who": a.voice().Say(f.Who), "phones": f.Phones,
			"message": a.voice().Say(f.Message), "first": a.sayAll(f.First), "recover": a.voice().Say(f.Recover), "records": list(f.Records), "source": f.Source})
		if err != nil {
			return err
		}
	}
	for name, losses := range map[string][]advise.Loss{"lost": adv.Lost, "unsure": adv.Unsure} {
		for _, l := range losses {
			err := a.object(name, map[string]any{"who": a.voice().Say(l.Who), "phones": l.Phones, "file": l.File, "reason": a.voice().Say(l.Reason),
				"certain": l.Certain, "likely": l.Likely, "if_any": l.IfAny, "message": a.voice().Say(l.Message())})
			if err != nil {
				return err
			}
		}
	}
	steps := []string{}
	stops := []map[string]any{}
	for i, s := range adv.Steps {
		steps = append(steps, a.voice().Say(s.Text))
		if !s.Stop.IsZero() {
			stops = append(stops, map[string]any{"step": i + 1, "message": a.voice().Say(s.Stop)})
		}
	}
	return a.result(map[string]any{"safe": adv.Safe, "certain": adv.Certain, "summary": a.voice().Say(adv.Summary), "first": a.sayAll(adv.First),
		"steps": steps, "do_not_stop": stops, "records": list(adv.Records)})
}

// sayAll words sentences; it is never null in JSON.
func (a *app) sayAll(ms []message.Message) []string {
	out := []string{}
	for _, m := range ms {
		out = append(out, a.voice().Say(m))
	}
	return out
}

// list is never null in JSON.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
