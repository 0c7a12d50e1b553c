//go:build linux

package token_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"ctlclient/token"
)

// realNSS is another implementation of PKCS#11, of another family than SoftHSM2: NSS's soft
// token, with a key and certificate made by NSS's own tool. Other slots, other ids
// (the hash of the key), a token without a key beside it, and an argument of its
// own for C_Initialize, out of a p11-kit configuration.
func realNSS(t *testing.T) *real {
	libs, _ := filepath.Glob("/usr/lib/*/libsoftokn3.so")
	certutil, err := exec.LookPath("certutil")
	if err != nil || len(libs) == 0 {
		needPart(t, errors.New("NSS is not installed (apt install libnss3-tools)"))
	}
	home := t.TempDir()
	db, modules := filepath.Join(home, "db"), filepath.Join(home, ".config", "pkcs11", "modules")
	for _, d := range []string{db, modules} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	const secret = "Cisco123"
	password, noise := filepath.Join(home, "password"), filepath.Join(home, "noise")
	for file, text := range map[string]string{
		password: secret + "\n",
		noise:    "noise for the key generator, as much as it wants to have",
		filepath.Join(modules, "nss.module"): "module: " + libs[0] + "\n" +
			"x-init-reserved: configdir='sql:" + db + "' certPrefix='' keyPrefix='' secmod='secmod.db' flags=\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"-N", "-d", "sql:" + db, "-f", password},
		{"-S", "-d", "sql:" + db, "-f", password, "-z", noise, "-n", "sast", "-s", "CN=SAST-NSS,O=Practice", "-x", "-t", ",,", "-g", "2048"},
	} {
		if out, err := exec.Command(certutil, args...).CombinedOutput(); err != nil {
			t.Fatalf("certutil %q: %v\n%s", args, err, out)
		}
	}
	t.Setenv("HOME", home)
	// Two tokens, one of them without a key: the one with the certificate is meant.
	infos, err := token.List(t.Context(), libs[:1])
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range infos {
		if len(i.Certificates) == 1 && i.Certificates[0].Subject == "cn=SAST-NSS;o=Practice" && i.Certificates[0].KeyBits == 2048 {
			return &real{module: libs[0], uri: i.CertificateURI(i.Certificates[0]).String(), pin: secret}
		}
	}
	t.Fatalf("tokens %+v", infos)
	return nil
}
