package main

import (
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// enableColour has the console obey colour sequences; older ones must be asked.
func enableColour(w io.Writer) {
	f, ok := w.(*os.File)
	if !ok {
		return
	}
	h := windows.Handle(f.Fd())
	var mode uint32
	if windows.GetConsoleMode(h, &mode) == nil {
		// Where it fails, the console is of an age that shows the text uncoloured.
		_ = windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
	}
}
