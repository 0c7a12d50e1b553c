package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/workflow"
)

type clusterAddOptions struct {
	address, user, password, version string
	port                             int
	missing                          bool
}

func newClusterAddCommand(a *app) *cobra.Command {
	o := clusterAddOptions{}
	c := &cobra.Command{
		Use:   "add [NAME]",
		Short: "Make the profile of a cluster by asking its publisher",
		Long: `Make the profile NAME: log in to the publisher, whose fingerprint you confirm, ask it for
the nodes of the cluster, and write them all down. The profile is a text file in the
configuration folder; alternate TFTP servers and firewalls are added to it by hand.

With --missing, add the nodes that the publisher names to the profile of --profile;
what stands there already is kept.`,
		Example: "  ctlclient cluster add hq --address 192.0.2.1 --user admin\n" +
			"  ctlclient --profile hq cluster add --missing",
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.missing {
				if len(args) > 0 {
					return usagef("ctlclient --profile NAME cluster add --missing", "with --missing the profile is named by --profile")
				}
				return runClusterAddMissing(cmd.Context(), a)
			}
			if len(args) == 0 {
				return usagef("usage: "+cmd.UseLine(), "NAME is missing")
			}
			return runClusterAdd(cmd.Context(), a, args[0], o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.address, "address", "", "host name or IP address of the publisher")
	f.IntVar(&o.port, "port", 2444, "port of its CTL Provider")
	f.StringVar(&o.user, "user", "admin", "administrator's user name")
	f.StringVar(&o.password, "password-source", "prompt", "`prompt|env:NAME|file:PATH|fd:N`, kept in the profile")
	f.StringVar(&o.version, "version", "", "release of CUCM, such as 12.0")
	f.BoolVar(&o.missing, "missing", false, "add the nodes that the profile lacks")
	return withExits(c, exitDone, exitUsage, exitUnreachable, exitRefused, exitInterrupted)
}

func runClusterAdd(ctx context.Context, a *app, name string, o clusterAddOptions) error {
	if o.address == "" {
		return usagef("ctlclient cluster add "+name+" --address 192.0.2.1", "--address is missing: where is the publisher?")
	}
	if name != filepath.Base(name) || name == "." || name == ".." {
		return usagef("the profile goes into the configuration folder", "%q is not a plain name", name)
	}
	dir, err := site.ConfigDir()
	if err != nil {
		return err
	}
	file := filepath.Join(dir, name+".toml")
	if _, err := os.Stat(file); err == nil {
		return usagef("to add its new nodes: ctlclient --profile "+name+" cluster add --missing", "%s exists already", file)
	}
	p := &site.Profile{
		Name: name, User: o.user, PasswordSource: o.password, Version: o.version, File: file,
		Nodes: []site.Node{{Name: o.address, Role: "publisher", Address: o.address, Transport: "ctlp", CTLPPort: site.At(o.port)}},
	}
	snap, err := a.askPublisher(ctx, p)
	if err != nil {
		return err
	}
	// The profile pins what the person has just confirmed.
	ids, err := cluster.Identities(ctx, p, cluster.Options{Prompter: a.ui, StateDir: a.stateDir, Timeout: a.timeout}, false)
	if err != nil {
		return err
	}
	for _, id := range ids {
		p.Nodes[0].Fingerprint = id.Known
	}
	for _, n := range snap.Servers {
		if n.Publisher && n.Name != "" {
			p.Nodes[0].Name = n.Name // its own name reads better than the address it was asked under
		}
	}
	p.Nodes = append(p.Nodes, snap.Unlisted(p)...)
	if err := p.Save(file); err != nil {
		return err
	}
	return a.printAdded(file, name, p.Nodes)
}

// askPublisher logs in to the publisher alone.
func (a *app) askPublisher(ctx context.Context, p *site.Profile) (_ *cluster.Snapshot, err error) {
	alone := *p
	alone.Nodes = []site.Node{p.LeadNode()}
	alone.Fleet = ""
	o := a.options()
	o.Tolerant = true
	s, err := workflow.Connect(ctx, &alone, a.ui, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Snapshot, nil
}

func runClusterAddMissing(ctx context.Context, a *app) error {
	p, err := a.loadProfile()
	if err != nil {
		return err
	}
	snap, err := a.askPublisher(ctx, p)
	if err != nil {
		return err
	}
	missing := snap.Unlisted(p)
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
		t.row(plain(n.Name), plain(n.Role), plain(n.Address))
	}
	if err := t.write(a.out, a.outSt); err != nil {
		return err
	}
	a.printf("\nwritten to %s\n", file)
	fmt.Fprintf(a.err, "next: ctlclient --profile %s cluster pin, then ctlclient --profile %s cluster status\n", name, name)
	return nil
}
