//go:build unix && !linux

package main

import "golang.org/x/sys/unix"

// protect keeps PINs and passwords that are in memory out of core dumps.
func protect() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
