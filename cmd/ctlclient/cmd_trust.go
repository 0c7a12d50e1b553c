package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"ctlclient/cluster"
	"ctlclient/workflow"
)

func newTrustCommand(a *app) *cobra.Command {
	return group("trust", "Look at Phone-SAST-trust, and upload token certificates to it",
		"  ctlclient --profile hq trust list\n  ctlclient --profile hq trust add pkcs11:token=SAST-1 SAST-2.cer",
		newTrustListCommand(a), newTrustAddCommand(a))
}

func newTrustListCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List Phone-SAST-trust, and whether TVS vouches for each certificate",
		Long: `List the certificates of the store Phone-SAST-trust, and ask the TVS of every node
whether it vouches for each. Phones accept a new signer only when TVS does.`,
		Example: "  ctlclient --profile hq trust list",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runTrustList(cmd.Context(), a) },
	}
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitRefused)
}

type trustedJSON struct {
	Name        string            `json:"name"`
	Store       string            `json:"store"`
	Description string            `json:"description,omitempty"`
	TVS         map[string]string `json:"tvs,omitempty"` // node: valid, invalid, or an error
}

func runTrustList(ctx context.Context, a *app) error {
	return a.look(ctx, func(s *workflow.Session) error {
		list, err := s.TrustList(ctx)
		if err != nil {
			return err
		}
		all, err := a.printTrusted(list)
		if err == nil && a.json {
			err = a.result(map[string]any{"certificates": len(list), "vouched": all})
		}
		if err == nil && !all {
			err = errBad
		}
		return err
	})
}

// printTrusted lists Phone-SAST-trust, and reports whether TVS vouches for all
// that it was asked about.
func (a *app) printTrusted(list []workflow.Trusted) (all bool, err error) {
	all = true
	t := table{head: []string{"Certificate", "TVS"}}
	for _, c := range list {
		j := trustedJSON{Name: c.Name, Store: c.Store, Description: c.Description}
		word, paint := a.vouching(c.TVS)
		if len(c.TVS) > 0 {
			j.TVS = map[string]string{}
			for node, r := range c.TVS {
				j.TVS[node] = tvsWord(r)
				all = all && r.Vouches()
			}
		}
		if a.json {
			if err := a.object("certificate", j); err != nil {
				return all, err
			}
			continue
		}
		t.row(plain(printable(c.Name)), painted(word, paint))
	}
	switch {
	case a.json:
		return all, nil
	case len(list) == 0:
		a.printf("Phone-SAST-trust is empty.\n")
		return all, nil
	}
	return all, t.write(a.out, a.outSt)
}

func tvsWord(r cluster.TVSResult) string {
	switch {
	case r.Err != nil:
		return "error: " + oneLine(r.Err.Error())
	case r.Vouches():
		return "valid"
	}
	return "invalid"
}

// vouching is what the TVS of all nodes say of one certificate.
func (a *app) vouching(answers map[string]cluster.TVSResult) (string, func(string) string) {
	st := a.outSt
	if len(answers) == 0 {
		return a.say("not asked"), st.dim
	}
	var no []string
	for _, node := range slices.Sorted(maps.Keys(answers)) {
		if !answers[node].Vouches() {
			no = append(no, node)
		}
	}
	if len(no) == 0 {
		return a.numbered(len(answers), "vouches on 1 node", "vouches on %d nodes"), st.green
	}
	return a.say("does not vouch on %s", a.names(no)), st.red
}

type trustAddOptions struct{ wait time.Duration }

func newTrustAddCommand(a *app) *cobra.Command {
	var o trustAddOptions
	c := &cobra.Command{
		Use:   "add CERT|URI...",
		Short: "Upload certificates to Phone-SAST-trust and wait until TVS vouches",
		Long: `Upload the certificates of tokens to the store Phone-SAST-trust, and wait until the TVS
of every node vouches for them. CUCM 14 and later takes them through its certificate
API, others through the administration CLI. Where the cluster takes them in neither
way, the steps by hand are shown, and the command waits until TVS vouches.

CERT is a .cer or .pem file, URI names a token that is plugged in. No PIN is asked for.`,
		Example: "  ctlclient --profile hq trust add pkcs11:token=SAST-1 pkcs11:token=SAST-2\n  ctlclient --profile hq trust add SAST-1.cer --wait 10m",
		Args:    atLeastOne("CERT or URI"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runTrustAdd(cmd.Context(), a, o, args) },
	}
	c.Flags().DurationVar(&o.wait, "wait", workflow.DefaultTrustWait, "how long to wait until TVS vouches on every node")
	return withExits(c, exitDone, exitUsage, exitUnreachable, exitToken, exitPartial, exitRefused, exitInterrupted)
}

func runTrustAdd(ctx context.Context, a *app, o trustAddOptions, args []string) error {
	uris, certs, err := tokenArgs(args)
	if err != nil {
		return err
	}
	return a.with(ctx, func(s *workflow.Session) error {
		ders, err := s.TokenCertificates(ctx, workflow.Signing{Tokens: uris, TokenCerts: certs})
		if err != nil {
			return err
		}
		if err := s.TrustAdd(ctx, ders, workflow.TrustOptions{Wait: o.wait}); err != nil {
			return err
		}
		if a.json {
			return a.result(map[string]any{"certificates": len(ders), "vouched": true})
		}
		a.printf("%s\n", a.numbered(len(ders), "TVS on every node vouches for the certificate.", "TVS on every node vouches for %d certificates."))
		return nil
	})
}
