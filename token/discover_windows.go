package token

import (
	"os"
	"path/filepath"
)

// p11kitFolders: p11-kit is no part of Windows.
func p11kitFolders() []string { return nil }

func moduleFolders() []string { return nil }

// usualPlaces lists where makers put their modules: SafeNet, OpenSC, Yubico,
// SoftHSM2. A program loads only libraries of its own width, so the folders of
// 32-bit programs are not looked at; nor is C:\SoftHSM2, where SoftHSM2 puts itself by
// default: any user may make that folder.
func usualPlaces() []string {
	programs := os.Getenv("ProgramFiles")
	system := filepath.Join(os.Getenv("SystemRoot"), "System32")
	return []string{
		filepath.Join(system, "eTPKCS11.dll"),
		filepath.Join(system, "eToken.dll"),
		filepath.Join(programs, "SafeNet", "Authentication", "SAC", "x64", "eTPKCS11.dll"),
		filepath.Join(programs, "SafeNet", "Authentication", "SAC", "x64", "IDPrimePKCS1164.dll"),
		filepath.Join(programs, "OpenSC Project", "OpenSC", "pkcs11", "opensc-pkcs11.dll"),
		filepath.Join(programs, "Yubico", "Yubico PIV Tool", "bin", "libykcs11.dll"),
		filepath.Join(programs, "SoftHSM2", "lib", "softhsm2-x64.dll"),
	}
}
