//go:build unix

package host

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"ctlclient/message"
)

// reasonOf puts a process's end into words.
func reasonOf(s *os.ProcessState) message.Message {
	w, ok := s.Sys().(syscall.WaitStatus)
	switch {
	case !ok || w.Exited():
		return exited(s.ExitCode())
	case w.Signal() == unix.SIGKILL || w.Signal() == unix.SIGTERM || w.Signal() == unix.SIGINT || w.Signal() == unix.SIGHUP:
		return message.Phrase("had its process killed")
	}
	return message.Phrase("crashed (%v)", w.Signal())
}
