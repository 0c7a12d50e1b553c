package main

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/cluster/site"
	"ctlclient/message"
	"ctlclient/workflow"
)

type clusterAddOptions struct {
	workflow.AddRequest
	missing bool
}

func newClusterAddCommand(a *app) *cobra.Command {
	var o clusterAddOptions
	c := &cobra.Command{
		Use:   "add NAME --address ADDRESS | ADDRESS",
		Short: "Make the profile of a cluster by asking its publisher",
		Long: `Make the profile NAME: find out what answers at the publisher's address, show its
fingerprint, which you confirm, ask it for the nodes of the cluster, and write them to
the profile. The profile is a text file in the configuration folder; add alternate TFTP
servers and firewalls to it by hand. With an ADDRESS alone, the profile is named after it.

ctlclient finds out which of three kinds the publisher is:
  cucm  a CUCM as Cisco ships it: AXL answers on 8443. It needs an application user who may
        use AXL (--user), and for writing the platform user (--platform-user).
  ctlp  a server that runs our CTL Provider (ctlclient provider) on 2444.
  none  a server with SSH and TFTP alone, such as an open-source call server (--sftp-user,
        --path).

With --missing, add the nodes that the publisher names to the profile of --profile;
nothing else in the profile changes.`,
		Example: "  ctlclient cluster add hq --address 192.0.2.1 --user axladmin --platform-user administrator\n" +
			"  ctlclient cluster add site --address 192.0.2.9 --publisher none --sftp-user ctl --path /srv/tftp\n" +
			"  ctlclient --profile hq cluster add --missing",
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.missing && len(args) > 0:
				return usagef("ctlclient --profile NAME cluster add --missing", "with --missing the profile is named by --profile")
			case o.missing:
				return runClusterAddMissing(cmd.Context(), a)
			case len(args) == 0:
				return usageOf(cmd, "%s is missing", "NAME")
			}
			o.Name = args[0]
			if o.Address == "" && isAddress(o.Name) {
				o.Name, o.Address = nameFor(o.Name), o.Name
			}
			return runClusterAdd(cmd.Context(), a, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Address, "address", "", "host name or IP address of the publisher")
	f.StringVar(&o.Publisher, "publisher", "", "`ctlp|cucm|none` (default: what answers)")
	f.StringVar(&o.User, "user", "admin", "user of the CTL Provider, or application user of a CUCM")
	f.StringVar(&o.PasswordSource, "password-source", "prompt", "`prompt|env:NAME|file:PATH|fd:N`, kept in the profile")
	f.StringVar(&o.PlatformUser, "platform-user", "", "platform user of a CUCM: OS Administration, CLI")
	f.StringVar(&o.PlatformPasswordSource, "platform-password-source", "", "as --password-source")
	f.StringVar(&o.SFTPUser, "sftp-user", "", "user of a server without a publisher")
	f.StringVar(&o.SFTPPasswordSource, "sftp-password-source", "", "as --password-source; default: the SSH agent")
	f.StringVar(&o.SFTPKey, "sftp-key", "", "private key `file` in place of a password")
	f.StringVar(&o.Path, "path", "", "`folder` on that server which TFTP serves")
	f.IntVar(&o.CTLPPort, "port", 0, "port of the CTL Provider (default 2444)")
	f.IntVar(&o.HTTPSPort, "https-port", 0, "port of AXL and OS Administration (default 8443)")
	f.IntVar(&o.SSHPort, "ssh-port", 0, "port of SSH (default 22)")
	f.IntVar(&o.TFTPPort, "tftp-port", 0, "port of TFTP (default 69)")
	f.StringVar(&o.Version, "version", "", "release of CUCM, such as 12.0")
	f.BoolVar(&o.missing, "missing", false, "add the nodes that the profile lacks")
	return withExits(c, exitDone, exitUsage, exitUnreachable, exitRefused, exitInterrupted)
}

// isAddress tells an IP address or a full host name from the name of a profile.
func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil || strings.Contains(s, ".")
}

// nameFor is the name of a profile that is given by an address alone: the host, or the
// address without what a file name cannot have.
func nameFor(address string) string {
	if _, err := netip.ParseAddr(address); err == nil {
		return "cluster-" + strings.NewReplacer(".", "-", ":", "-", "%", "-").Replace(address)
	}
	host, _, _ := strings.Cut(address, ".")
	return host
}

func runClusterAdd(ctx context.Context, a *app, o clusterAddOptions) error {
	if o.Address == "" {
		return usageWith(message.Phrase("ctlclient cluster add %s --address 192.0.2.1", o.Name), "--address is missing: where is the publisher?")
	}
	p, err := workflow.AddCluster(ctx, o.AddRequest, a.ui, a.options())
	if err != nil {
		return ofFlag(err)
	}
	if err := p.Save(p.File); err != nil {
		return err
	}
	return a.printAdded(p.File, p.Name, p.Nodes)
}

// flagsOfAdd are the flags by which a person says what a key of the profile holds.
var flagsOfAdd = map[string]string{
	"address": "--address 192.0.2.1", "publisher": "--publisher cucm", "version": "--version 12.0",
	"user": "--user axladmin", "platform-user": "--platform-user administrator",
	"sftp-user": "--sftp-user ctl", "path": "--path /srv/tftp",
	"ctlp-port": "--port 2444", "https-port": "--https-port 8443", "sftp-port": "--ssh-port 22",
	"ssh-port": "--ssh-port 22", "tftp-port": "--tftp-port 69",
}

// ofFlag words what is wrong with a profile that is not written yet by the flags.
func ofFlag(err error) error {
	var bad *site.Error
	if !errors.As(err, &bad) || flagsOfAdd[bad.Key] == "" {
		return err
	}
	return usageWith(message.Phrase("give it, such as %s", flagsOfAdd[bad.Key]), "%w", bad.Err)
}

func runClusterAddMissing(ctx context.Context, a *app) error {
	p, err := a.loadProfile()
	if err != nil {
		return err
	}
	missing, err := workflow.MissingOf(ctx, p, a.ui, a.options())
	if err != nil {
		return err
	}
	if len(missing) == 0 {
		if a.json {
			return a.result(map[string]any{"added": 0})
		}
		a.printf("the profile has every node that the publisher names\n")
		return nil
	}
	if _, err := site.Append(p.File, missing); err != nil {
		return err
	}
	return a.printAdded(p.File, p.Name, missing)
}

func (a *app) printAdded(file, name string, nodes []site.Node) error {
	if a.json {
		for _, n := range nodes {
			if err := a.object("node", map[string]any{"name": n.Name, "role": n.Role, "address": n.Address}); err != nil {
				return err
			}
		}
		return a.result(map[string]any{"profile": file, "added": len(nodes)})
	}
	t := table{}
	for _, n := range nodes {
		t.row(plain(n.Name), plain(a.word(n.Role)), plain(n.Address))
	}
	if err := t.write(a.out, a.outSt); err != nil {
		return err
	}
	a.printf("\nwritten to %s\n", file)
	a.tellf("next: ctlclient --profile %s cluster pin, then ctlclient --profile %s cluster status\n", name, name)
	return nil
}
