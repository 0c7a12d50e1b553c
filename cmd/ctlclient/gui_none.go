//go:build nogui

package main

import (
	"context"

	"github.com/spf13/cobra"
)

// openDesktop: this build has no desktop, so the commands are shown.
func openDesktop(_ context.Context, _ *app, cmd *cobra.Command, file string) error {
	if file != "" {
		return usagef("ctlclient file show FILE shows what is in it", "%s cannot be opened: the desktop is not in this build", file)
	}
	return cmd.Root().Help()
}

// hasDesktop: this build opens windows.
const hasDesktop = false

// newGUICommand says so where someone asks for the desktop by name.
func newGUICommand(*app) *cobra.Command {
	return withExits(&cobra.Command{
		Use: "gui", Short: "Open the desktop (not in this build)", Example: "  ctlclient gui", Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			return usagef("ctlclient --help lists the commands, which do the same jobs", "the desktop is not in this build")
		},
	}, exitDone, exitUsage)
}
