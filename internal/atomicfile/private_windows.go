package atomicfile

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// ownerAndSystem lets the user who made a file and the system in, and nobody else; the
// folder's list is not inherited. inheritance is set for a folder, so that what is made in it
// is as private.
func ownerAndSystem(inheritance uint32) (*windows.ACL, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	system, err := windows.CreateWellKnownSid(windows.WinLocalSystemSid)
	if err != nil {
		return nil, err
	}
	var entries []windows.EXPLICIT_ACCESS
	for _, sid := range []*windows.SID{user.User.Sid, system} {
		entries = append(entries, windows.EXPLICIT_ACCESS{
			AccessPermissions: windows.GENERIC_ALL, AccessMode: windows.SET_ACCESS, Inheritance: inheritance,
			Trustee: windows.TRUSTEE{TrusteeForm: windows.TRUSTEE_IS_SID, TrusteeValue: windows.TrusteeValueFromSID(sid)},
		})
	}
	return windows.ACLFromEntries(entries, nil)
}

func protect(path string, inheritance uint32) error {
	acl, err := ownerAndSystem(inheritance)
	if err == nil {
		err = windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
			windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, acl, nil)
	}
	if err != nil {
		return fmt.Errorf("%s: cannot keep other users out: %w", path, err)
	}
	return nil
}

func private(f *os.File) error { return protect(f.Name(), windows.NO_INHERITANCE) }

func privateFolder(path string) error {
	return protect(path, windows.SUB_CONTAINERS_AND_OBJECTS_INHERIT)
}
