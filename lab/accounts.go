package lab

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// loadPasswords reads the accounts' passwords or makes them.
func (l *Lab) loadPasswords() error {
	err := l.loadPassword(filePassword, &l.password)
	if l.st.CUCM && err == nil {
		err = l.loadPassword(filePlatform, &l.platform)
	}
	return err
}

func (l *Lab) loadPassword(file string, into *[]byte) error {
	path := filepath.Join(l.Dir, file)
	b, err := os.ReadFile(path)
	if err == nil {
		*into = b
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	*into = []byte(rand.Text())
	return writeFile(path, *into)
}

// adminUser of the CTL Provider and of the administration CLI; sftpUser of
// alternate TFTP servers and firewalls. All have the lab's password. A CUCM cluster has
// two accounts: adminUser is the application user, platformUser, with a password of its
// own, that of OS Administration, the certificate REST API and the CLI.
const (
	adminUser    = "admin"
	sftpUser     = "ctl"
	platformUser = "administrator"
)

func (l *Lab) login(user, want string, password []byte) bool {
	return sameAccount(user, want, password, l.password)
}

func sameAccount(user, want string, password, right []byte) bool {
	// Both are always compared: a wrong name costs what a wrong password costs.
	name := subtle.ConstantTimeCompare([]byte(user), []byte(want))
	return subtle.ConstantTimeCompare(password, right)&name == 1
}

// platformLogin is the login of the CLI, and of a CUCM node's OS Administration and REST.
func (l *Lab) platformLogin(user string, password []byte) bool {
	if !l.st.CUCM {
		return l.login(user, adminUser, password)
	}
	return l.fault(FaultPlatform) == 0 && sameAccount(user, platformUser, password, l.platform)
}
