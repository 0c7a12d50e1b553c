package tftp

import (
	"errors"

	"golang.org/x/sys/windows"
)

// transient tells errors of a socket that do not end its use. Windows reports
// on a listening UDP socket that an earlier answer found no one
// (WSAECONNRESET), and a datagram longer than the buffer (WSAEMSGSIZE).
func transient(err error) bool {
	return errors.Is(err, windows.WSAECONNRESET) || errors.Is(err, windows.WSAEMSGSIZE)
}
