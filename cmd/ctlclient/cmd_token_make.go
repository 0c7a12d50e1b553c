package main

import (
	"context"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ctlclient/ctlbuild"
	"ctlclient/token"
)

type tokenInitOptions struct {
	subject, serial, label string
	days, bits             int
	erase                  bool
	soSource, newSource    string
}

func newTokenInitCommand(a *app) *cobra.Command {
	var o tokenInitOptions
	c := &cobra.Command{
		Use:   "init URI",
		Short: "Make a SAST on an empty token: a key and a self-signed certificate",
		Long: `Make a SAST on an empty token: an RSA key pair is made on the token and never leaves
it, and a self-signed certificate of it is stored beside it, with subject, serial
number and validity as on an eToken of Cisco's.

A token that was never initialised is initialised first, and gets two PINs: that of
the security officer (administrator), which can set a forgotten PIN anew, and that of
the user, which signs. A token that holds a certificate or a key is refused; --erase
initialises it anew, and everything on it is lost.

Where a certification authority is to issue the certificate: token csr makes the
request, token import-cert stores what the authority answers.`,
		Example: `  ctlclient token init pkcs11:slot-id=0
  ctlclient token init pkcs11:slot-id=0 --subject SAST-HQ-1 --days 7300
  ctlclient token init pkcs11:token=OLD --erase --subject 'cn=SAST-HQ-1;ou=Voice;o=Example'`,
		Args: exactly("URI"),
		RunE: func(cmd *cobra.Command, args []string) error { return runTokenInit(cmd.Context(), a, o, args[0]) },
	}
	f := c.Flags()
	f.StringVar(&o.subject, "subject", "", "common `name`, or cn=..;ou=..;o=.. (default: SAST-ADN and the end of the serial number)")
	f.StringVar(&o.serial, "serial", "", "the certificate's serial number, in `hexadecimal` (default: ten random bytes)")
	f.StringVar(&o.label, "label", "", "`label` of token and key, 32 bytes at most (default: the common name)")
	f.IntVar(&o.days, "days", 3650, "validity in `days`; phones do not look at it")
	f.IntVar(&o.bits, "bits", 2048, "size of the RSA key: `1024`, 2048, 3072 or 4096; phones verify up to 2048")
	f.BoolVar(&o.erase, "erase", false, "initialise a token that is in use: everything on it is lost")
	f.StringVar(&o.soSource, "so-pin-source", "prompt", "where the security officer's PIN comes from: `prompt|env:NAME|file:PATH|fd:N`")
	f.StringVar(&o.newSource, "new-pin-source", "prompt", "where the PIN of a token that is initialised comes from: `prompt|env:NAME|file:PATH|fd:N`")
	return withExits(c, exitDone, exitUsage, exitToken, exitInterrupted)
}

func runTokenInit(ctx context.Context, a *app, o tokenInitOptions, uri string) error {
	u, err := parseTokenURI(uri)
	if err != nil {
		return err
	}
	m := token.Make{Label: o.label, Subject: o.subject, Bits: o.bits, Erase: o.erase}
	if o.days < 1 || o.days > 36500 {
		return usagef("--days 3650 is ten years", "--days must be 1 to 36500")
	}
	m.NotBefore = time.Now().Add(-24 * time.Hour).Truncate(time.Second) // nodes' clocks may be behind
	m.NotAfter = m.NotBefore.AddDate(0, 0, o.days)
	if m.Serial, err = hex.DecodeString(strings.ReplaceAll(o.serial, ":", "")); err != nil {
		return usagef("such as --serial 45DAA2AF", "--serial is not hexadecimal")
	}
	so, err := newSourceOf("--so-pin-source", "security officer's PIN", o.soSource)
	if err != nil {
		return err
	}
	fresh, err := newSourceOf("--new-pin-source", "new PIN", o.newSource)
	if err != nil {
		return err
	}
	i, c, err := token.Init(ctx, u, m, token.MakeOptions{
		Options: a.tokenOptions(),
		SOPIN: func(ctx context.Context, r token.PINRequest) ([]byte, error) {
			if r.New {
				return newSecret(ctx, so, a.say("New PIN of the security officer (administrator): "), a.say("The same again: "))
			}
			return so.get(ctx, a.say("PIN of the security officer (administrator) of %s: ", ctlbuild.Printable(r.Token)))
		},
		NewPIN: func(ctx context.Context, r token.PINRequest) ([]byte, error) {
			return newSecret(ctx, fresh, a.say("New PIN of the user, which signs: "), a.say("The same again: "))
		},
		Erasing: func(i token.Info) (bool, error) { return a.confirmErase(ctx, i) },
	})
	if err != nil {
		return asUsage(err)
	}
	return a.showMade(i, c)
}

// asUsage makes wrong usage of what is no error of a token.
func asUsage(err error) error {
	if is[*token.Error](err) || is[*usageError](err) || errors.Is(err, context.Canceled) {
		return err
	}
	return usagef("", "%v", err)
}

// confirmErase asks before a token is erased.
func (a *app) confirmErase(ctx context.Context, i token.Info) (bool, error) {
	what := a.say("no certificate that can be seen without the PIN")
	for n, c := range i.Certificates {
		if n == 0 {
			what = c.Subject
		} else {
			what += ", " + c.Subject
		}
	}
	a.note("everything on token %s (%s) will be erased: %s", i.Label, i.Serial, what)
	if a.yes {
		return true, nil
	}
	answer, err := askLine(ctx, a.say("Erase it? Type yes: "))
	if errors.Is(err, errNoTerminal) {
		return false, usagef("--yes answers it", "whether the token is to be erased must be answered, and %v", err)
	}
	return agrees(answer), err
}

func (a *app) showMade(i token.Info, c token.Certificate) error {
	if a.json {
		v := tokenOf(i)
		v["uri"] = i.CertificateURI(c).String()
		return a.result(v)
	}
	a.printToken(i)
	a.note("next: ctlclient token export %s", quoted(i.CertificateURI(c).String(), runtime.GOOS))
	return nil
}

// tokenOptions are those of a command that works on a token by itself.
func (a *app) tokenOptions() token.Options {
	return token.Options{Modules: a.modules, PIN: a.ui.PIN, AllowFinalTry: a.finalTry}
}

type tokenCSROptions struct {
	subject, out, format string
	force                bool
}

func newTokenCSRCommand(a *app) *cobra.Command {
	var o tokenCSROptions
	c := &cobra.Command{
		Use:   "csr URI",
		Short: "Make a certificate signing request for a token's key",
		Long: `Make a certificate signing request (PKCS#10) for the key of a token's certificate, for
a certification authority to issue another one. token init makes key and first
certificate; token import-cert stores what the authority answers.`,
		Example: "  ctlclient token csr pkcs11:token=SAST-1 --out SAST-1.csr",
		Args:    exactly("URI"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runTokenCSR(cmd.Context(), a, o, args[0]) },
	}
	f := c.Flags()
	f.StringVar(&o.subject, "subject", "", "common `name`, or cn=..;ou=..;o=.. (default: that of the certificate)")
	f.StringVar(&o.out, "out", "-", "`file` to write, - for standard output")
	f.StringVar(&o.format, "format", "pem", "`der|pem`")
	f.BoolVar(&o.force, "force", false, "replace a file that exists")
	return withExits(c, exitDone, exitUsage, exitToken, exitInterrupted)
}

func runTokenCSR(ctx context.Context, a *app, o tokenCSROptions, uri string) error {
	u, err := parseTokenURI(uri)
	if err != nil {
		return err
	}
	if o.format != "der" && o.format != "pem" {
		return usagef("--format der or pem", "unknown format %q", o.format)
	}
	request, err := token.CSR(ctx, u, o.subject, a.tokenOptions())
	if err != nil {
		return asUsage(err)
	}
	if o.format == "pem" {
		request = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request})
	}
	if o.out == "-" {
		_, err := a.out.Write(request)
		return err
	}
	if err := createFile(o.out, request, o.force, 0o644); err != nil {
		return err
	}
	if a.json {
		return a.result(map[string]any{"files": []string{o.out}})
	}
	a.printf("%s\n", o.out)
	return nil
}

func newTokenImportCommand(a *app) *cobra.Command {
	var replace bool
	c := &cobra.Command{
		Use:   "import-cert URI CERT",
		Short: "Store a certificate beside the token's key that it belongs to",
		Long: `Store a certificate on a token, beside the private key that it belongs to: one that a
certification authority issued for a request of token csr. A trust list names a SAST by
its certificate: a list that has the former one has to be updated with the new one.`,
		Example: "  ctlclient token import-cert pkcs11:token=SAST-1 SAST-1.cer --replace",
		Args:    exactly("URI", "CERT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTokenImport(cmd.Context(), a, replace, args[0], args[1])
		},
	}
	c.Flags().BoolVar(&replace, "replace", false, "delete the other certificates of the key when the new one is stored")
	return withExits(c, exitDone, exitUsage, exitToken, exitInterrupted)
}

func runTokenImport(ctx context.Context, a *app, replace bool, uri, file string) error {
	u, err := parseTokenURI(uri)
	if err != nil {
		return err
	}
	der, err := a.readCertificate(ctx, file)
	if err != nil {
		return err
	}
	i, c, err := token.ImportCertificate(ctx, u, der, replace, a.tokenOptions())
	if err != nil {
		return asUsage(err)
	}
	return a.showMade(i, c)
}
