package token

import (
	"debug/elf"
	"debug/pe"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
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
func (f family) install() message.Message { return f.installOn(runtime.GOOS) }

// installOn is install for a system, a GOOS.
func (f family) installOn(system string) message.Message {
	windows := system == "windows"
	switch {
	case f == eToken:
		return message.Phrase("install SafeNet Authentication Client, or repair its installation")
	case f == tpm && windows:
		return message.Phrase("see in tpm.msc that the TPM is ready")
	case f == tpm:
		return message.Phrase("see that the TPM can be reached: /dev/tpmrm0 is there, and the user belongs to the group tss")
	case f == softHSM:
		return message.Phrase("%s; and see that SOFTHSM2_CONF names its configuration", SoftHSMPackage(system, onPath))
	case f == rehearsal:
		return message.Phrase("make practice tokens: %s", message.Action{Do: message.MakePractice})
	case windows && (f == remote || f == slotted): // which are programs of Unix
		return message.Phrase("see that the service or device behind the module runs")
	case f == remote:
		return message.Phrase("see that the p11-kit server runs, and that P11_KIT_SERVER_ADDRESS names its socket")
	case f == slotted:
		return message.Phrase("see that pkcsslotd runs (systemctl status pkcsslotd), and that the user belongs to the group pkcs11")
	case f == card && windows:
		return message.Phrase("see that the reader is plugged in and that the service Smart Card runs")
	case f == card:
		return message.Phrase("see that the reader is plugged in and its service runs: systemctl status pcscd")
	}
	return message.Phrase("install the token's software (SafeNet Authentication Client for eTokens, OpenSC for most cards), or name its module: %s",
		message.Action{Do: message.NameModule})
}

// SoftHSMPackage says how SoftHSM2 is installed on a system (a GOOS) that has some
// programs: there is reports one.
func SoftHSMPackage(system string, there func(program string) bool) message.Message {
	switch {
	case system == "windows":
		return message.Phrase("install SoftHSM2 for Windows")
	case system == "darwin":
		return message.Phrase("install SoftHSM2: %s", "brew install softhsm")
	}
	for _, how := range []struct{ program, command string }{
		{"apt-get", "apt install softhsm2"}, {"dnf", "dnf install softhsm"}, {"zypper", "zypper install softhsm"}, {"apk", "apk add softhsm"}, {"pacman", "pacman -S softhsm"},
	} {
		if there(how.program) {
			return message.Phrase("install SoftHSM2: %s", how.command)
		}
	}
	return message.Phrase("install SoftHSM2 (package softhsm or softhsm2)")
}

func onPath(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// loadError puts into words why a module does not load.
func loadError(e *host.LoadError) error {
	install := familyOf(e.Module, "", "").install()
	out := &Error{Kind: NoModule, Detail: message.Plain(e.Module), Err: e, hints: []message.Message{install}}
	say := func(hint message.Message, why error) error {
		out.Err, out.hints = &wordsError{why, e}, []message.Message{hint}
		return out
	}
	if _, err := os.Stat(e.Module); filepath.IsAbs(e.Module) && errors.Is(err, os.ErrNotExist) {
		return say(install, message.NewError("there is no such file"))
	}
	if practice.Is(e.Module) {
		if _, err := practice.Open(e.Module); err != nil { // its words, which the process of the module told as text
			out.Err = &wordsError{err, e}
		}
		return out
	}
	if built := foreign(e.Module); built != nil {
		return say(message.Phrase("install the module for this program: %s, %s", runtime.GOOS, processor(runtime.GOARCH)), built)
	}
	const missing = ": cannot open shared object file"
	if lib, _, ok := strings.Cut(e.Reason, missing); ok && lib != e.Module && lib != "" {
		return say(message.Phrase("install what has %s; `ldd %s` lists all that is missing", lib, e.Module), message.Errorf("it needs %s, which is not installed", lib))
	}
	if strings.Contains(e.Reason, "C_GetFunctionList") {
		return say(install, message.NewError("it is a library, but no PKCS#11 module"))
	}
	if hint, why := windowsReason(e.Reason); why != nil {
		return say(hint, why)
	}
	return out
}

// wordsError is an error in words of ours, that keeps the system's.
type wordsError struct {
	said error
	err  error
}

func (e *wordsError) Error() string { return e.said.Error() }
func (e *wordsError) Unwrap() error { return e.err }

// Said is what happened, for [message.Voice.Tell].
func (e *wordsError) Said() error { return e.said }

// windowsReason knows the errors of Windows that a person can do something about.
func windowsReason(reason string) (hint message.Message, why error) {
	switch {
	case strings.Contains(reason, "specified module could not be found"): // 126, of a file that is there
		return message.Phrase("install the token's software anew; it brings what its module needs"), message.NewError("a library that it needs is missing")
	case strings.Contains(reason, "not a valid Win32 application"): // 193
		return message.Phrase("install the 64-bit module"), message.NewError("it is built for other programs than this one")
	case strings.Contains(reason, "initialization routine failed"): // 1114
		return message.Phrase("restart the token's service, or install its software anew"), message.NewError("it fails while it is loaded")
	case strings.Contains(reason, "Access is denied"): // 5
		return message.Phrase("see who may read the file"), message.NewError("this user may not read it")
	}
	return message.Message{}, nil
}

// foreign says what a library is built for, where that is not this program.
func foreign(path string) error {
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
		return message.NewError("it is a folder")
	}
	return message.NewError("it is no library")
}

func builtFor(system, arch string) error {
	switch {
	case system == "windows" && runtime.GOOS != "windows":
		return message.NewError("it is a library for Windows")
	case system == "linux" && runtime.GOOS == "windows":
		return message.NewError("it is a library for Linux")
	case arch == runtime.GOARCH || arch == "" || system == "linux" && runtime.GOOS != "linux":
		return nil
	}
	return message.Errorf("it is built for %s, and this program for %s", processor(arch), processor(runtime.GOARCH))
}

func processor(arch string) message.Message {
	switch arch {
	case "386":
		return message.Phrase("32-bit programs (x86)")
	case "amd64":
		return message.Phrase("64-bit programs (x86-64)")
	case "arm64":
		return message.Phrase("64-bit ARM processors")
	case "arm":
		return message.Phrase("32-bit ARM processors")
	}
	return message.Phrase("%s processors", arch)
}

// initializeHint is what to do about a module that loads and does not start.
func initializeHint(name string, err error) message.Message {
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
		return message.Phrase("SoftHSM2 finds no configuration or no tokens: set SOFTHSM2_CONF to its softhsm2.conf")
	case f == softHSM:
		return message.Phrase("see that SOFTHSM2_CONF (%s) names a softhsm2.conf whose directories.tokendir can be read", conf)
	case f == unknown && hasRV(err, pkcs11.CKR_DEVICE_ERROR, pkcs11.CKR_FUNCTION_FAILED, pkcs11.CKR_GENERAL_ERROR):
		return message.Phrase("see that the service or device behind the module runs")
	}
	return f.install()
}

// tries is what is known of how many wrong PINs a kind of token takes.
func (f family) tries() message.Message {
	switch f {
	case eToken:
		return message.Phrase("the token does not say how many tries are left (an eToken as delivered locks after 15 in a row)")
	case tpm:
		return message.Phrase("a TPM refuses every PIN for some time after several wrong ones")
	case softHSM:
		return message.Phrase("SoftHSM2 does not count tries")
	case rehearsal:
		return message.Phrase("a practice token locks after %d in a row; to unlock it: %s", practice.MaxTries, message.Action{Do: message.ResetPractice})
	case card:
		return message.Phrase("the card does not say how many tries are left (a PIV card as delivered locks after three in a row)")
	}
	return message.Phrase("the token does not say how many tries are left")
}
