package main

import (
	"context"

	"github.com/spf13/cobra"

	"ctlclient/workflow"
)

func newMigrateCommand(a *app) *cobra.Command {
	return group("migrate", "Change who signs the CTL: tokens, or the cluster itself",
		"  ctlclient --profile hq migrate to-tokens --token pkcs11:token=SAST-1 --token pkcs11:token=SAST-2 --sign-with pkcs11:token=SAST-1",
		newToTokensCommand(a), newToTokenlessCommand(a))
}

func newToTokensCommand(a *app) *cobra.Command {
	var o signOptions
	c := &cobra.Command{
		Use:   "to-tokens --token URI --token URI --sign-with URI",
		Short: "Migrate a tokenless CTL to hardware tokens",
		Long: `Migrate a tokenless CTL to one that hardware tokens sign, in one step and without
deleting the file. Phones do not know the tokens yet, so they ask TVS: before anything is
planned, TVS on every node is asked about every token and must answer "valid". For that,
upload the certificates to Phone-SAST-trust; ctlclient token export writes them.

From CUCM 11.5 on, CallManager and ITLRecovery stay in the CTL as SAST. Before 11.5 they
are removed. --server-sast changes that.`,
		Example: `  ctlclient --profile hq migrate to-tokens --dry-run \
    --token pkcs11:token=SAST-1 --token SAST-2.cer --sign-with pkcs11:token=SAST-1`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runToTokens(cmd.Context(), a, o) },
	}
	o.add(a, c)
	f := c.Flags()
	f.StringArrayVar(&o.tokens, "token", nil, "token of the new CTL, a `URI` or its exported .cer; two at least")
	return jobExits(c)
}

func runToTokens(ctx context.Context, a *app, o signOptions) error {
	sg, err := o.signing()
	if err != nil {
		return err
	}
	return a.plan(ctx, o.jobOptions, func(s *workflow.Session) error {
		p, err := s.PlanMigrateToTokens(ctx, sg)
		if err != nil {
			return err
		}
		return a.runPlan(ctx, s, p, o.jobOptions)
	})
}

func newToTokenlessCommand(a *app) *cobra.Command {
	var o jobOptions
	c := &cobra.Command{
		Use:   "to-tokenless",
		Short: "Let the publisher sign the CTL itself (utils ctl update CTLFile)",
		Long: `Let the publisher write and sign the CTL with its own certificates, through its
administration CLI, and verify the result on all nodes. If the CTL is tokenless already,
it gets the certificates that were regenerated.

From CUCM 12.0 on, phones must have a token-signed CTL that lists ITLRecovery and
CallManager as SAST. That is checked first.`,
		Example: "  ctlclient --profile hq migrate to-tokenless --dry-run",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runTokenless(cmd.Context(), a, o, workflow.TokenlessUpdate)
		},
	}
	o.add(a, c)
	return jobExits(c)
}

// runTokenless is the way of every job that the publisher does itself.
func runTokenless(ctx context.Context, a *app, o jobOptions, job workflow.TokenlessJob) error {
	return a.plan(ctx, o, func(s *workflow.Session) error {
		p, err := s.PlanTokenless(ctx, job)
		if err != nil {
			return err
		}
		return a.runPlan(ctx, s, p, o)
	})
}
