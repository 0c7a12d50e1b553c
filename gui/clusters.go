package gui

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/cluster"
	"ctlclient/workflow"
)

// clustersScreen: profiles, the one used last first; add one; the practice cluster.
type clustersScreen struct {
	s    *shell
	root *fyne.Container
	list *fyne.Container
}

func newClustersScreen(s *shell) *clustersScreen {
	c := &clustersScreen{s: s, list: container.NewVBox()}
	add := widget.NewButtonWithIcon(t("clusters.add"), theme.ContentAddIcon(), c.add)
	add.Importance = widget.HighImportance
	practice := widget.NewButtonWithIcon(t("clusters.practice"), theme.MediaPlayIcon(), c.practice)
	if s.options.Practice == nil {
		practice.Disable()
	}
	c.root = container.NewBorder(
		container.NewVBox(heading(t("clusters.title"), t("clusters.text")), widget.NewSeparator()),
		container.NewVBox(widget.NewSeparator(),
			container.NewHBox(practice, wrappedWide(t("clusters.practice.text")), layout.NewSpacer(), add)),
		nil, nil, scrolled(c.list))
	return c
}

func (c *clustersScreen) object() fyne.CanvasObject { return c.root }

func (c *clustersScreen) shown() {
	start(c.s.tasks, t("clusters.reading"),
		func(context.Context) ([]*cluster.Profile, error) { return cluster.Profiles() },
		func(found []*cluster.Profile, err error) {
			if err != nil {
				c.s.fail(t("clusters.title"), err)
			}
			c.s.model.profiles = c.s.recentFirst(found)
			c.fill()
		})
}

func (c *clustersScreen) fill() {
	c.list.RemoveAll()
	if len(c.s.model.profiles) == 0 {
		c.list.Add(newNotice(infoNotice, t("clusters.none")))
	}
	for _, p := range c.s.model.profiles {
		c.list.Add(c.row(p))
		c.list.Add(widget.NewSeparator())
	}
	c.list.Refresh()
}

func (c *clustersScreen) row(p *cluster.Profile) fyne.CanvasObject {
	name := widget.NewLabelWithStyle(p.Name, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	detail := widget.NewLabel(fmt.Sprintf("%s · %s", publisherOf(p),
		t("clusters.nodes", map[string]any{"Count": fmt.Sprint(len(p.Nodes))})))
	detail.Importance = widget.LowImportance
	open := widget.NewButtonWithIcon(t("clusters.open"), theme.NavigateNextIcon(), func() { c.s.connect(p) })
	return container.NewBorder(nil, nil, nil, container.NewCenter(open), container.NewVBox(name, detail))
}

func publisherOf(p *cluster.Profile) string {
	for _, n := range p.Nodes {
		if n.Role == "publisher" {
			return n.Name + " (" + n.Address + ")"
		}
	}
	return filepath.Base(p.File)
}

// recentFirst orders profiles by when they were last opened.
func (s *shell) recentFirst(profiles []*cluster.Profile) []*cluster.Profile {
	rank := map[string]int{}
	for i, file := range s.app.Preferences().StringList(prefRecent) {
		rank[file] = i + 1
	}
	sorted := append([]*cluster.Profile(nil), profiles...)
	for i := 1; i < len(sorted); i++ {
		for j := i; j > 0 && earlier(rank[sorted[j].File], rank[sorted[j-1].File]); j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	return sorted
}

// earlier compares places in the recent list; 0 is "not in it".
func earlier(a, b int) bool { return a != 0 && (b == 0 || a < b) }

// openProfile opens the cluster that the command line names.
func (s *shell) openProfile(nameOrFile string) {
	p, err := cluster.LoadProfile(nameOrFile)
	if err != nil {
		s.fail(t("clusters.connect.failed", map[string]any{"Name": nameOrFile}), err)
		return
	}
	s.connect(p)
}

// connect opens a cluster and goes on to the overview.
func (s *shell) connect(p *cluster.Profile) {
	start(s.tasks, t("clusters.connecting", map[string]any{"Name": p.Name}),
		func(ctx context.Context) (*workflow.Session, error) {
			return workflow.Connect(ctx, p, s.asker, s.sessionOptions())
		},
		func(session *workflow.Session, err error) {
			if err != nil {
				s.fail(t("clusters.connect.failed", map[string]any{"Name": p.Name}), err)
				return
			}
			if old := s.model.session; old != nil {
				_ = old.Close()
			}
			s.model.profile, s.model.session = p, session
			s.model.job, s.model.findings = nil, nil
			s.remember(p)
			s.open(screenOverview)
			s.completeProfile()
		})
}

func (s *shell) sessionOptions() workflow.Options {
	o := s.options.Session
	o.Modules = s.model.modules
	return o
}

func (s *shell) remember(p *cluster.Profile) {
	prefs := s.app.Preferences()
	prefs.SetString(prefLastProfile, p.File)
	recent := []string{p.File}
	for _, file := range prefs.StringList(prefRecent) {
		if file != p.File && len(recent) < 20 {
			recent = append(recent, file)
		}
	}
	prefs.SetStringList(prefRecent, recent)
}

// practice starts the practice cluster and opens it.
func (c *clustersScreen) practice() {
	s := c.s
	start(s.tasks, t("clusters.practice.starting"),
		func(ctx context.Context) (Rehearsal, error) {
			return s.options.Practice.Up(ctx, func(string) {})
		},
		func(r Rehearsal, err error) {
			if err != nil {
				s.fail(t("clusters.practice"), err)
				return
			}
			p, err := cluster.LoadProfile(r.Profile)
			if err != nil {
				s.fail(t("clusters.practice"), err)
				return
			}
			s.model.rehearsal = &r
			if r.Module != "" {
				s.model.modules = append([]string{r.Module}, s.options.Session.Modules...)
				s.watchTokens()
			}
			s.connect(p)
		})
}

// add asks for the publisher's address, port and user, as the CTL Client's first screen does.
// The password is asked when it is needed, after the fingerprint was confirmed.
func (c *clustersScreen) add() {
	s := c.s
	name, address, port, user := widget.NewEntry(), widget.NewEntry(), widget.NewEntry(), widget.NewEntry()
	name.SetPlaceHolder("hq")
	address.SetPlaceHolder("192.0.2.1")
	port.SetText("2444")
	user.SetText("admin")
	note := container.NewVBox()
	form := container.New(layout.NewFormLayout(),
		widget.NewLabel(t("clusters.add.name")), name,
		widget.NewLabel(t("clusters.add.address")), address,
		widget.NewLabel(t("clusters.add.port")), port,
		widget.NewLabel(t("clusters.add.user")), user)
	q := newQuestion(s.window, t("clusters.add.title"),
		container.NewVBox(wrapped(t("clusters.add.text")), form, note), t("clusters.open"), t("button.cancel"), false)
	var p *cluster.Profile
	q.check = func() bool {
		note.RemoveAll()
		number, err := strconv.ParseUint(strings.TrimSpace(port.Text), 10, 16)
		p = &cluster.Profile{Name: strings.TrimSpace(name.Text), User: strings.TrimSpace(user.Text), PasswordSource: "prompt",
			Nodes: []cluster.NodeProfile{{Name: strings.TrimSpace(address.Text), Role: "publisher",
				Address: strings.TrimSpace(address.Text), Transport: "ctlp", CTLPPort: int(number)}}}
		if err != nil || number == 0 || p.Name == "" || p.User == "" || p.Nodes[0].Address == "" {
			note.Add(newNotice(warningNotice, t("clusters.add.incomplete")))
			return false
		}
		if err := saveProfile(p); err != nil {
			note.Add(newNotice(dangerNotice, err.Error()))
			return false
		}
		return true
	}
	q.onAnswer = func(yes bool) {
		if yes {
			s.connect(p)
		}
	}
	for _, e := range []*widget.Entry{name, address, port, user} {
		e.OnSubmitted = func(string) { q.answer(true) }
	}
	q.show()
	s.window.Canvas().Focus(name)
}

// saveProfile keeps a new profile in the configuration folder; one that is there stays as it is.
func saveProfile(p *cluster.Profile) error {
	dir, err := cluster.ConfigDir()
	if err != nil {
		return err
	}
	p.File = filepath.Join(dir, fileName(p.Name)+".toml")
	if _, err := os.Stat(p.File); err == nil {
		return fmt.Errorf("%s: %w", p.File, fs.ErrExist)
	}
	return p.Save(p.File)
}

// completeProfile offers to add the nodes that the publisher names and the profile lacks.
func (s *shell) completeProfile() {
	p, session := s.model.profile, s.model.session
	missing := session.Snapshot.Unlisted(p)
	if len(missing) == 0 {
		return
	}
	var names []string
	for _, n := range missing {
		names = append(names, "• "+n.Name+" ("+n.Address+")")
	}
	q := newQuestion(s.window, t("clusters.complete.title"),
		container.NewVBox(wrapped(t("clusters.complete.text")), wrapped(strings.Join(names, "\n"))),
		t("clusters.complete.yes"), t("button.cancel"), false)
	q.onAnswer = func(yes bool) {
		if !yes {
			return
		}
		fuller := *p
		fuller.Nodes = append(append([]cluster.NodeProfile(nil), p.Nodes...), missing...)
		if err := fuller.Save(fuller.File); err != nil {
			s.fail(t("clusters.complete.title"), err)
			return
		}
		s.connect(&fuller)
	}
	q.show()
}
