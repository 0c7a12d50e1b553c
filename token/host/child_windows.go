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
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// output is where the module's prints go: the pipe that is standard error.
type output struct {
	null, kept C.int
	input      *os.File // what the module reads: nothing. Kept here, for it is closed where nobody refers to it
}

// takeStreams moves the protocol away from the standard streams, which the module may
// read and print to, and to where programs that the module starts do not inherit it. The
// streams get handles of their own: print_to closes those that the C library began with.
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
	if in, err = apart(os.Stdin); err != nil {
		return nil, nil, nil, err
	}
	if out, err = apart(os.Stdout); err != nil {
		return nil, nil, nil, err
	}
	if os.Stderr, err = apart(os.Stderr); err != nil {
		return nil, nil, nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, nil, err
	}
	for std, f := range map[uint32]*os.File{windows.STD_INPUT_HANDLE: null, windows.STD_OUTPUT_HANDLE: os.Stderr, windows.STD_ERROR_HANDLE: os.Stderr} {
		if err := windows.SetStdHandle(std, windows.Handle(f.Fd())); err != nil {
			return nil, nil, nil, err
		}
	}
	o := &output{null: C.open_null(), kept: C.keep_errors(), input: null}
	C.print_to(o.kept)
	return in, out, o, nil
}

// apart is the same stream by a handle that nobody else has and no other program inherits.
func apart(f *os.File) (*os.File, error) {
	self := windows.CurrentProcess()
	var h windows.Handle
	if err := windows.DuplicateHandle(self, windows.Handle(f.Fd()), self, &h, 0, false, windows.DUPLICATE_SAME_ACCESS); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return os.NewFile(uintptr(h), f.Name()), nil
}

// mute sends what is printed nowhere until the function that it returns is called.
func (o *output) mute() (again func()) {
	C.print_to(o.null)
	return func() { C.print_to(o.kept) }
}

// protect does nothing: Windows dumps a program's memory only where an administrator
// has set it up.
func protect() error { return nil }
