package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"ctlclient/ctlbuild"
	"ctlclient/workflow"
)

func newDistributeCommand(a *app) *cobra.Command {
	var o jobOptions
	c := &cobra.Command{
		Use:   "distribute FILE",
		Short: "Bring an already signed CTL to every node",
		Long: `Bring an already signed CTL to every node: staged on all, committed on all, read back
from all, or taken back. The file must verify. What phones will do with exactly these
bytes is shown first.`,
		Example: "  ctlclient --profile hq distribute CTLFile.tlv",
		Args:    exactly("FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runDistribute(cmd.Context(), a, o, args[0]) },
	}
	o.add(a, c)
	return jobExits(c)
}

func runDistribute(ctx context.Context, a *app, o jobOptions, arg string) error {
	data, err := a.readSource(ctx, arg)
	if err != nil {
		return err
	}
	if _, err := ctlbuild.Parse(data); err != nil {
		return fmt.Errorf("%s: %w", arg, err) // before a node is bothered
	}
	return a.plan(ctx, o, func(s *workflow.Session) error {
		p, err := s.PlanDistribute(ctx, data)
		if err != nil {
			return err
		}
		return a.runPlan(ctx, s, p, o)
	})
}
