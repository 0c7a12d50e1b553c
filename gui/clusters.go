package gui

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster/site"
	"ctlclient/gui/widgets"
)

// clustersScreen: profiles, the one used last first; add one; the practice cluster.
type clustersScreen struct {
	*widgets.Page
	s        *shell
	list     *widgets.Table
	none     *widgets.Notice
	broken   *fyne.Container // what is wrong with a profile
	open     *widgets.Button
	details  *widgets.Button
	remove   *widgets.Button
	practice *practiceCard
	adding   addFields
}

func newClustersScreen(s *shell) *clustersScreen {
	c := &clustersScreen{s: s, none: widgets.NewNotice(widgets.InfoNotice, t("clusters.none")), broken: container.NewVBox(), adding: freshFields()}
	c.list = widgets.NewChooser(func(int) { c.enable() },
		widgets.Column{Title: t("clusters.name"), Share: 220}, widgets.Column{Title: t("clusters.publisher"), Share: 320}, widgets.Column{Title: t("clusters.nodes.title"), Share: 90})
	c.list.OnOpen = func(int) { c.connect() }
	finder := widgets.NewFinder(c.list)
	c.practice = newPracticeCard(s)
	c.open = widgets.MainButton(t("clusters.open"), theme.NavigateNextIcon(), c.connect)
	c.details = widgets.NewButton(t("clusters.details"), theme.InfoIcon(), c.showDetails)
	c.remove = widgets.NewButton(t("clusters.remove"), theme.DeleteIcon(), c.removeChosen)
	add := widgets.NewButton(t("clusters.add"), theme.ContentAddIcon(), c.add)
	c.Page = widgets.NewPage(t("clusters.title"), t("clusters.text"), nil,
		container.NewVBox(c.broken, c.none, finder.Object, c.list, widgets.Spacer(12), c.practice.object, widgets.Spacer(8), kindsNote()),
		add, layout.NewSpacer(), c.remove, c.details, c.open)
	c.enable()
	return c
}

func (c *clustersScreen) shown() {
	c.practice.show()
	c.read()
}

// read looks for profiles in the configuration folder.
func (c *clustersScreen) read() {
	start(c.s.tasks, t("clusters.reading"),
		func(context.Context) ([]*site.Profile, error) { return site.All() },
		func(found []*site.Profile, err error) {
			c.broken.RemoveAll()
			if err != nil { // of one file; the others can be opened all the same
				message, hints := describe(err)
				c.broken.Add(widgets.NewNotice(widgets.WarningNotice, textOf(append([]string{message}, hints...)...)))
			}
			c.s.model.profiles = c.s.recentFirst(found)
			c.fill()
		})
}

func (c *clustersScreen) fill() {
	var rows [][]widgets.Cell
	for _, p := range c.s.model.profiles {
		pub := p.LeadNode()
		rows = append(rows, widgets.Cells(p.Name, hostText(pub.Name, pub.Address), fmt.Sprint(len(p.Nodes))))
	}
	if c.list.Selected < 0 && len(rows) > 0 {
		c.list.Selected = 0 // the one used last
	}
	if len(rows) == 0 {
		c.none.Show()
		c.list.Hide()
	} else {
		c.none.Hide()
		c.list.Show()
	}
	c.list.SetRows(rows)
	c.enable()
	if c.s.current != screenClusters || c.s.window.Canvas().Focused() != nil || c.s.dialogs.Front() != nil {
		return
	}
	if len(rows) > 0 {
		c.s.window.Canvas().Focus(c.list)
	} else if f := enabled(c.practice.open); f != nil {
		c.s.window.Canvas().Focus(f)
	}
}

// hostText is a node's name with its address, or one of them where both are the same.
func hostText(name, address string) string {
	if name == "" || name == address {
		return address
	}
	return name + " (" + address + ")"
}

func (c *clustersScreen) enable() {
	for _, b := range []*widgets.Button{c.open, c.details, c.remove} {
		widgets.SetEnabled(b, c.chosen() != nil)
	}
}

// chosen is the profile chosen, nil: none.
func (c *clustersScreen) chosen() *site.Profile {
	if i := c.list.Selected; i >= 0 && i < len(c.s.model.profiles) {
		return c.s.model.profiles[i]
	}
	return nil
}

func (c *clustersScreen) connect() {
	if p := c.chosen(); p != nil {
		c.s.connect(p)
	}
}

// showDetails says where a profile is and what stands in it.
func (c *clustersScreen) showDetails() {
	p := c.chosen()
	if p == nil {
		return
	}
	nodes := widgets.NewTable(widgets.Column{Title: t("overview.node"), Share: 160}, widgets.Column{Title: t("overview.address"), Share: 140},
		widgets.Column{Title: t("clusters.role"), Share: 120}, widgets.Column{Title: t("clusters.transport"), Share: 80})
	nodes.Wrap = true
	var rows [][]widgets.Cell
	for _, n := range p.Nodes {
		rows = append(rows, widgets.Cells(n.Name, n.Address, t("role."+n.Role), strings.ToUpper(n.Transport)))
	}
	nodes.SetRows(rows)
	fleet := p.Fleet
	if fleet == "" {
		fleet = t("clusters.no-fleet")
	}
	q := widgets.NewStatement(c.s.dialogs, p.Name, container.NewVBox(
		widgets.Facts(t("clusters.file"), p.File, t("clusters.user"), p.User, t("clusters.version"), p.Version, t("clusters.fleet"), fleet),
		nodes))
	q.Wide = true
	q.Add(t("edit.button"), theme.DocumentCreateIcon(), func() { c.s.editProfile(p) })
	q.Add(t("edit.identities"), theme.AccountIcon(), func() { c.s.showIdentities(p, nil) })
	q.Add(t("clusters.folder"), theme.FolderOpenIcon(), func() { c.s.openFolder(filepath.Dir(p.File)) })
	q.Show()
}

// openFolder shows a folder in the system's own file manager.
func (s *shell) openFolder(dir string) {
	if err := s.app.OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}); err != nil {
		s.fail(dir, err)
	}
}

// removeChosen deletes a profile; its journals stay.
func (c *clustersScreen) removeChosen() {
	p := c.chosen()
	if p == nil {
		return
	}
	q := widgets.NewQuestion(c.s.dialogs, t("clusters.remove.title", map[string]any{"Name": p.Name}),
		container.NewVBox(widgets.Flush(widgets.Wrapped(t("clusters.remove.text"))), widgets.Facts(t("clusters.file"), p.File)),
		t("clusters.remove.yes"), t("button.cancel"), true)
	q.OnAnswer = func(yes bool) {
		if !yes {
			return
		}
		if err := os.Remove(p.File); err != nil {
			c.s.fail(t("clusters.remove"), err)
		}
		c.list.Selected = -1
		c.read()
	}
	q.Show()
}

// recentFirst orders profiles by when they were last opened.
func (s *shell) recentFirst(profiles []*site.Profile) []*site.Profile {
	recent := s.app.Preferences().StringList(prefRecent)
	rank := func(p *site.Profile) int {
		if i := slices.Index(recent, p.File); i >= 0 {
			return i
		}
		return len(recent)
	}
	sorted := slices.Clone(profiles)
	slices.SortStableFunc(sorted, func(a, b *site.Profile) int { return rank(a) - rank(b) })
	return sorted
}

// remember puts a profile at the head of those used.
func (s *shell) remember(p *site.Profile) {
	const most = 20
	prefs := s.app.Preferences()
	recent := []string{p.File}
	for _, file := range prefs.StringList(prefRecent) {
		if file != p.File && len(recent) < most {
			recent = append(recent, file)
		}
	}
	prefs.SetStringList(prefRecent, recent)
}

// practiceCard is the practice cluster: open it, begin anew, stop it.
type practiceCard struct {
	s      *shell
	object fyne.CanvasObject
	open   *widgets.Button
	cucm   *widgets.Button // as Cisco ships it
	fresh  *widgets.Button
	stop   *widgets.Button
}

func newPracticeCard(s *shell) *practiceCard {
	c := &practiceCard{s: s}
	c.open = widgets.NewButton(t("clusters.practice.open"), theme.MediaPlayIcon(), func() { s.practise(PracticeAgent, false) })
	c.cucm = widgets.NewButton(t("clusters.practice.cucm"), theme.MediaPlayIcon(), func() { s.practise(PracticeCUCM, false) })
	c.fresh = widgets.NewButton(t("clusters.practice.fresh"), theme.MediaReplayIcon(), c.askFresh)
	c.stop = widgets.NewButton(t("clusters.practice.stop"), theme.MediaStopIcon(), s.stopPractice)
	c.object = widgets.Section(t("clusters.practice"), widgets.Flush(widgets.Wrapped(t("clusters.practice.text"))),
		widgets.Flush(widgets.QuietText(t("clusters.practice.kinds"))),
		widgets.ButtonRow(c.open, c.cucm), widgets.ButtonRow(c.fresh, c.stop))
	return c
}

func (c *practiceCard) show() {
	p := c.s.options.Practice
	widgets.SetEnabled(c.open, p != nil)
	widgets.SetEnabled(c.cucm, p != nil)
	widgets.Visible(c.fresh, p != nil && (c.s.model.practising || p.Known(c.kind())))
	widgets.Visible(c.stop, c.s.model.practising)
}

// kind is that of the rehearsal that is begun anew: the one opened last.
func (c *practiceCard) kind() PracticeKind {
	if c.s.model.practice == "" {
		return PracticeAgent
	}
	return c.s.model.practice
}

func (c *practiceCard) askFresh() {
	q := widgets.NewQuestion(c.s.dialogs, t("clusters.practice.fresh"), widgets.Flush(widgets.Wrapped(t("clusters.practice.fresh.text"))),
		t("clusters.practice.fresh.yes"), t("button.cancel"), true)
	q.OnAnswer = func(yes bool) {
		if yes {
			c.s.practise(c.kind(), true)
		}
	}
	q.Show()
}
