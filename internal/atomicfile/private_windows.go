package atomicfile

import (
	"os"

	"golang.org/x/sys/windows"

	"ctlclient/message"
)

// fileAll is full control of a file or folder: FILE_ALL_ACCESS of winnt.h.
const fileAll = 0x1f01ff

// ownerAndSystem lets the user who made a file and the system in, and nobody else; the
// folder's list is not inherited. inheritance is set for a folder, so that what is made in it
// is as private.
func ownerAndSystem(inheritance uint32) (*windows.SECURITY_DESCRIPTOR, error) {
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
			AccessPermissions: fileAll, AccessMode: windows.SET_ACCESS, Inheritance: inheritance,
			Trustee: windows.TRUSTEE{TrusteeForm: windows.TRUSTEE_IS_SID, TrusteeValue: windows.TrusteeValueFromSID(sid)},
		})
	}
	list, err := windows.ACLFromEntries(entries, nil)
	if err != nil {
		return nil, err
	}
	sd, err := windows.NewSecurityDescriptor()
	if err != nil {
		return nil, err
	}
	if err := sd.SetDACL(list, true, false); err != nil {
		return nil, err
	}
	return sd, sd.SetControl(windows.SE_DACL_PROTECTED, windows.SE_DACL_PROTECTED)
}

// protect sets the list by the file's handle: by its name, Windows would walk through all that
// is in a folder, and Wine would add what the folder above hands down.
func protect(path string, inheritance uint32) (err error) {
	defer func() {
		if err != nil {
			err = message.Errorf("%s: cannot keep other users out: %w", path, err)
		}
	}()
	sd, err := ownerAndSystem(inheritance)
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	h, err := windows.CreateFile(name, windows.READ_CONTROL|windows.WRITE_DAC,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil,
		windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0) // as a folder wants it
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(h) }() // nothing is buffered
	return windows.SetKernelObjectSecurity(h, windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, sd)
}

func private(f *os.File) error { return protect(f.Name(), windows.NO_INHERITANCE) }

func privateFolder(path string) error {
	return protect(path, windows.SUB_CONTAINERS_AND_OBJECTS_INHERIT)
}
