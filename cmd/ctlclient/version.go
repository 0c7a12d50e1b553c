package main

import (
	"runtime"
	"runtime/debug"
)

// buildVersion is set by the linker for a release.
var buildVersion string

// versionText is the program's version, the revision it was built from and by what.
func versionText() string {
	v, rev := buildVersion, ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if v == "" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				rev = " (" + s.Value[:12] + ")"
			}
		}
	}
	if v == "" || v == "(devel)" {
		v = "development"
	}
	return "ctlclient " + v + rev + ", " + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH
}
