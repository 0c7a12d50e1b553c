// Package lab is a cluster to practise on (stub: being written).
package lab

import (
	"context"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/trust"
)

// Options of a lab.
type Options struct {
	Dir     string
	Nodes   int         // CUCM nodes: publisher and subscribers; default 2
	Phones  []PhoneSpec // default four: 7975, 8861, 7965, 7940 (cannot ask TVS)
	AltTFTP bool        // an alternate TFTP server over SFTP; default in Up: true
	KeyBits int         // of server certificates; default 2048
	Log     func(format string, args ...any)
}

type PhoneSpec struct{ MAC, Model string }

// Lab is a running practice cluster in tokenless mixed mode.
type Lab struct {
	Dir     string
	Profile string // DIR/lab.toml
	Nodes   []*Node
	Phones  []*Phone
}

type Node struct {
	Name, Address string
	Role          string // publisher subscriber tftp
	Folder        string // what TFTP serves
}

// Up starts a lab; everything it holds is in Dir, 0600/0700.
func Up(ctx context.Context, o Options) (*Lab, error) { panic("stub") }
func (l *Lab) Close() error                           { panic("stub") }

// TrustCertificate puts a certificate into Phone-SAST-trust on all nodes, as the upload page does.
func (l *Lab) TrustCertificate(der []byte) error { panic("stub") }

// RestartServices restarts TFTP then CallManager on all nodes.
func (l *Lab) RestartServices(ctx context.Context) error { panic("stub") }

// RestartPhones makes every phone boot: fetch CTL, ITL, configuration over TFTP, ask TVS, accept or reject.
func (l *Lab) RestartPhones(ctx context.Context) ([]Boot, error) { panic("stub") }

// Boot of one phone.
type Boot struct {
	Phone  *Phone
	CTL    trust.Verdict
	ITL    trust.Verdict
	Config trust.Verdict
	Took   time.Duration
}

type Phone struct {
	Name, Model string
	CTL, ITL    *ctlbuild.List // held
}

// Stop and Start a node (pull the plug): listeners and connections end at once, files stay.
func (l *Lab) Stop(name string) error  { panic("stub") }
func (l *Lab) Start(name string) error { panic("stub") }

// Regenerate a certificate of a node: callmanager, tvs, capf, itlrecovery.
func (l *Lab) Regenerate(node, what string) error { panic("stub") }
