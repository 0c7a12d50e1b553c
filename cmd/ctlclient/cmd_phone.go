package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/cluster/reach/serve"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/fleet"
)

func newPhoneCommand(a *app) *cobra.Command {
	return group("phone", "Say what a phone does with a file, and whether it has the files that the nodes serve",
		"  ctlclient phone assess --held old.tlv --held-itl ITLFile.tlv --offered new.tlv --tvs 10.48.47.155\n"+
			"  ctlclient --profile hq phone check --ctl 6bb08798b94eb23c6604dc5968908b75",
		newPhoneAssessCommand(a), newPhoneCheckCommand(a), newPhoneListCommand(a), newPhoneVerifyCommand(a), newPhoneResetCommand(a), newPhoneClearedCommand(a))
}

type assessOptions struct {
	held    string
	heldITL string
	offered string
	https   string
	model   string
	phones  string
	tvs     []string
	legacy  bool
}

func newPhoneAssessCommand(a *app) *cobra.Command {
	var o assessOptions
	c := &cobra.Command{
		Use:   "assess --offered FILE [--held FILE] [--held-itl FILE]",
		Short: "Accept or reject, and why, in the phone's own terms",
		Long: `Say whether a phone that has the given lists accepts what it is offered: with
--offered a CTL, an ITL, or a signed configuration (.sgn, .enc.sgn), with --https the
certificate of a server that it opens an HTTPS connection to, such as Directories. TVS
servers are asked as the phone asks them, each authenticated by the TVS records of the
phone's ITL; without --tvs a verdict that needs TVS is not certain.

With --phones many phones are assessed at once and counted by class: a CSV or JSON file,
or words such as "40 x 7945, 12 x 7940". In such a file, "current" means the lists of
--held and --held-itl.

` + fileHint + ".",
		Example: `  ctlclient phone assess --held old.tlv --held-itl ITLFile.tlv --offered new.tlv --tvs 10.48.47.155
  ctlclient phone assess --model 7940 --held old.tlv --offered new.tlv
  ctlclient phone assess --held-itl ITLFile.tlv --https tomcat.pem --tvs 10.48.47.155
  ctlclient phone assess --held old.tlv --offered new.tlv --phones "40 x 7945, 12 x 7940"`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runPhoneAssess(cmd.Context(), a, o) },
	}
	f := c.Flags()
	f.StringVar(&o.held, "held", "", "CTL that the phone holds, a `FILE` (default: none)")
	f.StringVar(&o.heldITL, "held-itl", "", "ITL that the phone holds, a `FILE` (default: none)")
	f.StringVar(&o.offered, "offered", "", "what it is offered: a CTL, an ITL or a signed configuration, a `FILE`")
	f.StringVar(&o.https, "https", "", "certificate of an HTTPS server that it connects to, a `FILE`")
	f.StringVar(&o.phones, "phones", "", "the phones, a `file` or words such as \"40 x 7945, 12 x 7940\"")
	f.StringVar(&o.model, "model", "", "its `model`, such as 7940: some cannot ask TVS")
	f.StringArrayVar(&o.tvs, "tvs", nil, "TVS server of its configuration, `HOST[:PORT]`; repeatable, in order")
	f.BoolVar(&o.legacy, "legacy", false, "TVS servers of the age of TLS 1.0")
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable)
}

func runPhoneAssess(ctx context.Context, a *app, o assessOptions) error {
	switch {
	case o.offered == "" && o.https == "":
		return usagef("--offered FILE, or --https CERT for the certificate of an HTTPS server", "--offered is missing: what is the phone given?")
	case o.offered != "" && o.https != "":
		return usagef("give one, then the other", "--offered and --https are two questions")
	}
	p, err := a.heldPhone(ctx, o)
	if err != nil {
		return err
	}
	offer, err := a.readOffer(ctx, o)
	if err != nil {
		return err
	}
	var asker trust.Asker
	if len(p.TVS) > 0 {
		asker = a.tvsAsker(o.legacy)
	}
	if o.phones != "" {
		return a.assessFleet(ctx, o, p, offer, asker)
	}
	v := trust.Assess(ctx, p, offer, asker)
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.json {
		err = a.result(verdictOf(v))
	} else {
		err = v.WriteText(a.out, a.voice())
	}
	if err == nil && !v.Accept {
		return errBad
	}
	return err
}

// heldPhone is the one phone that the flags describe.
func (a *app) heldPhone(ctx context.Context, o assessOptions) (p trust.Phone, err error) {
	p = trust.Phone{Name: message.Phrase("the phone").String(), Model: o.model}
	if p.CTL, err = a.readHeld(ctx, "--held", o.held, ctlbuild.KindCTL); err != nil {
		return p, err
	}
	if p.ITL, err = a.readHeld(ctx, "--held-itl", o.heldITL, ctlbuild.KindITL); err != nil {
		return p, err
	}
	if _, known, _ := trust.CanAskTVS(o.model); o.model != "" && !known {
		a.note("ctlclient does not know model %s and assumes that it has Security By Default", o.model)
	}
	for _, s := range o.tvs {
		addr, err := withPort(s, "2445")
		if err != nil {
			return p, err
		}
		p.TVS = append(p.TVS, addr)
	}
	return p, nil
}

// readHeld reads a list that a phone holds; none was named: nil. A CTL given for an
// ITL would make for a verdict about no phone that there is.
func (a *app) readHeld(ctx context.Context, flag, arg string, want ctlbuild.Kind) (*ctlbuild.List, error) {
	if arg == "" {
		return nil, nil
	}
	l, err := a.readList(ctx, arg)
	if err == nil && l.Kind() != want {
		return nil, usagef("--held takes the CTL that the phone holds, --held-itl its ITL", "%s: %s is no %s", flag, arg, kindOf(want))
	}
	return l, err
}

// assessFleet judges many phones and counts them by class.
func (a *app) assessFleet(ctx context.Context, o assessOptions, like trust.Phone, offer trust.Offer, asker trust.Asker) error {
	phones, err := readPhones(o.phones, fleet.Current{CTL: like.CTL, ITL: like.ITL})
	if err != nil {
		return err
	}
	for i := range phones {
		if len(phones[i].TVS) == 0 {
			phones[i].TVS = like.TVS
		}
	}
	vs := trust.AssessAll(ctx, phones, offer, asker)
	if err := ctx.Err(); err != nil {
		return err
	}
	accept, lost, unsure := trust.Totals(vs)
	if a.json {
		if err := a.verdictsJSON(vs); err != nil {
			return err
		}
		err = a.result(map[string]any{"accept": accept, "lost": lost, "unsure": unsure})
	} else {
		a.printVerdicts(vs)
	}
	if err == nil && lost+unsure > 0 {
		return errBad
	}
	return err
}

// readOffer reads what a phone is given; what it is shows in its header.
func (a *app) readOffer(ctx context.Context, o assessOptions) (trust.Offer, error) {
	if o.https != "" {
		der, err := a.readCertificate(ctx, o.https)
		return trust.Offer{HTTPS: der}, err
	}
	arg := o.offered
	data, err := a.readSource(ctx, arg)
	if err != nil {
		return trust.Offer{}, err
	}
	if len(data) == 0 {
		return trust.Offer{Empty: true}, nil
	}
	env, err := ctlbuild.ParseEnvelope(data)
	if err != nil {
		return trust.Offer{}, fmt.Errorf("%s: %w", arg, err)
	}
	if env.Kind() == ctlbuild.KindSigned {
		return trust.Offer{Config: env}, nil
	}
	l, err := env.List()
	switch {
	case err != nil:
		return trust.Offer{}, fmt.Errorf("%s: %w", arg, err)
	case l.Kind() == ctlbuild.KindITL:
		return trust.Offer{ITL: l}, nil
	}
	return trust.Offer{CTL: l}, nil
}

// withPort reads HOST[:PORT].
func withPort(arg, port string) (string, error) {
	host, given, err := net.SplitHostPort(arg)
	if err != nil {
		host = strings.Trim(arg, "[]")
	} else {
		port = given
	}
	if n, err := strconv.ParseUint(port, 10, 16); host == "" || err != nil || n == 0 || strings.ContainsAny(host, "/ ") {
		return "", usagef("a server is HOST or HOST:PORT, such as 10.48.47.155:2445", "%q is no server", arg)
	}
	return net.JoinHostPort(host, port), nil
}

// tvsAsker asks the servers that a phone names, in its order; the first that answers
// decides. Each is authenticated by the lists that the phone holds.
func (a *app) tvsAsker(legacy bool) trust.Asker {
	if legacy {
		a.note("--legacy: old TLS versions and key exchanges are accepted from TVS")
	}
	return trust.NewCachedAsker(trust.AskerFunc(func(ctx context.Context, p trust.Phone, q trust.Question) (trust.Answer, error) {
		var last error
		for _, addr := range p.TVS {
			ans, err := serve.Ask(ctx, serve.Question{Question: q, Addr: addr, Legacy: legacy, Timeout: a.timeout,
				Lists: []*ctlbuild.List{p.ITL, p.CTL}})
			if err == nil {
				return ans, nil
			}
			last = message.Errorf("TVS %s: %w", addr, err)
		}
		return trust.Answer{}, last
	}), nil)
}
