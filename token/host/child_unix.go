//go:build unix

package host

import (
	"os"

	"golang.org/x/sys/unix"
)

// output is where the module's prints go: the pipe that is standard error.
type output struct{ null, kept int }

// takeStreams moves the protocol away from the standard streams, which the module may
// read and print to, and to where programs that the module starts do not inherit it.
func takeStreams() (in, out *os.File, printed *output, err error) {
	if err := arePipes(); err != nil {
		return nil, nil, nil, err
	}
	fds := make([]int, 3)
	for n := range fds {
		if fds[n], err = unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 10); err != nil {
			return nil, nil, nil, err
		}
	}
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := dup2(null, 0); err != nil {
		return nil, nil, nil, err
	}
	if err := dup2(2, 1); err != nil {
		return nil, nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "requests"), os.NewFile(uintptr(fds[1]), "answers"), &output{null: null, kept: fds[2]}, nil
}

// mute sends what is printed nowhere until the function that it returns is called.
// Where that cannot be done the process ends: a PIN may be printed.
func (o *output) mute() (again func()) {
	flushStreams()
	o.redirect(o.null)
	return func() {
		flushStreams()
		o.redirect(o.kept)
	}
}

func (o *output) redirect(to int) {
	for n := 1; n <= 2; n++ {
		if err := dup2(to, n); err != nil {
			os.Exit(1)
		}
	}
}

// arePipes tells the program from a person who tries the argument out.
func arePipes() error {
	for n := range 2 {
		var st unix.Stat_t
		if err := unix.Fstat(n, &st); err != nil {
			return err
		}
		if st.Mode&unix.S_IFMT != unix.S_IFIFO {
			return errNoPipes
		}
	}
	return nil
}
