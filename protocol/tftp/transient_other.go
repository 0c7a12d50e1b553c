//go:build !windows

package tftp

// transient tells errors of a socket that do not end its use; elsewhere than on
// Windows there are none.
func transient(error) bool { return false }
