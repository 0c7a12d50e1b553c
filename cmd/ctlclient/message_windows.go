//go:build !nogui

package main

import (
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// isSeen tells whether what is written to w arrives: a program that Explorer starts has no
// standard error, unless somebody sent it to a file or a pipe.
func isSeen(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return true
	}
	kind, err := windows.GetFileType(windows.Handle(f.Fd()))
	return err == nil && kind != windows.FILE_TYPE_UNKNOWN
}

// showMessage is a native message box: a Windows program with a window has no terminal, so
// what it prints is seen by nobody.
func showMessage(title, text string) {
	t, err := windows.UTF16PtrFromString(title)
	if err != nil {
		return
	}
	m, err := windows.UTF16PtrFromString(text)
	if err != nil {
		return
	}
	_, _ = windows.MessageBox(0, m, t, windows.MB_OK|windows.MB_ICONERROR|windows.MB_SETFOREGROUND)
}
