package host

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// executable is the program itself, also where its file was replaced since.
func executable() (string, error) { return "/proc/self/exe", nil }

// tie makes the child end with us, and keeps an interrupt from the terminal from it:
// that is for the program to handle.
func tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// starter starts processes on one thread that never ends: the kernel sends the signal
// of Pdeathsig when the thread ends that made the process.
var starter = sync.OnceValue(func() chan<- func() {
	jobs := make(chan func())
	go func() {
		runtime.LockOSThread()
		for job := range jobs {
			job()
		}
	}()
	return jobs
})

func start(cmd *exec.Cmd) error {
	done := make(chan error)
	starter() <- func() { done <- cmd.Start() }
	return <-done
}
