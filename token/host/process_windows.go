package host

import (
	"os"
	"os/exec"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"ctlclient/message"
)

func executable() (string, error) { return os.Executable() }

// tie keeps the child from a console window and from the console's interrupts.
func tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW | windows.CREATE_NEW_PROCESS_GROUP}
}

// job ends every child when its last handle is closed: when we end, in whatever way.
var job = sync.OnceValues(func() (windows.Handle, error) {
	h, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(h, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	return h, err
})

// start puts the child into the job. A child that we end before it is there ends
// because its standard input does.
func start(cmd *exec.Cmd) error {
	j, err := job()
	if err != nil {
		return message.Errorf("job object: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(cmd.Process.Pid))
	if err == nil {
		defer windows.CloseHandle(h)
		err = windows.AssignProcessToJobObject(j, h)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return message.Errorf("job object: %w", err)
	}
	return nil
}

// reasonOf puts a process's end into words. 2 is how Go ends after an exception.
func reasonOf(s *os.ProcessState) message.Message {
	switch code := uint32(s.ExitCode()); {
	case code >= 0xC0000000 || code == 2:
		return message.Phrase("crashed (exit 0x%x)", code)
	case code == 1:
		return message.Phrase("had its process ended")
	}
	return exited(s.ExitCode())
}
