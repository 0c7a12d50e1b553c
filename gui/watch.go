package gui

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"ctlclient/certificate"
	"ctlclient/ctlbuild"
	"ctlclient/token"
)

// watchTokens keeps the model's list of tokens in step with what is plugged in.
func (s *shell) watchTokens() {
	if s.stopWatch != nil {
		s.stopWatch()
	}
	ctx, cancel := context.WithCancel(s.tasks.ctx)
	s.stopWatch = cancel
	s.model.tokens, s.model.present, s.model.tokenErr = nil, nil, nil
	modules := s.model.modules
	s.tasks.wait.Add(1)
	go func() {
		defer s.tasks.wait.Done()
		err := token.Watch(ctx, modules, func(e token.Event) {
			fyne.Do(func() {
				if ctx.Err() == nil {
					s.tokenEvent(e)
				}
			})
		})
		if ctx.Err() == nil {
			fyne.Do(func() { s.model.tokenErr = err; s.tokensChanged() })
		}
	}()
}

func (s *shell) tokenEvent(e token.Event) {
	if e.Err != nil {
		return // a module that fails; its tokens were reported removed
	}
	kept := make([]token.Info, 0, len(s.model.present)+1)
	for _, info := range s.model.present {
		if info.Module != e.Token.Module || info.Slot != e.Token.Slot {
			kept = append(kept, info)
		}
	}
	if e.Inserted {
		kept = append(kept, e.Token)
	}
	// Which token is found first is chance; a person looks for it where it was before.
	slices.SortStableFunc(kept, func(a, b token.Info) int {
		return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(a.Serial, b.Serial))
	})
	s.model.present = kept
	s.model.tokens = slices.DeleteFunc(token.Distinct(kept), func(info token.Info) bool { return !s.usable(info) })
	s.tokensChanged()
}

// inPractice reports that the practice cluster is open, with tokens of its own.
func (s *shell) inPractice() bool { return s.model.rehearsal != nil && s.model.rehearsal.Module != "" }

// usable reports that a token may be seen where the window is: practice tokens, whose PIN is
// public, in the practice cluster alone, and no other token there.
func (s *shell) usable(info token.Info) bool {
	practice := slices.ContainsFunc(info.Certificates, func(c token.Certificate) bool { return certificate.IsPractice(c.DER) })
	return practice == s.inPractice()
}

// useModules looks for tokens in the modules that go with what is open.
func (s *shell) useModules() {
	want := s.ownModules
	if s.inPractice() {
		want = []string{s.model.rehearsal.Module}
	}
	if !slices.Equal(want, s.model.modules) || s.model.tokenErr != nil {
		s.model.modules = want
		s.watchTokens()
	}
}

// tokensChanged tells every screen that shows tokens.
func (s *shell) tokensChanged() {
	for _, sc := range s.screens {
		if watcher, ok := sc.(interface{ tokensChanged() }); ok {
			watcher.tokensChanged()
		}
	}
}

// signingCertificate is the certificate of a token that a job would use: the first that can be read.
func signingCertificate(info token.Info) (token.Certificate, *ctlbuild.Certificate, bool) {
	for _, c := range info.Certificates {
		if parsed, err := ctlbuild.ParseCertificate(c.DER); err == nil {
			return c, parsed, true
		}
	}
	return token.Certificate{}, nil, false
}
