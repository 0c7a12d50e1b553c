//go:build !windows

package token

import (
	"os"
	"path/filepath"
)

// p11kitFolders, the distributor's first and the person's last (pkcs11.conf(5)).
func p11kitFolders() []string {
	f := []string{"/usr/share/p11-kit/modules", "/usr/local/share/p11-kit/modules", "/etc/pkcs11/modules"}
	if home, err := os.UserHomeDir(); err == nil {
		f = append(f, filepath.Join(home, ".config", "pkcs11", "modules"))
	}
	return f
}

// moduleFolders is where p11-kit looks for a module named without a folder.
func moduleFolders() []string {
	f, _ := filepath.Glob("/usr/lib/*/pkcs11")
	return append(f, "/usr/lib64/pkcs11", "/usr/lib/pkcs11", "/usr/local/lib/pkcs11")
}

// usualPlaces lists where makers put their modules: SafeNet, OpenSC, Yubico, SoftHSM2, TPM2.
func usualPlaces() []string {
	names := []string{
		"libeToken.so", "libeToken.so.10", "libeTPkcs11.so", "libIDPrimePKCS11.so",
		"opensc-pkcs11.so", "libykcs11.so", "libykcs11.so.2",
		"softhsm/libsofthsm2.so", "libsofthsm2.so",
		"libtpm2_pkcs11.so", "libtpm2_pkcs11.so.1", "pkcs11/libtpm2_pkcs11.so",
	}
	folders, _ := filepath.Glob("/usr/lib/*-linux-gnu*")
	folders = append(folders, "/usr/lib64", "/usr/lib", "/usr/local/lib", "/lib", "/usr/lib64/pkcs11", "/usr/lib/pkcs11",
		"/usr/local/lib/softhsm", "/usr/lib/softhsm")
	var paths []string
	for _, n := range names {
		for _, f := range folders {
			paths = append(paths, filepath.Join(f, n))
		}
	}
	return paths
}
