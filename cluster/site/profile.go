// Package site reads and writes the profile of a cluster: the TOML file that names its
// nodes, how each is reached, which services it runs and who it must prove to be.
//
// A profile in memory says what its file says, with what a file may leave out filled in
// ([Profile.Complete]); ports stay as written, and [Node.Port] knows the defaults. What
// is read has been checked as a whole, and errors name file, line, node and key. Paths
// are relative to the profile's file ([Profile.Resolve]). Passwords never are in a
// profile: it names sources.
package site

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"ctlclient/internal/textfile"
	"ctlclient/message"
)

// Roles of a node.
const (
	RolePublisher  = "publisher"
	RoleSubscriber = "subscriber"
	RoleTFTP       = "tftp"     // an alternate TFTP server
	RoleFirewall   = "firewall" // an ASA that proxies phones
)

// Kinds of publisher: who answers for mode, servers and certificates.
const (
	PublisherCTLP = "ctlp" // our CTL Provider, port 2444
	PublisherCUCM = "cucm" // CUCM as Cisco ships it: AXL, OS Administration, CLI
	PublisherNone = "none" // nobody: the profile and the served CTL have to do
)

// Transports of the file to a node.
const (
	TransportCTLP    = "ctlp"
	TransportSFTP    = "sftp"
	TransportOSAdmin = "os-admin" // the TFTP File Management page of OS Administration
	TransportByHand  = "by-hand"  // a person puts the file there
)

// maxProfile bounds a profile's file, in bytes.
const maxProfile = 1 << 20

// Profile of a cluster, as its TOML file says it.
type Profile struct {
	Name                   string   `toml:"name"`
	Publisher              string   `toml:"publisher,omitempty"`                // ctlp | cucm | none
	User                   string   `toml:"user,omitempty"`                     // ctlp: of the CTL Provider; cucm: application user
	PasswordSource         string   `toml:"password-source,omitempty"`          // prompt | env:NAME | file:PATH | fd:N
	PlatformUser           string   `toml:"platform-user,omitempty"`            // cucm: OS Administration, certificate API, CLI
	PlatformPasswordSource string   `toml:"platform-password-source,omitempty"` // as PasswordSource
	Version                string   `toml:"version,omitempty"`                  // of CUCM, "12.0"
	Fleet                  string   `toml:"fleet,omitempty"`                    // CSV or JSON of phones, relative to the profile's file
	KnownHosts             string   `toml:"known-hosts,omitempty"`              // SSH host keys; default ~/.ssh/known_hosts
	Practice               bool     `toml:"practice,omitempty"`                 // a practice cluster: practice tokens may sign for it, and for no other
	Legacy                 bool     `toml:"legacy,omitempty"`                   // every node is of the age of TLS 1.0
	LeaveOut               []string `toml:"leave-out,omitempty"`                // nodes that the publisher names and that get no CTL, by name or address
	Nodes                  []Node   `toml:"node"`

	File string `toml:"-"` // where it was read
}

// Node is one [[node]] of a profile. A port that is nil is the default of the node's
// role; 0 says that the node does not run the service. See [Node.Port].
type Node struct {
	Name        string `toml:"name"`
	Role        string `toml:"role"`
	Address     string `toml:"address"`
	Transport   string `toml:"transport,omitempty"`
	CTLPPort    *int   `toml:"ctlp-port,omitempty"`
	HTTPSPort   *int   `toml:"https-port,omitempty"`  // cucm: AXL, RisPort70, Control Center, OS Administration
	Fingerprint string `toml:"fingerprint,omitempty"` // of the TLS certificate on ctlp-port (cucm: https-port)

	SFTPPort           *int   `toml:"sftp-port,omitempty"`
	SFTPUser           string `toml:"sftp-user,omitempty"`
	SFTPPasswordSource string `toml:"sftp-password-source,omitempty"`
	SFTPKey            string `toml:"sftp-key,omitempty"`
	SFTPHostKey        string `toml:"sftp-host-key,omitempty"`
	Path               string `toml:"path,omitempty"` // folder that TFTP serves

	TFTPPort *int `toml:"tftp-port,omitempty"`
	HTTPPort *int `toml:"http-port,omitempty"`
	TVSPort  *int `toml:"tvs-port,omitempty"`

	SSHPort           *int   `toml:"ssh-port,omitempty"` // administration CLI
	SSHUser           string `toml:"ssh-user,omitempty"`
	SSHPasswordSource string `toml:"ssh-password-source,omitempty"`
	SSHHostKey        string `toml:"ssh-host-key,omitempty"`

	// Certificates of the node's servers, where nobody else tells them (publisher =
	// "none"): FUNCTION=FILE, such as "ccm+tftp=asterisk.pem", as `file build` takes them.
	Certificates []string `toml:"certificates,omitempty"`

	Legacy bool `toml:"legacy,omitempty"`
}

// Error says what is wrong with a profile, and where.
type Error struct {
	File string
	Line int    // from 1, 0 when not known
	Node string // the node concerned, "" when none
	Key  string // the key concerned, "" when none
	Err  error  // what is wrong, and its cause
	hint message.Message
}

// Error is the text in English.
func (e *Error) Error() string { return e.Say(message.Voice{}) }

// Say implements [message.Speaker].
func (e *Error) Say(v message.Voice) string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Node != "" {
		b.WriteString(v.Say(message.Phrase("node %s: ", e.Node)))
	}
	b.WriteString(v.Tell(e.Err))
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Hints name the next step, where there is one.
func (e *Error) Hints() []message.Message {
	if e.hint.IsZero() {
		return nil
	}
	return []message.Message{e.hint}
}

// ConfigDir is where profiles are looked up: ctlclient/ in the user's configuration
// folder (XDG_CONFIG_HOME or ~/.config; %AppData% on Windows).
func ConfigDir() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", message.Errorf("no configuration folder: %w", err)
	}
	return filepath.Join(dir, "ctlclient"), nil
}

// Load reads a profile. A bare name ("hq") is NAME.toml in the
// configuration folder; anything with a path separator or ending in .toml is a
// file. Errors are *Error; one that says that there is no such profile
// wraps fs.ErrNotExist.
func Load(nameOrFile string) (*Profile, error) {
	file := nameOrFile
	if !strings.ContainsAny(nameOrFile, `/\`) && !strings.HasSuffix(nameOrFile, ".toml") {
		if nameOrFile == "" {
			return nil, &Error{Err: message.NewError("no profile is named"), Key: "profile", hint: knownProfiles()}
		}
		dir, err := ConfigDir()
		if err != nil {
			return nil, &Error{Err: err}
		}
		file = filepath.Join(dir, nameOrFile+".toml")
	}
	f, err := os.Open(file)
	if err != nil {
		e := &Error{Err: message.Errorf("cannot read profile: %w", err)}
		if errors.Is(err, fs.ErrNotExist) {
			e.Err = message.Instead(err, message.Errorf("no profile %q: %s does not exist", nameOrFile, file))
			e.hint = knownProfiles()
		}
		return nil, e
	}
	defer f.Close()
	data, err := readBounded(f, maxProfile)
	if err != nil {
		return nil, &Error{File: file, Err: err}
	}
	return Parse(data, file)
}

// knownProfiles is the hint for a profile that is not there.
func knownProfiles() message.Message {
	dir, err := ConfigDir()
	if err != nil {
		return message.Message{}
	}
	found, _ := filepath.Glob(filepath.Join(dir, "*.toml"))
	if len(found) == 0 {
		return message.Phrase("name a cluster's profile (%s), or put one into %s, as NAME.toml; or practise first: %s",
			message.Action{Do: message.NameProfile}, dir, message.Action{Do: message.Rehearse})
	}
	var names []string
	for _, f := range found {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".toml"))
	}
	return message.Phrase("profiles in %s: %s", dir, strings.Join(names, ", "))
}

// All lists the profiles of the configuration folder by file name. Those that
// cannot be read are left out; their errors come joined beside the others.
func All() ([]*Profile, error) {
	dir, err := ConfigDir()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil {
		return nil, err
	}
	var out []*Profile
	var errs []error
	for _, f := range files {
		p, err := Load(f)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, p)
	}
	return out, errors.Join(errs...)
}

// Parse reads a profile from TOML. file is where it stands: error texts name
// it and relative paths in the profile start from its folder; it may be "".
func Parse(data []byte, file string) (*Profile, error) {
	var p Profile
	data, err := textfile.UTF8(data)
	if err != nil {
		return nil, &Error{File: file, Err: err}
	}
	if line := textfile.WindowsPath(data); line > 0 {
		return nil, &Error{File: file, Line: line, Err: message.NewError("a Windows path stands between double quotes"), hint: textfile.PathHint}
	}
	dec := toml.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return nil, tomlError(err, file)
	}
	p.File = file
	p.Complete()
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &p, nil
}

// tomlError turns the decoder's errors into one line with file and line.
func tomlError(err error, file string) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		first := strict.Errors[0]
		line, _ := first.Position()
		key := strings.Join(first.Key(), ".")
		said := message.Errorf("unknown key %q", key)
		if n := len(strict.Errors) - 1; n > 0 {
			said = message.Errorf("%w (and %d more)", said, n)
		}
		e := &Error{File: file, Line: line, Key: key, Err: message.Instead(err, said), hint: knownKeys(key)}
		if near := nearestKey(key); near != "" {
			e.hint = message.Phrase("did you mean %q?", near)
			if near == key {
				e.hint = message.Phrase("%q is a key of a node: it stands below a [[node]]", key)
			} else if key == "node."+near {
				e.hint = message.Phrase("%q is a key of the profile: it stands above the first [[node]]", near)
			}
		}
		return e
	}
	var dec *toml.DecodeError
	if errors.As(err, &dec) {
		line, _ := dec.Position()
		return &Error{File: file, Line: line, Key: strings.Join(dec.Key(), "."), Err: message.Instead(err, textfile.TOMLWords(err.Error()))}
	}
	return &Error{File: file, Err: message.Instead(err, textfile.TOMLWords(err.Error()))}
}

// Complete fills in what a file may leave out; it changes nothing that is set.
func (p *Profile) Complete() {
	fill := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	fill(&p.Publisher, PublisherCTLP)
	fill(&p.PasswordSource, SourcePrompt)
	if p.Publisher == PublisherCUCM {
		fill(&p.PlatformPasswordSource, SourcePrompt)
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		n.Legacy = n.Legacy || p.Legacy
		fill(&n.Transport, p.defaultTransport(n))
		if n.IsCUCM() {
			switch p.Publisher {
			case PublisherCTLP:
				fill(&n.SSHUser, p.User)
			case PublisherCUCM:
				fill(&n.SSHUser, p.PlatformUser)
				fill(&n.SSHPasswordSource, p.PlatformPasswordSource)
			}
		}
		fill(&n.SSHPasswordSource, SourcePrompt)
	}
}

func (p *Profile) defaultTransport(n *Node) string {
	switch {
	case !n.IsCUCM(), p.Publisher == PublisherNone:
		return TransportSFTP
	case p.Publisher == PublisherCUCM:
		return TransportOSAdmin
	}
	return TransportCTLP
}

// Resolve makes a path of the profile absolute: relative ones start from the
// profile's folder.
func (p *Profile) Resolve(path string) string {
	if path == "" || filepath.IsAbs(path) || p.File == "" {
		return path
	}
	return filepath.Join(filepath.Dir(p.File), path)
}

// Lead is the index in Nodes of the node that goes first: the publisher, else the first.
func (p *Profile) Lead() int {
	for i, n := range p.Nodes {
		if n.Role == RolePublisher {
			return i
		}
	}
	return 0
}

// LeadNode is the node that goes first; the zero Node where there are none.
func (p *Profile) LeadNode() Node {
	if len(p.Nodes) == 0 {
		return Node{}
	}
	return p.Nodes[p.Lead()]
}

// Node finds a node by its name; nil when there is none.
func (p *Profile) Node(name string) *Node {
	for i := range p.Nodes {
		if strings.EqualFold(p.Nodes[i].Name, name) {
			return &p.Nodes[i]
		}
	}
	return nil
}

// readBounded reads all of r, an error past limit bytes.
func readBounded(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, message.Errorf("larger than %d bytes", limit)
	}
	return data, nil
}
