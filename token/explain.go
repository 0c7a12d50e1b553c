package token

import (
	"debug/elf"
	"debug/pe"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/miekg/pkcs11"

	"ctlclient/token/host"
	"ctlclient/token/practice"
)

// family is what a token or module is, as far as advice depends on it.
type family uint8

const (
	unknown family = iota
	eToken
	tpm
	softHSM
	card      // PIV and other cards through OpenSC or Yubico's module
	rehearsal // practice tokens of our own (package practice)
	remote    // any token behind a p11-kit server
	slotted   // openCryptoki's, behind pkcsslotd
)

// serves tells a token that nobody plugs in: a program or a chip is behind its module.
func (f family) serves() bool { return f == tpm || f == softHSM || f == remote || f == slotted }

// familyOf tells by the module's file and what the token says of itself.
func familyOf(module, model, manufacturer string) family {
	if practice.Is(module) {
		return rehearsal
	}
	text := strings.ToLower(filepath.Base(module) + " " + model + " " + manufacturer)
	for _, f := range []struct {
		family family
		words  []string
	}{
		{remote, []string{"p11-kit-client"}}, // whatever the token is
		{slotted, []string{"opencryptoki", "pkcs11_api"}},
		{softHSM, []string{"softhsm"}},
		{tpm, []string{"tpm"}},
		{eToken, []string{"etoken", "etpkcs11", "idprime", "safenet", "aladdin", "gemalto", "thales"}},
		{card, []string{"opensc", "ykcs11", "piv", "yubi"}},
	} {
		for _, w := range f.words {
			if strings.Contains(text, w) {
				return f.family
			}
		}
	}
	return unknown
}

// install says what a module or token needs on this machine.
var install = map[family]string{
	unknown:   "install the token's software (SafeNet Authentication Client for eTokens, OpenSC for most cards), or name its module with --module PATH",
	eToken:    "install SafeNet Authentication Client, or repair its installation",
	tpm:       "see that the TPM can be reached: /dev/tpmrm0 is there, and the user belongs to the group tss",
	softHSM:   "install SoftHSM2 (Debian, Ubuntu: apt install softhsm2), and see that SOFTHSM2_CONF names its configuration",
	rehearsal: "make practice tokens: `ctlclient lab tokens`",
	card:      "see that the reader is plugged in and its service runs (Linux: systemctl status pcscd)",
	remote:    "see that the p11-kit server runs, and that P11_KIT_SERVER_ADDRESS names its socket",
	slotted:   "see that pkcsslotd runs (systemctl status pkcsslotd), and that the user belongs to the group pkcs11",
}

// loadError puts into words why a module does not load.
func loadError(e *host.LoadError) error {
	out := &Error{Kind: NoModule, Detail: e.Module, Err: e, hint: install[familyOf(e.Module, "", "")]}
	say := func(hint, format string, a ...any) error {
		out.Err = &wordsError{fmt.Sprintf(format, a...), e}
		out.hint = hint
		return out
	}
	if _, err := os.Stat(e.Module); filepath.IsAbs(e.Module) && errors.Is(err, os.ErrNotExist) {
		return say(out.hint, "there is no such file")
	}
	if practice.Is(e.Module) {
		return out
	}
	if built := foreign(e.Module); built != "" {
		return say("install the module for this program: "+runtime.GOOS+", "+processor(runtime.GOARCH), "%s", built)
	}
	const missing = ": cannot open shared object file"
	if lib, _, ok := strings.Cut(e.Reason, missing); ok && lib != e.Module && lib != "" {
		return say("install what has "+lib+"; `ldd "+e.Module+"` lists all that is missing", "it needs %s, which is not installed", lib)
	}
	if strings.Contains(e.Reason, "C_GetFunctionList") {
		return say(out.hint, "it is a library, but no PKCS#11 module")
	}
	if hint, text := windowsReason(e.Reason); text != "" {
		return say(hint, "%s", text)
	}
	return out
}

// wordsError is an error in words of ours, that keeps the system's.
type wordsError struct {
	text string
	err  error
}

func (e *wordsError) Error() string { return e.text }
func (e *wordsError) Unwrap() error { return e.err }

// windowsReason knows the errors of Windows that a person can do something about.
func windowsReason(reason string) (hint, text string) {
	switch {
	case strings.Contains(reason, "specified module could not be found"): // 126, of a file that is there
		return "install the token's software anew; it brings what its module needs", "a library that it needs is missing"
	case strings.Contains(reason, "not a valid Win32 application"): // 193
		return "install the 64-bit module", "it is built for other programs than this one"
	case strings.Contains(reason, "initialization routine failed"): // 1114
		return "restart the token's service, or install its software anew", "it fails while it is loaded"
	case strings.Contains(reason, "Access is denied"): // 5
		return "see who may read the file", "this user may not read it"
	}
	return "", ""
}

// foreign says what a library is built for, where that is not this program.
func foreign(path string) string {
	if f, err := elf.Open(path); err == nil {
		defer f.Close()
		name := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_386: "386", elf.EM_AARCH64: "arm64", elf.EM_ARM: "arm", elf.EM_RISCV: "riscv64"}[f.Machine]
		if name == "" {
			name = f.Machine.String()
		}
		return builtFor("linux", name)
	}
	if f, err := pe.Open(path); err == nil {
		defer f.Close()
		name := map[uint16]string{pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_I386: "386", pe.IMAGE_FILE_MACHINE_ARM64: "arm64"}[f.Machine]
		return builtFor("windows", name)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return "it is a folder"
	}
	return "it is no library"
}

func builtFor(system, arch string) string {
	switch {
	case system == "windows" && runtime.GOOS != "windows":
		return "it is a library for Windows"
	case system == "linux" && runtime.GOOS == "windows":
		return "it is a library for Linux"
	case arch == runtime.GOARCH || arch == "" || system == "linux" && runtime.GOOS != "linux":
		return ""
	}
	return "it is built for " + processor(arch) + ", and this program for " + processor(runtime.GOARCH)
}

func processor(arch string) string {
	words := map[string]string{"386": "32-bit programs (x86)", "amd64": "64-bit programs (x86-64)", "arm64": "64-bit ARM processors", "arm": "32-bit ARM processors"}
	if w := words[arch]; w != "" {
		return w
	}
	return arch + " processors"
}

// initializeHint is what to do about a module that loads and does not start.
func initializeHint(name string, err error) string {
	const variable = "SOFTHSM2_CONF"
	env, module := splitName(name)
	conf := os.Getenv(variable)
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, variable+"="); ok {
			conf = value
		}
	}
	f := familyOf(module, "", "")
	switch {
	case f == softHSM && conf == "":
		return "SoftHSM2 finds no configuration or no tokens: set SOFTHSM2_CONF to its softhsm2.conf"
	case f == softHSM:
		return "see that SOFTHSM2_CONF (" + conf + ") names a softhsm2.conf whose directories.tokendir can be read"
	case f == unknown && hasRV(err, pkcs11.CKR_DEVICE_ERROR, pkcs11.CKR_FUNCTION_FAILED, pkcs11.CKR_GENERAL_ERROR):
		return "see that the service or device behind the module runs"
	}
	return install[f]
}

// tries is what is known of how many wrong PINs a kind of token takes.
func (f family) tries() string {
	switch f {
	case eToken:
		return "the token does not say how many tries are left (an eToken as delivered locks after 15 in a row)"
	case tpm:
		return "a TPM refuses every PIN for some time after several wrong ones"
	case softHSM:
		return "SoftHSM2 does not count tries"
	case rehearsal:
		return fmt.Sprintf("a practice token locks after %d in a row; `ctlclient lab tokens --reset` unlocks it", practice.MaxTries)
	case card:
		return "the card does not say how many tries are left (a PIV card as delivered locks after three in a row)"
	}
	return "the token does not say how many tries are left"
}
