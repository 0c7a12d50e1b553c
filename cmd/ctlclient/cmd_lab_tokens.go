package main

import (
	"context"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/softhsm"
	"ctlclient/token"
)

type labTokensOptions struct {
	dir   string
	reset bool
}

func newLabTokensCommand(a *app) *cobra.Command {
	var o labTokensOptions
	c := &cobra.Command{
		Use:   "tokens [LABEL]...",
		Short: "Make practice tokens: SAST-1 and SAST-2, or those named",
		Long: `Make tokens for the practice cluster in DIR: they are software, and nothing has to be
installed. They have a public PIN, which you can change, and count wrong PINs as an eToken
does: after 15 in a row a token is locked, until --reset. A token that exists already
stays as it is.

Other commands find them if PKCS11_MODULE or --module names the file that is printed. They
sign only for practice clusters; a job on another cluster refuses them.`,
		Example: "  ctlclient lab tokens\n  ctlclient lab tokens --dir practice SAST-3\n  ctlclient lab tokens --reset",
		RunE:    func(cmd *cobra.Command, args []string) error { return runLabTokens(cmd.Context(), a, o, args) },
	}
	dirFlag(c, &o.dir)
	c.Flags().BoolVar(&o.reset, "reset", false, "give the tokens their first PIN and all tries again")
	return withExits(c, exitDone, exitUsage, exitToken)
}

func runLabTokens(ctx context.Context, a *app, o labTokensOptions, labels []string) error {
	store, err := softhsm.OwnPractice(labDir(o.dir))
	if err != nil {
		return err
	}
	if len(labels) == 0 {
		labels = softhsm.PracticeLabels()
	}
	if o.reset {
		if err := store.Reset(); err != nil {
			return err
		}
	}
	if _, err := store.Make(ctx, labels...); err != nil {
		return usagef("", "%v", err)
	}
	infos, err := token.List(ctx, []string{store.Module()})
	if err != nil {
		return err
	}
	infos = slices.DeleteFunc(infos, func(i token.Info) bool { return !slices.Contains(labels, i.Label) })
	if a.json {
		for _, i := range infos {
			if err := a.object("token", tokenOf(i)); err != nil {
				return err
			}
		}
		return a.result(map[string]any{"tokens": len(infos), "module": store.Module()})
	}
	for _, i := range infos {
		a.printToken(i)
	}
	a.printf("\nSo that every command of this terminal finds them:\n")
	a.printf("  %s          %s\n", environment("PKCS11_MODULE", store.Module(), runtime.GOOS), a.outSt.dim("# PIN "+softhsm.DefaultPIN))
	return nil
}

// environment is the command that sets a variable: of PowerShell on Windows.
func environment(name, value, system string) string {
	if system == "windows" {
		return "$env:" + name + " = '" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	return "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
