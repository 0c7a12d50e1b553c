package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ctlclient/ctlbuild"
)

func newFileCommand(a *app) *cobra.Command {
	return group("file", "Show, verify, compare, build and sign files",
		"  ctlclient file show tftp://10.48.47.155/CTLFile.tlv\n  ctlclient file diff before.tlv after.tlv",
		newFileShowCommand(a), newFileVerifyCommand(a), newFileDiffCommand(a),
		newFileExportCommand(a), newFileBuildCommand(a), newFileSignConfigCommand(a), newFileContentCommand(a))
}

type fileShowOptions struct {
	utc bool
}

func newFileShowCommand(a *app) *cobra.Command {
	var o fileShowOptions
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Print a trust list or signed file as show ctl / show itl does",
		Long: `Print a trust list (CTLFile.tlv, ITLFile.tlv) or the header of a signed file (.sgn)
as the node's show ctl and show itl do: checksums, header, records, which token
signed, and the verdict.

` + fileHint + ".",
		Example: "  ctlclient file show CTLFile.tlv\n  ctlclient file show tftp://10.48.47.155/ITLFile.tlv\n  ctlclient --json file show http://10.48.47.155/CTLFile.tlv",
		Args:    exactly("FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runFileShow(cmd.Context(), a, o, args[0]) },
	}
	c.Flags().BoolVar(&o.utc, "utc", false, "print times in UTC")
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable)
}

func runFileShow(ctx context.Context, a *app, o fileShowOptions, arg string) error {
	data, err := a.readSource(ctx, arg)
	if err != nil {
		return err
	}
	loc := time.Local
	if o.utc {
		loc = time.UTC
	}
	env, err := ctlbuild.ParseEnvelope(data)
	if err != nil {
		return fmt.Errorf("%s: %w", arg, err)
	}
	if env.Kind() == ctlbuild.KindSigned {
		if a.json {
			return a.result(envelopeJSON(env))
		}
		return ctlbuild.ShowEnvelope(a.out, env, loc)
	}
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w", arg, err)
	}
	v := l.Verify()
	if a.json {
		err = a.showJSON(l, v)
	} else {
		err = ctlbuild.Show(a.out, l, loc)
	}
	if err == nil && !v.OK {
		a.explainFailure(v)
		return errBad
	}
	return err
}

// explainFailure says why, on standard error; the verdict itself is in the result.
func (a *app) explainFailure(v ctlbuild.Verification) {
	if v.Reason != "" && !a.json {
		fmt.Fprintf(a.err, "%s %s\n", a.errSt.red("✗"), printable(v.Reason))
	}
}

type fileVerifyOptions struct {
	signer string
	trust  string
}

func newFileVerifyCommand(a *app) *cobra.Command {
	var o fileVerifyOptions
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a file's signature",
		Long: `Check the signature of a trust list or of a signed file (.sgn). A trust list is
checked by its own SAST records; a .sgn file needs the signer's certificate, or a
trust list in which to find it.`,
		Example: "  ctlclient file verify CTLFile.tlv\n  ctlclient file verify SEP0011215A1AE3.cnf.xml.sgn --trust ITLFile.tlv",
		Args:    exactly("FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runFileVerify(cmd.Context(), a, o, args[0]) },
	}
	c.Flags().StringVar(&o.signer, "signer", "", "certificate of the signer, a `file` (PEM or DER)")
	c.Flags().StringVar(&o.trust, "trust", "", "trust list in which the signer is looked up, a `file`")
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable)
}

func runFileVerify(ctx context.Context, a *app, o fileVerifyOptions, arg string) error {
	if o.signer != "" && o.trust != "" {
		return usagef("give one of the two", "--signer and --trust exclude each other")
	}
	data, err := a.readSource(ctx, arg)
	if err != nil {
		return err
	}
	env, err := ctlbuild.ParseEnvelope(data)
	if err != nil {
		return fmt.Errorf("%s: %w", arg, err)
	}
	v, by, err := verifyEnvelope(ctx, a, o, env, data)
	if err != nil {
		return err
	}
	if a.json {
		err = a.result(map[string]any{
			"file": env.Header.FileName, "verified": v.OK, "signer": env.Header.SignerName,
			"signer_record": recordNumber(v.Signer), "digest": env.Header.Digest.String(), "reason": v.Reason, "checked_with": by,
		})
	} else if v.OK {
		a.printf("%s %s verified: signed by %s (%s)\n", a.outSt.green("✓"), ctlbuild.Printable(env.Header.FileName), ctlbuild.Printable(env.Header.SignerName), env.Header.Digest)
	} else {
		a.printf("%s %s not verified: %s\n", a.outSt.red("✗"), ctlbuild.Printable(env.Header.FileName), ctlbuild.Printable(v.Reason))
	}
	if err == nil && !v.OK {
		return errBad
	}
	return err
}

func verifyEnvelope(ctx context.Context, a *app, o fileVerifyOptions, env *ctlbuild.Envelope, data []byte) (ctlbuild.Verification, string, error) {
	switch {
	case o.signer != "":
		der, err := a.readCertificate(ctx, o.signer)
		if err != nil {
			return ctlbuild.Verification{}, "", err
		}
		return env.VerifyWith(der), o.signer, nil
	case o.trust != "":
		l, err := a.readList(ctx, o.trust)
		if err != nil {
			return ctlbuild.Verification{}, "", err
		}
		if v := l.Verify(); !v.OK {
			a.note("the trust list %s does not verify itself: %s", o.trust, v.Reason)
		}
		return env.VerifyFrom(l, ctlbuild.SAST, ctlbuild.CCMTFTP, ctlbuild.TFTP, ctlbuild.CCM), o.trust, nil
	case env.Kind() == ctlbuild.KindSigned:
		return ctlbuild.Verification{}, "", usagef("--signer CERT, or --trust LIST to find it in a trust list",
			"%s does not hold its signer's certificate", env.Header.FileName)
	}
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return ctlbuild.Verification{}, "", err
	}
	return l.Verify(), "itself", nil
}

func newFileDiffCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "diff OLD NEW",
		Short:   "Compare two trust lists",
		Long:    "Compare two trust lists: records added, removed, changed; another signer; signed again.",
		Example: "  ctlclient file diff tftp://10.48.47.155/CTLFile.tlv CTLFile.tlv",
		Args:    exactly("OLD", "NEW"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runFileDiff(cmd.Context(), a, args[0], args[1])
		},
	}
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable)
}

func runFileDiff(ctx context.Context, a *app, oldArg, newArg string) error {
	older, err := a.readList(ctx, oldArg)
	if err != nil {
		return err
	}
	newer, err := a.readList(ctx, newArg)
	if err != nil {
		return err
	}
	d := ctlbuild.Compare(older, newer)
	if a.json {
		err = a.diffJSON(d)
	} else {
		err = d.WriteText(a.out)
	}
	if err == nil && !d.Identical {
		return errBad
	}
	return err
}

type fileExportOptions struct {
	dir string
}

func newFileExportCommand(a *app) *cobra.Command {
	var o fileExportOptions
	c := &cobra.Command{
		Use:     "export FILE --dir DIR",
		Short:   "Write every certificate of a trust list as PEM",
		Long:    "Write every certificate of a trust list as PEM, named NN-FUNCTION-HOST.pem;\nHOST is the common name where a record has no host, as that of a token.",
		Example: "  ctlclient file export CTLFile.tlv --dir certificates",
		Args:    exactly("FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runFileExport(cmd.Context(), a, o, args[0]) },
	}
	c.Flags().StringVar(&o.dir, "dir", "", "`folder` to write to; made if missing")
	return withExits(c, exitDone, exitUsage, exitUnreachable)
}

func runFileExport(ctx context.Context, a *app, o fileExportOptions, arg string) error {
	if o.dir == "" {
		return usagef("name the folder: --dir DIR", "--dir is missing")
	}
	l, err := a.readList(ctx, arg)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return plainPath(err)
	}
	var written []string
	for _, f := range ctlbuild.ExportPEM(l) {
		path := filepath.Join(o.dir, f.Name)
		if err := createFile(path, f.Data, false, 0o644); err != nil {
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
	return nil
}
