package main

import (
	"context"

	"github.com/spf13/cobra"

	"ctlclient/workflow"
)

type modeOptions struct {
	signOptions
	tokenless bool
}

func newModeCommand(a *app) *cobra.Command {
	var o modeOptions
	c := &cobra.Command{
		Use:   "mode mixed|non-secure",
		Short: "Set the cluster to mixed or non-secure mode",
		Long: `Set the cluster security mode and write the CTL that belongs to it. For mixed mode the
CTL lists every server with its certificate; if there is no CTL yet, it is built from the
certificates that the servers present and two tokens. For non-secure mode the server
records keep only their addresses. With --tokenless the publisher does it itself (utils
ctl set-cluster), and no token is needed.`,
		Example: `  ctlclient --profile hq mode mixed --sign-with pkcs11:token=SAST-1 --add-token pkcs11:token=SAST-2
  ctlclient --profile hq mode non-secure --sign-with pkcs11:token=SAST-1
  ctlclient --profile hq mode mixed --tokenless`,
		Args:      exactly("mixed|non-secure"),
		ValidArgs: []string{"mixed", "non-secure"},
		RunE:      func(cmd *cobra.Command, args []string) error { return runMode(cmd.Context(), a, o, args[0]) },
	}
	o.add(a, c)
	f := c.Flags()
	f.StringArrayVar(&o.tokens, "add-token", nil, "token to add, a `URI` or its exported .cer; repeatable")
	f.BoolVar(&o.tokenless, "tokenless", false, "let the publisher do it with its own certificates")
	return jobExits(c)
}

func runMode(ctx context.Context, a *app, o modeOptions, mode string) error {
	if mode != "mixed" && mode != "non-secure" {
		return usagef("ctlclient mode mixed, or ctlclient mode non-secure", "unknown mode %q", mode)
	}
	mixed := mode == "mixed"
	if o.tokenless {
		if o.signWith != "" || len(o.tokens) > 0 || o.out != "" {
			return usagef("leave out --sign-with, --add-token and --out", "with --tokenless no token signs")
		}
		job := workflow.TokenlessNonSecure
		if mixed {
			job = workflow.TokenlessMixed
		}
		return runTokenless(ctx, a, o.jobOptions, job)
	}
	sg, err := o.signing()
	if err != nil {
		return err
	}
	return a.plan(ctx, o.jobOptions, func(s *workflow.Session) error {
		p, err := s.PlanMode(ctx, workflow.ModeRequest{Signing: sg, Mixed: mixed})
		if err != nil {
			return err
		}
		return a.runPlan(ctx, s, p, o.jobOptions)
	})
}
