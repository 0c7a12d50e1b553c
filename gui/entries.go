package gui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/ctlbuild"
	"ctlclient/token"
)

// entry is one row of the CTL entries.
type entry struct {
	record *ctlbuild.Record
	sign   sign
	live   int    // index in the live list, -1 for what is new
	undo   func() // takes an addition back
}

// entriesScreen is the CTL Client's fifth screen: the entries, and what changed since the live file.
type entriesScreen struct {
	*page
	s      *shell
	steps  *steps
	hints  *fyne.Container
	table  *chooser
	split  *split
	sign   *choice
	remove *button
	tftp   *button
	fire   *button
	next   *button
	rows   []entry
	chosen int
	// watching redraws the Add Tokens dialog while it is open.
	watching func()
}

func newEntriesScreen(s *shell) *entriesScreen {
	e := &entriesScreen{s: s, chosen: -1, steps: newSteps(screenEntries), hints: container.NewVBox()}
	e.table = newChooser(e.choose, column{t("entries.type"), 150}, column{t("entries.host"), 190},
		column{t("entries.issuer"), 300}, column{t("entries.subject"), 320})
	e.sign = newChoice(t("entries.sign.none"), e.chooseSigner)
	tokens := newButton(t("entries.add-tokens"), theme.LoginIcon(), e.addTokens)
	e.tftp = newButton(t("entries.add-tftp"), theme.StorageIcon(), func() { e.addServer(false) })
	e.fire = newButton(t("entries.add-firewall"), theme.ComputerIcon(), func() { e.addServer(true) })
	e.remove = newButton(t("entries.delete"), theme.DeleteIcon(), e.removeChosen)
	back := newButton(t("button.back"), theme.NavigateBackIcon(), func() { s.open(screenAction) })
	e.next = mainButton(t("entries.next"), theme.NavigateNextIcon(), s.plan)
	e.sign.setName(t("entries.sign"))
	tools := container.NewHBox(tokens, e.tftp, e.fire, layout.NewSpacer(), e.remove)
	signing := container.New(layout.NewFormLayout(), flush(quietLabel(t("entries.sign"))), e.sign)
	e.split = newSplit(e.table)
	e.page = newFixedPage(t("entries.title"), "", container.NewVBox(e.steps.object(), e.hints, signing, tools), e.split.object,
		back, layout.NewSpacer(), e.next)
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
		e.head(t("entries.title"), t("action.none"))
		return
	}
	e.steps.of(j)
	e.head(j.title(), t("entries.text"))
	for _, b := range []*button{e.tftp, e.fire} {
		visible(b, j.kind == jobUpdate)
	}
	e.rows = e.s.entries(j)
	var cells [][]cell
	for _, row := range e.rows {
		line := recordCells(row.record)
		line[0].sign = row.sign
		cells = append(cells, line)
	}
	e.table.selected = e.chosen
	e.table.setRows(cells)
	if e.s.live() == nil {
		e.hints.Add(emptyNote("entries.first"))
	}
	if j.first(e.s.live()) && len(j.tokens)+len(j.certs) < 2 {
		e.hints.Add(emptyNote("entries.two-tokens"))
	}
	e.fillSigners()
	e.choose(e.chosen)
}

// entries are the live records with what the person chose so far. This is for the eye; the
// plan on the next screen is made by workflow from the same choices.
func (s *shell) entries(j *job) []entry {
	var rows []entry
	if live := s.live(); live != nil {
		for i := range live.Records {
			r := &live.Records[i]
			row := entry{record: r, live: i}
			switch {
			case slices.Contains(j.removed, i):
				row.sign = removeSign
				row.undo = func() { j.removed = slices.DeleteFunc(j.removed, func(x int) bool { return x == i }) }
			case j.kind == jobNonSecure && isServer(r.Function()):
				row.sign = changeSign
			}
			rows = append(rows, row)
		}
	}
	add := func(en ctlbuild.Entry, undo func()) {
		if r, err := ctlbuild.NewRecord(en); err == nil {
			rows = append(rows, entry{record: &r, sign: addSign, live: -1, undo: undo})
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
	return rows
}

func isServer(f ctlbuild.Function) bool {
	return f == ctlbuild.CCM || f == ctlbuild.CCMTFTP || f == ctlbuild.TFTP
}

// choose shows the certificate of a row.
func (e *entriesScreen) choose(row int) {
	e.chosen = row
	e.split.show()
	text, enabled := t("entries.delete"), false
	if row >= 0 && row < len(e.rows) {
		en := e.rows[row]
		enabled = en.undo != nil || e.s.model.job.kind == jobUpdate
		if en.sign == removeSign {
			text = t("entries.keep")
		}
		e.split.show(detailBox(recordPairs(en.record)))
	}
	e.remove.SetText(text)
	setEnabled(e.remove, enabled)
}

// key adds Delete to what the page does.
func (e *entriesScreen) key(name fyne.KeyName) bool {
	if name == fyne.KeyDelete && !e.remove.Disabled() {
		e.removeChosen()
		return true
	}
	return e.split.list.key(name)
}

func (e *entriesScreen) removeChosen() {
	if e.chosen < 0 || e.chosen >= len(e.rows) {
		return
	}
	en := e.rows[e.chosen]
	j := e.s.model.job
	if en.undo != nil {
		en.undo()
	} else if en.live >= 0 {
		j.removed = append(j.removed, en.live)
	}
	if en.live < 0 {
		e.chosen = -1
	}
	e.fill()
}

// fillSigners offers the tokens that are plugged in.
func (e *entriesScreen) fillSigners() {
	j := e.s.model.job
	var names []string
	selected := ""
	for _, info := range e.s.model.tokens {
		name := tokenName(info.Label, info.Serial)
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
	setEnabled(e.next, selected != "")
}

func (e *entriesScreen) chooseSigner(name string) {
	j := e.s.model.job
	if j == nil || name == "" {
		return
	}
	i := slices.IndexFunc(e.s.model.tokens, func(info token.Info) bool { return tokenName(info.Label, info.Serial) == name })
	if i >= 0 {
		info := e.s.model.tokens[i]
		j.signWith = &info
		e.next.Enable()
	}
}
