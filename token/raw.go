package token

/*
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>

// The head of CK_FUNCTION_LIST (PKCS#11 v2.40, section 3.6): the version, then
// the functions in the standard's order. Structures are packed on Windows.
#ifdef _WIN32
#pragma pack(push, 1)
#endif
struct functions {
	unsigned char major, minor;
	void *fn[20];
};
#ifdef _WIN32
#pragma pack(pop)
#endif

enum { SET_PIN = 11, LOGIN = 18 };

typedef unsigned long (*get_list_fn)(struct functions **);
typedef unsigned long (*login_fn)(unsigned long, unsigned long, unsigned char *, unsigned long);
typedef unsigned long (*set_pin_fn)(unsigned long, unsigned char *, unsigned long, unsigned char *, unsigned long);

#ifdef _WIN32
#include <windows.h>
static void *open_library(const char *path, unsigned long *code)
{
	HMODULE h = LoadLibraryExA(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
	*code = h ? 0 : GetLastError();
	return (void *)h;
}
static void *find_symbol(void *h, const char *name) { return (void *)GetProcAddress((HMODULE)h, name); }
static const char *why(void) { return NULL; }
#else
#include <dlfcn.h>
static void *open_library(const char *path, unsigned long *code)
{
	*code = 0;
	return dlopen(path, RTLD_LAZY | RTLD_LOCAL);
}
static void *find_symbol(void *h, const char *name) { return dlsym(h, name); }
static const char *why(void) { return dlerror(); }
#endif

static struct functions *get_list(void *fn)
{
	struct functions *l = NULL;
	if (((get_list_fn)fn)(&l) != 0)
		return NULL;
	return l;
}
static unsigned long call_login(struct functions *l, unsigned long s, unsigned long user, unsigned char *pin, unsigned long n)
{
	return ((login_fn)l->fn[LOGIN])(s, user, pin, n);
}
static unsigned long call_set_pin(struct functions *l, unsigned long s, unsigned char *o, unsigned long on, unsigned char *n, unsigned long nn)
{
	return ((set_pin_fn)l->fn[SET_PIN])(s, o, on, n, nn);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"github.com/miekg/pkcs11"
)

// library is the part of a module that miekg/pkcs11 does not give: the reason why
// it does not load, and C_Login and C_SetPIN that take a PIN where it lies.
// pkcs11.Ctx takes a string, copies it to the C heap and frees the copy with the
// PIN still in it; and it cannot pass the null pointer that a token with its own
// keypad asks for.
type library struct {
	functions *C.struct_functions
}

func loadLibrary(path string) (*library, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	// dlerror belongs to the thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var code C.ulong
	h := C.open_library(p, &code)
	if h == nil {
		if code != 0 {
			return nil, fmt.Errorf("windows error %d", uint(code))
		}
		reason := strings.TrimPrefix(C.GoString(C.why()), path+": ")
		return nil, errors.New(reason)
	}
	name := C.CString("C_GetFunctionList")
	defer C.free(unsafe.Pointer(name))
	fn := C.find_symbol(h, name)
	if fn == nil {
		return nil, errors.New("not a PKCS#11 module: it has no C_GetFunctionList")
	}
	l := C.get_list(fn)
	if l == nil {
		return nil, errors.New("the module gives no function list")
	}
	return &library{functions: l}, nil
}

// forever is a C string that is never freed: a module may look at what it was
// initialised with as long as it is loaded.
func forever(s string) unsafe.Pointer { return unsafe.Pointer(C.CString(s)) }

func bytesPointer(b []byte) *C.uchar { return (*C.uchar)(unsafe.Pointer(unsafe.SliceData(b))) }

// login calls C_Login once. A nil pin is passed as a null pointer.
func (l *library) login(s pkcs11.SessionHandle, user uint, pin []byte) error {
	rv := C.call_login(l.functions, C.ulong(s), C.ulong(user), bytesPointer(pin), C.ulong(len(pin)))
	return rvError(uint(rv))
}

// setPIN calls C_SetPIN once.
func (l *library) setPIN(s pkcs11.SessionHandle, old, new []byte) error {
	rv := C.call_set_pin(l.functions, C.ulong(s), bytesPointer(old), C.ulong(len(old)), bytesPointer(new), C.ulong(len(new)))
	return rvError(uint(rv))
}

func rvError(rv uint) error {
	if rv == pkcs11.CKR_OK {
		return nil
	}
	return pkcs11.Error(rv)
}
