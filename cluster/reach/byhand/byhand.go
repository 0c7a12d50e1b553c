// Package byhand is a node to which a person carries the file: what is to be put there is
// saved on this machine, the steps are shown, and the program waits until the node serves
// the very bytes to phones. It may be interrupted at any time: a later run looks at what
// the node serves, and goes on waiting.
package byhand

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/serve"
	"ctlclient/cluster/site"
	"ctlclient/internal/atomicfile"
	"ctlclient/internal/services"
	"ctlclient/message"
)

// Way is how it is shown.
const Way = "by hand"

// pause between two looks at a node.
const pause = 3 * time.Second

type node struct {
	n     site.Node
	tools reach.Tools
}

// New is a node that a person serves.
func New(n site.Node, t reach.Tools) reach.Node { return &node{n, t} }

func (a *node) Name() string { return a.n.Name }

// Properties of a person's work: nothing is promised but that it is looked at.
func (a *node) Properties() reach.Properties {
	return reach.Properties{Way: Way, NeedsRestart: true, Person: true}
}

func (a *node) Close() error { return nil }

// Fetch is what the node serves to phones: there is no other door.
func (a *node) Fetch(ctx context.Context, name string) ([]byte, error) {
	data, _, err := serve.Fetch(ctx, a.n, name, a.tools.Timeout)
	if err == nil && data == nil {
		data = []byte{}
	}
	return data, err
}

// Stage saves the file on this machine; the stage is its path.
func (a *node) Stage(ctx context.Context, name string, data []byte, expect *[32]byte) (string, error) {
	live, err := a.Fetch(ctx, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if !matches(live, err == nil, expect) {
		return "", fmt.Errorf("%s: %w", a.n.Name, reach.ErrConflict)
	}
	dir := filepath.Join(a.tools.Dir, "by-hand", a.n.Name)
	if err := atomicfile.MakeFolder(dir); err != nil {
		return "", message.Errorf("cannot save the file for %s: %w", a.n.Name, err)
	}
	file := filepath.Join(dir, name)
	if err := atomicfile.Write(file, data, 0o600); err != nil {
		return "", message.Errorf("cannot save the file for %s: %w", a.n.Name, err)
	}
	return file, nil
}

// Commit shows the steps and waits until the node serves what was staged. It ends with
// ctx alone, or when the node serves it.
func (a *node) Commit(ctx context.Context, name, stage string, _ *[32]byte) (string, error) {
	want, err := os.ReadFile(stage)
	if err != nil {
		return "", err // fs.ErrNotExist: the stage is gone
	}
	steps := []message.Message{
		message.Phrase("OS Administration of %s > Software Upgrades > TFTP File Management > Upload File: %s as %s, directory empty", a.n.Name, stage, name),
		restartTFTP(a.n.Name),
	}
	err = a.wait(ctx, reach.Errand{Node: a.n.Name, File: stage, Name: name, Steps: steps}, func(live []byte, there bool) bool {
		return there && bytes.Equal(live, want)
	})
	return a.page(), err
}

// page is OS Administration of a node of the cluster; "" for another server.
func (a *node) page() string {
	if !a.n.IsCUCM() {
		return ""
	}
	return "https://" + a.n.Addr(site.PortHTTPS) + "/cmplatform/"
}

// wait shows what is to be done and looks until it is done.
func (a *node) wait(ctx context.Context, e reach.Errand, done func(live []byte, there bool) bool) error {
	e.Page = a.page()
	if e.Page == "" {
		e.Steps = message.Hint("on %s (%s): put %s into the folder that TFTP serves, as %s", a.n.Name, a.n.Address, e.File, e.Name)
		if e.File == "" {
			e.Steps = message.Hint("on %s (%s): remove %s from the folder that TFTP serves", a.n.Name, a.n.Address, e.Name)
		}
	}
	told := false
	for {
		live, err := a.Fetch(ctx, e.Name)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			if done(live, err == nil) {
				e.Done = true
				if told {
					a.tools.Tell(e)
				}
				return nil
			}
		}
		if !told {
			a.tools.Tell(e)
			told = true
		}
		if err := a.tools.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// Abort removes the saved file.
func (a *node) Abort(_ context.Context, _, stage string) error {
	if err := os.Remove(stage); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Restore has the person put the former file back, or remove the file.
func (a *node) Restore(ctx context.Context, name string, former []byte, current *[32]byte) error {
	if former != nil {
		return reach.Replace(ctx, a, name, former, current)
	}
	steps := []message.Message{
		message.Phrase("OS Administration of %s > Software Upgrades > TFTP File Management: find %s and delete it", a.n.Name, name),
		restartTFTP(a.n.Name),
	}
	return a.wait(ctx, reach.Errand{Node: a.n.Name, Name: name, Steps: steps}, func(_ []byte, there bool) bool { return !there })
}

func matches(live []byte, there bool, expect *[32]byte) bool {
	if !there || expect == nil {
		return !there && expect == nil
	}
	return sha256.Sum256(live) == *expect
}

func restartTFTP(node string) message.Message {
	return message.Phrase("restart %s on %s (Cisco Unified Serviceability > Tools > Control Center - Feature Services)", services.TFTP, node)
}
