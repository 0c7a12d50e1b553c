package gui

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/gui/widgets"
	"ctlclient/workflow"
)

// openProfile opens the cluster that the command line names.
func (s *shell) openProfile(nameOrFile string) {
	p, err := site.Load(nameOrFile)
	if err != nil {
		s.fail(t("clusters.connect.failed", map[string]any{"Name": nameOrFile}), err)
		return
	}
	s.connect(p)
}

// connect opens a cluster and goes on to the overview. A profile that is not kept yet is kept
// once it has proved right.
func (s *shell) connect(p *site.Profile) { s.connectAs(p, s.options.Session) }

func (s *shell) connectAs(p *site.Profile, o workflow.Options) {
	s.connectWith(p, s.asker, o, func(err error) {
		if err != nil && !stopped(err) {
			var more []way
			if !o.WithoutPublisher && s.hasUnfinished(p) { // a dead publisher does not keep the others from being put right
				o.WithoutPublisher = true
				more = []way{{t("clusters.without-publisher"), func() { s.connectAs(p, o) }}}
			}
			s.failAgain(t("clusters.connect.failed", map[string]any{"Name": p.Name}), err, t("error.again"), func() { s.connect(p) }, more...)
		} else if err != nil {
			s.status.text.SetText(t("status.stopped"))
		}
	})
}

// hasUnfinished reports a job of a cluster that was not finished.
func (s *shell) hasUnfinished(p *site.Profile) bool {
	jobs, _ := cluster.History(s.options.Session.StateDir, p.Name) // what can be read counts
	return slices.ContainsFunc(jobs, func(j cluster.Job) bool { return j.State == cluster.StateIncomplete })
}

// connectWith is connect with somebody to ask; done is told how it went.
func (s *shell) connectWith(p *site.Profile, ui workflow.UI, options workflow.Options, done func(error)) {
	type connected struct {
		session *workflow.Session
		seen    seen
	}
	rehearsal := s.model.rehearsal
	if rehearsal != nil && rehearsal.Profile != p.File {
		rehearsal = nil
	}
	options.Modules = s.ownModules
	if rehearsal != nil && rehearsal.Module != "" {
		options.Modules = []string{rehearsal.Module}
	}
	// A node that does not answer is shown as such; no job goes past it.
	options.Tolerant = true
	start(s.tasks, t("clusters.connecting", map[string]any{"Name": p.Name}),
		func(ctx context.Context) (c connected, err error) {
			if c.session, err = workflow.Connect(ctx, p, ui, options); err == nil {
				c.seen = seenBy(c.session)
			}
			return c, err
		},
		func(c connected, err error) {
			if err != nil {
				s.opening = p
				done(err)
				s.opening = nil
				return
			}
			if _, err := os.Stat(p.File); errors.Is(err, fs.ErrNotExist) {
				if err := p.Save(p.File); err != nil {
					s.fail(t("clusters.add.title"), err)
				}
			}
			s.disconnect()
			s.model.rehearsal = rehearsal
			s.useModules()
			s.model.profile, s.model.session, s.model.seen = p, c.session, c.seen
			s.model.turn = make(chan struct{}, 1)
			s.model.folder = c.session.Cluster.Dir()
			s.remember(p)
			s.restoreDraft()
			done(nil)
			s.open(screenOverview)
			s.completeProfile()
		})
}

// disconnect leaves the cluster that is open. What still runs on it is stopped first.
func (s *shell) disconnect() {
	s.keepDraft()
	old, turn := s.model.session, s.model.turn
	s.model.session, s.model.profile, s.model.seen = nil, nil, seen{}
	s.model.job, s.model.findings = nil, nil
	s.showWhere()
	if old == nil {
		return
	}
	s.tasks.cancelOnCluster()
	s.tasks.wait.Add(1)
	go func() {
		defer s.tasks.wait.Done()
		turn <- struct{}{}
		_ = old.Close() // nothing was asked of it any more
	}()
}

// practise starts the practice cluster and opens it.
func (s *shell) practise(kind PracticeKind, fresh bool) {
	if s.options.Practice == nil {
		return
	}
	if fresh || kind != s.model.practice {
		s.disconnectPractice()
	}
	start(s.tasks, t("clusters.practice.starting"),
		func(ctx context.Context) (Rehearsal, error) {
			return s.options.Practice.Up(ctx, kind, fresh, func(step PracticeStep) {
				fyne.Do(func() { s.status.detail(t("clusters.practice.step." + string(step))) })
			})
		},
		func(r Rehearsal, err error) {
			if err != nil {
				s.failUnlessStopped(t("clusters.practice"), err)
				return
			}
			s.model.practising, s.model.practice = true, kind
			p, err := site.Load(r.Profile)
			if err != nil {
				s.fail(t("clusters.practice"), err)
				return
			}
			s.model.rehearsal = &r
			s.connect(p)
		})
}

// disconnectPractice leaves the practice cluster where it is the one that is open.
func (s *shell) disconnectPractice() {
	if s.model.rehearsal == nil {
		return
	}
	s.model.rehearsal = nil
	s.disconnect()
	s.useModules()
}

// stopPractice ends the practice cluster; its folder stays for the next rehearsal.
func (s *shell) stopPractice() {
	s.disconnectPractice()
	start(s.tasks, t("clusters.practice.stopping"),
		func(context.Context) (struct{}, error) { return struct{}{}, s.options.Practice.Down() },
		func(_ struct{}, err error) {
			if err != nil {
				s.fail(t("clusters.practice.stop"), err)
			}
			s.model.practising = false
			s.open(screenClusters)
		})
}

// completeProfile offers to add the nodes that the publisher names and the profile lacks.
func (s *shell) completeProfile() {
	p := s.model.profile
	missing := s.model.snapshot.Unlisted(p)
	if len(missing) == 0 {
		return
	}
	list := container.NewVBox()
	for _, n := range missing {
		list.Add(widgets.Flush(widgets.Wrapped("• " + hostText(n.Name, n.Address))))
	}
	q := widgets.NewQuestion(s.dialogs, t("clusters.complete.title"),
		container.NewVBox(widgets.Flush(widgets.Wrapped(t("clusters.complete.text"))), list),
		t("clusters.complete.yes"), t("button.cancel"), false)
	q.OnAnswer = func(yes bool) {
		if !yes {
			return
		}
		fuller, err := site.Append(p.File, missing)
		if err != nil {
			s.fail(t("clusters.complete.title"), err)
			return
		}
		s.connect(fuller)
	}
	q.Show()
}
