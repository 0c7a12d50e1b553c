package softhsm

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"path/filepath"

	"ctlclient/token"
	"ctlclient/token/practice"
)

// PracticeFile is the file with practice tokens of our own in the folder of a practice cluster.
const PracticeFile = "tokens" + practice.Extension

// PracticeLabels are the tokens that a practice cluster begins with.
func PracticeLabels() []string { return []string{"SAST-1", "SAST-2"} }

// Practice is where a practice cluster keeps its tokens: a store of SoftHSM2 where that is
// installed, else a file with tokens of our own (package token/practice), which need nothing
// installed. Either way their certificates have the mark of a practice token.
type Practice struct {
	store *Store // nil: file
	file  string
}

// OpenPractice opens the practice tokens in dir, or makes a place for them there. A folder that
// has tokens of our own keeps them, also when SoftHSM2 is installed later.
func OpenPractice(dir string) (*Practice, error) {
	own, err := OwnPractice(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(own.file); err == nil {
		return own, nil
	}
	store, err := Open(dir)
	if errors.Is(err, ErrMissing) {
		return own, nil
	}
	if err != nil {
		return nil, err
	}
	return &Practice{store: store}, nil
}

// OwnPractice is OpenPractice that does without SoftHSM2 in any case.
func OwnPractice(dir string) (*Practice, error) {
	dir, err := filepath.Abs(dir)
	return &Practice{file: filepath.Join(dir, PracticeFile)}, err
}

// Module names the module that shows the tokens, for the modules of package token and --module.
func (p *Practice) Module() string {
	if p.store != nil {
		return p.store.Own()
	}
	return p.file
}

// Conf is the softhsm2.conf of tokens in SoftHSM2, empty for tokens of our own.
func (p *Practice) Conf() string {
	if p.store != nil {
		return p.store.Conf()
	}
	return ""
}

// Make makes those of the named tokens that are missing, and returns them.
func (p *Practice) Make(ctx context.Context, labels ...string) ([]*Token, error) {
	have, err := p.labels(ctx)
	if err != nil {
		return nil, err
	}
	var made []*Token
	for _, label := range labels {
		if have[label] {
			continue
		}
		t, err := p.create(label)
		if err != nil {
			return nil, err
		}
		made = append(made, t)
	}
	return made, nil
}

func (p *Practice) labels(ctx context.Context) (map[string]bool, error) {
	have := map[string]bool{}
	if p.store == nil {
		tokens, err := practice.List(p.file)
		for _, t := range tokens {
			have[t.Label] = true
		}
		return have, err
	}
	infos, err := token.List(ctx, []string{p.store.Own()})
	for _, i := range infos {
		have[i.Label] = true
	}
	return have, err
}

func (p *Practice) create(label string) (*Token, error) {
	sp := Spec{Label: label, Practice: true}
	if p.store != nil {
		return p.store.Create(sp)
	}
	sp, err := sp.withDefaults()
	if err != nil {
		return nil, err
	}
	key, err := rsa.GenerateKey(rand.Reader, sp.KeyBits)
	if err != nil {
		return nil, err
	}
	der, err := issue(sp, &key.PublicKey)
	if err != nil {
		return nil, err
	}
	t, err := practice.Add(p.file, label, key, der)
	if err != nil {
		return nil, err
	}
	uri := token.URI{Token: t.Label, Serial: t.Serial}
	return &Token{Label: t.Label, Serial: t.Serial, URI: uri.String(), Certificate: der, PIN: DefaultPIN}, nil
}

// Reset gives tokens of our own their first PIN and all tries again. SoftHSM2 counts no tries.
func (p *Practice) Reset() error {
	if p.store != nil {
		return nil
	}
	return practice.Reset(p.file)
}
