//go:build nogui || !windows

package main

import "io"

// isSeen: whoever starts the program sees its standard error.
func isSeen(io.Writer) bool { return true }

// showMessage does nothing where standard error is seen.
func showMessage(string, string) {}
