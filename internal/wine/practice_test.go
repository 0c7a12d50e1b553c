//go:build linux

package wine

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Practice on Windows with nothing installed: tokens of the program's own, made, used for the
// whole migration, and counted when the PIN is wrong. The nodes are on this machine, since this
// Wine has not all that a server on UDP asks for.
func TestPractice(t *testing.T) {
	need(t)
	dir := folder(t)
	l, at := practiceCluster(t, dir)
	for name, pin := range map[string]string{"pin 電.txt": "Cisco123\r\n", "wrong.txt": "not-the-PIN\r\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(pin), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const tokens = `practice 電\tokens.practice`
	ctlclient(t, dir, 0, "$env:PKCS11_MODULE = '", "lab", "tokens", "--dir", "practice 電")
	ctlclient(t, dir, 0, `"model":"PRACTICE token"`, "--json", "--module", tokens, "token", "list")
	for _, label := range []string{"SAST-1", "SAST-2"} {
		ctlclient(t, dir, 0, "", "--module", tokens, "token", "export", "pkcs11:token="+label, "--out", label+".cer")
		der, err := os.ReadFile(filepath.Join(dir, label+".cer"))
		if err == nil {
			err = l.TrustCertificate(der)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	to := []string{"--module", tokens, "migrate", "to-tokens", "--token", "pkcs11:token=SAST-1", "--token", "pkcs11:token=SAST-2",
		"--sign-with", "pkcs11:token=SAST-1", "--accept-loss"}
	at(4, "the PIN is wrong", append([]string{"--pin-source", "file:wrong.txt"}, to...)...)
	at(0, `"pin_count_low":true`, "--json", "--module", tokens, "token", "list")
	at(0, `"state":"done"`, append([]string{"--json", "--pin-source", "file:pin 電.txt"}, to...)...)
	at(0, `"tokenless":false`, "--json", "cluster", "status")
	boots, err := l.RestartPhones(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range boots {
		if b.Phone.Model != "7940" && !b.CTL.Accept { // which cannot ask TVS
			t.Errorf("%s: %s", b.Phone.Name, b.CTL.Reason)
		}
	}
}

// A module that asks the C library for its configuration, as SoftHSM2 does on Windows, gets the
// variable that goes with its name, and the one of the program.
func TestModuleReadsItsEnvironment(t *testing.T) {
	need(t)
	dir := folder(t)
	dll := filepath.Join(dir, "module.dll")
	if out, err := exec.Command("x86_64-w64-mingw32-gcc", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-o", dll, "testdata/getenv.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctlclient(t, dir, 0, `C:\\one\\softhsm2.conf`, "--json", "--module", `SOFTHSM2_CONF=C:\one\softhsm2.conf|`+windows(dll), "token", "list")
	former := machine.env
	defer func() { machine.env = former }()
	machine.env = append(machine.env, `SOFTHSM2_CONF=C:\two\softhsm2.conf`)
	ctlclient(t, dir, 0, `C:\\two\\softhsm2.conf`, "--json", "--module", windows(dll), "token", "list")
}
