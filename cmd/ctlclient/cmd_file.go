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
	utc     bool
	verbose bool
	find    string
}

func newFileShowCommand(a *app) *cobra.Command {
	var o fileShowOptions
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Print a trust list or signed file as show ctl / show itl does",
		Long: `Print a trust list (CTLFile.tlv, ITLFile.tlv) or the header of a signed file (.sgn)
as the node's show ctl and show itl do: checksums, header, records, which token
signed, and the verdict.

--verbose adds after each record what the layout of show ctl leaves out: host, address,
key, validity, fingerprints, and what is odd about it. --find prints only the records
that have a host, an address or a whole common name; exit code 1 when none has.

` + fileHint + ".",
		Example: "  ctlclient file show CTLFile.tlv\n  ctlclient file show tftp://10.48.47.155/ITLFile.tlv\n  ctlclient file show CTLFile.tlv --find 10.48.47.156\n  ctlclient --json file show http://10.48.47.155/CTLFile.tlv",
		Args:    exactly("FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runFileShow(cmd.Context(), a, o, args[0]) },
	}
	f := c.Flags()
	f.BoolVar(&o.utc, "utc", false, "print times in UTC")
	f.BoolVar(&o.verbose, "verbose", false, "print of each record what show ctl leaves out as well")
	f.StringVar(&o.find, "find", "", "print only the records of a `HOST|IP|CN`")
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable)
}

func runFileShow(ctx context.Context, a *app, o fileShowOptions, arg string) error {
	data, err := a.readUpTo(ctx, arg, ctlbuild.MaxEnvelope)
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
		if o.find != "" {
			return usagef("--find looks for a record of a trust list", "%s is a signed file; it has no records", arg)
		}
		if a.json {
			return a.result(envelopeJSON(env))
		}
		return ctlbuild.ShowEnvelope(a.out, env, loc)
	}
	l, err := env.List()
	if err != nil {
		return fmt.Errorf("%s: %w", arg, err)
	}
	if o.find != "" {
		return a.findRecords(l, o.find)
	}
	v := l.Verify()
	if a.json {
		err = a.showJSON(l, v)
	} else {
		err = ctlbuild.ShowWith(a.out, l, ctlbuild.ShowOptions{Location: loc, Verbose: o.verbose})
		a.tellFindings(l, o.verbose)
	}
	if err == nil && !v.OK {
		a.explainFailure(v)
		return errBad
	}
	return err
}

// findRecords answers whether the list has a server or token of that name.
func (a *app) findRecords(l *ctlbuild.List, name string) error {
	found := l.Find(name)
	if a.json {
		_, signer := l.Signer()
		for _, i := range found {
			if err := a.object("record", recordOf(i, &l.Records[i], i == signer)); err != nil {
				return err
			}
		}
		if err := a.result(map[string]any{"find": name, "found": len(found), "records": len(l.Records)}); err != nil {
			return err
		}
	} else if len(found) > 0 {
		if err := ctlbuild.ShowWith(a.out, l, ctlbuild.ShowOptions{Verbose: true, Only: found}); err != nil {
			return err
		}
	} else {
		a.printf("no record has the host, address or common name %s; the list has %s\n", ctlbuild.Printable(name), a.numbered(len(l.Records), "1 record", "%d records"))
	}
	if len(found) == 0 {
		return errBad
	}
	return nil
}

// tellFindings says what is odd about a list; of records only where that is not printed
// beside them.
func (a *app) tellFindings(l *ctlbuild.List, besideRecords bool) {
	for _, f := range l.Findings() {
		switch {
		case f.Record == 0:
			a.note("%s", f.Message)
		case !besideRecords:
			a.note("record %d: %s", f.Record, f.Message)
		}
	}
}

// explainFailure says why, on standard error; the verdict itself is in the result.
func (a *app) explainFailure(v ctlbuild.Verification) {
	if v.Reason != "" && !a.json {
		a.tellf("%s %s\n", a.errSt.red("✗"), printable(a.voice().Say(v.Why)))
	}
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
		err = d.WriteText(a.out, a.voice())
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
		if err := createNew(path, f.Data, 0o644); err != nil {
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
