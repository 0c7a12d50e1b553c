// Package hush keeps the standard logger quiet while packages are initialised: the toolkit of the
// desktop looks at the locale then, and complains on standard error about one such as C.UTF-8, also
// where no window is wanted and standard error is read by a script.
//
// It imports next to nothing, and its path sorts before the toolkit's, so that it is initialised
// first (Go specification, "Program initialization").
package hush

import (
	"io"
	"log"
)

var former = log.Writer()

func init() { log.SetOutput(io.Discard) }

// End lets the logger write again. The program calls it when it begins.
func End() { log.SetOutput(former) }
