//go:build unix

package host

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/ThalesIgnite/crypto11"
	"github.com/miekg/pkcs11"
)

// contextOf rests on how pkcs11.Ctx is laid out: one pointer.
func TestContextLayout(t *testing.T) {
	typ := reflect.TypeFor[pkcs11.Ctx]()
	if typ.NumField() != 1 || typ.Field(0).Type.Kind() != reflect.Pointer || typ.Size() != unsafe.Sizeof(uintptr(0)) {
		t.Fatalf("pkcs11.Ctx has changed: %v", typ)
	}
	c := typ.Field(0).Type.Elem() // struct ctx of its C code
	if c.NumField() != 2 || c.Field(0).Type.Size() != unsafe.Sizeof(uintptr(0)) || c.Field(1).Type.Kind() != reflect.Pointer {
		t.Fatalf("what pkcs11.Ctx points to has changed: %v", c)
	}
}

// wrap rests on how crypto11 counts: a library that somebody else uses is neither
// initialised nor, when that fails, left uncounted.
func TestReferences(t *testing.T) {
	if references == nil {
		t.Fatal("crypto11 has no count of references any more")
	}
	slot := 0
	references["/nowhere/lib.so"] = 1
	if _, err := crypto11.Configure(&crypto11.Config{Path: "/nowhere/lib.so", SlotNumber: &slot, LoginNotSupported: true}); err == nil {
		t.Error("a library that is not there was opened")
	}
	if references["/nowhere/lib.so"] != 1 {
		t.Errorf("counted %d", references["/nowhere/lib.so"])
	}
}
