package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newManCommand(a *app) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:     "man --dir DIR",
		Short:   "Write the manual pages",
		Long:    "Write a manual page for every command.",
		Example: "  ctlclient man --dir /usr/local/share/man/man1",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runMan(a, cmd.Root(), dir) },
	}
	c.Flags().StringVar(&dir, "dir", "", "`folder` to write to; made if missing")
	return withExits(c, exitDone, exitUsage)
}

func runMan(a *app, root *cobra.Command, dir string) error {
	if dir == "" {
		return usagef("name the folder: --dir DIR", "--dir is missing")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return plainPath(err)
	}
	if err := doc.GenManTree(root, &doc.GenManHeader{Title: "CTLCLIENT", Section: "1", Source: "ctlclient"}, dir); err != nil {
		return err
	}
	if a.json {
		return a.result(map[string]any{"dir": dir})
	}
	a.printf("%s\n", dir)
	return nil
}
