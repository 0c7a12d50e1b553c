package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ctlclient/workflow"
)

func newPhoneClearedCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "cleared [NAME...]",
		Short: "List phones that have an older CTL, or say that it was deleted",
		Long: `Phones whose loss was accepted in a job have the former CTL until it is deleted on the
phone. Without a name, list them. With names, tell ctlclient that the CTL of these phones
was deleted: later verdicts assume that they have the CTL that the nodes serve.`,
		Example: "  ctlclient --profile hq phone cleared\n  ctlclient --profile hq phone cleared SEP0011215A1AE3",
		Args:    cobra.ArbitraryArgs,
		RunE:    func(cmd *cobra.Command, names []string) error { return runPhoneCleared(cmd.Context(), a, names) },
	}
	return withExits(c, exitDone, exitUsage, exitUnreachable, exitRefused, exitInterrupted)
}

type olderJSON struct {
	Phone  string    `json:"phone"`
	Model  string    `json:"model,omitempty"`
	Count  int       `json:"count"`
	Job    string    `json:"job"` // that it refused
	Since  time.Time `json:"since"`
	MD5    string    `json:"md5"` // of the CTL that it holds
	Reason string    `json:"reason"`
}

func runPhoneCleared(ctx context.Context, a *app, names []string) error {
	return a.look(ctx, func(s *workflow.Session) error {
		if len(names) > 0 {
			return a.sayCleared(s, names)
		}
		t := table{head: []string{"Phone", "Why"}}
		n := 0
		for _, o := range s.Older() {
			v := o.Verdict()
			n += o.Phone.N()
			if a.json {
				err := a.object("phone", olderJSON{o.Phone.Name, o.Phone.Model, o.Phone.N(), o.Job.ID, o.Job.Started, o.Phone.CTL.MD5(), a.voice().Say(v.Why)})
				if err != nil {
					return err
				}
				continue
			}
			t.row(plain(printable(strings.TrimSpace(o.Phone.Name+" "+o.Phone.Model))), plain(printable(a.voice().Say(v.Why))))
		}
		if a.json {
			return a.result(map[string]any{"phones": n})
		}
		if n > 0 {
			if err := t.write(a.out, a.outSt); err != nil {
				return err
			}
		}
		a.note("%s", a.numbered(n, "1 phone holds an older CTL", "%d phones hold an older CTL"))
		return nil
	})
}

// sayCleared keeps that phones were cleared.
func (a *app) sayCleared(s *workflow.Session, names []string) error {
	older := s.Older()
	at, err := workflow.Cleared(s.Cluster.Dir())
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.ContainsFunc(older, func(o workflow.OlderPhone) bool { return o.Phone.Name == name }) {
			return usagef("ctlclient phone cleared lists them", "%s is not known to hold an older CTL", name)
		}
		at[name] = time.Now()
	}
	if err := workflow.KeepCleared(s.Cluster.Dir(), at); err != nil {
		return err
	}
	if a.json {
		return a.result(map[string]any{"cleared": len(names)})
	}
	a.note("cleared: %s", strings.Join(names, ", "))
	return nil
}
