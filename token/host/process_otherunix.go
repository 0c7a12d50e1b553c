//go:build unix && !linux

package host

import (
	"os"
	"os/exec"
	"syscall"
)

func executable() (string, error) { return os.Executable() }

// tie keeps an interrupt from the terminal from the child: that is for the program to
// handle. The child ends with us because its standard input does.
func tie(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func start(cmd *exec.Cmd) error { return cmd.Start() }
