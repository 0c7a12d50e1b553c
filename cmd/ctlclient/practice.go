//go:build !nogui

package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"

	"ctlclient/gui"
	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/message"
	"ctlclient/softhsm"
)

// practice is the desktop's practice cluster: the lab, and two tokens to practise with.
// It runs inside the program and ends with it; its folder stays, so that the next rehearsal
// goes on where this one ended.
type practice struct {
	dir string

	mu        sync.Mutex
	lab       *lab.Lab
	kind      gui.PracticeKind // of lab
	rehearsal gui.Rehearsal
}

var _ gui.Practice = (*practice)(nil)

// folder is where a kind of lab lives: each goes on where it ended.
func (p *practice) folder(kind gui.PracticeKind) string {
	if kind == gui.PracticeCUCM {
		return p.dir + "-cucm"
	}
	return p.dir
}

// Known reports that a lab was made before.
func (p *practice) Known(kind gui.PracticeKind) bool {
	_, err := os.Stat(filepath.Join(p.folder(kind), "lab.toml"))
	return err == nil
}

// Up starts the lab and makes the tokens that are missing.
func (p *practice) Up(ctx context.Context, kind gui.PracticeKind, fresh bool, say func(gui.PracticeStep)) (gui.Rehearsal, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lab != nil && !fresh && p.kind == kind {
		return p.rehearsal, nil
	}
	if p.lab != nil {
		if err := p.lab.Close(); err != nil {
			return gui.Rehearsal{}, err
		}
		p.lab = nil
	}
	say(gui.PracticeTokens)
	module, pin, err := practiceTokens(ctx, filepath.Join(p.dir, "tokens"), fresh)
	if err != nil {
		return gui.Rehearsal{}, err
	}
	say(gui.PracticeLab)
	l, err := control.Up(ctx, lab.Options{Dir: p.folder(kind), AltTFTP: true, CUCM: kind == gui.PracticeCUCM, Fresh: fresh})
	if err != nil {
		return gui.Rehearsal{}, err
	}
	if _, err := l.RestartPhones(ctx); err != nil {
		_ = l.Close()
		return gui.Rehearsal{}, err
	}
	p.lab, p.kind = l, kind
	p.rehearsal = gui.Rehearsal{Profile: l.Profile, Module: module, PIN: pin, Dir: l.Dir}
	return p.rehearsal, nil
}

func (p *practice) running() *lab.Lab {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lab
}

// errNoPractice is for a window that still shows the practice cluster when it was stopped.
var errNoPractice = message.NewError("the practice cluster does not run")

// TrustCertificate does what the upload page of a real cluster does.
func (p *practice) TrustCertificate(der []byte) error {
	l := p.running()
	if l == nil {
		return errNoPractice
	}
	return l.TrustCertificate(der)
}

// ClearPhone deletes the lists on a phone.
func (p *practice) ClearPhone(name string) error {
	l := p.running()
	if l == nil {
		return errNoPractice
	}
	return l.ClearPhone(name)
}

// Restart restarts the services, then the phones.
func (p *practice) Restart(ctx context.Context) ([]gui.PhoneReport, error) {
	l := p.running()
	if l == nil {
		return nil, errNoPractice
	}
	if err := l.RestartServices(ctx); err != nil {
		return nil, err
	}
	boots, err := l.RestartPhones(ctx)
	if err != nil {
		return nil, err
	}
	var reports []gui.PhoneReport
	for _, b := range boots {
		r := gui.PhoneReport{Name: b.Phone.Name, Model: b.Phone.Model, Accepted: b.CTL.Accept, Why: b.CTL.Why}
		if b.Phone.CTL != nil {
			r.MD5 = b.Phone.CTL.MD5()
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// Down ends the lab.
func (p *practice) Down() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lab == nil {
		return nil
	}
	err := p.lab.Close()
	p.lab = nil
	return err
}

// practiceTokens makes SAST-1 and SAST-2 where they are missing. Their module has an
// environment, and so a process, of its own: a SoftHSM2 of the person's stays what it is. With
// a fresh cluster they have their first PIN and all tries again.
func practiceTokens(ctx context.Context, dir string, fresh bool) (module, pin string, err error) {
	tokens, err := softhsm.OpenPractice(dir)
	if err != nil {
		return "", "", err
	}
	if fresh {
		if err := tokens.Reset(); err != nil {
			return "", "", err
		}
	}
	if _, err := tokens.Make(ctx, softhsm.PracticeLabels()...); err != nil {
		return "", "", err
	}
	return tokens.Module(), softhsm.DefaultPIN, nil
}
