package softhsm

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/miekg/pkcs11"

	"ctlclient/internal/atomicfile"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/token/host"
)

type missing struct{}

// Error is Said in English.
func (e missing) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (missing) Said() error { return message.NewError("SoftHSM2 is not installed") }

// Hints name the package.
func (missing) Hints() []message.Message {
	file := "libsofthsm2.so"
	if runtime.GOOS == "windows" {
		file = "softhsm2-x64.dll"
	}
	return message.Hint("%s, or name %s in SOFTHSM2_MODULE", token.SoftHSMPackage(runtime.GOOS, onPath), file)
}

func onPath(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// ErrMissing says that SoftHSM2 is not installed; its Hint names the package.
var ErrMissing error = missing{}

// ModulePath finds SoftHSM2's module: SOFTHSM2_MODULE, or the usual places.
func ModulePath() (string, error) {
	places := []string{
		"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so",
		"/usr/lib64/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so",
	}
	more, _ := filepath.Glob("/usr/lib/*/softhsm/libsofthsm2.so")
	places = append(more, places...)
	if runtime.GOOS == "windows" {
		places = []string{filepath.Join(os.Getenv("ProgramFiles"), "SoftHSM2", "lib", "softhsm2-x64.dll")}
	}
	if p := os.Getenv("SOFTHSM2_MODULE"); p != "" {
		places = []string{p}
	}
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
	}
	return "", ErrMissing
}

// Store is a folder of its own with softhsm2.conf and tokens.
type Store struct {
	Dir    string
	Module string
}

// New is Open, and sets SOFTHSM2_CONF for this process and the programs it starts.
func New(dir string) (*Store, error) {
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	return s, s.Use()
}

// Open creates (or opens) a store in dir. The folder is readable by its owner alone.
func Open(dir string) (*Store, error) {
	module, err := ModulePath()
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if strings.ContainsAny(dir, "#\n\r") || strings.TrimSpace(dir) != dir {
		return nil, message.Errorf("folder name %q: #, a line break or a blank at its end cannot stand in softhsm2.conf", dir)
	}
	s := &Store{Dir: dir, Module: module}
	if err := atomicfile.MakeFolder(s.tokens()); err != nil {
		return nil, err
	}
	conf := "directories.tokendir = " + s.tokens() + "\n" +
		"objectstore.backend = file\n" +
		"log.level = ERROR\n" +
		"slots.removable = false\n"
	if err := os.WriteFile(s.Conf(), []byte(conf), 0o600); err != nil {
		return nil, err
	}
	return s, nil
}

// Own names the module with this store as its own, whatever the environment of this process
// says: for the modules of package token.
func (s *Store) Own() string { return token.ModuleWith(s.Module, variable+"="+s.Conf()) }

// variable is where SoftHSM2 is told its configuration.
const variable = "SOFTHSM2_CONF"

// Conf is the path of the store's softhsm2.conf, for the environment of another program.
func (s *Store) Conf() string { return filepath.Join(s.Dir, "softhsm2.conf") }

func (s *Store) tokens() string { return filepath.Join(s.Dir, "tokens") }

// Use makes this the store that SoftHSM opens when it is initialised next.
func (s *Store) Use() error { return os.Setenv(variable, s.Conf()) }

// exclusive runs f on SoftHSM, initialised anew with this store.
func (s *Store) exclusive(f func(*host.Process) error) error {
	return token.Exclusive(context.Background(), s.Own(), f) // a moment's work
}

// AddCertificate puts one more certificate on a token, with the id of the key: one
// that was renewed.
func (s *Store) AddCertificate(label, pin string, der []byte) error {
	return s.exclusive(func(p *host.Process) error {
		slots, err := p.GetSlotList(true)
		if err != nil {
			return message.Errorf("slot list: %w", err)
		}
		for _, id := range slots {
			t, err := p.GetTokenInfo(id)
			if err != nil || strings.TrimRight(t.Label, " \x00") != label {
				continue
			}
			session, err := p.OpenSession(id, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
			if err != nil {
				return message.Errorf("C_OpenSession: %w", err)
			}
			defer p.CloseSession(session)
			if err := p.Login(session, pkcs11.CKU_USER, []byte(pin)); err != nil {
				return message.Errorf("C_Login: %w", err)
			}
			return storeCertificate(p, session, Spec{Label: label}, der)
		}
		return message.Errorf("no token %q in %s", label, s.Dir)
	})
}

// Remove deletes the tokens with a label: pulled out for good.
func (s *Store) Remove(label string) error {
	var serials []string
	err := s.exclusive(func(p *host.Process) error {
		slots, err := p.GetSlotList(true)
		if err != nil {
			return message.Errorf("slot list: %w", err)
		}
		for _, id := range slots {
			t, err := p.GetTokenInfo(id)
			if err != nil {
				return message.Errorf("slot %d: %w", id, err)
			}
			if t.Flags&pkcs11.CKF_TOKEN_INITIALIZED != 0 && strings.TrimRight(t.Label, " \x00") == label {
				serials = append(serials, strings.TrimRight(t.SerialNumber, " \x00"))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(serials) == 0 {
		return message.Errorf("no token %q in %s", label, s.Dir)
	}
	var errs []error
	for _, serial := range serials {
		errs = append(errs, s.removeFolder(serial))
	}
	return errors.Join(errs...)
}

// removeFolder deletes the token whose serial number is the end of its folder's
// name, which is a UUID.
func (s *Store) removeFolder(serial string) error {
	entries, err := os.ReadDir(s.tokens())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasSuffix(strings.ReplaceAll(e.Name(), "-", ""), serial) && len(serial) >= 8 {
			return os.RemoveAll(filepath.Join(s.tokens(), e.Name()))
		}
	}
	return message.Errorf("no folder for the token with serial number %s in %s", serial, s.tokens())
}
