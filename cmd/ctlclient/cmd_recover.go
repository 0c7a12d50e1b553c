package main

import (
	"context"

	"github.com/spf13/cobra"

	"ctlclient/workflow"
)

func newRecoverCommand(a *app) *cobra.Command {
	return group("recover", "Have the publisher sign a list with its other key (reset localkey)",
		"  ctlclient --profile hq recover ctl --dry-run\n  ctlclient --profile hq recover itl",
		newRecoverCTLCommand(a), newRecoverITLCommand(a))
}

func newRecoverCTLCommand(a *app) *cobra.Command {
	var o jobOptions
	c := &cobra.Command{
		Use:   "ctl",
		Short: "Sign a tokenless CTL with the publisher's other key (utils ctl reset localkey)",
		Long: `Have the publisher sign the CTL with the other one of its two keys: CallManager where
ITLRecovery signs (CUCM 12.0 and later), ITLRecovery where CallManager signs. Phones
know both keys from the CTL that they hold, so they accept it, also when the key that
signs as a rule was made anew and they do not know it.

Before and after ITLRecovery is regenerated in mixed mode: recover ctl, restart TFTP
and CallManager, reset the phones; when every phone holds this CTL, migrate
to-tokenless, restart and reset again. ctlclient advise regenerate-itlrecovery says
what that means for your phones.

What each phone will do is played on the phone model first. The former CTL is kept in
the journal; rollback puts it back on all nodes.`,
		Example: "  ctlclient --profile hq recover ctl --dry-run\n  ctlclient --profile hq recover ctl --restart",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runTokenless(cmd.Context(), a, o, workflow.TokenlessLocalKey)
		},
	}
	o.add(a, c)
	return jobExits(c)
}

func newRecoverITLCommand(a *app) *cobra.Command {
	var o jobOptions
	c := &cobra.Command{
		Use:   "itl",
		Short: "Sign the ITL of every node with the other key (utils itl reset localkey)",
		Long: `Have the publisher sign the ITL of every node with the other one of the cluster's two
keys, so that phones which no longer know the key that signs as a rule accept it. Then
reset the phones; when every phone holds the new ITL, restart TFTP on all nodes, which
makes the ITL anew by its usual key.

What each phone will do is played on the phone model first. The former ITL of each node
is kept in the journal for you to look at. rollback cannot put an ITL back: TFTP makes
it, and the next restart of TFTP makes it anew.`,
		Example: "  ctlclient --profile hq recover itl --dry-run\n  ctlclient --profile hq recover itl",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runRecoverITL(cmd.Context(), a, o) },
	}
	f := c.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "do everything but ask the publisher; print the differences and the verdicts")
	f.BoolVar(&a.acceptLoss, "accept-loss", false, "continue although phones will be lost; the journal records it")
	return jobExits(c)
}

func runRecoverITL(ctx context.Context, a *app, o jobOptions) error {
	return a.plan(ctx, o, func(s *workflow.Session) error {
		p, err := s.PlanRecoverITL(ctx)
		if err != nil {
			return err
		}
		if err := a.runPlan(ctx, s, p, o); err != nil || o.dryRun || a.json {
			return err
		}
		a.printf("%s\n", a.outSt.bold(a.say("Reset the phones. When every phone holds the new ITL, restart TFTP on all nodes: it makes the ITL anew, by its usual key.")))
		return nil
	})
}
