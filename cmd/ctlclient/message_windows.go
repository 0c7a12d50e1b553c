//go:build !nogui

package main

import "golang.org/x/sys/windows"

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
