package main

import (
	"context"

	"github.com/spf13/cobra"

	"ctlclient/token"
	"ctlclient/workflow"
)

func newPreflightCommand(a *app) *cobra.Command {
	var tokens []string
	c := &cobra.Command{
		Use:   "preflight",
		Short: "Check what a migration needs, before anything is chosen or written",
		Long: `Check what a migration needs: all nodes serve the same file, TVS on every node, the trust
store, certificates that expire within 90 days, the version, the description of the
phones, and the tokens with their PIN tries. Nothing is written and no PIN is asked.

Without --token, TVS is asked about every token that is plugged in.`,
		Example: "  ctlclient --profile hq cluster preflight\n  ctlclient --profile hq cluster preflight --token SAST-1.cer --token SAST-2.cer",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runPreflight(cmd.Context(), a, tokens) },
	}
	c.Flags().StringArrayVar(&tokens, "token", nil, "token that is to sign or to be added, a `URI` or its exported .cer; repeatable")
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitToken, exitRefused, exitInterrupted)
}

func runPreflight(ctx context.Context, a *app, args []string) error {
	uris, certs, err := tokenArgs(args)
	if err != nil {
		return err
	}
	var infos []token.Info
	if len(uris) > 0 {
		seen, err := token.LookFor(ctx, a.modules, uris...)
		if err != nil {
			return err
		}
		defer seen.Close()
		for _, u := range uris {
			info, c, err := seen.CertificateOf(u)
			if err != nil {
				return err
			}
			infos, certs = append(infos, info), append(certs, c.DER)
		}
	}
	if len(args) == 0 {
		infos, err = token.List(ctx, a.modules)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // the list is of use without them, and says that there are none
			a.note("%v", err)
		}
		for _, info := range infos {
			for _, c := range info.Certificates {
				certs = append(certs, c.DER)
			}
		}
	}
	return a.look(ctx, func(s *workflow.Session) error {
		checks := append(s.Preflight(ctx, certs), workflow.PreflightTokens(infos)...)
		if err := ctx.Err(); err != nil {
			return err
		}
		a.ui.flush()
		return a.printChecks(checks)
	})
}

var checkStates = map[workflow.CheckState]string{workflow.CheckGood: "good", workflow.CheckUnknown: "unknown",
	workflow.CheckWarn: "look", workflow.CheckBad: "bad"}

// printChecks prints the list; what is bad makes the command fail.
func (a *app) printChecks(checks []workflow.Check) error {
	st := a.outSt
	t := table{head: []string{"State", "What", ""}}
	bad := 0
	for _, c := range checks {
		if c.State == workflow.CheckBad {
			bad++
		}
		what, text := a.voice().Say(c.What), a.voice().Say(c.Text)
		if a.json {
			if err := a.object("check", map[string]any{"what": what, "state": checkStates[c.State], "text": text}); err != nil {
				return err
			}
			continue
		}
		paint := map[workflow.CheckState]func(string) string{workflow.CheckGood: st.green, workflow.CheckUnknown: st.dim,
			workflow.CheckWarn: st.yellow, workflow.CheckBad: st.red}[c.State]
		t.row(painted(a.word(checkStates[c.State]), paint), plain(printable(what)), plain(printable(text)))
	}
	var err error
	if a.json {
		err = a.result(map[string]any{"checks": len(checks), "bad": bad})
	} else {
		err = t.write(a.out, st)
	}
	if err == nil && bad > 0 {
		err = errBad
	}
	return err
}
