//go:build unix && !linux

package host

import "golang.org/x/sys/unix"

func dup2(from, to int) error { return unix.Dup2(from, to) }

// protect keeps the PIN out of core dumps.
func protect() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
