//go:build !nogui

package main

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"

	"ctlclient/cluster"
	"ctlclient/gui"
	"ctlclient/internal/hush"
)

func init() { hush.End() } // all that this program is made of has been initialised

// hasDesktop: this build opens windows.
const hasDesktop = true

func newGUICommand(a *app) *cobra.Command {
	return withExits(&cobra.Command{
		Use: "gui", Short: "Open the desktop",
		Long: `Opens the window. It runs the same jobs as the commands do, in the order of
Cisco's CTL Client: cluster, action, token, CTL entries, review, sign and distribute,
result. A practice cluster stands one click away.`,
		Example: "  ctlclient gui\n  ctlclient --profile hq gui", Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return openDesktop(cmd.Context(), a, cmd, "") },
	}, exitDone, exitUsage)
}

// openDesktop opens the window, with file in Inspect where one is named, or says in the way of the system why there is none.
func openDesktop(ctx context.Context, a *app, _ *cobra.Command, file string) error {
	state := a.stateDir
	if state == "" {
		state = cluster.StateDir()
	}
	err := gui.Run(ctx, gui.Options{
		Version:  versionText(),
		Profile:  a.profile,
		File:     file,
		Session:  a.options(),
		CrashDir: state,
		Practice: &practice{dir: filepath.Join(xdg.DataHome, "ctlclient", "practice")},
	})
	var folder *gui.FolderError
	switch {
	case errors.Is(err, gui.ErrNoDisplay):
		return noDisplay(err, runtime.GOOS)
	case errors.As(err, &folder):
		return noState(folder.Dir, folder.Err)
	}
	return err
}
