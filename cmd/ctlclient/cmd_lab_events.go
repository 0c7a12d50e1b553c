package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/lab/control"
	"ctlclient/message"
)

// What can befall a cluster, to be rehearsed in the lab.

func newLabRenameCommand(a *app) *cobra.Command {
	return remoteCommand(a, "rename NODE NAME", "Give a node another host name",
		"Give a node another host name. All its certificates are made anew at once, as on a real cluster; the CTL stays as it is until it is updated. The profile is written again.",
		"  ctlclient lab rename cucm-pub cucm-new", exactly("NODE", "NAME"),
		func(_ context.Context, r *control.Remote, args []string) error {
			if err := r.RenameHost(args[0], args[1]); err != nil {
				return err
			}
			return a.said("%s is now %s", args[0], args[1])
		})
}

func newLabRestoreCommand(a *app) *cobra.Command {
	return remoteCommand(a, "restore NODE", "Restore a node from a backup without CallManager.pem",
		"Restore a node from a backup in which CallManager.pem was missing (CSCtn50405): the lists that it signs from then on do not verify, until CallManager is regenerated.",
		"  ctlclient lab restore cucm-pub", exactly("NODE"),
		func(_ context.Context, r *control.Remote, args []string) error {
			if err := r.RestoreBackup(args[0]); err != nil {
				return err
			}
			return a.said("%s is restored, without its CallManager.pem", args[0])
		})
}

func newLabPrepareRollbackCommand(a *app) *cobra.Command {
	return remoteCommand(a, "prepare-rollback on|off", "Set Prepare Cluster for Rollback to Pre 8.0",
		"Set or clear the enterprise parameter Prepare Cluster for Rollback to Pre 8.0: while it is set, nodes serve an ITL that is signed and empty.",
		"  ctlclient lab prepare-rollback on", exactly("on|off"),
		func(_ context.Context, r *control.Remote, args []string) error {
			on := args[0] == "on"
			if !on && args[0] != "off" {
				return usagef("say on or off", "%q is neither on nor off", args[0])
			}
			if err := r.PrepareRollback(on); err != nil {
				return err
			}
			return a.said("Prepare Cluster for Rollback to Pre 8.0 is %s", message.Words(args[0]))
		})
}

func newLabClearCommand(a *app) *cobra.Command {
	return remoteCommand(a, "clear PHONE", "Delete a phone's lists by hand",
		"Delete the CTL and ITL that a phone holds, as a person does at the phone: Settings, Security Configuration, Trust List.",
		"  ctlclient lab clear SEP000E38C07940", exactly("PHONE"),
		func(_ context.Context, r *control.Remote, args []string) error {
			if err := r.ClearPhone(args[0]); err != nil {
				return err
			}
			return a.said("%s holds nothing", args[0])
		})
}

func newLabPointCommand(a *app) *cobra.Command {
	return remoteCommand(a, "point PHONE [HOST:PORT]...", "Give a phone other TFTP servers",
		"Give a phone other TFTP servers, as a new DHCP option 150 does: the way to another cluster, or to a central TFTP server. Without servers: back to its own cluster.",
		"  ctlclient lab point SEP0011215A1AE3 127.82.196.11:6969\n  ctlclient lab point SEP0011215A1AE3",
		func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageOf(cmd, "%s is missing", "PHONE")
			}
			return nil
		},
		func(_ context.Context, r *control.Remote, args []string) error {
			var servers []string
			for _, arg := range args[1:] {
				addr, err := withPort(arg, "69")
				if err != nil {
					return err
				}
				servers = append(servers, addr)
			}
			if err := r.PointPhone(args[0], servers...); err != nil {
				return err
			}
			if len(servers) == 0 {
				return a.said("%s asks its own cluster", args[0])
			}
			return a.said("%s asks %s", args[0], strings.Join(servers, ", "))
		})
}

func newLabDirectoriesCommand(a *app) *cobra.Command {
	return remoteCommand(a, "directories PHONE", "Press a phone's Directories button",
		"Press a phone's Directories button: it opens an HTTPS connection to its node, whose Tomcat certificate is in no list that it holds, asks TVS about it, and says whether it goes on. It remembers what TVS vouched for until it restarts.",
		"  ctlclient lab directories SEP0011215A1AE3", exactly("PHONE"),
		func(ctx context.Context, r *control.Remote, args []string) error {
			p, err := r.Directories(ctx, args[0])
			if err != nil {
				return err
			}
			if a.json {
				v := verdictOf(p.Verdict)
				return a.result(map[string]any{"phone": args[0], "url": p.URL, "accept": v.Accept, "certain": v.Certain, "by_tvs": v.ByTVS,
					"remembered": p.Remembered, "reason": v.Reason, "steps": v.Steps, "console": v.Console})
			}
			a.printf("%s\n", p.URL)
			if p.Remembered {
				a.printf("TVS was not asked again: the phone remembers its answer.\n")
			}
			return p.Verdict.WriteText(a.out, a.voice())
		})
}
