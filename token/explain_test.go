//go:build linux

package token_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
	"ctlclient/softhsm"
	"ctlclient/token"
)

// Why a module cannot be used is said in words, with what to do about it.
func TestModulesThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	arm := append([]byte(nil), own...)
	arm[18], arm[19] = 183, 0 // e_machine: EM_AARCH64
	needy := filepath.Join(dir, "libneedy.so")
	needed := filepath.Join(dir, "libneeded.so")
	source := file("empty.c", nil)
	for _, args := range [][]string{
		{"-shared", "-o", needed, source, "-Wl,-soname,libneeded.so.7"},
		{"-shared", "-o", needy, source, "-Wl,--no-as-needed", needed},
	} {
		if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
			needPart(t, errors.New("gcc: "+string(out)))
		}
	}
	for path, want := range map[string]string{
		"/nowhere/lib.so": "there is no such file",
		dir:               "it is a folder",
		file("text.so", []byte("text, long enough to have the room of a header in it, which it is not ........")): "it is no library",
		file("arm.so", arm): "64-bit ARM",
		file("windows.dll", append(append([]byte("MZ"), make([]byte, 58)...), append([]byte{64, 0, 0, 0}, append([]byte("PE\x00\x00\x64\x86"), make([]byte, 200)...)...)...)): "for Windows",
		needy:    "it needs libneeded.so.7, which is not installed",
		needed:   "it is a library, but no PKCS#11 module",
		"./x.so": "there is no such file",
	} {
		_, err := token.List(t.Context(), []string{path})
		e := wantKind(t, err, token.NoModule)
		if !strings.Contains(e.Error(), want) || !strings.Contains(e.Error(), filepath.Base(path)) {
			t.Errorf("%s: %v", path, e)
		}
	}
	s := store(t)
	t.Setenv("SOFTHSM2_CONF", filepath.Join(dir, "none"))
	_, err = token.List(t.Context(), []string{s.Module})
	if e := wantKind(t, err, token.NoModule); !strings.Contains(message.Lines(e.Hints()).String(), "SOFTHSM2_CONF") {
		t.Errorf("%v: %s", e, message.Lines(e.Hints()).String())
	}
	elsewhere := filepath.Join(dir, "own")
	_, err = token.List(t.Context(), []string{token.ModuleWith(s.Module, "SOFTHSM2_CONF="+elsewhere)})
	if e := wantKind(t, err, token.NoModule); !strings.Contains(message.Lines(e.Hints()).String(), elsewhere) {
		t.Errorf("the module's own environment: %v: %s", e, message.Lines(e.Hints()).String())
	}
}

// A PIN of a length that the token does not take is not called wrong, and advice is
// for the token at hand.
func TestAdvice(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	b.do(b.Fail("C_Login", pkcs11.CKR_PIN_LEN_RANGE))
	_, err := token.Open(t.Context(), uri(t, b.tok.URI), b.options(&asker{pin: "123"}))
	e := wantKind(t, err, token.PINUnfit)
	if !strings.Contains(e.Error(), "takes 4 to 255 bytes") || strings.Contains(e.Error(), "wrong") {
		t.Error(e)
	}
	b.do(b.Clear())
	_, err = token.Open(t.Context(), uri(t, b.tok.URI), b.options(&asker{pin: "not-it"}))
	e = wantKind(t, err, token.PINWrong)
	if strings.Contains(message.Lines(e.Hints()).String(), "eToken") {
		t.Errorf("hint %q", message.Lines(e.Hints()).String())
	}
	if first := e.Error(); !strings.Contains(first, `"SAST-1"`) || !strings.Contains(first, "faultyp11.so") {
		t.Errorf("%s names no token and module", first)
	}
}
