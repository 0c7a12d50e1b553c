package gui

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/token"
)

// entry is one row of the CTL entries.
type entry struct {
	record   *ctlbuild.Record
	sign     widgets.Sign
	live     int    // index in the live list, -1 for what is new
	takeBack func() // takes an addition back
}

// entriesScreen is the CTL Client's fifth screen: the entries, and what changed since the live file.
type entriesScreen struct {
	*widgets.Page
	s      *shell
	steps  *widgets.Steps
	hints  *fyne.Container
	table  *widgets.Table
	split  *widgets.Split
	sign   *widgets.Choice
	remove *widgets.Button
	target *widget.Label // names what Delete takes
	tokens *widgets.Button
	tftp   *widgets.Button
	fire   *widgets.Button
	next   *widgets.Button
	rows   []entry
	chosen int
	// watching redraws the Add Tokens dialog while it is open.
	watching func()
}

func newEntriesScreen(s *shell) *entriesScreen {
	e := &entriesScreen{s: s, chosen: -1, steps: widgets.NewSteps(), hints: container.NewVBox()}
	e.table = widgets.NewChooser(e.choose, widgets.Column{Title: t("entries.type"), Share: 150}, widgets.Column{Title: t("entries.host"), Share: 190},
		widgets.Column{Title: t("entries.issuer"), Share: 300}, widgets.Column{Title: t("entries.subject"), Share: 320})
	e.sign = widgets.NewChoice(t("entries.sign.none"), e.chooseSigner)
	e.tokens = widgets.NewButton(t("entries.add-tokens"), theme.LoginIcon(), e.addTokens)
	e.tftp = widgets.NewButton(t("entries.add-tftp"), theme.StorageIcon(), func() { e.addServer(false) })
	e.fire = widgets.NewButton(t("entries.add-firewall"), theme.ComputerIcon(), func() { e.addServer(true) })
	e.remove = widgets.NewButton(t("entries.delete"), theme.DeleteIcon(), e.removeChosen)
	back := widgets.NewButton(t("button.back"), theme.NavigateBackIcon(), func() { s.open(screenAction) })
	e.next = widgets.MainButton(t("entries.next"), theme.NavigateNextIcon(), s.plan)
	e.sign.SetName(t("entries.sign"))
	e.target = widgets.QuietLabel("")
	e.target.Wrapping = fyne.TextWrapWord
	e.target.Alignment = fyne.TextAlignTrailing
	tools := widgets.ButtonRow(e.tokens, e.tftp, e.fire, widgets.Grow(widgets.ButtonRow(widgets.Grow(e.target, 200), e.remove), 380))
	signing := container.New(layout.NewFormLayout(), widgets.Flush(widgets.QuietLabel(t("entries.sign"))), e.sign)
	e.split = widgets.NewSplit(container.NewVBox(e.hints, e.table))
	steps := e.steps.Object()
	e.Page = widgets.NewFixedPage(t("entries.title"), "", steps,
		widgets.Tall(container.NewVBox(signing, tools, widgets.Spacer(2)), e.split.Object),
		back, layout.NewSpacer(), e.next)
	e.DoWithout(steps)
	return e
}

func (e *entriesScreen) shown() { e.chosen = -1; e.fill() }

func (e *entriesScreen) tokensChanged() {
	if e.s.model.job != nil {
		e.fillSigners()
	}
	if e.watching != nil {
		e.watching()
	}
}

func (e *entriesScreen) fill() {
	j := e.s.model.job
	e.hints.RemoveAll()
	if j == nil {
		e.Head(t("entries.title"), t("action.none"))
		return
	}
	j.showSteps(e.steps, screenEntries)
	e.Head(j.title(), t("entries.text"))
	for _, b := range []*widgets.Button{e.tftp, e.fire} {
		widgets.Visible(b, j.kind == jobUpdate)
	}
	e.rows = e.s.entries(j)
	var cells [][]widgets.Cell
	for _, row := range e.rows {
		line := recordCells(row.record)
		line[0].Sign = row.sign
		cells = append(cells, line)
	}
	e.table.Selected = e.chosen
	e.table.SetRows(cells)
	if e.s.live() == nil {
		e.hints.Add(emptyNote("entries.first"))
	}
	if j.first(e.s.live()) && len(j.tokens)+len(j.certs) < 2 {
		e.hints.Add(emptyNote("entries.two-tokens"))
	}
	e.fillSigners()
	e.choose(e.chosen)
	e.s.keepDraft()
}

// entries are the live records with what the person chose so far. This is for the eye; the
// plan on the next screen is made by workflow from the same choices.
func (s *shell) entries(j *job) []entry {
	var rows, added []entry // what is new stands first, where it is seen
	if live := s.live(); live != nil {
		for i := range live.Records {
			r := &live.Records[i]
			row := entry{record: r, live: i}
			switch {
			case slices.Contains(j.removed, i):
				row.sign = widgets.RemoveSign
				row.takeBack = func() { j.removed = slices.DeleteFunc(j.removed, func(x int) bool { return x == i }) }
			case j.kind == jobNonSecure && r.Function().IsServer():
				row.sign = widgets.ChangeSign
			}
			rows = append(rows, row)
		}
	}
	add := func(en ctlbuild.Entry, takeBack func()) {
		if r, err := ctlbuild.NewRecord(en); err == nil {
			added = append(added, entry{record: &r, sign: widgets.AddSign, live: -1, takeBack: takeBack})
		}
	}
	for i, info := range j.tokens {
		if raw, _, ok := signingCertificate(info); ok && !inList(s.live(), raw.DER) {
			add(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: raw.DER, Token: true}, func() { j.dropToken(i) })
		}
	}
	for i, c := range j.certs {
		add(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: c.der, Token: true},
			func() { j.certs = slices.Delete(j.certs, i, i+1) })
	}
	for i, srv := range j.tftp {
		add(ctlbuild.Entry{Function: ctlbuild.TFTP, Certificate: srv.Certificate, Host: srv.Host},
			func() { j.tftp = slices.Delete(j.tftp, i, i+1) })
	}
	for i, srv := range j.firewall {
		add(ctlbuild.Entry{Function: ctlbuild.CCM, Certificate: srv.Certificate, Host: srv.Host},
			func() { j.firewall = slices.Delete(j.firewall, i, i+1) })
	}
	return append(added, rows...)
}

// choose shows the certificate of a row.
func (e *entriesScreen) choose(row int) {
	e.chosen = row
	text, enabled := t("entries.delete"), false
	if row >= 0 && row < len(e.rows) {
		en := e.rows[row]
		enabled = en.takeBack != nil || e.s.model.job.kind == jobUpdate
		if en.sign == widgets.RemoveSign {
			text = t("entries.keep")
		}
		e.target.SetText(en.name())
		e.split.Show(e.table, detailBox(recordPairs(en.record)))
	} else {
		e.target.SetText("")
		e.split.Show(nil)
	}
	e.remove.SetText(text)
	widgets.SetEnabled(e.remove, enabled)
}

// ToTop scrolls the list to its beginning.
func (e *entriesScreen) ToTop() { e.split.List.To(0) }

// key adds Delete to what the page does.
func (e *entriesScreen) Key(name fyne.KeyName) bool {
	if name == fyne.KeyDelete && !e.remove.Disabled() {
		e.removeChosen()
		return true
	}
	return e.split.List.Key(name)
}

// name is a record as a person tells it from another: its number in the live file, what it is
// and whose.
func (en entry) name() string {
	r := en.record
	who := strings.TrimSpace(r.CN())
	if host := hostOf(r); host != "" && host != who {
		who = strings.TrimSpace(who + " · " + host)
	}
	if who == "" {
		who = r.SubjectName()
	}
	name := typeText(r.Function()) + " " + who
	if en.live >= 0 {
		name = number(en.live) + ". " + name
	}
	return name
}

// removeChosen asks about the record by its name, and takes that one: what is chosen by then
// does not count. What was marked or added before is taken back without a question.
func (e *entriesScreen) removeChosen() {
	if e.chosen < 0 || e.chosen >= len(e.rows) {
		return
	}
	en, j := e.rows[e.chosen], e.s.model.job
	if en.takeBack != nil {
		en.takeBack()
		if en.live < 0 {
			e.chosen = -1
		}
		e.fill()
		return
	}
	q := widgets.NewQuestion(e.s.dialogs, t("entries.delete.title"),
		container.NewVBox(widgets.Flush(widgets.Wrapped(t("entries.delete.text", map[string]any{"Record": en.name()}))),
			detailBox(recordPairs(en.record))),
		t("entries.delete.yes"), t("button.cancel"), true)
	q.OnAnswer = func(yes bool) {
		if yes && e.s.model.job == j {
			j.removed = append(j.removed, en.live)
			e.fill()
		}
	}
	q.Show()
}

// fillSigners offers the tokens that are plugged in.
func (e *entriesScreen) fillSigners() {
	j := e.s.model.job
	var names []string
	selected := ""
	for _, info := range e.s.model.tokens {
		name := e.signerName(info)
		names = append(names, name)
		if j.signWith != nil && sameToken(*j.signWith, info) {
			selected = name
		}
	}
	e.sign.SetOptions(names)
	if selected == "" {
		e.sign.ClearSelected()
	} else {
		e.sign.SetSelected(selected)
	}
	widgets.SetEnabled(e.next, selected != "")
}

// signerName is a token as it is offered, with what phones know of it.
func (e *entriesScreen) signerName(info token.Info) string {
	name := tokenName(info.Label, info.Serial)
	j := e.s.model.job
	if e.s.knows(info) || j.first(e.s.live()) && j.hasToken(info) {
		return name
	}
	return t("entries.sign.unknown", map[string]any{"Token": name})
}

func (e *entriesScreen) chooseSigner(name string) {
	j := e.s.model.job
	if j == nil || name == "" {
		return
	}
	i := slices.IndexFunc(e.s.model.tokens, func(info token.Info) bool { return e.signerName(info) == name })
	if i >= 0 {
		info := e.s.model.tokens[i]
		j.signWith = &info
		e.next.Enable()
	}
}

// first is the table, or where it is empty what fills it.
func (e *entriesScreen) first() fyne.Focusable {
	if len(e.rows) > 0 {
		return e.table
	}
	return e.tokens
}
