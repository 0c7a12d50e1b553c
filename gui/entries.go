package gui

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/ctlbuild"
	"ctlclient/token"
	"ctlclient/workflow"
)

// number is how a record is named to a person and to workflow: from 1.
func number(index int) string { return strconv.Itoa(index + 1) }

// entry is one row of the CTL entries.
type entry struct {
	record *ctlbuild.Record
	mark   mark
	live   int    // index in the live list, -1 for what is new
	undo   func() // takes an addition back
}

// entriesScreen is the CTL Client's fifth screen: the entries, and what changed since the live file.
type entriesScreen struct {
	s       *shell
	root    *fyne.Container
	title   *fyne.Container
	hints   *fyne.Container
	table   *table
	details *fyne.Container
	sign    *widget.Select
	remove  *widget.Button
	tftp    *widget.Button
	fire    *widget.Button
	rows    []entry
	chosen  int
	// watching redraws the Add Tokens dialog while it is open.
	watching func()
}

func newEntriesScreen(s *shell) *entriesScreen {
	e := &entriesScreen{s: s, chosen: -1, title: container.NewVBox(), hints: container.NewVBox(),
		details: container.NewVBox()}
	e.table = newTable(column{t("entries.type"), 150}, column{t("entries.host"), 190},
		column{t("entries.issuer"), 300}, column{t("entries.subject"), 320})
	e.table.onSelect = e.choose
	e.sign = widget.NewSelect(nil, e.chooseSigner)
	e.sign.PlaceHolder = t("entries.sign.none")
	tokens := widget.NewButtonWithIcon(t("entries.add-tokens"), theme.LoginIcon(), e.addTokens)
	e.tftp = widget.NewButtonWithIcon(t("entries.add-tftp"), theme.StorageIcon(), func() { e.addServer(false) })
	e.fire = widget.NewButtonWithIcon(t("entries.add-firewall"), theme.ComputerIcon(), func() { e.addServer(true) })
	e.remove = widget.NewButtonWithIcon(t("entries.delete"), theme.DeleteIcon(), e.removeChosen)
	back := widget.NewButtonWithIcon(t("button.back"), theme.NavigateBackIcon(), func() { s.open(screenAction) })
	next := widget.NewButtonWithIcon(t("entries.next"), theme.NavigateNextIcon(), s.plan)
	next.Importance = widget.HighImportance
	e.root = container.NewBorder(
		container.NewVBox(e.title, newSteps(0), widget.NewSeparator(), e.hints,
			container.NewHBox(tokens, e.tftp, e.fire, layout.NewSpacer(), e.remove)),
		container.NewVBox(widget.NewSeparator(),
			container.NewBorder(nil, nil, widget.NewLabel(t("entries.sign")), buttons(back, next), e.sign)),
		nil, nil,
		scrolled(container.NewVBox(e.table, e.details)))
	return e
}

func (e *entriesScreen) object() fyne.CanvasObject { return e.root }
func (e *entriesScreen) shown()                    { e.chosen = -1; e.fill() }
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
	e.title.RemoveAll()
	e.hints.RemoveAll()
	if j == nil {
		e.title.Add(heading(t("entries.title"), t("action.none")))
		return
	}
	e.title.Add(heading(t("action."+string(j.kind)), t("entries.text")))
	editable := j.kind == jobUpdate
	for _, b := range []*widget.Button{e.tftp, e.fire} {
		setEnabled(b, editable)
	}
	e.rows = e.s.entries(j)
	var cells [][]string
	var marks []mark
	for _, row := range e.rows {
		cells = append(cells, recordCells(row.record))
		marks = append(marks, row.mark)
	}
	e.table.selected = e.chosen
	e.table.setMarked(cells, marks)
	if j.kind == jobToTokens || j.kind == jobMixed && e.s.live() == nil {
		if len(j.tokens) < 2 {
			e.hints.Add(newNotice(infoNotice, t("entries.two-tokens")))
		}
	}
	if e.s.live() == nil {
		e.hints.Add(newNotice(infoNotice, t("entries.first")))
	}
	e.fillSigners()
	e.choose(e.chosen)
}

func setEnabled(w fyne.Disableable, on bool) {
	if on {
		w.Enable()
	} else {
		w.Disable()
	}
}

// recordCells are the CTL Client's columns: Type, Hostname/IP Address, Issuer Name, Subject Name.
func recordCells(r *ctlbuild.Record) []string {
	host := r.DNSName()
	if ip, ok := r.IP(); ok && host == "" && !ip.IsUnspecified() {
		host = ip.String()
	}
	if host == "" {
		host = t("entries.no-host")
	}
	return []string{typeText(r.Function()), host, r.IssuerName(), r.SubjectName()}
}

// typeText is the CTL Client's word for a function: it calls a SAST a security token.
func typeText(f ctlbuild.Function) string {
	if f == ctlbuild.SAST {
		return t("type.sast")
	}
	return f.String()
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
				row.mark = removed
				row.undo = func() { j.removed = without(j.removed, i) }
			case j.kind == jobNonSecure && isServer(r.Function()):
				row.mark = changed
			}
			rows = append(rows, row)
		}
	}
	add := func(en ctlbuild.Entry, undo func()) {
		r, err := ctlbuild.NewRecord(en)
		if err != nil {
			return
		}
		rows = append(rows, entry{record: &r, mark: added, live: -1, undo: undo})
	}
	for i, info := range j.tokens {
		if raw, _, ok := signingCertificate(info); ok && !inList(s.live(), raw.DER) {
			add(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: raw.DER, Token: true},
				func() { j.dropToken(i) })
		}
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

func (j *job) dropToken(i int) {
	gone := j.tokens[i]
	j.tokens = slices.Delete(j.tokens, i, i+1)
	if j.signWith != nil && j.signWith.Serial == gone.Serial && j.signWith.Label == gone.Label {
		j.signWith = nil
	}
}

func without(list []int, v int) []int {
	return slices.DeleteFunc(slices.Clone(list), func(x int) bool { return x == v })
}

func isServer(f ctlbuild.Function) bool {
	return f == ctlbuild.CCM || f == ctlbuild.CCMTFTP || f == ctlbuild.TFTP
}

// choose shows the certificate of a row.
func (e *entriesScreen) choose(row int) {
	e.chosen = row
	e.details.RemoveAll()
	if row < 0 || row >= len(e.rows) {
		e.remove.Disable()
		e.remove.SetText(t("entries.delete"))
		return
	}
	en := e.rows[row]
	j := e.s.model.job
	setEnabled(e.remove, en.undo != nil || j.kind == jobUpdate)
	text := t("entries.delete")
	if en.mark == removed {
		text = t("entries.keep")
	}
	e.remove.SetText(text)
	e.details.Add(section(t("entries.details"), recordDetails(en.record)))
}

// recordDetails is what a certificate says, for a person.
func recordDetails(r *ctlbuild.Record) fyne.CanvasObject {
	pairs := []string{t("entries.subject"), r.SubjectName(), t("entries.issuer"), r.IssuerName(),
		t("details.serial"), fmt.Sprintf("% X", r.SerialNumber())}
	if der := r.Certificate(); der != nil {
		if c, err := ctlbuild.ParseCertificate(der); err == nil {
			pairs = append(pairs, t("tokens.from"), day(c.NotBefore), t("tokens.until"), day(c.NotAfter),
				t("tokens.key"), t("tokens.bits", map[string]any{"Bits": fmt.Sprint(c.KeyBits)}))
		}
		pairs = append(pairs, "SHA-1", sha1Text(der))
	}
	return facts(pairs...)
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
		name := signerName(info)
		names = append(names, name)
		if j.signWith != nil && j.signWith.Label == info.Label && j.signWith.Serial == info.Serial {
			selected = name
		}
	}
	e.sign.SetOptions(names)
	if selected == "" {
		e.sign.ClearSelected()
		return
	}
	e.sign.SetSelected(selected)
}

func signerName(info token.Info) string { return info.Label + " · " + info.Serial }

func (e *entriesScreen) chooseSigner(name string) {
	j := e.s.model.job
	if j == nil || name == "" {
		return
	}
	for i := range e.s.model.tokens {
		if signerName(e.s.model.tokens[i]) == name {
			info := e.s.model.tokens[i]
			j.signWith = &info
		}
	}
}

// addTokens is the CTL Client's third and fourth screen: insert a token, see it, add it.
func (e *entriesScreen) addTokens() {
	s := e.s
	list := container.NewVBox()
	q := newQuestion(s.window, t("entries.add-tokens"), scrolled(list), t("button.close"), "", false)
	q.onAnswer = func(bool) { e.watching = nil; e.fill() }
	q.onlyYes()
	e.watching = func() {
		list.RemoveAll()
		list.Add(wrapped(t("tokens.insert")))
		for _, info := range s.model.tokens {
			raw, _, ok := signingCertificate(info)
			add := widget.NewButtonWithIcon(t("tokens.add"), theme.ContentAddIcon(), func() {
				s.model.job.addToken(info)
				e.watching()
			})
			already := ok && (inList(s.live(), raw.DER) || slices.ContainsFunc(s.model.job.tokens,
				func(o token.Info) bool { return o.Label == info.Label && o.Serial == info.Serial }))
			if !ok || already {
				add.Disable()
			}
			if already {
				add.SetText(t("tokens.added"))
			}
			list.Add(container.NewVBox(widget.NewSeparator(), tokenHead(info), tokenFacts(info), buttons(add)))
		}
		list.Refresh()
	}
	e.watching()
	q.show()
	q.dialog.Resize(fyne.NewSize(680, 520))
}

// addServer asks for the certificate and the address of a TFTP server or firewall.
func (e *entriesScreen) addServer(firewall bool) {
	s := e.s
	title := t("entries.add-tftp")
	if firewall {
		title = t("entries.add-firewall")
	}
	var der []byte
	host, ip := widget.NewEntry(), widget.NewEntry()
	host.SetPlaceHolder("tftp-1.example.org")
	ip.SetPlaceHolder("192.0.2.10")
	file := widget.NewLabel(t("entries.no-file"))
	file.Truncation = fyne.TextTruncateEllipsis
	choose := widget.NewButtonWithIcon(t("entries.choose-file"), theme.FolderOpenIcon(), nil)
	choose.OnTapped = func() {
		d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
			if err != nil || r == nil {
				return
			}
			data, err := io.ReadAll(io.LimitReader(r, ctlbuild.MaxFile))
			_ = r.Close()
			if err == nil {
				var cert *ctlbuild.Certificate
				if cert, err = ctlbuild.ParseCertificate(data); err == nil {
					der = cert.DER
					file.SetText(r.URI().Name() + ": " + cert.Subject)
				}
			}
			if err != nil {
				s.fail(title, err)
			}
		}, s.window)
		d.SetFilter(storage.NewExtensionFileFilter([]string{".pem", ".cer", ".crt", ".der"}))
		d.Show()
	}
	form := container.New(layout.NewFormLayout(),
		widget.NewLabel(t("entries.certificate")), container.NewBorder(nil, nil, nil, choose, file),
		widget.NewLabel(t("entries.host")), host,
		widget.NewLabel(t("entries.ip")), ip)
	q := newQuestion(s.window, title, container.NewVBox(wrapped(t("entries.server.text")), form),
		t("tokens.add"), t("button.cancel"), false)
	q.onAnswer = func(yes bool) {
		if !yes {
			return
		}
		if der == nil || host.Text == "" && ip.Text == "" {
			s.fail(title, errIncomplete())
			return
		}
		srv := workflow.Server{Certificate: der, Host: host.Text, IP: ip.Text}
		if firewall {
			s.model.job.firewall = append(s.model.job.firewall, srv)
		} else {
			s.model.job.tftp = append(s.model.job.tftp, srv)
		}
		e.fill()
	}
	q.show()
}
