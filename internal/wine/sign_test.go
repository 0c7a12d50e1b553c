//go:build linux

package wine

import (
	"debug/pe"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"ctlclient/internal/xvfb"
)

// signing is a folder with a program, and a certificate for signatures made for the test.
type signing struct {
	t   *testing.T
	dir string
	env []string
}

func newSigning(t *testing.T) *signing {
	t.Helper()
	xvfb.Need(t, "osslsigncode", "openssl", "softhsm2-util", "x86_64-w64-mingw32-gcc")
	s := &signing{t: t, dir: t.TempDir()}
	s.env = append(os.Environ(), "SIGN_CERT="+s.path("cert.pem"), "SIGN_PIN_FILE="+s.path("pin"), "SOFTHSM2_CONF="+s.path("softhsm2.conf"))
	for name, text := range map[string]string{"a.c": "int main(void) { return 0; }\n", "pin": "4711\n",
		"softhsm2.conf": "directories.tokendir = " + s.dir + "\nlog.level = ERROR\n"} {
		if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.run("x86_64-w64-mingw32-gcc", "-s", "-o", "a.exe", "a.c")
	s.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-passout", "file:pin", "-keyout", "key.pem", "-out", "cert.pem", "-days", "30",
		"-subj", "/CN=Signer of the test", "-addext", "extendedKeyUsage=codeSigning", "-addext", "keyUsage=digitalSignature")
	return s
}

func (s *signing) path(name string) string { return filepath.Join(s.dir, name) }

func (s *signing) try(name string, args ...string) (string, error) {
	cmd := exec.CommandContext(s.t.Context(), name, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *signing) run(name string, args ...string) string {
	s.t.Helper()
	out, err := s.try(name, args...)
	if err != nil {
		s.t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return out
}

// sign signs the program as the build does, and verifies the signature; a program that was
// changed afterwards has none that holds.
func (s *signing) sign(env ...string) {
	s.t.Helper()
	script, err := filepath.Abs("../../scripts/sign-windows")
	if err != nil {
		s.t.Fatal(err)
	}
	s.env = append(s.env, env...)
	s.run(script, "a.exe")
	if out := s.run("osslsigncode", "verify", "-CAfile", "cert.pem", "-in", "a.exe"); !strings.Contains(out, "Signature verification: ok") {
		s.t.Errorf("%s", out)
	}
	data, err := os.ReadFile(s.path("a.exe"))
	if err != nil {
		s.t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(s.path("changed.exe"), data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if out, err := s.try("osslsigncode", "verify", "-CAfile", "cert.pem", "-in", "changed.exe"); err == nil {
		s.t.Errorf("a program that was changed verifies:\n%s", out)
	}
}

// The build signs with a key in a file, and with one on a token, whose PIN is in a file.
func TestSigning(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		s := newSigning(t)
		s.sign("SIGN_KEY=" + s.path("key.pem"))
	})
	t.Run("token", func(t *testing.T) {
		s := newSigning(t)
		modules, err := filepath.Glob("/usr/lib/*/softhsm/libsofthsm2.so")
		if err == nil && len(modules) == 0 {
			modules, err = filepath.Glob("/usr/lib/softhsm/libsofthsm2.so")
		}
		if engines, _ := filepath.Glob("/usr/lib/*/engines-3/pkcs11.so"); err != nil || len(modules) == 0 || len(engines) == 0 {
			if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
				t.Fatal("no OpenSSL engine for PKCS#11 here (apt install libengine-pkcs11-openssl softhsm2)")
			}
			t.Skip("no OpenSSL engine for PKCS#11 here")
		}
		s.run("softhsm2-util", "--init-token", "--free", "--label", "SIGN", "--so-pin", "87654321", "--pin", "4711")
		s.run("openssl", "pkcs8", "-topk8", "-nocrypt", "-passin", "file:pin", "-in", "key.pem", "-out", "open.pem")
		s.run("softhsm2-util", "--import", "open.pem", "--token", "SIGN", "--label", "signer", "--id", "01", "--pin", "4711")
		s.sign("SIGN_KEY=pkcs11:token=SIGN;object=signer", "SIGN_MODULE="+modules[0])
	})
}

// What Windows does for a program that asks for it in its header (PE, DllCharacteristics).
const (
	highEntropy = 0x0020 // addresses are drawn by lot, out of all 64 bits
	dynamicBase = 0x0040
	noExecute   = 0x0100 // data is no code
	guardCF     = 0x4000 // Control Flow Guard
)

// The programs ask for what the toolchain can give. Control Flow Guard is not among it, as
// docs/install.md says; a toolchain that gives it is news for that page.
func TestProtections(t *testing.T) {
	if *programs == "" {
		t.Skip("scripts/test builds the Windows programs for this test, and names their folder by -programs")
	}
	files, err := filepath.Glob(filepath.Join(*programs, "ctlclient*.exe"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no programs in %s: %v", *programs, err)
	}
	for _, file := range files {
		f, err := pe.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		header, ok := f.OptionalHeader.(*pe.OptionalHeader64)
		if err := f.Close(); err != nil || !ok {
			t.Fatalf("%s: no 64-bit program: %v", file, err)
		}
		if got := header.DllCharacteristics & (highEntropy | dynamicBase | noExecute | guardCF); got != highEntropy|dynamicBase|noExecute {
			t.Errorf("%s: DllCharacteristics %#x", filepath.Base(file), header.DllCharacteristics)
		}
	}
}

var sizeOnWindows = regexp.MustCompile(`([0-9.]+) MB on Windows`)

// docs/install.md says how large the headless program is, and what it is made of.
func TestSize(t *testing.T) {
	if *programs == "" {
		t.Skip("scripts/test builds the Windows programs for this test, and names their folder by -programs")
	}
	page, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	m := sizeOnWindows.FindSubmatch(page)
	if m == nil {
		t.Fatal("docs/install.md does not say how large the headless program is on Windows")
	}
	said, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(*programs, "ctlclient.exe"))
	if err != nil {
		t.Fatal(err)
	}
	if is := float64(info.Size()) / 1e6; is < said-0.5 || is > said+0.5 {
		t.Errorf("ctlclient.exe has %.1f MB; docs/install.md says %.1f: make its table anew", is, said)
	}
}
