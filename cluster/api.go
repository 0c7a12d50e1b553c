// Package cluster knows profiles, nodes and the safe way of a file to all of them (stub: being written).
package cluster

import (
	"context"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/protocol/ctlp"
	"ctlclient/trust"
)

// Profile of a cluster, TOML (cli.md).
type Profile struct {
	Name           string        `toml:"name"`
	User           string        `toml:"user"`
	PasswordSource string        `toml:"password-source"`
	Fleet          string        `toml:"fleet"` // CSV or JSON of phones, relative to the profile's file
	Legacy         bool          `toml:"legacy"`
	Nodes          []NodeProfile `toml:"node"`

	File string `toml:"-"` // where it was read
}

type NodeProfile struct {
	Name, Role, Address, Transport string
	CTLPPort                       int    `toml:"ctlp-port"`
	Fingerprint                    string `toml:"fingerprint"`
	SFTPPort                       int    `toml:"sftp-port"`
	SFTPUser                       string `toml:"sftp-user"`
	SFTPPasswordSource             string `toml:"sftp-password-source"`
	SFTPKey                        string `toml:"sftp-key"`
	SFTPHostKey                    string `toml:"sftp-host-key"`
	Path                           string `toml:"path"`
	TFTPPort                       int    `toml:"tftp-port"`
	HTTPPort                       int    `toml:"http-port"`
	TVSPort                        int    `toml:"tvs-port"`
	SSHPort                        int    `toml:"ssh-port"` // administration CLI
	SSHUser                        string `toml:"ssh-user"`
	SSHPasswordSource              string `toml:"ssh-password-source"`
	SSHHostKey                     string `toml:"ssh-host-key"`
	Legacy                         bool   `toml:"legacy"`
}

// LoadProfile reads a profile by name or file; unknown keys name the key and the line.
func LoadProfile(nameOrFile string) (*Profile, error) { panic("stub") }

// Profiles lists the profiles of the configuration folder.
func Profiles() ([]*Profile, error) { panic("stub") }

// Save writes a profile 0600, by rename.
func (p *Profile) Save(file string) error { panic("stub") }

// Prompter is how cluster asks; workflow.UI satisfies it.
type Prompter interface {
	// Password asks for the password of user at node.
	Password(ctx context.Context, node, user string) ([]byte, error)
	// Identity shows an unknown fingerprint; true keeps it. --yes never answers this.
	Identity(ctx context.Context, node, kind, fingerprint string) (bool, error)
}

// IdentityError: a node's identity changed, or was not confirmed. Exit 3.
type IdentityError struct {
	Node, Kind, Want, Got string
}

func (e *IdentityError) Error() string { panic("stub") }
func (e *IdentityError) Hint() string  { panic("stub") }

// Node is anything that can take one named file.
type Node interface {
	Name() string
	Profile() NodeProfile
	// Fetch returns the live file; fs.ErrNotExist when there is none.
	Fetch(ctx context.Context, name string) ([]byte, error)
	// Stage puts data beside the live file, on disk, not yet live. expect: digest of the live file, nil for none.
	Stage(ctx context.Context, name string, data []byte, expect *[32]byte) (stage string, err error)
	Commit(ctx context.Context, name, stage string, expect *[32]byte) (path string, err error)
	Abort(ctx context.Context, name, stage string) error
	// Restore puts former back (nil: removes the file) where the live file is current.
	Restore(ctx context.Context, name string, former []byte, current *[32]byte) error
	Close() error
}

// Options of Connect.
type Options struct {
	Prompter Prompter
	StateDir string // journals, locks, kept identities; default XDG state
	Progress func(Progress)
	Timeout  time.Duration
}

// Progress of one node.
type Progress struct {
	Node  string
	Step  string // connect login fetch stage commit read-back abort restore
	State string // start done failed retry
	Err   error
	Path  string
}

// Cluster is a connected cluster.
type Cluster struct {
	Profile *Profile
	Nodes   []Node
}

// Connect pins identities and logs in to all nodes side by side. A node that cannot be reached is a *NodeError (exit 3).
func Connect(ctx context.Context, p *Profile, o Options) (*Cluster, error) { panic("stub") }
func (c *Cluster) Close() error                                            { panic("stub") }

// NodeError names the node and the step.
type NodeError struct {
	Node, Step string
	Err        error
}

func (e *NodeError) Error() string { panic("stub") }
func (e *NodeError) Unwrap() error { panic("stub") }

// NodeState of a snapshot.
type NodeState struct {
	Node      NodeProfile
	Services  []ctlp.Service
	File      []byte // what it serves (over its transport)
	List      *ctlbuild.List
	Missing   bool // serves no CTL
	Err       error
	TFTPAgree *bool // what TFTP serves equals File; nil: not asked
}

// Snapshot of a live cluster.
type Snapshot struct {
	Time        time.Time
	Mixed       bool
	Topology    []ctlp.Node
	Credentials []ctlp.Credential
	Nodes       []NodeState
	ITL         *ctlbuild.List // of the publisher over TFTP, nil when there is none
	Agree       bool           // all nodes serve the same bytes
	Current     *ctlbuild.List // when they agree (or the publisher's), nil: none
}

func (c *Cluster) Snapshot(ctx context.Context) (*Snapshot, error) { panic("stub") }

// SetMode through the publisher.
func (c *Cluster) SetMode(ctx context.Context, mixed bool) error { panic("stub") }

// FetchTFTP reads a file as a phone would.
func (c *Cluster) FetchTFTP(ctx context.Context, node NodeProfile, name string) ([]byte, error) {
	panic("stub")
}

// TVS returns an Asker over the network. dial addresses come from the phone or, when it names none, from the profile.
func (c *Cluster) TVS() trust.Asker { panic("stub") }

// AskTVS asks each node that runs TVS about a certificate, authenticating the service by the ITL given.
func (c *Cluster) AskTVS(ctx context.Context, itl *ctlbuild.List, certDER []byte) (map[string]TVSResult, error) {
	panic("stub")
}

type TVSResult struct {
	Answer trust.Answer
	Err    error
}

// DistributeOptions of one file to all nodes.
type DistributeOptions struct {
	Name      string               // CTLFile.tlv
	Data      []byte               // nil: remove the file everywhere
	Expect    map[string]*[32]byte // per node, what the snapshot saw; nil value: no file
	Job       string               // "update", "migrate to-tokens"
	KeepGoing bool                 // after the first commit a failure is left to resume instead of being taken back
	Retries   int
	Note      map[string]string // decisions to record (hazards overridden...)
}

// Outcome for every node.
type Outcome struct {
	ID    string // of the journal
	Nodes []NodeOutcome
	State string // done, taken-back, incomplete
}

type NodeOutcome struct {
	Node, Path, Status string // Passed, Taken back, Unchanged, Failed, Unknown
	SHA256             [32]byte
	Err                error
}

// PartialError: not all nodes hold the new file. Exit 5.
type PartialError struct{ Outcome Outcome }

func (e *PartialError) Error() string { panic("stub") }
func (e *PartialError) Hint() string  { panic("stub") }

// Distribute stages on all, commits on all, reads back from all; or takes back.
func (c *Cluster) Distribute(ctx context.Context, o DistributeOptions) (Outcome, error) {
	panic("stub")
}

// Job of the journal.
type Job struct {
	ID, Cluster, Kind, State string
	Started, Ended           time.Time
	Nodes                    []NodeOutcome
	OldSHA256, NewSHA256     string
	Note                     map[string]string
}

// History of the journals in stateDir (newest first), of one cluster or, with "", of all.
func History(stateDir, clusterName string) ([]Job, error) { panic("stub") }

// Resume finishes a job; Rollback puts the former file back everywhere. id "" is the newest of this cluster.
func (c *Cluster) Resume(ctx context.Context, id string) (Outcome, error)   { panic("stub") }
func (c *Cluster) Rollback(ctx context.Context, id string) (Outcome, error) { panic("stub") }
