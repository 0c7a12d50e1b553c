package cluster

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"ctlclient/trust/release"

	"github.com/pelletier/go-toml/v2"
)

// Roles of a node.
const (
	RolePublisher  = "publisher"
	RoleSubscriber = "subscriber"
	RoleTFTP       = "tftp"     // an alternate TFTP server
	RoleFirewall   = "firewall" // an ASA that proxies phones
)

// Transports of a node.
const (
	TransportCTLP = "ctlp"
	TransportSFTP = "sftp"
)

// NoPort says that a node does not run a service; a profile writes it as 0.
const NoPort = -1

// maxProfile bounds a profile's file, in bytes.
const maxProfile = 1 << 20

// Profile of a cluster, as its TOML file says it. In memory a port of 0 stands
// for the default of the node's role and NoPort for a service that is not there.
type Profile struct {
	Name           string        `toml:"name"`
	User           string        `toml:"user,omitempty"`            // of the CTL Provider
	PasswordSource string        `toml:"password-source,omitempty"` // prompt | env:NAME | file:PATH | fd:N
	Version        string        `toml:"version,omitempty"`         // of CUCM, "12.0"
	Fleet          string        `toml:"fleet,omitempty"`           // CSV or JSON of phones, relative to the profile's file
	KnownHosts     string        `toml:"known-hosts,omitempty"`     // SSH host keys; default ~/.ssh/known_hosts
	Legacy         bool          `toml:"legacy,omitempty"`          // every node is of the age of TLS 1.0
	LeaveOut       []string      `toml:"leave-out,omitempty"`       // nodes that the publisher names and that get no CTL, by name or address
	Nodes          []NodeProfile `toml:"node"`

	File string `toml:"-"` // where it was read
}

// NodeProfile is one [[node]] of a profile.
type NodeProfile struct {
	Name        string `toml:"name"`
	Role        string `toml:"role"`
	Address     string `toml:"address"`
	Transport   string `toml:"transport,omitempty"`
	CTLPPort    int    `toml:"ctlp-port,omitempty"`
	Fingerprint string `toml:"fingerprint,omitempty"` // of the TLS certificate

	SFTPPort           int    `toml:"sftp-port,omitempty"`
	SFTPUser           string `toml:"sftp-user,omitempty"`
	SFTPPasswordSource string `toml:"sftp-password-source,omitempty"`
	SFTPKey            string `toml:"sftp-key,omitempty"`
	SFTPHostKey        string `toml:"sftp-host-key,omitempty"`
	Path               string `toml:"path,omitempty"` // folder that TFTP serves

	TFTPPort int `toml:"tftp-port,omitempty"`
	HTTPPort int `toml:"http-port,omitempty"`
	TVSPort  int `toml:"tvs-port,omitempty"`

	SSHPort           int    `toml:"ssh-port,omitempty"` // administration CLI
	SSHUser           string `toml:"ssh-user,omitempty"`
	SSHPasswordSource string `toml:"ssh-password-source,omitempty"`
	SSHHostKey        string `toml:"ssh-host-key,omitempty"`

	Legacy bool `toml:"legacy,omitempty"`
}

// ProfileError says what is wrong with a profile, and where.
type ProfileError struct {
	File string
	Line int    // from 1, 0 when not known
	Node string // the node concerned, "" when none
	Key  string // the key concerned, "" when none
	Msg  string
	Err  error // cause, may be nil
	hint string
}

func (e *ProfileError) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Node != "" {
		fmt.Fprintf(&b, "node %s: ", e.Node)
	}
	b.WriteString(e.Msg)
	return b.String()
}

func (e *ProfileError) Unwrap() error { return e.Err }
func (e *ProfileError) Hint() string  { return e.hint }

// ConfigDir is where profiles are looked up: ctlclient/ in the user's configuration
// folder (XDG_CONFIG_HOME or ~/.config; %AppData% on Windows).
func ConfigDir() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("no configuration folder: %w", err)
	}
	return filepath.Join(dir, "ctlclient"), nil
}

// LoadProfile reads a profile. A bare name ("hq") is NAME.toml in the
// configuration folder; anything with a path separator or ending in .toml is a
// file. Errors are *ProfileError; one that says that there is no such profile
// wraps fs.ErrNotExist.
func LoadProfile(nameOrFile string) (*Profile, error) {
	file := nameOrFile
	if !strings.ContainsAny(nameOrFile, `/\`) && !strings.HasSuffix(nameOrFile, ".toml") {
		if nameOrFile == "" {
			return nil, &ProfileError{Msg: "no profile is named", Key: "profile", hint: knownProfiles()}
		}
		dir, err := ConfigDir()
		if err != nil {
			return nil, &ProfileError{Msg: err.Error(), Err: err}
		}
		file = filepath.Join(dir, nameOrFile+".toml")
	}
	f, err := os.Open(file)
	if err != nil {
		e := &ProfileError{Msg: "cannot read profile: " + err.Error(), Err: err}
		if errors.Is(err, fs.ErrNotExist) {
			e.Msg = fmt.Sprintf("no profile %q: %s does not exist", nameOrFile, file)
			e.hint = knownProfiles()
		}
		return nil, e
	}
	defer f.Close()
	data, err := readBounded(f, maxProfile)
	if err != nil {
		return nil, &ProfileError{File: file, Msg: err.Error(), Err: err}
	}
	return ParseProfile(data, file)
}

// knownProfiles is the hint for a profile that is not there.
func knownProfiles() string {
	dir, err := ConfigDir()
	if err != nil {
		return ""
	}
	found, _ := filepath.Glob(filepath.Join(dir, "*.toml"))
	if len(found) == 0 {
		return fmt.Sprintf("name a file with --profile FILE, or put NAME.toml into %s\n"+
			"`ctlclient lab up --dir DIR` writes DIR/lab.toml, a profile to practise with", dir)
	}
	var names []string
	for _, f := range found {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".toml"))
	}
	return fmt.Sprintf("profiles in %s: %s", dir, strings.Join(names, ", "))
}

// Profiles lists the profiles of the configuration folder by file name. Those that
// cannot be read are left out; their errors come joined beside the others.
func Profiles() ([]*Profile, error) {
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
		p, err := LoadProfile(f)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, p)
	}
	return out, errors.Join(errs...)
}

// ParseProfile reads a profile from TOML. file is where it stands: error texts name
// it and relative paths in the profile start from its folder; it may be "".
func ParseProfile(data []byte, file string) (*Profile, error) {
	var p Profile
	dec := toml.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return nil, tomlError(err, file)
	}
	zeros, err := zeroPorts(data)
	if err != nil {
		return nil, tomlError(err, file)
	}
	for i := range p.Nodes {
		for _, port := range p.Nodes[i].ports() {
			switch {
			case *port.value < 0:
				return nil, &ProfileError{File: file, Node: p.Nodes[i].Name, Key: port.key,
					Msg: fmt.Sprintf("%s = %d is not a port (0: the node does not run it)", port.key, *port.value)}
			case i < len(zeros) && zeros[i][port.key]:
				*port.value = NoPort
			}
		}
	}
	p.File = file
	p.setDefaults()
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &p, nil
}

// zeroPorts tells a port that a node's table sets to 0 from one that it leaves out.
func zeroPorts(data []byte) ([]map[string]bool, error) {
	var raw struct {
		Node []map[string]any `toml:"node"`
	}
	if err := toml.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	out := make([]map[string]bool, len(raw.Node))
	for i, n := range raw.Node {
		out[i] = map[string]bool{}
		for k, v := range n {
			if v == int64(0) {
				out[i][strings.ToLower(k)] = true
			}
		}
	}
	return out, nil
}

// tomlError turns the decoder's errors into one line with file and line.
func tomlError(err error, file string) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		first := strict.Errors[0]
		line, _ := first.Position()
		key := strings.Join(first.Key(), ".")
		e := &ProfileError{File: file, Line: line, Key: key, Err: err,
			Msg: fmt.Sprintf("unknown key %q", key), hint: knownKeys(key)}
		if len(strict.Errors) > 1 {
			e.Msg += fmt.Sprintf(" (and %d more)", len(strict.Errors)-1)
		}
		if near := nearestKey(key); near != "" {
			e.hint = fmt.Sprintf("did you mean %q?", near)
		}
		return e
	}
	var dec *toml.DecodeError
	if errors.As(err, &dec) {
		line, _ := dec.Position()
		return &ProfileError{File: file, Line: line, Key: strings.Join(dec.Key(), "."), Err: err,
			Msg: strings.TrimPrefix(dec.Error(), "toml: ")}
	}
	return &ProfileError{File: file, Err: err, Msg: strings.TrimPrefix(err.Error(), "toml: ")}
}

// port is one port of a node with its key, the default of each role (0: none) and
// whether the node can be without it.
type port struct {
	key   string
	value *int
}

func (n *NodeProfile) ports() []port {
	return []port{
		{"ctlp-port", &n.CTLPPort}, {"sftp-port", &n.SFTPPort}, {"tftp-port", &n.TFTPPort},
		{"http-port", &n.HTTPPort}, {"tvs-port", &n.TVSPort}, {"ssh-port", &n.SSHPort},
	}
}

// isCUCM reports a node of the call manager cluster itself.
func (n *NodeProfile) isCUCM() bool { return n.Role == RolePublisher || n.Role == RoleSubscriber }

// defaultPort is the port of a service on a node of this role, NoPort where such a
// node does not run it unless its profile says so.
func (n *NodeProfile) defaultPort(key string) int {
	switch {
	case key == "ctlp-port":
		return 2444
	case key == "sftp-port", key == "ssh-port":
		return 22
	case key == "tftp-port" && n.Role != RoleFirewall:
		return 69
	case key == "http-port" && n.Role != RoleFirewall:
		return 6970
	case key == "tvs-port" && n.isCUCM():
		return 2445
	}
	return NoPort
}

// setDefaults fills in what a profile leaves out.
func (p *Profile) setDefaults() {
	if p.PasswordSource == "" {
		p.PasswordSource = sourcePrompt
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		n.Legacy = n.Legacy || p.Legacy
		if n.Transport == "" {
			n.Transport = TransportSFTP
			if n.isCUCM() {
				n.Transport = TransportCTLP
			}
		}
		if n.SSHUser == "" && n.isCUCM() {
			n.SSHUser = p.User
		}
		if n.SSHPasswordSource == "" {
			n.SSHPasswordSource = sourcePrompt
		}
		n.defaults()
	}
}

// defaults fills in the ports that are not set.
func (n *NodeProfile) defaults() {
	for _, port := range n.ports() {
		if *port.value == 0 {
			*port.value = n.defaultPort(port.key)
		}
	}
}

var (
	nodeName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$`)
	// A cluster's name also names its profile and its folder of journals.
	clusterName = regexp.MustCompile(`^[\pL\pN]([\pL\pN ._-]{0,62}[\pL\pN])?$`)
)

// Validate checks the whole profile; its errors are *ProfileError.
func (p *Profile) Validate() error {
	bad := func(node, key, format string, args ...any) error {
		return &ProfileError{File: p.File, Node: node, Key: key, Msg: fmt.Sprintf(format, args...)}
	}
	if !clusterName.MatchString(p.Name) {
		return bad("", "name", "name %q: a cluster has a name of letters, digits, blanks, dots, dashes and underscores, at most 64", p.Name)
	}
	if p.Version != "" {
		if _, err := release.Parse(p.Version); err != nil {
			return bad("", "version", "version: %v", err)
		}
	}
	if err := checkSource(p.PasswordSource); err != nil {
		return bad("", "password-source", "password-source: %v", err)
	}
	if len(p.Nodes) == 0 {
		return bad("", "node", "no [[node]] is listed")
	}
	var publishers []string
	seen := map[string]bool{}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if !nodeName.MatchString(n.Name) {
			return bad("", "name", "node %d: name %q: a node has a name of letters, digits, dots, dashes and underscores", i+1, n.Name)
		}
		if seen[strings.ToLower(n.Name)] {
			return bad(n.Name, "name", "two nodes have this name")
		}
		seen[strings.ToLower(n.Name)] = true
		if n.Role == RolePublisher {
			publishers = append(publishers, n.Name)
		}
		if n.Transport == TransportCTLP && p.User == "" {
			return bad(n.Name, "user", "transport ctlp needs `user`, the CTL Provider's user, at the top of the profile")
		}
		if key, err := n.validate(); err != nil {
			return bad(n.Name, key, "%v", err)
		}
	}
	switch {
	case len(publishers) == 0:
		return bad("", "role", "no node has role = \"publisher\"")
	case len(publishers) > 1:
		return bad("", "role", "a cluster has one publisher, not %d: %s", len(publishers), strings.Join(publishers, ", "))
	}
	return nil
}

// validate checks one node by itself and names the key at fault.
func (n *NodeProfile) validate() (key string, err error) {
	if !slices.Contains([]string{RolePublisher, RoleSubscriber, RoleTFTP, RoleFirewall}, n.Role) {
		return "role", fmt.Errorf("role %q is not publisher, subscriber, tftp or firewall", n.Role)
	}
	if !isHost(n.Address) {
		return "address", fmt.Errorf("address %q is neither an IP address nor a host name (ports have keys of their own)", n.Address)
	}
	switch n.Transport {
	case TransportCTLP:
		if n.CTLPPort == NoPort {
			return "ctlp-port", errors.New("transport ctlp needs a ctlp-port")
		}
	case TransportSFTP:
		if n.Role == RolePublisher {
			return "transport", errors.New("the publisher is reached over ctlp: it alone knows the cluster's mode and certificates")
		}
		if n.Path == "" {
			return "path", errors.New("transport sftp needs `path`, the folder that TFTP serves")
		}
		if !strings.HasPrefix(n.Path, "/") && !regexp.MustCompile(`^[A-Za-z]:`).MatchString(n.Path) && n.Role != RoleFirewall {
			return "path", fmt.Errorf("path %q does not start at the root of the server", n.Path)
		}
		if n.SFTPUser == "" {
			return "sftp-user", errors.New("transport sftp needs `sftp-user`")
		}
		if n.SFTPPort == NoPort {
			return "sftp-port", errors.New("transport sftp needs an sftp-port")
		}
	default:
		return "transport", fmt.Errorf("transport %q is not ctlp or sftp", n.Transport)
	}
	for _, port := range n.ports() {
		if *port.value != NoPort && (*port.value < 1 || *port.value > 65535) {
			return port.key, fmt.Errorf("%s = %d is not a port", port.key, *port.value)
		}
	}
	for key, fp := range map[string]string{"fingerprint": n.Fingerprint, "sftp-host-key": n.SFTPHostKey, "ssh-host-key": n.SSHHostKey} {
		if err := checkFingerprint(fp); err != nil {
			return key, fmt.Errorf("%s: %w", key, err)
		}
	}
	for key, src := range map[string]string{"sftp-password-source": n.SFTPPasswordSource, "ssh-password-source": n.SSHPasswordSource} {
		if src == "" {
			continue
		}
		if err := checkSource(src); err != nil {
			return key, fmt.Errorf("%s: %w", key, err)
		}
	}
	return "", nil
}

// checkFingerprint takes "" and SHA256: with the unpadded base64 of 32 bytes.
func checkFingerprint(fp string) error {
	if fp == "" {
		return nil
	}
	rest, ok := strings.CutPrefix(fp, "SHA256:")
	if sum, err := base64.RawStdEncoding.Strict().DecodeString(rest); !ok || err != nil || len(sum) != 32 {
		return fmt.Errorf("%q is not a fingerprint: SHA256: and 43 characters of base64, as ssh-keygen -l and `ctlclient cluster pin` print it", fp)
	}
	return nil
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$`)

func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return len(s) <= 253 && hostName.MatchString(s)
}

// Publisher is the node with that role; a valid profile has exactly one.
func (p *Profile) Publisher() NodeProfile {
	for _, n := range p.Nodes {
		if n.Role == RolePublisher {
			return n
		}
	}
	return NodeProfile{}
}

// Resolve makes a path of the profile absolute: relative ones start from the
// profile's folder.
func (p *Profile) Resolve(path string) string {
	if path == "" || filepath.IsAbs(path) || p.File == "" {
		return path
	}
	return filepath.Join(filepath.Dir(p.File), path)
}
