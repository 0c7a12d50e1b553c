package host

/*
#include <windows.h>

// A DLL beside the module, or of Windows; neither beside the program nor in the
// current folder.
static void *load(const wchar_t *path, unsigned long *code)
{
	HMODULE h = LoadLibraryExW(path, NULL, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
	*code = h ? 0 : GetLastError();
	return (void *)h;
}
*/
import "C"

import (
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// dlopen loads a module. What it loads by itself later may lie beside it as well.
func dlopen(path string) (unsafe.Pointer, error) {
	if dir, err := windows.UTF16PtrFromString(filepath.Dir(path)); err == nil && filepath.IsAbs(path) {
		C.AddDllDirectory((*C.wchar_t)(unsafe.Pointer(dir)))
	}
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	var code C.ulong
	h := C.load((*C.wchar_t)(unsafe.Pointer(p)), &code)
	if h == nil {
		return nil, windows.Errno(code)
	}
	return h, nil
}

// librariesOfSystem keeps this process from loading a DLL that lies beside the program
// or in the current folder, whoever asks for it. It fails on no Windows that Go runs on.
func librariesOfSystem() {
	_ = windows.SetDefaultDllDirectories(windows.LOAD_LIBRARY_SEARCH_SYSTEM32 | windows.LOAD_LIBRARY_SEARCH_USER_DIRS)
}

// crashPlainly keeps Windows from putting up a window about a module that crashes.
func crashPlainly() {
	windows.SetErrorMode(windows.SEM_FAILCRITICALERRORS | windows.SEM_NOGPFAULTERRORBOX)
}
