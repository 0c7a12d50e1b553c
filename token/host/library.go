package host

/*
#cgo linux LDFLAGS: -ldl
#include <stdio.h>
#include <stdlib.h>

// CK_FUNCTION_LIST (PKCS#11 v2.40, section 3.6): the version, then the functions in
// the standard's order. Structures are packed on Windows.
#ifdef _WIN32
#pragma pack(push, 1)
#endif
struct functions {
	unsigned char major, minor;
	void *fn[68];
};
#ifdef _WIN32
#pragma pack(pop)
#endif

enum { INITIALIZE = 0, INIT_TOKEN = 9, INIT_PIN = 10, SET_PIN = 11, LOGIN = 18, SIGN = 43 };

// What pkcs11.Ctx points to.
struct context {
	void *library;
	struct functions *list;
};

typedef unsigned long rv_t;
typedef unsigned long ul;
typedef unsigned char *bytes;

#ifdef _WIN32
#include <windows.h>
static void *find_symbol(void *h, const char *name) { return (void *)GetProcAddress((HMODULE)h, name); }
#else
#include <dlfcn.h>
static void *find_symbol(void *h, const char *name) { return dlsym(h, name); }
#endif

static struct functions *get_list(void *fn)
{
	struct functions *l = NULL;
	if (((rv_t (*)(struct functions **))fn)(&l) != 0)
		return NULL;
	return l;
}
static struct context *new_context(void *library, struct functions *l)
{
	struct context *c = calloc(1, sizeof *c);
	if (c) {
		c->library = library;
		c->list = l;
	}
	return c;
}
static void flush_streams(void) { fflush(NULL); }
static rv_t initialize_null(struct functions *l)
{
	return ((rv_t (*)(void *))l->fn[INITIALIZE])(NULL);
}
static rv_t login(struct functions *l, ul session, ul user, bytes pin, ul n)
{
	return ((rv_t (*)(ul, ul, bytes, ul))l->fn[LOGIN])(session, user, pin, n);
}
static rv_t set_pin(struct functions *l, ul session, bytes o, ul on, bytes n, ul nn)
{
	return ((rv_t (*)(ul, bytes, ul, bytes, ul))l->fn[SET_PIN])(session, o, on, n, nn);
}
static rv_t init_pin(struct functions *l, ul session, bytes pin, ul n)
{
	return ((rv_t (*)(ul, bytes, ul))l->fn[INIT_PIN])(session, pin, n);
}
static rv_t init_token(struct functions *l, ul slot, bytes pin, ul n, bytes label)
{
	return ((rv_t (*)(ul, bytes, ul, bytes))l->fn[INIT_TOKEN])(slot, pin, n, label);
}
static rv_t sign(struct functions *l, ul session, bytes data, ul n, bytes signature, ul *size)
{
	return ((rv_t (*)(ul, bytes, ul, bytes, ul *))l->fn[SIGN])(session, data, n, signature, size);
}
*/
import "C"

import (
	"errors"
	"unsafe"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
)

// library is the one module of this process, with the one function list that all
// calls go to. It also makes the calls that miekg/pkcs11 cannot make as they are
// needed here: PINs are taken where they lie (pkcs11.Ctx takes a string, copies it
// to the C heap and frees the copy with the PIN still in it) and may be the null
// pointer that a keypad asks for; C_Sign is called once, without asking for the
// size before; C_Initialize may be given no arguments at all.
type library struct {
	*pkcs11.Ctx
	functions *C.struct_functions
	sameList  bool // C_GetFunctionList gives every caller this list
	reserved  unsafe.Pointer
}

var errNotModule = message.NewError("not a PKCS#11 module: it has no C_GetFunctionList")

// loadLibrary loads the module. It is never unloaded: several crash when they are.
func loadLibrary(path, reserved string) (*library, error) {
	h, err := dlopen(path)
	if err != nil {
		return nil, err
	}
	name := C.CString("C_GetFunctionList")
	defer C.free(unsafe.Pointer(name))
	fn := C.find_symbol(h, name)
	if fn == nil {
		return nil, errNotModule
	}
	l := &library{functions: C.get_list(fn)}
	if l.functions == nil {
		return nil, message.NewError("the module gives no function list")
	}
	l.sameList = C.get_list(fn) == l.functions
	if l.Ctx = contextOf(C.new_context(h, l.functions)); l.Ctx == nil {
		return nil, message.NewError("out of memory")
	}
	if reserved != "" {
		// Never freed: a module may look at what it was initialised with for as long as it lives.
		l.reserved = unsafe.Pointer(C.CString(reserved))
	}
	return l, nil
}

// contextOf makes miekg/pkcs11 work on our list. A pkcs11.Ctx of its own would call
// C_GetFunctionList once more, and p11-kit's modules give another list then; the
// package has no constructor that takes one. TestContextLayout holds what is assumed
// here of pkcs11.Ctx: one pointer, to a library handle and a list.
func contextOf(c *C.struct_context) *pkcs11.Ctx {
	if c == nil {
		return nil
	}
	ctx := new(pkcs11.Ctx)
	*(**C.struct_context)(unsafe.Pointer(ctx)) = c
	return ctx
}

// Initialize calls C_Initialize, with locking where the module takes that, without
// where it does not. A module that has initialised itself is as good.
func (l *library) Initialize() error {
	var options []pkcs11.InitializeOption
	if l.reserved != nil {
		options = append(options, pkcs11.InitializeWithReserved(l.reserved))
	}
	err := l.Ctx.Initialize(options...)
	if is(err, pkcs11.CKR_CANT_LOCK, pkcs11.CKR_ARGUMENTS_BAD, pkcs11.CKR_NEED_TO_CREATE_THREADS) {
		err = l.Ctx.Initialize(append(options, pkcs11.InitializeWithFlags(0))...)
	}
	if is(err, pkcs11.CKR_CANT_LOCK, pkcs11.CKR_ARGUMENTS_BAD) && l.reserved == nil {
		err = rvError(C.initialize_null(l.functions))
	}
	if is(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		return nil
	}
	return err
}

// is tells one of several return values.
func is(err error, rvs ...pkcs11.Error) bool {
	for _, rv := range rvs {
		if errors.Is(err, rv) {
			return true
		}
	}
	return false
}

func pointer(b []byte) C.bytes { return C.bytes(unsafe.Pointer(unsafe.SliceData(b))) }

// Login calls C_Login once. A nil pin is passed as a null pointer.
func (l *library) Login(s, user uint, pin []byte) error {
	return rvError(C.login(l.functions, C.ul(s), C.ul(user), pointer(pin), C.ul(len(pin))))
}

// SetPIN calls C_SetPIN once.
func (l *library) SetPIN(s uint, old, new []byte) error {
	return rvError(C.set_pin(l.functions, C.ul(s), pointer(old), C.ul(len(old)), pointer(new), C.ul(len(new))))
}

// InitPIN calls C_InitPIN once.
func (l *library) InitPIN(s uint, pin []byte) error {
	return rvError(C.init_pin(l.functions, C.ul(s), pointer(pin), C.ul(len(pin))))
}

// InitToken calls C_InitToken once. The label has 32 bytes.
func (l *library) InitToken(slot uint, pin []byte, label [32]byte) error {
	return rvError(C.init_token(l.functions, C.ul(slot), pointer(pin), C.ul(len(pin)), pointer(label[:])))
}

// Sign calls C_Sign once with room for size bytes.
func (l *library) Sign(s uint, data []byte, size int) ([]byte, error) {
	signature := make([]byte, size)
	n := C.ul(size)
	if err := rvError(C.sign(l.functions, C.ul(s), pointer(data), C.ul(len(data)), pointer(signature), &n)); err != nil {
		return nil, err
	}
	if n > C.ul(size) {
		return nil, message.NewError("the module says that it wrote more than it was given room for")
	}
	return signature[:n], nil
}

// flushStreams writes out what the module has printed so far.
func flushStreams() { C.flush_streams() }

func rvError(rv C.rv_t) error {
	if rv == pkcs11.CKR_OK {
		return nil
	}
	return pkcs11.Error(rv)
}
