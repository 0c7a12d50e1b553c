package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/pem"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/cluster/reach/serve"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/source"
	"ctlclient/trust"
)

// Commands that ask TVS.

func newTVSCommand(a *app) *cobra.Command {
	return group("tvs", "Ask the Trust Verification Service",
		"  ctlclient tvs verify SAST-1.cer 10.48.47.155 --itl tftp://10.48.47.155/ITLFile.tlv\n"+
			"  ctlclient tvs query 10.48.47.155 --subject CN=cucm-pub --issuer CN=cucm-pub --serial 70CAF64E --itl ITLFile.tlv",
		newTVSVerifyCommand(a), newTVSQueryCommand(a))
}

type tvsOptions struct {
	itl    string
	cert   string
	legacy bool
}

func (o *tvsOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.itl, "itl", "", "ITL whose TVS records authenticate the service, a `FILE`")
	f.StringVar(&o.cert, "tvs-cert", "", "certificate of the service, a `file`")
	f.BoolVar(&o.legacy, "legacy", false, "a server of the age of TLS 1.0")
}

func newTVSVerifyCommand(a *app) *cobra.Command {
	var o tvsOptions
	c := &cobra.Command{
		Use:   "verify CERT HOST[:PORT]",
		Short: "Ask whether a certificate is trusted: status, roles, TTL",
		Long: `Ask the TVS of a node about a certificate, as a phone does. The service itself is
authenticated by the TVS records of an ITL, or by its certificate.`,
		Example: "  ctlclient tvs verify SAST-1.cer 10.48.47.155 --itl tftp://10.48.47.155/ITLFile.tlv",
		Args:    exactly("CERT", "HOST[:PORT]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTVSVerify(cmd.Context(), a, o, args[0], args[1])
		},
	}
	o.flags(c)
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitInterrupted)
}

type tvsNames struct{ subject, issuer, serial string }

func newTVSQueryCommand(a *app) *cobra.Command {
	var o tvsOptions
	var n tvsNames
	c := &cobra.Command{
		Use:   "query HOST[:PORT]",
		Short: "Ask for the certificate of a name, as a phone does about the signer of a file",
		Long: `Ask the TVS of a node for the certificate that has these names and this serial number,
as a phone does about a trust list or a configuration file whose signer it does not know.
Give them as the file's header has them (file show); for an eToken the serial number there
has its least significant byte first.`,
		Example: `  ctlclient tvs query 10.48.47.155 --itl ITLFile.tlv \
    --subject 'CN=cucm-pub;OU=TAC;O=Cisco' --issuer 'CN=cucm-pub;OU=TAC;O=Cisco' --serial 70:CA:F6:4E`,
		Args: exactly("HOST[:PORT]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTVSQuery(cmd.Context(), a, o, n, args[0])
		},
	}
	f := c.Flags()
	f.StringVar(&n.subject, "subject", "", "`name` of the signer, SIGNERNAME of the header")
	f.StringVar(&n.issuer, "issuer", "", "`name` of its issuer, CANAME of the header")
	f.StringVar(&n.serial, "serial", "", "serial number in `hex`, SERIALNUMBER of the header")
	o.flags(c)
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitInterrupted)
}

func runTVSQuery(ctx context.Context, a *app, o tvsOptions, n tvsNames, host string) error {
	if n.subject == "" || n.issuer == "" || n.serial == "" {
		return usagef("--subject NAME --issuer NAME --serial HEX, as file show prints them of the header", "a name and a serial number are needed")
	}
	serial, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(n.serial))
	if err != nil || len(serial) == 0 {
		return usagef("70:CA:F6:4E or 70CAF64E, as file show prints it", "--serial: %q is no number in hexadecimal", n.serial)
	}
	return a.askTVS(ctx, o, trust.Question{Subject: n.subject, Issuer: n.issuer, Serial: serial}, host, message.Phrase("no certificate of these names"))
}

func runTVSVerify(ctx context.Context, a *app, o tvsOptions, certArg, host string) error {
	der, err := a.readCertificate(ctx, certArg)
	if err != nil {
		return err
	}
	return a.askTVS(ctx, o, trust.Question{Certificate: der}, host, message.Phrase("not this certificate"))
}

// askTVS asks, and prints what the service answers.
func (a *app) askTVS(ctx context.Context, o tvsOptions, question trust.Question, host string, unknown message.Message) error {
	if (o.itl == "") == (o.cert == "") {
		return usagef("--itl FILE, or --tvs-cert CERT", "one of --itl and --tvs-cert says who the service is")
	}
	q := serve.Question{Question: question, Legacy: o.legacy, Timeout: a.timeout}
	if err := a.tvsPeer(ctx, o, &q); err != nil {
		return err
	}
	var err error
	if q.Addr, err = withPort(host, "2445"); err != nil {
		return err
	}
	if o.legacy {
		a.note("--legacy: old TLS versions and key exchanges are accepted from this service")
	}
	over := a.passing("asking TVS on %s", host)
	ans, err := serve.Ask(ctx, q)
	over()
	if err != nil {
		return &source.FetchError{Err: err}
	}
	return a.printTVS(ans, host, unknown)
}

func (a *app) printTVS(ans trust.Answer, host string, unknown message.Message) (err error) {
	roles := make([]string, 0, len(ans.Roles))
	for _, r := range ans.Roles {
		roles = append(roles, ctlbuild.Function(r).String())
	}
	shown := a.say("none")
	if len(roles) > 0 {
		shown = strings.Join(roles, ", ")
	}
	result := map[string]any{"valid": ans.Valid, "roles": roles, "ttl_seconds": int(ans.TTL.Seconds())}
	if ans.Certificate != nil {
		result["certificate"] = ans.Certificate
	}
	switch {
	case a.json:
		err = a.result(result)
	case ans.Valid:
		a.printf("%s valid\n  roles  %s\n  TTL    %d s\n", a.outSt.green("✓"), shown, int(ans.TTL.Seconds()))
		if ans.Certificate != nil {
			a.printf("  certificate of %s\n%s", printable(trust.CertificateName(ans.Certificate)), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ans.Certificate}))
		}
	default:
		a.printf("%s invalid: TVS on %s knows %s\n", a.outSt.red("✗"), host, unknown)
	}
	if err == nil && !ans.Valid {
		return errBad
	}
	return err
}

// tvsPeer says how the service is authenticated.
func (a *app) tvsPeer(ctx context.Context, o tvsOptions, q *serve.Question) error {
	if o.itl != "" {
		l, err := a.readList(ctx, o.itl)
		q.Lists = []*ctlbuild.List{l}
		return err
	}
	want, err := a.readCertificate(ctx, o.cert)
	q.Peer = func(raw []byte) error {
		if !bytes.Equal(raw, want) {
			return message.Errorf("the service presents another certificate than %s", o.cert)
		}
		return nil
	}
	return err
}
