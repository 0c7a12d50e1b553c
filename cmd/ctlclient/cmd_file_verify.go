package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"ctlclient/ctlbuild"
	"ctlclient/source"
)

type fileVerifyOptions struct {
	signer string
	trust  string
}

func newFileVerifyCommand(a *app) *cobra.Command {
	var o fileVerifyOptions
	c := &cobra.Command{
		Use:   "verify FILE...",
		Short: "Check the signatures of files",
		Long: `Check the signature of a trust list or of a signed file (.sgn). A trust list is
checked by its own SAST records; a .sgn file needs the signer's certificate, or a
trust list in which to find it.

Several files are checked side by side, and a folder stands for the trust lists (.tlv) in
it; with --signer or --trust also for its signed files (.sgn). There is a line for each, in
their order. A file that cannot be read does not stop the others.`,
		Example: "  ctlclient file verify CTLFile.tlv\n  ctlclient file verify SEP0011215A1AE3.cnf.xml.sgn --trust ITLFile.tlv\n  ctlclient file verify /var/lib/tftpboot",
		Args:    atLeastOne("FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runFileVerify(cmd.Context(), a, o, args) },
	}
	c.Flags().StringVar(&o.signer, "signer", "", "certificate of the signer, a `file` (PEM or DER)")
	c.Flags().StringVar(&o.trust, "trust", "", "trust list in which the signer is looked up, a `file`")
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable)
}

// checker checks files with what the flags gave, read once.
type checker struct {
	app    *app
	signer []byte         // DER; nil: none given
	trust  *ctlbuild.List // nil: none given
	by     string         // what the files are checked with; empty: themselves
}

// checked is what came of one file.
type checked struct {
	arg string
	env *ctlbuild.Envelope
	v   ctlbuild.Verification
	by  string
	err error // the file could not be read, or not be checked
}

func runFileVerify(ctx context.Context, a *app, o fileVerifyOptions, args []string) error {
	if o.signer != "" && o.trust != "" {
		return usagef("give one of the two", "--signer and --trust exclude each other")
	}
	c := checker{app: a}
	if err := c.prepare(ctx, o); err != nil {
		return err
	}
	files, several, err := c.files(args)
	if err != nil {
		return err
	}
	if several {
		return c.all(ctx, files)
	}
	one := c.check(ctx, files[0])
	if one.err != nil {
		return one.err
	}
	if a.json {
		err = a.result(one.json())
	} else {
		c.print(one, one.env.Header.FileName)
	}
	if err == nil && !one.v.OK {
		return errBad
	}
	return err
}

func (c *checker) prepare(ctx context.Context, o fileVerifyOptions) (err error) {
	if o.signer != "" {
		c.by = o.signer
		c.signer, err = c.app.readCertificate(ctx, o.signer)
		return err
	}
	if o.trust == "" {
		return nil
	}
	c.by = o.trust
	if c.trust, err = c.app.readList(ctx, o.trust); err != nil {
		return err
	}
	if v := c.trust.Verify(); !v.OK {
		c.app.note("the trust list %s does not verify itself: %s", o.trust, v.Why)
	}
	return nil
}

// files puts the files of a folder in its place.
func (c *checker) files(args []string) (files []string, several bool, err error) {
	several = len(args) > 1
	for _, arg := range args {
		info, err := os.Stat(arg)
		if source.IsAddress(arg) || err != nil || !info.IsDir() {
			files = append(files, arg) // what is wrong with it is told when it is read
			continue
		}
		several = true
		entries, err := os.ReadDir(arg)
		if err != nil {
			return nil, false, plainPath(err)
		}
		found := 0
		for _, e := range entries {
			name := strings.ToLower(e.Name())
			if strings.HasSuffix(name, ".tlv") || c.by != "" && strings.HasSuffix(name, ".sgn") {
				files = append(files, filepath.Join(arg, e.Name()))
				found++
			}
		}
		if found == 0 {
			return nil, false, usagef("name the files, or the folder that a TFTP server serves", "no trust lists (.tlv) are in %s", arg)
		}
	}
	return files, several, nil
}

// batch is how many files are checked before anybody is told of them: a list is verified in
// less time than it takes to wake the one who waits for it.
const batch = 16

// all checks many files on all processors and tells of each in their order, as soon as those
// before it are told.
func (c *checker) all(ctx context.Context, files []string) (err error) {
	terminal := c.app.out
	out := bufio.NewWriter(terminal)
	c.app.out = out
	defer func() {
		c.app.out = terminal
		err = errors.Join(err, out.Flush())
	}()

	batches := slices.Collect(slices.Chunk(files, batch))
	results := make([]chan []checked, len(batches))
	for i := range results {
		results[i] = make(chan []checked, 1)
	}
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), len(batches)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(batches)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				done := make([]checked, 0, batch)
				for _, file := range batches[i] {
					done = append(done, c.check(ctx, file))
				}
				results[i] <- done
			}
		})
	}
	var verified, bad, unread int
	for _, result := range results {
		var done []checked
		select {
		case done = <-result:
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, one := range done {
			switch {
			case one.err != nil:
				unread++
			case one.v.OK:
				verified++
			default:
				bad++
			}
			if err := c.tell(one); err != nil {
				return err
			}
		}
		if len(batches) < 8 { // somebody watches
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	return c.sum(verified, bad, unread)
}

// tell gives the line of one file among several.
func (c *checker) tell(one checked) error {
	if c.app.json {
		return c.app.object("file", one.json())
	}
	if one.err != nil {
		c.app.printf("%s %s\n", c.app.outSt.red("✗"), ctlbuild.Printable(c.app.voice().Tell(one.err)))
		return nil
	}
	c.print(one, one.arg)
	return nil
}

func (c *checker) sum(verified, bad, unread int) error {
	var err error
	if c.app.json {
		err = c.app.result(map[string]any{"files": verified + bad + unread, "verified": verified, "not_verified": bad, "not_checked": unread})
	} else {
		c.app.printf("files verified: %d of %d\n", verified, verified+bad+unread)
	}
	switch {
	case err != nil:
		return err
	case unread > 0:
		return usagef("see the lines above", "files that could not be checked: %d of %d", unread, verified+bad+unread)
	case bad > 0:
		return errBad
	}
	return nil
}

func (c *checker) print(one checked, name string) {
	a := c.app
	if one.v.OK {
		a.printf("%s %s verified: signed by %s (%s)\n", a.outSt.green("✓"), ctlbuild.Printable(name), ctlbuild.Printable(one.env.Header.SignerName), one.env.Header.Digest)
		return
	}
	a.printf("%s %s not verified: %s\n", a.outSt.red("✗"), ctlbuild.Printable(name), ctlbuild.Printable(a.voice().Say(one.v.Why)))
}

func (one checked) json() map[string]any {
	if one.err != nil {
		return map[string]any{"path": one.arg, "verified": false, "error": one.err.Error()}
	}
	h := &one.env.Header
	return map[string]any{
		"path": one.arg, "file": h.FileName, "verified": one.v.OK, "signer": h.SignerName,
		"signer_record": recordNumber(one.v.Signer), "digest": h.Digest.String(), "reason": one.v.Reason, "reason_key": one.v.Why.Key, "checked_with": one.by,
	}
}

func (c *checker) check(ctx context.Context, arg string) checked {
	one := checked{arg: arg, by: c.by}
	data, err := c.app.readUpTo(ctx, arg, ctlbuild.MaxEnvelope)
	if err != nil {
		one.err = err
		return one
	}
	if one.env, err = ctlbuild.ParseEnvelope(data); err != nil {
		one.err = fmt.Errorf("%s: %w", arg, err)
		return one
	}
	switch {
	case c.signer != nil:
		one.v = one.env.VerifyWith(c.signer)
	case c.trust != nil:
		one.v = one.env.VerifyFrom(c.trust, ctlbuild.SAST, ctlbuild.CCMTFTP, ctlbuild.TFTP, ctlbuild.CCM)
	case one.env.Kind() == ctlbuild.KindSigned:
		one.err = usagef("--signer CERT, or --trust LIST to find it in a trust list",
			"%s is a signed file, which does not hold its signer's certificate", arg)
	default:
		l, err := one.env.List()
		if err != nil {
			one.err = fmt.Errorf("%s: %w", arg, err)
			return one
		}
		one.v, one.by = l.Verify(), "itself"
	}
	return one
}
