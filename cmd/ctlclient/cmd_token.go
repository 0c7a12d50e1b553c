package main

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/token"
)

func newTokenCommand(a *app) *cobra.Command {
	return group("token", "List tokens, export their certificates, change a PIN, make a SAST",
		"  ctlclient token list\n  ctlclient token export pkcs11:token=SAST-1",
		newTokenListCommand(a), newTokenExportCommand(a), newTokenWatchCommand(a), newTokenPINCommand(a),
		newTokenInitCommand(a), newTokenCSRCommand(a), newTokenImportCommand(a))
}

// tokenSettings are those of every command that may reach a token.
func (a *app) tokenSettings() token.Settings {
	return token.Settings{
		Timeout:  a.timeout,
		Waiting:  func(module string) { a.note("waiting for %s", module) },
		OnKeypad: func(r token.PINRequest) { a.note("enter the PIN of %s at the token or its reader", r.Token) },
		OnSlow:   func(name string) { a.note("waiting for %s: it may have to be touched", name) },
		Printed:  func(module, line string) { a.note("%s printed: %s", filepath.Base(module), line) },
	}
}

// parseTokenURI reads a URI; what it cannot read is wrong usage.
func parseTokenURI(s string) (token.URI, error) {
	u, err := token.ParseURI(s)
	if err == nil {
		return u, nil
	}
	if hints := message.Advice(err); len(hints) > 0 {
		return u, &usageError{msg: message.Phrase("%v", err), hints: hints}
	}
	return u, usagef("such as pkcs11:token=SAST-1 or pkcs11:serial=0054f509", "%v", err)
}

func newTokenListCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the tokens that are plugged in",
		Long:    "List the tokens that are plugged in: module, slot, label, serial number, model, what a person should know of the PIN, and the certificates. No PIN is needed.",
		Example: "  ctlclient token list\n  ctlclient --module /usr/lib/libeToken.so token list",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runTokenList(cmd.Context(), a) },
	}
	return withExits(c, exitDone, exitUsage, exitToken)
}

func runTokenList(ctx context.Context, a *app) error {
	v, err := token.Look(ctx, a.modules)
	if err != nil {
		return err
	}
	defer v.Close()
	infos, err := token.Distinct(v.Tokens()), v.Err()
	if err != nil && len(infos) == 0 && len(v.Blank()) == 0 {
		return err
	}
	if err != nil {
		a.note("%v", err) // one module failed; the others answered
	}
	if a.json {
		for _, i := range infos {
			if err := a.object("token", tokenOf(i)); err != nil {
				return err
			}
		}
		for _, i := range v.Blank() {
			if err := a.object("empty-slot", map[string]any{"uri": i.URI().String(), "module": i.Module, "slot": i.Slot, "description": i.SlotDescription}); err != nil {
				return err
			}
		}
		if err := a.result(map[string]any{"tokens": len(infos)}); err != nil {
			return err
		}
	} else {
		for n, i := range infos {
			if n > 0 {
				a.printf("\n")
			}
			a.printToken(i)
		}
		for _, i := range v.Blank() {
			a.note("a token that was never initialised is in slot %d of %s: ctlclient token init %s", i.Slot, i.Module, quoted(i.URI().String(), runtime.GOOS))
		}
	}
	if len(infos) == 0 && len(v.Blank()) == 0 {
		return noTokens(ctx, a.modules)
	}
	return nil
}

// noTokens says which modules were asked in vain.
func noTokens(ctx context.Context, named []string) error {
	var paths []string
	for _, m := range token.Modules(ctx, named) {
		if m.Err == nil {
			paths = append(paths, m.Path)
		}
	}
	if len(paths) == 0 {
		return &token.Error{Kind: token.NoModule}
	}
	return &token.Error{Kind: token.NotFound, Err: message.Errorf("asked: %s", strings.Join(paths, ", "))}
}

func (a *app) printToken(i token.Info) {
	st := a.outSt
	a.printf("%s  %s\n", st.bold(ctlbuild.Printable(i.Label)), st.dim(i.URI().String()))
	a.printf("  %s %s, serial number %s, slot %d of %s\n", ctlbuild.Printable(i.Manufacturer), ctlbuild.Printable(i.Model), ctlbuild.Printable(i.Serial), i.Slot, i.Module)
	if i.Practice() {
		a.printf("  %s\n", st.dim(a.say("a practice token: it signs for practice clusters alone")))
	}
	for _, w := range pinWarnings(i.Flags) {
		a.printf("  %s %s\n", st.yellow("!"), w)
	}
	if len(i.Certificates) == 0 {
		a.printf("  %s\n", st.dim(a.say("no certificate can be seen without the PIN")))
	}
	for _, c := range i.Certificates {
		a.printf("  %s\n", ctlbuild.Printable(c.Subject))
		a.printf("    Issuer Name  %s\n", ctlbuild.Printable(c.Issuer))
		a.printf("    Valid From   %s   Expires on %s%s\n", c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly), a.expiry(c.NotAfter))
		a.printf("    Key          %d bits, serial number %s\n", c.KeyBits, c.SerialHex())
		if len(i.Certificates) > 1 {
			a.printf("    %s\n", st.dim(i.CertificateURI(c).String()))
		}
		for _, o := range c.Oddities() {
			a.printf("    %s not like a SAST: %s\n", st.yellow("!"), message.Words(o.String()))
		}
	}
}

// expiry marks what has expired; phones do not look at it, people should know.
func (a *app) expiry(t time.Time) string {
	if time.Now().After(t) {
		return a.outSt.yellow(a.say("  (expired; phones accept it all the same)"))
	}
	return ""
}

func pinWarnings(f token.Flags) []message.Message {
	var w []message.Message
	switch {
	case f.PINLocked:
		w = append(w, message.Phrase("the PIN is locked"))
	case f.PINFinalTry:
		w = append(w, message.Phrase("one PIN try is left before the token locks for good"))
	case f.PINCountLow:
		w = append(w, message.Phrase("a wrong PIN was entered since the last good one"))
	}
	if !f.Initialized {
		w = append(w, message.Phrase("the token is not initialised"))
	}
	return w
}

func tokenOf(i token.Info) map[string]any {
	certs := make([]map[string]any, 0, len(i.Certificates))
	for _, c := range i.Certificates {
		odd := []string{}
		for _, o := range c.Oddities() {
			odd = append(odd, o.String())
		}
		certs = append(certs, map[string]any{
			"label": c.Label, "id": hex.EncodeToString(c.ID), "subject": c.Subject, "issuer": c.Issuer,
			"serial": c.SerialHex(), "serial_reversed": c.SerialReversedHex(), "thumbprint": c.Thumbprint(),
			"uri": i.CertificateURI(c).String(), "oddities": odd, "not_before": c.NotBefore, "not_after": c.NotAfter, "key_bits": c.KeyBits,
		})
	}
	return map[string]any{
		"uri": i.URI().String(), "module": i.Module, "slot": i.Slot, "label": i.Label, "serial": i.Serial, "model": i.Model,
		"manufacturer": i.Manufacturer, "pin_locked": i.Flags.PINLocked, "pin_final_try": i.Flags.PINFinalTry,
		"pin_count_low": i.Flags.PINCountLow, "practice": i.Practice(), "certificates": certs,
	}
}

type tokenExportOptions struct {
	out    string
	format string
	all    bool
	dir    string
	force  bool
}

func newTokenExportCommand(a *app) *cobra.Command {
	var o tokenExportOptions
	c := &cobra.Command{
		Use:   "export URI",
		Short: "Write a token's certificate, as the trust store's upload page takes it",
		Long: `Write a token's certificate; no PIN is needed. The default name is <CN>.cer, DER, as
OS Administration > Security > Certificate Management > Upload Certificate takes it
for Phone-SAST-trust.`,
		Example: "  ctlclient token export pkcs11:token=SAST-1\n  ctlclient token export --all --dir certificates",
		Args:    atMost(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runTokenExport(cmd.Context(), a, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "`file` to write, - for standard output (default: <CN>.cer)")
	f.StringVar(&o.format, "format", "der", "`der|pem`")
	f.BoolVar(&o.all, "all", false, "every certificate of every token")
	f.StringVar(&o.dir, "dir", ".", "`folder` to write to; made if missing")
	f.BoolVar(&o.force, "force", false, "replace files that exist")
	return withExits(c, exitDone, exitUsage, exitToken)
}

func runTokenExport(ctx context.Context, a *app, o tokenExportOptions, args []string) error {
	switch {
	case o.format != "der" && o.format != "pem":
		return usagef("--format der or pem", "unknown format %q", o.format)
	case o.all == (len(args) == 1):
		return usagef("ctlclient token export URI, or ctlclient token export --all --dir DIR", "name one token, or --all")
	case o.all && o.out != "":
		return usagef("use --dir", "--out is for one certificate")
	}
	var certs []token.Certificate
	if o.all {
		infos, err := token.List(ctx, a.modules)
		if err != nil && len(infos) == 0 {
			return err
		}
		for _, i := range token.Distinct(infos) {
			certs = append(certs, i.Certificates...)
		}
		if len(certs) == 0 {
			return noTokens(ctx, a.modules)
		}
	} else {
		u, err := parseTokenURI(args[0])
		if err != nil {
			return err
		}
		c, err := a.certificateOf(ctx, u)
		if err != nil {
			return err
		}
		certs = append(certs, c)
	}
	return a.exportCertificates(certs, o)
}

func (a *app) exportCertificates(certs []token.Certificate, o tokenExportOptions) error {
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return plainPath(err)
	}
	var written []string
	named := map[string]int{}
	for _, c := range certs {
		data := c.DER
		if o.format == "pem" {
			data = pemOf(c.DER)
		}
		if o.out == "-" {
			_, err := a.out.Write(data)
			return err
		}
		path := o.out
		if path == "" {
			name := certificateName(c)
			if named[name]++; named[name] > 1 { // two of one name, as a renewed certificate has
				name += "-" + hex.EncodeToString(c.Serial)
			}
			path = filepath.Join(o.dir, name+map[string]string{"der": ".cer", "pem": ".pem"}[o.format])
		}
		if err := createFile(path, data, o.force, 0o644); err != nil {
			return err
		}
		written = append(written, path)
		if !a.json {
			a.printf("%s\n", path)
		}
	}
	if a.json {
		return a.result(map[string]any{"files": written})
	}
	a.note("upload them with purpose Phone-SAST-trust: OS Administration > Security > Certificate Management > Upload Certificate")
	return nil
}

// certificateOf finds a token's certificate. One that is seen after a login alone asks
// for the PIN.
func (a *app) certificateOf(ctx context.Context, u token.URI) (token.Certificate, error) {
	v, err := token.LookFor(ctx, a.modules, u)
	if err != nil {
		return token.Certificate{}, err
	}
	defer v.Close()
	_, c, err := v.CertificateWith(ctx, u, a.tokenOptions())
	return c, err
}

// exportTo writes one token's certificate as DER and returns where.
func (a *app) exportTo(ctx context.Context, u token.URI, dir string) (string, error) {
	c, err := a.certificateOf(ctx, u)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, certificateName(c)+".cer")
	return path, createNew(path, c.DER, 0o644)
}

func certificateName(c token.Certificate) string {
	p, err := ctlbuild.ParseCertificate(c.DER)
	if err != nil || strings.TrimSpace(p.CN) == "" {
		return ctlbuild.FileNamePart(c.Label)
	}
	return ctlbuild.FileNamePart(p.CN)
}

func newTokenWatchCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "watch",
		Short:   "Tell when tokens are inserted and removed",
		Long:    "Tell which tokens are there, and then when one is inserted or removed, until interrupted.",
		Example: "  ctlclient token watch",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runTokenWatch(cmd.Context(), a) },
	}
	return withExits(c, exitDone, exitUsage, exitToken, exitInterrupted)
}

func runTokenWatch(ctx context.Context, a *app) error {
	var failed error
	err := token.Watch(ctx, a.modules, func(e token.Event) {
		if e.Err != nil {
			a.note("%v", e.Err)
			return
		}
		word := message.Phrase("removed")
		if e.Inserted {
			word = message.Phrase("inserted")
		}
		if a.json {
			v := tokenOf(e.Token)
			v["event"] = word.String()
			failed = errors.Join(failed, a.object("token", v))
			return
		}
		a.printf("%s  %s  %s\n", time.Now().Format(time.TimeOnly), pad(a.voice().Say(word), 8), ctlbuild.Printable(e.Token.Label))
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(err, failed)
}

type tokenPINOptions struct {
	newSource string
}

func newTokenPINCommand(a *app) *cobra.Command {
	var o tokenPINOptions
	c := &cobra.Command{
		Use:   "pin URI",
		Short: "Change the PIN of a token",
		Long: `Change the PIN of a token: the present one is asked once and tried once, the new one
is asked twice.`,
		Example: "  ctlclient token pin pkcs11:token=SAST-1",
		Args:    exactly("URI"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runTokenPIN(cmd.Context(), a, o, args[0]) },
	}
	c.Flags().StringVar(&o.newSource, "new-pin-source", "prompt", "where the new PIN comes from: `prompt|env:NAME|file:PATH|fd:N`")
	return withExits(c, exitDone, exitUsage, exitToken, exitInterrupted)
}

func runTokenPIN(ctx context.Context, a *app, o tokenPINOptions, uri string) error {
	u, err := parseTokenURI(uri)
	if err != nil {
		return err
	}
	src, err := newSecretSource(o.newSource)
	if err != nil {
		return usagef("use --new-pin-source prompt, env:NAME, file:PATH or fd:N", "wrong --new-pin-source")
	}
	err = token.ChangePIN(ctx, u, a.tokenOptions(), func(ctx context.Context, r token.PINRequest) ([]byte, error) {
		return newSecret(ctx, src, a.say("New PIN of %s: ", ctlbuild.Printable(r.Token)), a.say("The new PIN again: "))
	})
	if err != nil {
		return err
	}
	if a.json {
		return a.result(map[string]any{"token": u.String(), "changed": true})
	}
	a.printf("%s the PIN was changed\n", a.outSt.green("✓"))
	return nil
}
