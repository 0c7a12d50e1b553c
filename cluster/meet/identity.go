// Package meet settles who a server is before it is told anything, and holds what it is
// told then.
//
// [Identities] decides by the fingerprint in the profile, else by the one kept from the
// first meeting, else (SSH) by known_hosts, else by asking a person through a
// [Prompter]; a server that changed is an [IdentityError] with both fingerprints, and
// nothing but a person accepts it. [Secrets] asks for each password once, holds it until
// Wipe, and writes it nowhere.
//
// What always holds: a fingerprint is compared before a password leaves, and a person is
// asked outside of the handshake, so that no server's patience runs out meanwhile.
package meet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"ctlclient/internal/atomicfile"
	"ctlclient/message"
)

// Kinds of identity, as they are shown to a person.
const (
	KindTLS = "TLS certificate"
	KindSSH = "SSH host key"
)

// FromProfile is IdentityError.Source of a fingerprint that the profile pins. A person
// who accepts another one has to change the profile: it is never overruled.
const FromProfile = "the profile"

const fromMeeting = "kept at the first meeting"

var words = message.Glossary{
	KindTLS:     message.Phrase("TLS certificate"),
	KindSSH:     message.Phrase("SSH host key"),
	FromProfile: message.Phrase("the profile"),
	fromMeeting: message.Phrase("kept at the first meeting"),
}

// Text is a kind of identity, or the source of one, for a person; a file is named as it is.
func Text(of string) message.Message { return words.Of(of) }

// maxKept bounds identities.json, in bytes.
const maxKept = 1 << 20

// kept is one identity of the file identities.json in a cluster's folder of the
// state directory.
type kept struct {
	Node        string    `json:"node"`
	Kind        string    `json:"kind"`
	Port        int       `json:"port"` // an SFTP server and the administration CLI may be two SSH servers
	Fingerprint string    `json:"fingerprint"`
	Kept        time.Time `json:"kept"`
}

// Identities decides whether a server is who it should be: by the fingerprint in
// the profile, else the one kept from the first meeting, else (SSH) by known_hosts,
// else by asking a person. Its methods may be called from several goroutines.
type Identities struct {
	file       string // identities.json
	knownHosts string
	prompter   Prompter
	now        func() time.Time

	mu   sync.Mutex
	held []kept

	asking sync.Mutex // one question at a time
}

// Server is one server of one node, and who it has to be.
type Server struct {
	Node   string // name in the profile
	Kind   string // KindTLS or KindSSH
	Pinned string // fingerprint in the profile; "" when it has none
	Host   string // as known_hosts names it
	Port   int
}

// UnknownError is the answer of [Identities.Check] about a server that was never met: it
// ends the handshake, and the person is asked afterwards, without a server's patience
// running out meanwhile.
type UnknownError struct{ Fingerprint string }

// Error is Said in English.
func (e *UnknownError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *UnknownError) Said() error { return message.Errorf("unknown %s", e.Fingerprint) }

// Open reads the identities kept in file, identities.json of a cluster; a file that is
// not there holds none, a damaged one is an error. knownHosts is SSH's file of host keys,
// "" for none; prompter may be nil: nobody can be asked.
func Open(file, knownHosts string, prompter Prompter, now func() time.Time) (*Identities, error) {
	ids := &Identities{file: file, knownHosts: knownHosts, prompter: prompter, now: now}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return ids, nil
	}
	if err != nil {
		return nil, message.Errorf("cannot read kept identities: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKept))
	if err == nil {
		err = json.Unmarshal(data, &ids.held)
	}
	if err != nil {
		// Going on without what was kept would accept a changed server as a new one.
		return nil, message.Errorf("kept identities %s are damaged: %w", file, err)
	}
	return ids, nil
}

func (ids *Identities) find(w Server) string {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	for _, k := range ids.held {
		if k.Node == w.Node && k.Kind == w.Kind && k.Port == w.Port {
			return k.Fingerprint
		}
	}
	return ""
}

// keep remembers a fingerprint that a person confirmed.
func (ids *Identities) keep(w Server, fingerprint string) error {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	list := make([]kept, 0, len(ids.held)+1)
	for _, k := range ids.held {
		if k.Node != w.Node || k.Kind != w.Kind || k.Port != w.Port {
			list = append(list, k)
		}
	}
	list = append(list, kept{Node: w.Node, Kind: w.Kind, Port: w.Port, Fingerprint: fingerprint, Kept: ids.now().UTC().Truncate(time.Second)})
	data, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.MakeFolder(filepath.Dir(ids.file)); err != nil {
		return message.Errorf("cannot keep identity: %w", err)
	}
	if err := atomicfile.Write(ids.file, append(data, '\n'), 0o600); err != nil {
		return message.Errorf("cannot keep identity: %w", err)
	}
	ids.held = list
	return nil
}

// Check compares a fingerprint. nil: it is the one; *IdentityError: it changed;
// *UnknownError: the server was never met. key is the SSH key presented, nil for TLS.
func (ids *Identities) Check(w Server, got string, key ssh.PublicKey) error {
	want, source := w.Pinned, FromProfile
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
		return &UnknownError{Fingerprint: got}
	}
	return &IdentityError{Node: w.Node, Kind: w.Kind, Want: want, Got: got, Source: source}
}

// knownHost looks a server up in known_hosts: the fingerprint expected, "" when the
// server does not stand there.
func (ids *Identities) knownHost(w Server, key ssh.PublicKey) (want, source string, err error) {
	if ids.knownHosts == "" {
		return "", "", nil
	}
	check, err := knownhosts.New(ids.knownHosts)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", message.Errorf("known_hosts: %w", err)
	}
	addr := net.JoinHostPort(w.Host, fmt.Sprint(w.Port))
	remote := &net.TCPAddr{IP: net.ParseIP(w.Host), Port: w.Port}
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
		return "", "", message.Errorf("%s: the SSH host key %s is marked as revoked in %s", w.Node, ssh.FingerprintSHA256(key), ids.knownHosts)
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
	return "", "", message.Errorf("known_hosts: %w", err)
}

// Confirm asks a person about a server that is unknown, or that was known by another
// fingerprint (e.Want), and keeps the answer. e is the error of a no.
func (ids *Identities) Confirm(ctx context.Context, w Server, e *IdentityError) error {
	ids.asking.Lock()
	defer ids.asking.Unlock()
	if ids.find(w) == e.Got {
		return nil // confirmed while this question waited
	}
	if ids.prompter == nil {
		return e
	}
	ask := func() (bool, error) { return ids.prompter.Identity(ctx, w.Node, w.Kind, e.Got) }
	if p, able := ids.prompter.(ChangePrompter); able && e.Want != "" {
		ask = func() (bool, error) { return p.IdentityChanged(ctx, w.Node, w.Kind, e.Want, e.Got) }
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

// Check is called within a handshake with the fingerprint that a server presents, and
// with its SSH key (nil for TLS), before anything is sent; its error ends the handshake.
type Check func(fingerprint string, key ssh.PublicKey) error

// Dialer connects to one server and calls check with what it presents; algorithms, of
// SSH host keys, are the only ones to accept (none: any).
type Dialer[C any] func(check Check, algorithms []string) (C, error)

// Dial runs dial until the server's identity is settled: a dial that met an unknown
// server is repeated after a person has confirmed it. The handshake was ended before
// anything secret was sent.
func Dial[C any](ctx context.Context, ids *Identities, w Server, dial Dialer[C]) (C, error) {
	for confirmed := false; ; confirmed = true {
		c, verdict, err := Once(ids, w, dial)
		var unknown *UnknownError
		switch {
		case err == nil || verdict == nil:
			return c, err
		case !errors.As(verdict, &unknown) || confirmed:
			return c, verdict
		}
		if err := ids.Confirm(ctx, w, &IdentityError{Node: w.Node, Kind: w.Kind, Got: unknown.Fingerprint}); err != nil {
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

// Once connects once and says what check said. An SSH server has several host
// keys and shows one: where that is not the known one, the others are asked for before
// the server counts as changed.
func Once[C any](ids *Identities, w Server, dial Dialer[C]) (c C, verdict, err error) {
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
func meetOnce[C any](ids *Identities, w Server, dial Dialer[C], algorithms []string) (c C, verdict error, shown ssh.PublicKey, err error) {
	type answer struct {
		verdict error
		key     ssh.PublicKey
	}
	var answered atomic.Pointer[answer] // a dial that was given up may still be answered
	c, err = dial(func(got string, key ssh.PublicKey) error {
		a := answer{ids.Check(w, got, key), key}
		answered.Store(&a)
		return a.verdict
	}, algorithms)
	if a := answered.Load(); a != nil {
		verdict, shown = a.verdict, a.key
	}
	return c, verdict, shown, err
}

// KnownHosts is ~/.ssh/known_hosts, "" without a home.
func KnownHosts() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".ssh", "known_hosts")
}
