//go:build !windows

package atomicfile

import "os"

// private has nothing to add: the mode says it.
func private(*os.File) error { return nil }

func privateFolder(string) error { return nil }
