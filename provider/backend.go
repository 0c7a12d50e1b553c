package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/protocol/ctlp"
)

// previousSuffix is what the served folder keeps the former file as.
const previousSuffix = ".previous"

// The words of the mode file.
const (
	modeMixed     = "mixed"
	modeNonSecure = "non-secure"
)

// backend decides for one configuration; a reload makes another.
type backend struct {
	config Config
	users  *Users
	nodes  []ctlp.Node
	certs  []ctlp.Credential
	mode   *sync.Mutex // of the mode file, shared by all backends of a service
}

// newBackend reads what the configuration names.
func newBackend(c Config, mode *sync.Mutex) (*backend, error) {
	b := &backend{config: c, mode: mode}
	var err error
	b.users, err = LoadUsers(c.Users)
	if errors.Is(err, fs.ErrNotExist) {
		// Nobody may log in until a user is added; the service can start.
		b.users, err = ParseUsers(strings.NewReader(""))
	}
	if err != nil {
		return nil, message.Errorf("users: %w", err)
	}
	for _, n := range c.Nodes {
		node := ctlp.Node{Name: n.Name, Address: n.Address, Publisher: n.Role == "publisher"}
		for _, s := range n.Services {
			node.Services = append(node.Services, services[s])
		}
		b.nodes = append(b.nodes, node)
		for _, cr := range n.Credentials {
			der, err := readCertificate(cr.Certificate)
			if err != nil {
				return nil, message.Errorf("certificate of %s: %w", n.Name, err)
			}
			function, err := ctlbuild.ParseFunction(cr.Function)
			if err != nil {
				return nil, err
			}
			b.certs = append(b.certs, ctlp.Credential{
				NodeName: n.Name, NodeAddress: n.Address, Function: uint16(function), Certificate: der,
			})
		}
	}
	return b, nil
}

// readBounded reads a file of at most ctlbuild.MaxFile bytes.
func readBounded(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, ctlbuild.MaxFile+1))
	if err == nil && len(data) > ctlbuild.MaxFile {
		err = message.Errorf("%s is longer than %d bytes", file, ctlbuild.MaxFile)
	}
	return data, err
}

func readCertificate(file string) ([]byte, error) {
	data, err := readBounded(file)
	if err != nil {
		return nil, err
	}
	cert, err := ctlbuild.ParseCertificate(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return cert.DER, nil
}

func refuse(s ctlp.Status, format string, args ...any) error {
	return &ctlp.StatusError{Status: s, Message: fmt.Sprintf(format, args...)}
}

func (b *backend) Login(ctx context.Context, user string, password []byte) (bool, error) {
	return b.users.Check(ctx, user, password)
}

// Allowed takes back the logins of users who were removed.
func (b *backend) Allowed(user string) bool { return b.users.Has(user) }

// publisher refuses what only a publisher answers.
func (b *backend) publisher() error {
	if len(b.nodes) == 0 {
		return refuse(ctlp.NotSupported, "this node is not the publisher")
	}
	return nil
}

func (b *backend) Cluster(context.Context) (ctlp.Cluster, error) {
	if err := b.publisher(); err != nil {
		return ctlp.Cluster{}, err
	}
	b.mode.Lock()
	defer b.mode.Unlock()
	mixed, err := b.readMode()
	return ctlp.Cluster{Mixed: mixed, Nodes: b.nodes}, err
}

func (b *backend) Credentials(context.Context) ([]ctlp.Credential, error) {
	return b.certs, b.publisher()
}

// readMode reads the mode file; a missing one is non-secure.
func (b *backend) readMode() (bool, error) {
	data, err := readBounded(b.config.ModeFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	switch strings.TrimSpace(string(data)) {
	case modeMixed:
		return true, nil
	case modeNonSecure:
		return false, nil
	}
	return false, message.Errorf("%s says neither %s nor %s", b.config.ModeFile, modeMixed, modeNonSecure)
}

func (b *backend) SetMode(_ context.Context, mixed bool) (bool, error) {
	if err := b.publisher(); err != nil {
		return false, err
	}
	word := modeNonSecure
	if mixed {
		word = modeMixed
	}
	b.mode.Lock()
	defer b.mode.Unlock()
	return mixed, replaceFile(b.config.ModeFile, []byte(word+"\n"))
}

func (b *backend) Changed(string) {}

// wantKind is what a name says that the file is; ok is false for other names
// than those of trust lists.
func wantKind(name string) (kind ctlbuild.Kind, ok bool) {
	switch {
	case !strings.HasSuffix(name, ".tlv"):
		return 0, false
	case strings.HasPrefix(name, "CTL"):
		return ctlbuild.KindCTL, true
	case strings.HasPrefix(name, "ITL"):
		return ctlbuild.KindITL, true
	}
	return 0, false
}

// Check takes only trust lists whose signature verifies and whose signer is
// among the SAST of the list that they replace. Where that one was deleted, the
// one kept as <name>.previous stands for it, and for a name that is new the list
// that all phones are served: neither deleting nor renaming is a way round. The very
// bytes that are kept as <name>.previous may always come back.
func (b *backend) Check(_ context.Context, name string, old, data []byte) error {
	kind, ok := wantKind(name)
	if !ok {
		return refuse(ctlp.BadList, "%s is not the name of a trust list (CTL*.tlv, ITL*.tlv)", name)
	}
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return refuse(ctlp.BadList, "%s: %v", name, err)
	}
	if l.Kind() != kind {
		return refuse(ctlp.BadList, "the list inside is not what the name %s says", name)
	}
	v := l.Verify()
	if !v.OK {
		return refuse(ctlp.BadList, "the signature does not verify: %s", v.Reason)
	}
	if b.config.AnySigner {
		return nil
	}
	former, err := readBounded(filepath.Join(b.config.Folder, name+previousSuffix))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case string(former) == string(data):
		return nil
	}
	if old == nil {
		old = former
	}
	if old == nil {
		if old, err = b.general(kind); err != nil {
			return err
		}
	}
	if old == nil {
		return nil // the first list of all: nothing to hold it against
	}
	return trustedBy(l, v.Signer, old)
}

// general is the list that phones without one of their own (CTLSEP...tlv) are served,
// or the former one where it was deleted; nil: there is none. A new name is no way
// round its trust.
func (b *backend) general(kind ctlbuild.Kind) ([]byte, error) {
	name := kind.FileName()
	for _, n := range []string{name, name + previousSuffix} {
		data, err := readBounded(filepath.Join(b.config.Folder, n))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return data, err
		}
	}
	return nil, nil
}

// signerName is what a person knows a token by.
func signerName(r *ctlbuild.Record) string { return cmp.Or(r.CN(), r.SubjectName()) }

// trustedBy holds the signer of l, its record number signer, against the list
// being replaced.
func trustedBy(l *ctlbuild.List, signer int, old []byte) error {
	before, err := ctlbuild.Parse(old)
	if err != nil {
		return refuse(ctlp.BadList, "the list being replaced cannot be read, so it trusts nobody (%v); the node's any-signer would take this one", err)
	}
	r := &l.Records[signer]
	for _, s := range before.SAST() {
		if der := r.Certificate(); der != nil && s.MatchesCertificate(der) {
			return nil
		}
	}
	return refuse(ctlp.BadList, "signed by %s, which is no SAST of the list being replaced: phones would refuse it; the node's any-signer would take it", signerName(r))
}
