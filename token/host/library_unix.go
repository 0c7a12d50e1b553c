//go:build unix

package host

/*
#include <stdlib.h>
#include <dlfcn.h>
#include <signal.h>

static void *load(const char *path) { return dlopen(path, RTLD_LAZY | RTLD_LOCAL); }
static const char *reason(void) { return dlerror(); }

// Go turns these into a report of its own on standard error and exit code 2. Here
// the kernel ends the process by the signal, so that the program can tell which.
static void default_signals(void)
{
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP };
	unsigned i;
	for (i = 0; i < sizeof fatal / sizeof *fatal; i++)
		signal(fatal[i], SIG_DFL);
}
*/
import "C"

import (
	"errors"
	"strings"
	"unsafe"
)

func dlopen(path string) (unsafe.Pointer, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	h := C.load(p)
	if h == nil {
		return nil, errors.New(strings.TrimPrefix(C.GoString(C.reason()), path+": "))
	}
	return h, nil
}

// librariesOfSystem: the loader never looks into the current folder.
func librariesOfSystem() {}

func crashPlainly() { C.default_signals() }
