package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// buildVersion and buildCommit are set by the linker for a release.
var buildVersion, buildCommit string

// build is what a program was built from.
type build struct {
	Version string   `json:"version"`
	Commit  string   `json:"commit"` // empty where the build does not know it
	Go      string   `json:"go"`
	System  string   `json:"system"`
	Desktop bool     `json:"desktop"`
	Modules []module `json:"modules"`
}

// module is a library of the program.
type module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum,omitempty"`
}

func thisBuild() build {
	b := build{Version: buildVersion, Commit: buildCommit, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Desktop: hasDesktop, Modules: []module{}}
	if info, ok := debug.ReadBuildInfo(); ok {
		if b.Version == "" {
			b.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && b.Commit == "" {
				b.Commit = s.Value
			}
		}
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			b.Modules = append(b.Modules, module{m.Path, m.Version, m.Sum})
		}
	}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "development"
	}
	return b
}

// versionText is the program's version, the revision it was built from and by what.
func versionText() string {
	b := thisBuild()
	rev := ""
	if len(b.Commit) >= 12 {
		rev = " (" + b.Commit[:12] + ")"
	}
	return "ctlclient " + b.Version + rev + ", " + b.Go + ", " + b.System
}

func newVersionCommand(a *app) *cobra.Command {
	return withExits(&cobra.Command{
		Use: "version", Short: "Show the version, the commit and the libraries of this program",
		Long: `Show what this program was built from: version, commit, Go, system, and each library with
its version. Add it to a report of a fault.`,
		Example: "  ctlclient version\n  ctlclient version --json", Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if a.json {
				return a.result(b)
			}
			what, commit := a.say("headless"), b.Commit
			if b.Desktop {
				what = a.say("with the desktop")
			}
			if commit == "" {
				commit = a.say("not known")
			}
			a.printf("ctlclient %s, %s\ncommit   %s\nGo       %s, %s\n\n", b.Version, what, commit, b.Go, b.System)
			t := table{}
			for _, m := range b.Modules {
				t.row(plain(m.Path), plain(m.Version))
			}
			return t.write(a.out, a.outSt)
		},
	}, exitDone, exitUsage)
}
