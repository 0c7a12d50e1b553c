package main

import "golang.org/x/sys/unix"

// silence turns a terminal's echo off before the question shows: who types as soon
// as it does is not echoed either. The caller puts the terminal back as it was.
func silence(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	t.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(fd, unix.TCSETS, t)
}
