package workflow

import (
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/message"
)

// AddRequest makes the profile of a cluster from the address of its publisher.
type AddRequest struct {
	Name, Address string
	Publisher     string // ctlp | cucm | none; "": what answers decides
	Version       string
	// User is of the CTL Provider, or the application user of a CUCM.
	User, PasswordSource string
	// PlatformUser of a CUCM: OS Administration, the certificate API and the CLI.
	PlatformUser, PlatformPasswordSource string
	// SFTPUser, SFTPPasswordSource, SFTPKey and Path are of a server without a publisher.
	SFTPUser, SFTPPasswordSource, SFTPKey, Path string

	CTLPPort, HTTPSPort, SSHPort, TFTPPort int // 0: the usual one
}

// node is the publisher as it is known before it was asked.
func (r AddRequest) node() site.Node {
	n := site.Node{Name: nodeName(r.Address), Role: site.RolePublisher, Address: r.Address}
	for _, p := range []struct {
		set  **int
		port int
	}{{&n.CTLPPort, r.CTLPPort}, {&n.HTTPSPort, r.HTTPSPort}, {&n.SSHPort, r.SSHPort}, {&n.SFTPPort, r.SSHPort}, {&n.TFTPPort, r.TFTPPort}} {
		if p.port != 0 {
			*p.set = site.At(p.port)
		}
	}
	return n
}

// nodeName is an address as the name of a node, which has no colons.
func nodeName(address string) string {
	return strings.Trim(strings.NewReplacer(":", "-", "%", "-").Replace(address), "-")
}

// ProfileFile is where the profile of a cluster is kept, and refuses a name that is no
// file's, or is taken.
func ProfileFile(name string) (string, error) {
	if name != filepath.Base(name) || name == "." || name == ".." || name == "" {
		return "", fail(BadRequest, textPlainName.With("name", name), hintProfileFile.With())
	}
	dir, err := site.ConfigDir()
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, name+".toml")
	if taken := sameFileName(dir, name+".toml"); taken != "" {
		return "", fail(BadRequest, textExists.With("file", filepath.Join(dir, taken)), hintAddMissing.With("do", message.Action{Do: message.AddMissing, Name: name}))
	}
	return file, nil
}

// sameFileName finds a file whose name differs in nothing but case: on Windows the two are
// one, and so are their state folders.
func sameFileName(dir, name string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "" // there is no folder yet, or it will be said when it is written to
	}
	for _, e := range entries {
		if strings.EqualFold(e.Name(), name) {
			return e.Name()
		}
	}
	return ""
}

// bareAddress is a host or an address without the brackets that an IPv6 address has before
// a port. A port, or the address of a page, is refused: nothing could be asked there.
func bareAddress(s string) (string, error) {
	s = strings.TrimSpace(s)
	if in, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(in, "]") {
		s = strings.TrimSuffix(in, "]")
	}
	if _, _, err := net.SplitHostPort(s); err == nil || strings.Contains(s, "/") {
		return "", fail(BadRequest, textBareAddress.With("address", s), hintBareAddress.With())
	}
	return s, nil
}

// placed checks address and ports, before a server is bothered.
func (r AddRequest) placed() error {
	n := r.node()
	n.Name, n.Transport = "publisher", site.TransportByHand // which needs no account
	p := &site.Profile{Name: r.Name, Version: r.Version, Publisher: site.PublisherNone, Nodes: []site.Node{n}}
	p.Complete()
	return p.Validate()
}

// find is Kind as a step that a person sees: a port that is silent takes seconds.
func (r *AddRequest) find(ctx context.Context, talk *speaker) (err error) {
	if r.Publisher != "" {
		return nil
	}
	defer talk.step(StepConnect, sayDiscover.With("address", r.Address))(&err)
	_, err = r.Kind(ctx)
	return err
}

// Kind finds out which kind of cluster answers, where the request does not say.
func (r *AddRequest) Kind(ctx context.Context) (cluster.Found, error) {
	if r.Publisher != "" {
		return cluster.Found{}, nil
	}
	f, err := cluster.Discover(ctx, r.node())
	if err != nil {
		return f, err
	}
	if r.Publisher = f.Publisher(); r.Publisher != "" {
		return f, nil
	}
	var why message.Parts
	for _, what := range slices.Sorted(maps.Keys(f.Silent)) {
		why = append(why, message.Phrase("%s: %v", what, f.Silent[what]))
	}
	if f.Other {
		why = append(why, textOtherProvider.With())
	}
	return f, fail(Unreachable, textNothingAnswers.With("address", r.Address, "why", why), hintAXL.With(), hintFiles.With(), hintKind.With())
}

// Profile is the profile of the publisher alone.
func (r AddRequest) Profile(file string) *site.Profile {
	n := r.node()
	p := &site.Profile{Name: r.Name, Publisher: r.Publisher, Version: r.Version, File: file}
	switch r.Publisher {
	case site.PublisherNone:
		n.Transport, n.SFTPUser, n.SFTPPasswordSource, n.SFTPKey, n.Path = site.TransportSFTP, r.SFTPUser, r.SFTPPasswordSource, r.SFTPKey, r.Path
	case site.PublisherCUCM:
		n.Transport = site.TransportOSAdmin
		p.User, p.PasswordSource = r.User, r.PasswordSource
		p.PlatformUser, p.PlatformPasswordSource = r.PlatformUser, r.PlatformPasswordSource
	default:
		n.Transport = site.TransportCTLP
		p.User, p.PasswordSource = r.User, r.PasswordSource
	}
	p.Nodes = []site.Node{n}
	return p
}

// AddCluster asks the publisher, whose identity the person confirms, for the other nodes
// of its cluster, and gives the whole profile, which pins what was confirmed. It is not
// saved yet.
func AddCluster(ctx context.Context, r AddRequest, ui UI, o Options) (*site.Profile, error) {
	address, err := bareAddress(r.Address)
	if err != nil {
		return nil, err
	}
	r.Address = address
	file, err := ProfileFile(r.Name)
	if err != nil {
		return nil, err
	}
	for _, src := range []string{r.PasswordSource, r.PlatformPasswordSource, r.SFTPPasswordSource} {
		if src == "" {
			continue
		}
		if err := site.CheckSource(src); err != nil {
			return nil, fail(BadRequest, textOf.With("what", err)) // before a server is bothered
		}
	}
	if err := r.placed(); err != nil {
		return nil, err
	}
	talk := &speaker{ui: ui, job: "connect"}
	if err := r.find(ctx, talk); err != nil {
		return nil, err
	}
	p := r.Profile(file)
	p.Complete()
	if err := p.Validate(); err != nil {
		return nil, err
	}
	snap, err := look(ctx, p, ui, o)
	if err != nil {
		return nil, err
	}
	ids, err := cluster.Identities(ctx, p, cluster.Options{Prompter: ui, StateDir: o.StateDir, Timeout: o.Timeout}, false)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		switch id.Service {
		case "ctlp", "https":
			p.Nodes[0].Fingerprint = id.Known
		case "sftp":
			p.Nodes[0].SFTPHostKey = id.Known
		}
	}
	for _, n := range snap.Servers {
		if n.Publisher && n.Name != "" {
			p.Nodes[0].Name = n.Name // its own name reads better than the address it was asked under
		}
	}
	p.Nodes = append(p.Nodes, MissingNodes(snap, p)...)
	return p, nil
}

// MissingNodes are those that the publisher names and the profile lacks, reached as the
// profile's publisher is.
func MissingNodes(snap *cluster.Snapshot, p *site.Profile) []site.Node {
	missing := snap.Unlisted(p)
	lead := p.LeadNode()
	for i := range missing {
		n := &missing[i]
		n.Transport = ""
		if lead.Transport == site.TransportByHand {
			n.Transport = lead.Transport
		}
		// Where the publisher is not at the usual ports, its subscribers are likely not, either.
		n.CTLPPort, n.HTTPSPort, n.SSHPort, n.TFTPPort, n.HTTPPort, n.TVSPort = lead.CTLPPort, lead.HTTPSPort, lead.SSHPort, lead.TFTPPort, lead.HTTPPort, lead.TVSPort
	}
	return missing
}

// look connects to the publisher alone.
func look(ctx context.Context, p *site.Profile, ui UI, o Options) (_ *cluster.Snapshot, err error) {
	alone := *p
	alone.Nodes = []site.Node{p.LeadNode()}
	alone.Fleet = ""
	o.Tolerant, o.LookOnly = true, true
	s, err := Connect(ctx, &alone, ui, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Snapshot, nil
}

// MissingOf asks the publisher for the nodes that a profile lacks.
func MissingOf(ctx context.Context, p *site.Profile, ui UI, o Options) ([]site.Node, error) {
	snap, err := look(ctx, p, ui, o)
	if err != nil {
		return nil, err
	}
	return MissingNodes(snap, p), nil
}
