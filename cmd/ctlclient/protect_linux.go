package main

import (
	"errors"

	"golang.org/x/sys/unix"
)

// protect keeps PINs and passwords that are in memory out of core dumps, and other
// programs of the same user from reading them there. The limit alone would not do:
// it does not hold where the system pipes dumps into a program.
func protect() error {
	return errors.Join(
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}))
}
