//go:build unix

package main

import "golang.org/x/sys/unix"

// readerGone reports whether nobody reads any more what is written to one of some files.
func readerGone(files ...uintptr) bool {
	polls := make([]unix.PollFd, len(files))
	for i, fd := range files {
		polls[i] = unix.PollFd{Fd: int32(fd), Events: unix.POLLOUT}
	}
	if _, err := unix.Poll(polls, 0); err != nil {
		return false
	}
	for _, p := range polls {
		if p.Revents&unix.POLLERR != 0 {
			return true
		}
	}
	return false
}
