package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Kinds of identity, as they are shown to a person.
const (
	KindTLS = "TLS certificate"
	KindSSH = "SSH host key"
)

const (
	fromProfile = "the profile"
	fromMeeting = "kept at the first meeting"
)

// kept is one identity of the file identities.json in a cluster's folder of the
// state directory.
type kept struct {
	Node        string    `json:"node"`
	Kind        string    `json:"kind"`
	Port        int       `json:"port"` // an SFTP server and the administration CLI may be two SSH servers
	Fingerprint string    `json:"fingerprint"`
	Kept        time.Time `json:"kept"`
}

// identities decides whether a server is who it should be: by the fingerprint in
// the profile, else the one kept from the first meeting, else (SSH) by known_hosts,
// else by asking a person.
type identities struct {
	file       string // identities.json
	knownHosts string
	prompter   Prompter
	now        func() time.Time

	mu   sync.Mutex
	held []kept

	asking sync.Mutex // one question at a time
}

// identity is what one server of one node has to be.
type identity struct {
	node, kind, pinned string
	host               string // as known_hosts names it
	port               int
}

// unknownError ends a handshake with a server that was never met; the person is
// asked afterwards, without a server's patience running out meanwhile.
type unknownError struct{ fingerprint string }

func (e *unknownError) Error() string { return "unknown " + e.fingerprint }

func openIdentities(file, knownHosts string, prompter Prompter, now func() time.Time) (*identities, error) {
	ids := &identities{file: file, knownHosts: knownHosts, prompter: prompter, now: now}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return ids, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read kept identities: %w", err)
	}
	defer f.Close()
	data, err := readBounded(f, maxProfile)
	if err == nil {
		err = json.Unmarshal(data, &ids.held)
	}
	if err != nil {
		// Going on without what was kept would accept a changed server as a new one.
		return nil, fmt.Errorf("kept identities %s are damaged: %w", file, err)
	}
	return ids, nil
}

func (ids *identities) find(w identity) string {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	for _, k := range ids.held {
		if k.Node == w.node && k.Kind == w.kind && k.Port == w.port {
			return k.Fingerprint
		}
	}
	return ""
}

// keep remembers a fingerprint that a person confirmed.
func (ids *identities) keep(w identity, fingerprint string) error {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	list := make([]kept, 0, len(ids.held)+1)
	for _, k := range ids.held {
		if k.Node != w.node || k.Kind != w.kind || k.Port != w.port {
			list = append(list, k)
		}
	}
	list = append(list, kept{Node: w.node, Kind: w.kind, Port: w.port, Fingerprint: fingerprint, Kept: ids.now().UTC().Truncate(time.Second)})
	data, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(ids.file), 0o700); err != nil {
		return fmt.Errorf("cannot keep identity: %w", err)
	}
	if err := writeFileAtomic(ids.file, append(data, '\n')); err != nil {
		return fmt.Errorf("cannot keep identity: %w", err)
	}
	ids.held = list
	return nil
}

// check compares a fingerprint. nil: it is the one; *IdentityError: it changed;
// *unknownError: the server was never met. key is the SSH key presented, nil for TLS.
func (ids *identities) check(w identity, got string, key ssh.PublicKey) error {
	want, source := w.pinned, fromProfile
	if want == "" {
		want, source = ids.find(w), fromMeeting
	}
	if want == "" && key != nil {
		var err error
		if want, source, err = ids.knownHost(w, key); err != nil {
			return err
		}
	}
	switch want {
	case got:
		return nil
	case "":
		return &unknownError{fingerprint: got}
	}
	return &IdentityError{Node: w.node, Kind: w.kind, Want: want, Got: got, Source: source}
}

// knownHost looks a server up in known_hosts: the fingerprint expected, "" when the
// server does not stand there.
func (ids *identities) knownHost(w identity, key ssh.PublicKey) (want, source string, err error) {
	if ids.knownHosts == "" {
		return "", "", nil
	}
	check, err := knownhosts.New(ids.knownHosts)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("known_hosts: %w", err)
	}
	addr := net.JoinHostPort(w.host, fmt.Sprint(w.port))
	remote := &net.TCPAddr{IP: net.ParseIP(w.host), Port: w.port}
	if remote.IP == nil {
		remote.IP = net.IPv4zero
	}
	err = check(addr, remote, key)
	var keyErr *knownhosts.KeyError
	var revoked *knownhosts.RevokedError
	switch {
	case err == nil:
		return ssh.FingerprintSHA256(key), ids.knownHosts, nil
	case errors.As(err, &revoked):
		return "", "", fmt.Errorf("%s: the SSH host key %s is marked as revoked in %s", w.node, ssh.FingerprintSHA256(key), ids.knownHosts)
	case errors.As(err, &keyErr):
		if len(keyErr.Want) == 0 {
			return "", "", nil
		}
		known := keyErr.Want[0]
		for _, k := range keyErr.Want {
			if k.Key.Type() == key.Type() {
				known = k
			}
		}
		return ssh.FingerprintSHA256(known.Key), fmt.Sprintf("%s:%d", known.Filename, known.Line), nil
	}
	return "", "", fmt.Errorf("known_hosts: %w", err)
}

// confirm asks a person about a server that is unknown, or that was known by another
// fingerprint (e.Want), and keeps the answer. e is the error of a no.
func (ids *identities) confirm(ctx context.Context, w identity, e *IdentityError) error {
	ids.asking.Lock()
	defer ids.asking.Unlock()
	if ids.find(w) == e.Got {
		return nil // confirmed while this question waited
	}
	if ids.prompter == nil {
		return e
	}
	ask := func() (bool, error) { return ids.prompter.Identity(ctx, w.node, w.kind, e.Got) }
	if p, able := ids.prompter.(ChangePrompter); able && e.Want != "" {
		ask = func() (bool, error) { return p.IdentityChanged(ctx, w.node, w.kind, e.Want, e.Got) }
	}
	ok, err := ask()
	if err != nil {
		return fmt.Errorf("%w: %w", e, err)
	}
	if !ok {
		return e
	}
	return ids.keep(w, e.Got)
}

// dialer connects to one server. check is to be called with what it presents; algorithms,
// of SSH host keys, are the only ones to accept (none: any).
type dialer[C any] func(check func(got string, key ssh.PublicKey) error, algorithms []string) (C, error)

// meet runs dial until the server's identity is settled: a dial that met an unknown
// server is repeated after a person has confirmed it. The handshake was ended before
// anything secret was sent.
func meet[C any](ctx context.Context, ids *identities, w identity, dial dialer[C]) (C, error) {
	for confirmed := false; ; confirmed = true {
		c, verdict, err := meetKey(ids, w, dial)
		var unknown *unknownError
		switch {
		case err == nil || verdict == nil:
			return c, err
		case !errors.As(verdict, &unknown) || confirmed:
			return c, verdict
		}
		if err := ids.confirm(ctx, w, &IdentityError{Node: w.node, Kind: w.kind, Got: unknown.fingerprint}); err != nil {
			return c, err
		}
	}
}

// kindsOfKey are the SSH host keys that one server may have beside each other.
var kindsOfKey = [][]string{
	{ssh.KeyAlgoED25519},
	{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
	{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA},
}

// meetKey connects once and says what check said. An SSH server has several host
// keys and shows one: where that is not the known one, the others are asked for before
// the server counts as changed.
func meetKey[C any](ids *identities, w identity, dial dialer[C]) (c C, verdict, err error) {
	c, first, shown, err := meetOnce(ids, w, dial, nil)
	var changed *IdentityError
	if err == nil || shown == nil || !errors.As(first, &changed) {
		return c, first, err
	}
	for _, kinds := range kindsOfKey {
		if slices.Contains(kinds, shown.Type()) {
			continue
		}
		other, verdict, asked, otherErr := meetOnce(ids, w, dial, kinds)
		if asked != nil && verdict == nil {
			return other, nil, otherErr
		}
	}
	return c, first, err
}

// meetOnce keeps what check said: the protocol package may not wrap it.
func meetOnce[C any](ids *identities, w identity, dial dialer[C], algorithms []string) (c C, verdict error, shown ssh.PublicKey, err error) {
	type answer struct {
		verdict error
		key     ssh.PublicKey
	}
	var answered atomic.Pointer[answer] // a dial that was given up may still be answered
	c, err = dial(func(got string, key ssh.PublicKey) error {
		a := answer{ids.check(w, got, key), key}
		answered.Store(&a)
		return a.verdict
	}, algorithms)
	if a := answered.Load(); a != nil {
		verdict, shown = a.verdict, a.key
	}
	return c, verdict, shown, err
}

// defaultKnownHosts is ~/.ssh/known_hosts, "" without a home.
func defaultKnownHosts() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".ssh", "known_hosts")
}

// identity of the servers of a node.
func tlsIdentity(n NodeProfile) identity {
	return identity{node: n.Name, kind: KindTLS, pinned: n.Fingerprint, host: n.Address, port: n.CTLPPort}
}

func sftpIdentity(n NodeProfile) identity {
	return identity{node: n.Name, kind: KindSSH, pinned: n.SFTPHostKey, host: n.Address, port: n.SFTPPort}
}

func cliIdentity(n NodeProfile) identity {
	return identity{node: n.Name, kind: KindSSH, pinned: n.SSHHostKey, host: strings.TrimSuffix(n.Address, "."), port: n.SSHPort}
}
