package main

import (
	"context"

	"github.com/spf13/cobra"

	"ctlclient/workflow"
)

type updateOptions struct {
	signOptions
	tftp      []string
	firewalls []string
	remove    []string
}

func newUpdateCommand(a *app) *cobra.Command {
	var o updateOptions
	c := &cobra.Command{
		Use:   "update --sign-with URI",
		Short: "Update the CTL: add and remove tokens, TFTP servers, firewalls",
		Long: `Update the CTL of a cluster and bring it to every node. ctlclient replaces certificates
of the cluster's own servers (CallManager, TFTP, CAPF) that have changed; every other
record stays as it is, byte for byte. The current CTL must list the signing token.

SELECTOR is a record number as shown, a host, an address or a subject CN.`,
		Example: `  ctlclient --profile hq update --sign-with pkcs11:token=SAST-1 --dry-run
  ctlclient --profile hq update --sign-with pkcs11:token=SAST-1 \
    --add-tftp tftp2.pem,host=10.48.47.158 --remove SAST-ADN008580ef`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runUpdate(cmd.Context(), a, o) },
	}
	o.add(a, c)
	f := c.Flags()
	f.StringArrayVar(&o.tokens, "add-token", nil, "token to add, a `URI` or its exported .cer; repeatable")
	f.StringArrayVar(&o.tftp, "add-tftp", nil, "alternate TFTP server to add, `CERT,host=H[,ip=A]`; repeatable")
	f.StringArrayVar(&o.firewalls, "add-firewall", nil, "firewall to add, `CERT,host=H[,ip=A]`; repeatable")
	f.StringArrayVar(&o.remove, "remove", nil, "record to remove, a `SELECTOR`; repeatable")
	return jobExits(c)
}

func runUpdate(ctx context.Context, a *app, o updateOptions) error {
	r := workflow.UpdateRequest{Remove: o.remove}
	var err error
	if r.Signing, err = o.signing(); err != nil {
		return err
	}
	if r.AddTFTP, err = a.serverArgs(ctx, o.tftp, "--add-tftp"); err != nil {
		return err
	}
	if r.AddFirewall, err = a.serverArgs(ctx, o.firewalls, "--add-firewall"); err != nil {
		return err
	}
	return a.plan(ctx, o.jobOptions, func(s *workflow.Session) error {
		p, err := s.PlanUpdate(ctx, r)
		if err != nil {
			return err
		}
		return a.runPlan(ctx, s, p, o.jobOptions)
	})
}

func (a *app) serverArgs(ctx context.Context, specs []string, flag string) ([]workflow.Server, error) {
	var servers []workflow.Server
	for _, spec := range specs {
		cert, host, ip, err := parseServer(spec, flag+" CERT,host=H[,ip=A]")
		if err != nil {
			return nil, err
		}
		der, err := a.readCertificate(ctx, cert)
		if err != nil {
			return nil, err
		}
		servers = append(servers, workflow.Server{Certificate: der, Host: host, IP: ip})
	}
	return servers, nil
}
