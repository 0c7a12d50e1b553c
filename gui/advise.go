package gui

import (
	"context"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/trust"
	"ctlclient/trust/advise"
	"ctlclient/workflow"
)

// adviseScreen answers what the command "advise" answers, about the cluster that is open: is
// a change that begins outside the CTL safe now, in which order is it to be done, what would
// be lost, and how sure is that? Nothing is touched.
type adviseScreen struct {
	*widgets.Page
	s       *shell
	changes []*changeChoice
	form    *fyne.Container
	answer  *fyne.Container
	tvs     *widgets.Choice
	more    *widgets.Button
	ask     *widgets.Button
	given   *advise.Advice // the answer in front
	folder  string         // of the cluster that the form is about
}

func newAdviseScreen(s *shell) *adviseScreen {
	a := &adviseScreen{s: s, form: container.NewVBox(), answer: container.NewVBox()}
	a.more = widgets.NewButton(t("advise.more"), theme.ContentAddIcon(), a.addChange)
	a.ask = widgets.MainButton(t("advise.ask"), theme.QuestionIcon(), a.advise)
	a.Page = widgets.NewPage(t("advise.title"), t("advise.text"), nil, container.NewVBox(a.form, widgets.Spacer(4), a.answer),
		a.more, layout.NewSpacer(), a.ask)
	return a
}

// shown begins anew where another cluster is open.
func (a *adviseScreen) shown() {
	open := a.s.model.session != nil
	for _, b := range []*widgets.Button{a.more, a.ask} {
		widgets.SetEnabled(b, open)
	}
	if !open {
		a.form.RemoveAll()
		a.answer.RemoveAll()
		a.form.Add(emptyNote("action.none"))
		return
	}
	if a.folder == a.s.model.folder && len(a.changes) > 0 {
		return
	}
	a.folder, a.changes = a.s.model.folder, nil
	a.tvs = widgets.NewChoice("", func(string) { a.forget() })
	a.tvs.Options = []string{t("advise.unknown"), "1", "2", "3"}
	a.tvs.SetSelectedIndex(0)
	a.addChange()
}

// addChange adds one more change, planned together with those that are there.
func (a *adviseScreen) addChange() {
	if len(a.changes) < len(advise.Kinds()) {
		a.changes = append(a.changes, newChangeChoice(a))
		a.draw()
	}
}

// forget takes an answer away that is not about what is chosen now.
func (a *adviseScreen) forget() {
	a.given = nil
	a.answer.RemoveAll()
}

// draw lays the form out: each change with what belongs to it, then what is asked once.
func (a *adviseScreen) draw() {
	a.forget()
	a.form.RemoveAll()
	var pairs []any
	for i, c := range a.changes {
		key := "advise.change"
		if i > 0 {
			key = "advise.and"
		}
		pairs = append(pairs, t(key), c.kind)
		pairs = append(pairs, c.pairs()...)
	}
	pairs = append(pairs, t("advise.servers"), a.tvs)
	a.form.Add(widgets.Form(pairs...))
	a.form.Add(widgets.Flush(widgets.QuietText(t("advise.basis"))))
}

// advise asks. The form stays as it is, so that another question is a choice away.
func (a *adviseScreen) advise() {
	s := a.s
	var changes []advise.PlannedChange
	var told []func(*advise.Situation)
	for _, c := range a.changes {
		changes = append(changes, c.change())
		told = append(told, c.told())
	}
	servers := a.tvs.SelectedIndex()
	onCluster(s, t("advise.asking"),
		func(ctx context.Context, session *workflow.Session) (advise.Advice, error) {
			if err := session.Refresh(ctx); err != nil { // a key may have been made anew since
				return advise.Advice{}, err
			}
			situation := session.Situation(ctx)
			situation.TVS = max(servers, 0)
			for _, tell := range told {
				tell(&situation)
			}
			return advise.Advise(ctx, situation, changes)
		},
		func(given advise.Advice, err error) {
			if err != nil {
				s.failUnlessStopped(t("advise.title"), err)
				return
			}
			a.show(given)
		})
}

// read asks once more.
func (a *adviseScreen) read() {
	if a.given != nil {
		a.advise()
	}
}

// first is the button that asks.
func (a *adviseScreen) first() fyne.Focusable { return enabled(a.ask) }

// changeChoice is one planned change in the making.
type changeChoice struct {
	screen *adviseScreen
	kind   *widgets.Choice
	about  *widgets.Choice // node or token
	values []string        // what each choice of about stands for; "" is nothing said
	known  *widgets.Choice // yes, no or not known: of a backup, of other clusters
	files  [2]*widgets.Button
	lists  [2]*ctlbuild.List // of the destination: CTL, ITL
}

func newChangeChoice(a *adviseScreen) *changeChoice {
	c := &changeChoice{screen: a}
	for _, word := range advise.Kinds() {
		c.kindOptions(word)
	}
	c.about = widgets.NewChoice("", func(string) { a.forget() })
	c.known = widgets.NewChoice("", func(string) { a.forget() })
	c.known.Options = []string{t("advise.unknown"), t("advise.yes"), t("advise.no")}
	c.known.SetSelectedIndex(0)
	for i, list := range []string{"CTL", "ITL"} {
		text := t("advise.choose", map[string]any{"List": list})
		c.files[i] = widgets.NewButton(text, theme.FileIcon(), func() { c.choose(i, text) })
	}
	c.fillAbout()
	c.kind.SetSelectedIndex(0)
	c.kind.OnChanged = func(string) {
		c.fillAbout()
		a.draw()
	}
	return c
}

func (c *changeChoice) kindOptions(word string) {
	if c.kind == nil {
		c.kind = widgets.NewChoice("", nil)
	}
	c.kind.Options = append(c.kind.Options, t("advise.kind."+word))
}

func (c *changeChoice) of() advise.Kind { return advise.Kind(max(c.kind.SelectedIndex(), 0)) }

// pairs are the questions that belong to the kind of change, each with its name.
func (c *changeChoice) pairs() []any {
	switch k := c.of(); k {
	case advise.MovePhones:
		return []any{t("advise.destination"), widgets.ButtonRow(c.files[0], c.files[1])}
	case advise.CentralTFTP:
		return []any{t("advise.mixed-versions"), c.known}
	case advise.Restore:
		return []any{t("advise.backup"), c.known}
	case advise.LoseToken:
		return []any{t("advise.token"), c.about}
	case advise.RegenerateCallManager, advise.RegenerateTVS, advise.RenameHost, advise.RenameDomain, advise.Readdress:
		return []any{t("advise.node"), c.about}
	}
	return nil
}

// fillAbout offers the nodes of the cluster, or the tokens of its CTL.
func (c *changeChoice) fillAbout() {
	c.about.Options, c.values = []string{t("advise.unsaid")}, []string{""}
	add := func(shown, value string) {
		c.about.Options, c.values = append(c.about.Options, shown), append(c.values, value)
	}
	m := &c.screen.s.model
	switch {
	case c.of() == advise.LoseToken && c.screen.s.live() != nil:
		for i, r := range c.screen.s.live().Records {
			if r.IsToken() {
				add(fmt.Sprintf("%s  %s", number(i), r.CN()), number(i))
			}
		}
	case c.of() != advise.LoseToken && m.snapshot != nil:
		if c.of() != advise.Readdress {
			add(t("advise.all"), "all")
		}
		for _, n := range m.snapshot.Nodes {
			if n.Node.IsCUCM() {
				add(n.Node.Name, n.Node.Name)
			}
		}
	}
	c.about.SetSelectedIndex(0)
}

// change is what was chosen.
func (c *changeChoice) change() advise.PlannedChange {
	out := advise.PlannedChange{Kind: c.of()}
	if !slices.Contains(c.pairs(), any(c.about)) {
		return out
	}
	switch value := c.values[max(c.about.SelectedIndex(), 0)]; {
	case out.Kind == advise.LoseToken:
		out.Token = value
	case value == "all":
		out.All = true
	default:
		out.Node = value
	}
	return out
}

// told is what was said beside the change, as it is now: a question is asked beside the
// window, where no widget is read.
func (c *changeChoice) told() func(*advise.Situation) {
	var known *bool
	if i := c.known.SelectedIndex(); i > 0 {
		yes := i == 1
		known = &yes
	}
	kind, lists := c.of(), c.lists
	return func(s *advise.Situation) {
		switch kind {
		case advise.MovePhones:
			s.DestinationCTL, s.DestinationITL = lists[0], lists[1]
		case advise.CentralTFTP:
			s.MixedVersions = known
		case advise.Restore:
			s.BackupComplete = known
		}
	}
}

// choose takes a list of the destination from a file.
func (c *changeChoice) choose(i int, title string) {
	s := c.screen.s
	chooseFile(s, title, []string{".tlv"}, func(path string) {
		readFile(s, path, func(name string, data []byte) {
			l, err := ctlbuild.Parse(data)
			kind := []ctlbuild.Kind{ctlbuild.KindCTL, ctlbuild.KindITL}[i]
			if err == nil && l.Kind() != kind {
				err = &advise.WrongListError{Place: []string{"CTL", "ITL"}[i], Is: trust.ListName(l.Kind())}
			}
			if err != nil {
				s.fail(title, err)
				return
			}
			c.lists[i] = l
			c.files[i].SetText(name)
			c.screen.draw()
		})
	})
}
