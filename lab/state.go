package lab

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"ctlclient/message"
)

// Files and folders in a lab's folder.
const (
	fileState    = "lab.json"
	filePassword = "password"
	filePlatform = "platform-password"
	fileLog      = "lab.log"
	fileLock     = "lab.lock"
	fileFleet    = "phones.csv"
	dirTrust     = "Phone-SAST-trust"
	dirNodes     = "nodes"
	dirPhones    = "phones"
)

// ProfileFile is the lab's profile.
const ProfileFile = "lab.toml"

// ControlFile is where package control says how a running lab is reached.
const ControlFile = "control.json"

// state is the cluster's database, lab.json.
type state struct {
	Format        int
	Ready         bool   // false: the start that made it was cut short
	Name          string // of the cluster in its profile: lab-7f3a9c, no two alike
	Release       string // "10.0" "10.5" "11.5" "12.0" "12.5" "14.0" "15.0"
	Full          string `json:",omitempty"` // as show version active prints it; empty: that of the release
	CUCM          bool   `json:",omitempty"` // as Cisco ships it
	Crowd         int    `json:",omitempty"` // phones that stand in the database alone
	Mixed         bool   // ClusterSecurityMode 1
	Rollback      bool   // Prepare Cluster for Rollback to Pre 8.0
	NoITL         bool   // a cluster without Security By Default
	ExportRefused bool   // not registered for export-controlled functionality
	KeyBits       int
	CAPFName      string         // CAPF-9c4cba7d
	Faults        map[string]int `json:",omitempty"`
	// Held are files of the trust store that have not reached the other nodes yet, and
	// the node that has them.
	Held   map[string]string `json:",omitempty"`
	Nodes  []nodeState
	Phones []phoneState
}

type nodeState struct {
	Name    string // host name; changes when the host is renamed
	Dir     string // folder below nodes/; does not
	Role    string
	Address string
	Ports   Ports
	// ITLInputs is a digest of all that the node's ITL was made from.
	ITLInputs string `json:",omitempty"`
	// Restored: CallManager.pem is not the certificate of the signing key.
	Restored bool `json:",omitempty"`
}

type phoneState struct {
	Name, Model string
	Servers     []string `json:",omitempty"` // TFTP servers by hand; none: the cluster's
	Group       []string `json:",omitempty"` // nodes of its CallManager group; none: all
	TVS         []string `json:",omitempty"` // as its last accepted configuration named them
}

const stateFormat = 1

// NotALabError: the folder holds a file of a name that a lab uses, and no lab.
type NotALabError struct{ Path string }

// Error is Said in English.
func (e *NotALabError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *NotALabError) Said() error {
	return message.Errorf("%s is in the way, and the folder is not a lab's", e.Path)
}

// Hints name the next step.
func (e *NotALabError) Hints() []message.Message {
	return message.Hint("name another folder, one that is empty or not there yet")
}

// loadState reads the database; without one it is fs.ErrNotExist.
func loadState(dir string) (*state, error) {
	data, err := os.ReadFile(filepath.Join(dir, fileState))
	if err != nil {
		return nil, err
	}
	s := new(state)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, message.Errorf("read %s: %w", fileState, err)
	}
	if s.Format != stateFormat || len(s.Nodes) == 0 {
		return nil, message.Errorf("read %s: format %d is not known to this version", fileState, s.Format)
	}
	return s, nil
}

func (s *state) save(dir string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, fileState), append(data, '\n'))
}

// wipe removes what a lab made in dir and nothing else. It refuses a folder
// that has files of those names but no database.
func wipe(dir string) error {
	names := []string{dirNodes, dirPhones, dirTrust, ProfileFile, filePassword, filePlatform, ControlFile, fileFleet, fileLog}
	if _, err := loadState(dir); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, n := range names {
			if _, err := os.Lstat(filepath.Join(dir, n)); err == nil {
				return &NotALabError{filepath.Join(dir, n)}
			}
		}
		return nil
	}
	// The database goes last: an interrupted removal can be repeated.
	var errs []error
	for _, n := range names {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, n)))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return os.Remove(filepath.Join(dir, fileState))
}
