package cucm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/byhand"
	"ctlclient/cluster/reach/internal/door"
	"ctlclient/cluster/reach/serve"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/internal/atomicfile"
	"ctlclient/message"
	"ctlclient/protocol/osadmin"
	"ctlclient/protocol/platform"
)

// node is a node whose file is put there by OS Administration, TFTP File Management. The
// page replaces a file in place and keeps nothing: what it promises is little, and what it
// says is not believed. What phones get is read over TFTP or HTTP; where the TFTP service
// still has the former file in its memory, the CLI's `show ctl` tells whether the new one
// has arrived.
type node struct {
	cluster *cluster
	n       *site.Node
	link    door.Link[*osadmin.Client]

	mu     sync.Mutex
	staged map[string][]byte // by stage, on this machine
	byHand bool              // a person was told to put the file there
}

func newNode(c *cluster, n *site.Node) *node {
	a := &node{cluster: c, n: n, staged: map[string][]byte{}}
	a.link.Answered = func(err error) bool { return answered(err) }
	a.link.Dial = func(context.Context) (*osadmin.Client, error) {
		return osadmin.New(n.Addr(site.PortHTTPS), c.options(n, c.platform))
	}
	return a
}

func (a *node) Name() string { return a.n.Name }

// Properties of the page; a person has taken its place where it refused the file.
func (a *node) Properties() reach.Properties {
	a.mu.Lock()
	defer a.mu.Unlock()
	return reach.Properties{Way: string(DoorOSAdmin), NeedsRestart: true, Person: a.byHand}
}

func (a *node) Close() error { return a.link.Close() }

// on does one thing at the node's pages, with the platform user.
func (a *node) on(ctx context.Context, f func(*osadmin.Client) error) error {
	return a.cluster.platform.use(func() error {
		return sorted(ctx, a.n.Name, DoorOSAdmin, a.link.Use(ctx, false, f))
	})
}

// Prepare logs in and opens the page: what will be refused is refused before a PIN is asked.
func (a *node) Prepare(ctx context.Context) error {
	return a.on(ctx, func(p *osadmin.Client) error { return p.Login(ctx) })
}

// Fetch is the live file: what phones get, or, where the TFTP service still serves another
// one from its memory, what was put there since, by this program or by an earlier run of it.
func (a *node) Fetch(ctx context.Context, name string) ([]byte, error) {
	data, err := a.served(ctx, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	put, waiting, perr := a.waiting(name)
	switch {
	case perr != nil:
		return nil, perr
	case !waiting:
		return data, err
	case len(put) == 0 && err != nil:
		return nil, errors.Join(err, a.forget(name))
	case len(put) == 0 && a.gone(ctx, name) == nil:
		return nil, message.Errorf("%s, which TFTP has in its memory: %w", name, fs.ErrNotExist)
	case err == nil && bytes.Equal(data, put):
		return data, a.forget(name)
	case a.arrived(ctx, name, put):
		return put, nil
	}
	return data, err
}

// waiting is what was sent there and not served when it was looked at last, of no bytes
// where the file was deleted and served all the same. It is kept on this machine: a later
// run, which takes it back, must not take the file that TFTP has in its memory for the
// node's.
func (a *node) waiting(name string) (data []byte, waiting bool, err error) {
	data, err = os.ReadFile(a.keep(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// keep is the file on this machine that has what a node holds and TFTP does not serve.
func (a *node) keep(name string) string {
	return filepath.Join(a.cluster.tools.Dir, "not-served-yet", a.n.Name, name)
}

// remember keeps what is there and not served yet.
func (a *node) remember(name string, data []byte) error {
	if err := atomicfile.MakeFolder(filepath.Dir(a.keep(name))); err != nil {
		return err
	}
	return atomicfile.Write(a.keep(name), data, 0o600)
}

func (a *node) forget(name string) error {
	if err := os.Remove(a.keep(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (a *node) served(ctx context.Context, name string) ([]byte, error) {
	data, _, err := serve.Fetch(ctx, *a.n, name, a.cluster.tools.Timeout)
	if err == nil && data == nil {
		data = []byte{}
	}
	return data, err
}

// arrived reports whether the node has these bytes, served or not. No answer is no.
func (a *node) arrived(ctx context.Context, name string, want []byte) bool {
	holds, known := a.Holds(ctx, name, want)
	return known && holds
}

// Holds asks the node's CLI, which reads the file itself.
func (a *node) Holds(ctx context.Context, name string, data []byte) (holds, known bool) {
	if name != ctlbuild.CTLFileName || a.cluster.shells.Missing(a.n.Name) != nil {
		return false, false
	}
	var info *platform.ListInfo
	err := a.cluster.onCLI(ctx, a.n.Name, func(shell *platform.Client) (err error) {
		info, err = shell.ShowCTL(ctx)
		return err
	})
	if err != nil {
		return false, false
	}
	if info.Missing || data == nil {
		return info.Missing && data == nil, true
	}
	if info.MD5 == "" {
		return false, false
	}
	l, err := ctlbuild.Parse(data)
	return err == nil && info.Length == len(data) && info.MD5 == l.MD5() && (info.SHA1 == "" || info.SHA1 == l.SHA1()), true
}

// Stage keeps the file on this machine, and proves that the page opens for the account.
func (a *node) Stage(ctx context.Context, name string, data []byte, expect *[32]byte) (string, error) {
	if len(data) > osadmin.MaxFile {
		return "", &reach.Error{Class: reach.Permanent, Server: a.n.Name, Door: DoorOSAdmin, Err: message.Errorf("%s has %d bytes, more than the page takes", name, len(data))}
	}
	if err := a.expects(ctx, name, expect); err != nil {
		return "", err
	}
	if err := a.Prepare(ctx); err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	stage := hex.EncodeToString(sum[:])
	a.mu.Lock()
	a.staged[stage] = bytes.Clone(data)
	a.mu.Unlock()
	return stage, nil
}

// expects compares the live file: the page does not.
func (a *node) expects(ctx context.Context, name string, expect *[32]byte) error {
	live, err := a.Fetch(ctx, name)
	there := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if there != (expect != nil) || there && sha256.Sum256(live) != *expect {
		return fmt.Errorf("%s: %w", a.n.Name, reach.ErrConflict)
	}
	return nil
}

// Commit sends the file through the page and reads it back. The page's words tell a person
// why, where the file has not arrived; they decide nothing.
func (a *node) Commit(ctx context.Context, name, stage string, expect *[32]byte) (string, error) {
	a.mu.Lock()
	data := a.staged[stage]
	a.mu.Unlock()
	if data == nil {
		return "", message.Errorf("stage %s: %w", stage, fs.ErrNotExist)
	}
	if err := a.expects(ctx, name, expect); err != nil {
		return "", err
	}
	// Before it is sent: whoever is killed now must find out later what the node holds.
	if err := a.remember(name, data); err != nil {
		return "", err
	}
	var answer *osadmin.Answer
	err := a.on(ctx, func(p *osadmin.Client) (err error) {
		answer, err = p.Upload(ctx, name, data)
		return err
	})
	var known *reach.Error
	if err != nil && (!errors.As(err, &known) || known.Class == reach.Login) {
		return "", err
	}
	if !a.live(ctx, name, data) {
		if ferr := a.forget(name); ferr != nil {
			return "", ferr
		}
		return a.handOver(ctx, name, data, expect, a.notThere(name, answer, err))
	}
	_ = a.Abort(ctx, name, stage) // it is on this machine alone
	return a.path(name), nil
}

// handOver has a person put the file there, where the page refused it or was not understood,
// and somebody is there to be told. A server that does not answer is tried again instead.
func (a *node) handOver(ctx context.Context, name string, data []byte, expect *[32]byte, why *reach.Error) (string, error) {
	tools := a.cluster.tools
	if tools.Errand == nil || reach.ClassOf(why.Err) == reach.Unreachable || ctx.Err() != nil {
		return "", why
	}
	a.mu.Lock()
	a.byHand = true
	a.mu.Unlock()
	tools.Tell(reach.Errand{Node: a.n.Name, Name: name, Why: why})
	hand := byhand.New(*a.n, tools)
	stage, err := hand.Stage(ctx, name, data, expect)
	if err != nil {
		return "", err
	}
	return hand.Commit(ctx, name, stage, expect)
}

// live reports whether the node has the file, served already or not.
func (a *node) live(ctx context.Context, name string, data []byte) bool {
	got, err := a.Fetch(ctx, name)
	return err == nil && bytes.Equal(got, data)
}

// notThere is the error of an upload that cannot be found again.
func (a *node) notThere(name string, answer *osadmin.Answer, err error) *reach.Error {
	said := message.NewError("the page said nothing that is understood")
	switch {
	case err != nil:
		said = err
	case answer != nil && answer.Text != "":
		said = message.Errorf("the page said: %q", answer.Text)
	}
	return &reach.Error{Class: reach.Permanent, Server: a.n.Name, Door: DoorOSAdmin,
		Err:    message.Errorf("%s does not have the new %s after the upload; %w", a.n.Name, name, said),
		Advice: message.Hint(`put the file there by hand: transport = "by-hand" for this node shows the steps, and waits until the node serves the file`)}
}

func (a *node) path(name string) string { return "/usr/local/cm/tftp/" + name }

// Abort forgets a staged file: it never left this machine.
func (a *node) Abort(_ context.Context, _, stage string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.staged, stage)
	return nil
}

// Restore puts former back, or deletes the file: by the page, else by the CLI.
func (a *node) Restore(ctx context.Context, name string, former []byte, current *[32]byte) error {
	if former != nil {
		return reach.Replace(ctx, a, name, former, current)
	}
	if err := a.expects(ctx, name, current); err != nil {
		return err
	}
	err := a.on(ctx, func(p *osadmin.Client) error {
		_, err := p.Delete(ctx, name)
		return err
	})
	if err != nil && name == ctlbuild.CTLFileName && a.cluster.shells.Missing(a.n.Name) == nil && reach.ClassOf(err) != reach.Login {
		err = a.cluster.onCLI(ctx, a.n.Name, func(shell *platform.Client) error {
			_, err := shell.DeleteCTLFile(ctx)
			return err
		})
	}
	if err = errors.Join(err, a.forget(name)); err != nil {
		return err
	}
	if _, err := a.served(ctx, name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := a.gone(ctx, name); err != nil {
		return err
	}
	return a.remember(name, nil)
}

// gone asks the CLI where TFTP still serves a file that was deleted.
func (a *node) gone(ctx context.Context, name string) error {
	if holds, known := a.Holds(ctx, name, nil); known && holds {
		return nil
	}
	return &reach.Error{Class: reach.Refused, Server: a.n.Name, Door: DoorOSAdmin,
		Err: message.Errorf("%s still serves %s after it was deleted; its TFTP service may have to be restarted", a.n.Name, name)}
}
