//go:build !windows

package main

import "io"

// enableColour has nothing to do: terminals here understand colour as it is sent.
func enableColour(io.Writer) {}
