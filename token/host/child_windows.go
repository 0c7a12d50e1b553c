package host

/*
#include <fcntl.h>
#include <io.h>
#include <stdio.h>

// What the module prints through the C library goes where handle is.
static void print_to(int fd)
{
	fflush(NULL);
	_dup2(fd, 1);
	_dup2(fd, 2);
}
static int open_null(void) { return _open("NUL", _O_RDWR); }
static int keep_errors(void) { return _dup(2); }
*/
import "C"

import (
	"os"

	"golang.org/x/sys/windows"
)

// output is where the module's prints go: the pipe that is standard error.
type output struct{ null, kept C.int }

// takeStreams moves the protocol away from the standard streams, which the module may
// read and print to, and to where programs that the module starts do not inherit it.
func takeStreams() (in, out *os.File, printed *output, err error) {
	for _, f := range []*os.File{os.Stdin, os.Stdout} {
		kind, err := windows.GetFileType(windows.Handle(f.Fd()))
		if err != nil {
			return nil, nil, nil, err
		}
		if kind != windows.FILE_TYPE_PIPE {
			return nil, nil, nil, errNoPipes
		}
	}
	in, out = os.Stdin, os.Stdout
	for _, f := range []*os.File{in, out, os.Stderr} {
		if err := windows.SetHandleInformation(windows.Handle(f.Fd()), windows.HANDLE_FLAG_INHERIT, 0); err != nil {
			return nil, nil, nil, err
		}
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, nil, err
	}
	err = windows.SetStdHandle(windows.STD_INPUT_HANDLE, windows.Handle(null.Fd()))
	if err == nil {
		err = windows.SetStdHandle(windows.STD_OUTPUT_HANDLE, windows.Handle(os.Stderr.Fd()))
	}
	if err != nil {
		return nil, nil, nil, err
	}
	o := &output{null: C.open_null(), kept: C.keep_errors()}
	C.print_to(o.kept)
	return in, out, o, nil
}

// mute sends what is printed nowhere until the function that it returns is called.
func (o *output) mute() (again func()) {
	C.print_to(o.null)
	return func() { C.print_to(o.kept) }
}

// protect does nothing: Windows dumps a program's memory only where an administrator
// has set it up.
func protect() error { return nil }
